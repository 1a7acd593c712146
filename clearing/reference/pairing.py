"""Taps of one card to rides (RULES.md §2)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from clearing.reference import calendar
from clearing.reference.order import put_in_order
from clearing.reference.register import Known, known_at, stopped_by_register
from clearing.reference.results import (
    COMPLETE,
    MISSING_IN,
    MISSING_OUT,
    SAME_STATION,
    SINGLE_TAP,
    Ride,
)
from clearing.reference.taps import Tap
from clearing.reference.world import World


def pair(world: World, taps: Iterable[Tap]) -> tuple[list[Ride], Tap | None, list[Tap]]:
    """The rides of a card in the order of their first taps, and the tap whose ride is open yet.

    And taps that make no ride, as the card had to be stopped (RULES.md §8), with why.
    """
    rides: list[Ride] = []
    stopped: list[Tap] = []
    inside: Tap | None = None
    for tap in put_in_order(world, taps):
        if inside is not None and tap.kind == "out" and fits(world, inside, tap):
            rides.append(_count_at(_ride_of_both(world, inside, tap), tap.time, rides))
            inside = None
            continue
        if inside is not None:
            rides.append(close_open(world, inside, rides, tap))
            inside = None
        code = stopped_by_register(world, tap) or tap.stopped
        if code:
            stopped.append(replace(tap, stopped=code))
        elif tap.kind == "in":
            inside = tap
        else:
            rides.append(_count_at(_ride_of_one(world, tap), tap.time, rides))
    return rides, inside, stopped


def fits(world: World, inside: Tap, out: Tap) -> bool:
    """Whether an exit belongs to an open ride; it comes after it, if maybe not by the clocks."""
    return (
        world.system_of(inside.operator) == world.system_of(out.operator)
        and inside.mode == out.mode
        and out.tapped_at - inside.tapped_at <= world.model.ride_limit_s
    )


def close_open(world: World, inside: Tap, rides: Sequence[Ride], following: Tap | None = None
               ) -> Ride:
    """The ride of a gate-in whose gate-out never came.

    rides: those before it of the card; following: the card's next tap, if there is one.
    """
    ride = _ride(world, (inside,), MISSING_OUT, started_at=inside.tapped_at,
                 from_stop=inside.stop)
    ended_by = inside.tapped_at + world.model.ride_limit_s
    if following is not None:
        ended_by = min(ended_by, following.time)
    return _count_at(ride, ended_by, rides)


def _count_at(ride: Ride, moment: int, rides: Sequence[Ride]) -> Ride:
    """The ride with its moment: not before those of the rides before it."""
    return replace(ride, moment=max([moment, *(one.moment for one in rides[-1:])]))


def _ride_of_both(world: World, inside: Tap, out: Tap) -> Ride:
    return _ride(
        world, (inside, out), _state_between(inside.stop, out.stop),
        started_at=inside.tapped_at, ended_at=out.tapped_at,
        from_stop=inside.stop, to_stop=out.stop,
    )


def _ride_of_one(world: World, tap: Tap) -> Ride:
    """The ride of a record that needs no other: single, out alone, or ride."""
    if tap.kind == "single":
        return _ride(world, (tap,), SINGLE_TAP, started_at=tap.tapped_at, ended_at=tap.tapped_at,
                     from_stop=tap.stop)
    if tap.kind == "out":
        return _ride(world, (tap,), MISSING_IN, ended_at=tap.tapped_at, to_stop=tap.stop)
    if not tap.stop:
        return _ride(world, (tap,), MISSING_OUT, started_at=tap.time, from_stop=tap.in_stop)
    return _ride(world, (tap,), _state_between(tap.in_stop, tap.stop), started_at=tap.time,
                 ended_at=tap.tapped_at, from_stop=tap.in_stop, to_stop=tap.stop)


def _state_between(from_stop: str, to_stop: str) -> str:
    return SAME_STATION if from_stop == to_stop != "" else COMPLETE


def _ride(
    world: World, taps: tuple[Tap, ...], state: str, *,
    started_at: int = 0, ended_at: int = 0, from_stop: str = "", to_stop: str = "",
) -> Ride:
    first, last = taps[0], taps[-1]
    time = ended_at if state == MISSING_IN else started_at
    day = calendar.service_day(world.model, time)
    known = known_at(world, first.card, time)
    reviewed_until = last.reviewed_until or first.reviewed_until or known.reviewed_until
    paid = [tap.paid for tap in taps if tap.paid is not None]
    changed = _line_changed(first, last)
    # Who got on a line stays on it.
    of_line = last if last.line and not changed else first
    return Ride(
        card=first.card, card_seq=first.card_seq, state=state,
        started_at=started_at, ended_at=ended_at,
        service_day=day,
        from_stop=from_stop, to_stop=to_stop,
        operator=last.operator, mode=last.mode, device=last.device,
        line=of_line.line, line_operator=of_line.operator, line_changed=changed,
        vehicle=last.vehicle or first.vehicle,
        vehicle_operator=last.operator if last.vehicle else first.operator,
        medium=first.medium if "medium" in last.blanks else last.medium,
        card_kind=_card_kind(first, last, known),
        issuer=first.issuer if "issuer" in last.blanks else last.issuer,
        due=_last_said([tap.due for tap in taps]),
        paid=sum(paid) if paid else None,
        distance_m=_last_said([tap.distance_m for tap in taps]),
        age=calendar.age_on(day, last.born_on or first.born_on or known.born_on),
        reviewed=reviewed_until is not None and day <= reviewed_until,
        before_by_counter=first.before_by_counter,
        taps=taps,
    )


def _card_kind(first: Tap, last: Tap, known: Known) -> str:
    if "card_kind" not in last.blanks:
        return last.card_kind
    if "card_kind" not in first.blanks:
        return first.card_kind
    return known.card_kind or last.card_kind


def _line_changed(first: Tap, last: Tap) -> bool:
    """Whether one vehicle says two lines."""
    return (first.operator == last.operator and first.vehicle == last.vehicle != ""
            and "" != first.line != last.line != "")


def _last_said(values: list[int | None]) -> int | None:
    said = [value for value in values if value is not None]
    return said[-1] if said else None
