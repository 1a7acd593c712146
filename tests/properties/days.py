"""Random taps of a few cards: chains, gaps, missing ends, months that change, copies and lies."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

from clearing.reference.taps import Tap
from clearing.reference.world import World
from tests.properties.choices import Choices
from tests.properties.networks import CARD_KINDS, LINES, MEDIA, PREFIXES, SUMMER_TIME, list_stops

# An ordinary morning; the last evening of a month and of a table; the second before a day begins.
STARTS = tuple(datetime.datetime(2025, *rest) for rest in
               ((5, 6, 8, 0), (5, 31, 22, 30), (6, 1, 3, 59, 59), (5, 31, 23, 59)))
# Before clocks are put forward, before they are put back, and in the hour that they show twice.
CLOCK_CHANGES = tuple(datetime.datetime(2025, *rest) for rest in
                      ((3, 30, 2, 30), (10, 26, 2, 30), (10, 26, 3, 20)))
BIRTHDAYS = (
    None, datetime.date(1965, 5, 6), datetime.date(1965, 5, 7), datetime.date(1960, 2, 29),
    datetime.date(2007, 6, 1), datetime.date(2025, 1, 1), datetime.date(1990, 1, 1))
GAPS_S = (600, 0, 1, 30, 240, 1200, 1800, 1801, 3600, 5400)
LONG_GAPS_S = (6 * 3600, *[86_400] * 4)
# By how much clocks are off: within what networks tolerate, at its edge, beyond it.
SKEWS_S = (-20, 20, -60, -120, 120, -121, -240, 1900, -3600)
# Weights by repetition; the first is what a failure shrinks to.
MOVES = ("single", "single", "single", "pair", "pair", "pair", "in", "out", "ride", "open_ride",
         "top_up", "lock")


@dataclass(frozen=True)
class Rider:
    """What one card's taps have in common."""

    card: str
    issuer: str
    medium: str
    card_kind: str
    born_on: datetime.date | None
    reviewed_until: datetime.date | None


def taps_of(
    draw: Choices, world: World, *, cards: int = 3, chains: bool = False
) -> list[Tap]:
    """Taps of one to so many cards, each identity once. They have no place yet."""
    riders = [_riders(draw, n) for n in range(draw.pick(range(1, cards + 1)))]
    zone = ZoneInfo(world.model.time_zone)
    taps: list[Tap] = []
    for rider in riders:
        starts = CLOCK_CHANGES if world.model.time_zone == SUMMER_TIME and draw.flip() else STARTS
        start = draw.pick(starts).replace(tzinfo=zone)
        taps += _stories(draw, world, rider, int(start.timestamp()), chains)
    return taps


def _riders(draw: Choices, n: int) -> Rider:
    issuer = draw.pick(range(3))
    forms = (f"00000000000000{n:02}"[2:], f"0000000000000000{n:02}", f"ABCDEFGHIJKL{n:02}")
    return Rider(
        card=PREFIXES[issuer] + draw.pick(forms),
        issuer=f"I{issuer + 1}",
        medium=draw.pick([*MEDIA, ""]),
        card_kind=draw.pick([*CARD_KINDS, ""]),
        born_on=draw.pick(BIRTHDAYS),
        reviewed_until=draw.pick([None, datetime.date(2025, 5, 31),
                                             datetime.date(2025, 5, 5), datetime.date(2030, 1, 1)])
    )


def _stories(
    draw: Choices, world: World, rider: Rider, time: int, chains: bool
) -> list[Tap]:
    """One card's taps in the order they happened: anything, or one bus after another."""
    taps: list[Tap] = []
    seq = draw.pick([1, 100])
    operators = [one.code for one in world.model.operator]
    gaps_s, choice = _gaps(world), MOVES
    hops = chains or draw.pick([False, False, True])
    if hops:
        if not chains:
            operators = [draw.pick(_fitting(operators, "single"))]
        gaps_s, choice = GAPS_S[:6], ("single", "single", "pair")
    least = draw.pick([4, 5, 7] if chains else [1, 3, 5])
    for n, move in enumerate(draw.several(choice, least, 7)):
        time += draw.pick(gaps_s)
        operator = draw.pick(_fitting(operators, move))
        made = _moves(draw, world, rider, move, operator, time, seq, gaps_s)
        taps += [replace(tap, line=LINES[n % 2]) for tap in made] if hops else made
        time = made[-1].tapped_at
        # A counter can jump; further than a window of 64 can look back, too.
        seq = made[-1].card_seq + draw.pick([1, 1, 1, 1, 2, 70])
    if draw.pick([False, False, True]):
        return [_off_by(tap, draw.pick([0, 0, *SKEWS_S])) for tap in taps]
    return taps


def _off_by(tap: Tap, skew_s: int) -> Tap:
    """The tap by a clock that is ahead of the others, or behind them."""
    in_at = None if tap.in_at is None else tap.in_at + skew_s
    return replace(tap, tapped_at=tap.tapped_at + skew_s, in_at=in_at)


def _fitting(operators: list[str], move: str) -> list[str]:
    """Operators to draw from: few railways have a fare for one tap alone."""
    buses = [code for code in operators if code.startswith("B")]
    return [*operators, *(buses * 3 if move == "single" else [])]


def _gaps(world: World) -> Sequence[int]:
    limit_s = world.model.ride_limit_s
    return (*GAPS_S, *GAPS_S, limit_s, limit_s + 1, *LONG_GAPS_S)


def _moves(
    draw: Choices, world: World, rider: Rider, move: str, operator: str, time: int, seq: int,
    gaps_s: Sequence[int],
) -> list[Tap]:
    """The taps of one move."""
    if move == "pair":
        first = _taps(draw, world, rider, operator, "in", time, seq)
        others = [one.code for one in world.model.operator if one.code != operator
                  and world.system_of(one.code) == world.system_of(operator)]
        operator = draw.pick([operator, *others * 2])
        later = time + draw.pick(gaps_s)
        # Some cities count rides and not taps: both ends have one counter.
        counted = draw.pick([1, 1, 1, 0])
        last = _taps(draw, world, rider, operator, "out", later, seq + counted)
        if draw.pick([False, False, False, True]):
            last = replace(last, stop=first.stop)
        modes = world.operators[operator].modes
        if first.mode in modes and draw.pick([True, True, True, False]):
            last = replace(last, mode=first.mode)
        if last.operator == first.operator and draw.pick([False, False, True]):
            # One vehicle, and maybe another line's by now.
            first = replace(first, vehicle="V1", line=LINES[0])
            last = replace(last, vehicle="V1", line=draw.pick(LINES))
        return [first, last]
    kind = "ride" if move == "open_ride" else move
    tap = _taps(draw, world, rider, operator, kind, time, seq)
    if kind == "ride":
        stops = list_stops(world, operator)
        tap = replace(tap, in_at=time, in_stop=draw.pick(stops))
        lasted = 0 if move == "open_ride" else draw.pick(gaps_s)
        # Out by a clock that is behind that of the way in.
        if lasted == 30 and world.model.clock_tolerance_s:
            lasted = -world.model.clock_tolerance_s
        tap = replace(tap, tapped_at=time + lasted, stop="" if move == "open_ride" else tap.stop)
    return [tap]


def _taps(
    draw: Choices, world: World, rider: Rider, operator: str, kind: str, time: int, seq: int
) -> Tap:
    """One tap with all that its validator may say."""
    said: dict[str, Any] = {
        "due": draw.pick([200, None, 300, 0]),
        "paid": draw.pick([None, 200, 100, 0, 190]),
        "distance_m": draw.pick([None, 1000, 1001, 0, 12345]),
        "line": draw.pick(["", *LINES]),
        "card_kind": rider.card_kind, "medium": rider.medium,
        "born_on": rider.born_on, "reviewed_until": rider.reviewed_until,
    }
    if draw.pick([False, False, True]):
        said |= {name: draw.pick(values) for name, values in _MORE_SAID.items()}
    if kind == "out" and draw.pick([False, False, True]):
        said["paid"] = -100     # of what was taken at the way in
    return Tap(
        card=rider.card, card_seq=seq, tapped_at=time, kind=kind, operator=operator,
        mode=draw.pick(world.operators[operator].modes),
        stop=draw.pick(list_stops(world, operator)),
        device=draw.pick(["D1", "D2"]), device_seq=seq, issuer=rider.issuer, **said,
    )


_MORE_SAID: dict[str, Sequence[Any]] = {
    "vehicle": ["", "V1", "V2"],
    "direction": ["", "up", "down"],
    "balance_before": [None, 0, 5000],
    "tac": ["", "0000AAAA"],
    "born_on": BIRTHDAYS,
    "key_version": [1, 3],
    "algorithm": ["00", "01"],
    "card_kind": CARD_KINDS,        # a card can change what it is
}


def copies_of(draw: Choices, world: World, tap: Tap) -> Tap:
    """The same tap again, fuller or with blanks, another story about it, or a correction of it."""
    change = draw.pick([None, None, "said", "said", "said", "said", "back", *CHANGES])
    if change == "back" and tap.kind in ("single", "in", "ride"):
        tap = replace(tap, **_given_back(draw, tap))
        change = None
        if draw.pick([True, True, True, False]):
            return tap
    tap = replace(tap, **_corrections(draw, world, tap))
    if change is None:
        return tap
    if change == "said":    # through a channel that says more of this, and less of that
        return replace(tap, **_said_elsewhere(draw, tap))
    if change == "back":
        change = "paid"
    if change == "stop" and not tap.stop:
        change = "device"       # a ride that was never left stays one
    stops = list_stops(world, tap.operator)
    later = draw.pick([60, 60, 86_400, -86_400])    # maybe on another service day
    changed: dict[str, Any] = {
        "tapped_at": tap.tapped_at + later,
        "stop": stops[(stops.index(tap.stop) + 1) % len(stops)] if tap.stop else "",
        "device": "D3",
        "paid": 777,
        "balance_before": 12_345,       # a ledger does not show it
    }
    copy = replace(tap, **{change: changed[change]})
    if tap.kind == "ride" and not tap.stop:     # never left: its one time is when it began
        copy = replace(copy, in_at=copy.tapped_at)
    elif tap.in_at is not None and copy.tapped_at < tap.tapped_at:
        copy = replace(copy, in_at=tap.in_at + later)
    return copy


_SAID: dict[str, Any] = {
    "line": LINES[0], "vehicle": "V1", "direction": "up", "card_kind": CARD_KINDS[0],
    "medium": MEDIA[0], "due": 300, "paid": 100, "balance_before": 5000, "distance_m": 1000,
    "tac": "0000AAAA", "key_version": 3, "algorithm": "01",
    "born_on": datetime.date(1965, 5, 6), "reviewed_until": datetime.date(2025, 5, 31),
}


def _said_elsewhere(draw: Choices, tap: Tap) -> dict[str, Any]:
    """Some of what a record may say: blank where it says it, else a value."""
    names = draw.several(sorted(_SAID), 1, 4)
    return {name: (_SAID[name] if getattr(tap, name) in ("", None) else
                   None if isinstance(_SAID[name], int | datetime.date) else "")
            for name in names}


def reversals_of(draw: Choices, taps: list[Tap]) -> Tap:
    """What a validator sends to take back the charge of one of these taps."""
    tap = draw.pick(taps)
    return replace(tap, **_given_back(draw, tap))


def refunds_of(draw: Choices, taps: list[Tap]) -> Tap:
    """What gives back the charge of one of these taps with a counter of its own, or of none."""
    tap = draw.pick(taps)
    later = draw.pick([-60, 0, 60, 60, 3600, 86_400, 86_400, 2 * 86_400, 31 * 86_400])
    paid = -draw.pick([*[abs(tap.paid or 200)] * 4, 200, 100])
    changed = draw.pick([{}, {}, {}, {"line": ""}, {"vehicle": ""},
                                    {"line": LINES[0]}, {"vehicle": "V1"}, {"device": "D9"}])
    return replace(tap, kind="single", in_at=None, in_stop="", due=None, paid=paid,
                   stop=tap.stop or tap.in_stop,
                   card_seq=max(0, tap.card_seq + draw.pick([-1, 1, 1, 500, 501])),
                   tapped_at=tap.tapped_at + later, device_seq=tap.device_seq + 1, **changed)


def _given_back(draw: Choices, tap: Tap) -> dict[str, Any]:
    """The charge given back, maybe not all of it, at another time; or the same with 0."""
    if draw.flip():
        return {"due": 0, "paid": 0}
    paid = -draw.pick([tap.paid or 200, tap.paid or 200, tap.paid or 200, 100])
    later = draw.pick([0, 60, 86_400])
    return {"due": draw.pick([None, paid, 200]), "paid": paid,
            "tapped_at": tap.tapped_at + later,
            "in_at": None if tap.in_at is None else tap.in_at + later,
            "device_seq": draw.pick([tap.device_seq, 9])}


def _corrections(draw: Choices, world: World, tap: Tap) -> dict[str, Any]:
    """What a record says of being a correction, if it is one."""
    kind = draw.pick(["", "", "", "replace", "replace", "cancel"])
    if not kind:
        return {}
    operator, system = tap.operator, world.system_of(tap.operator)
    others = [one.code for one in world.model.operator
              if world.system_of(one.code) == system and tap.mode in one.modes]
    if draw.pick([False, False, False, True]):
        operator = draw.pick(others)        # maybe one that it is none of
    return {"correction": kind, "revision": draw.pick([1, 1, 2]), "operator": operator,
            "correction_reason": draw.pick(["wrong_time", "other"]),
            "authority": draw.pick([operator, world.model.issuer[0].code])}


def rivals_of(draw: Choices, world: World, tap: Tap) -> Tap:
    """What another operator says of the same counter of the card; or the same one, where it can."""
    operator = draw.pick(sorted(world.operators))
    revision = draw.pick([0, 0, 1, 2])
    fixed = {"correction": "replace", "correction_reason": "other",
             "authority": draw.pick([operator, operator, world.model.issuer[0].code])}
    return replace(tap, operator=operator, mode=draw.pick(world.operators[operator].modes),
                   stop=draw.pick(list_stops(world, operator)) if tap.stop else "",
                   in_stop=draw.pick(list_stops(world, operator)) if tap.in_stop else "",
                   revision=revision, **(fixed if revision else dict.fromkeys(fixed, "")))


def proven(draw: Choices, tap: Tap) -> Tap:
    """The tap with an authentication code that is right by some key, or without one."""
    if not tap.card.isdigit() or draw.pick([False, True, True]):
        return replace(tap, tac="")
    return replace(tap, tac=RIGHT_CODE, device="413100644822", is_proven=True,
                   paid=100 if tap.paid is None else tap.paid)


RIGHT_CODE = "0000AAAA"
CHANGES = ("tapped_at", "stop", "device", "paid", "balance_before")
