"""Whether a row fits a ride, and if not why (RULES.md §4)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from clearing.reference.chains import is_companion, is_same_line, seconds_between
from clearing.reference.memory import Memory
from clearing.reference.results import Ride
from clearing.reference.state import Chain
from clearing.reference.timeframes import why_outside
from clearing.reference.words import counted, duration
from clearing.reference.world import World
from fare_tables.model import (
    Counted,
    DiscountRow,
    Row,
    Table,
    Tier,
    Transfer,
    operators_of,
    timeframes_of,
)


def why_not(world: World, table: Table, row: Row, ride: Ride, memory: Memory) -> str | None:
    """The first condition that does not hold, of those that every row has; None where all do."""
    whys = chain(_list_rider_whys(world, table, row, ride, memory),
                 _list_ride_whys(world, table, row, ride))
    return next(whys, None)


def why_no_discount(
    world: World, table: Table, row: DiscountRow, ride: Ride, memory: Memory,
    applied: Collection[str], adds: Mapping[str, int],
) -> str | None:
    """The same for a discount row, after rows of the kinds that have applied.

    adds: what the ride adds to accumulators of rides and dues.
    """
    why = why_not(world, table, row, ride, memory) or _why_not_again(
        world, row, ride, memory, applied)
    if why is None and row.counted is not None:
        before = _so_far(world, row.counted.accumulator, ride, memory)
        why = _why_outside(world, row.counted, ride, before + adds.get(row.counted.accumulator, 0))
        why = why and f"with this ride {why}"
    if why is None and isinstance(row, Transfer):
        why = _why_no_transfer(world, table, row, ride, memory)
    if why is None and isinstance(row, Tier):
        why = _why_outside(world, row, ride, _so_far(world, row.accumulator, ride, memory))
    return why


def _list_rider_whys(
    world: World, table: Table, row: Row, ride: Ride, memory: Memory
) -> Iterator[str]:
    """What is wrong with the rider and the card."""
    for what, value, named, excluded in (
            ("card kind", ride.card_kind, row.card_kinds, row.not_card_kinds),
            ("medium", ride.medium, row.media, row.not_media)):
        if not _is_named(value, named, excluded):
            yield f"not for {what} {value or '(blank)'}"
    if row.cards != "any":
        city = world.issuers[ride.issuer].city
        if row.cards == "home" and city != table.city:
            yield f"only for cards of {table.city}; this one is of {city}"
        if row.cards == "away" and city == table.city:
            yield f"not for cards of {table.city}"
        if isinstance(row.cards, list) and city not in row.cards:
            yield f"not for cards of {city}"
    if (row.age_from is not None or row.age_to is not None) and ride.age is None:
        yield "the rider's age is not known"
    elif row.age_from is not None and (ride.age or 0) < row.age_from:
        yield f"aged {ride.age}, only from {row.age_from}"
    elif row.age_to is not None and (ride.age or 0) > row.age_to:
        yield f"aged {ride.age}, only to {row.age_to}"
    if row.reviewed and not ride.reviewed:
        yield "the card's yearly review is not valid"
    if not row.companions and is_companion(world, table, ride, memory.chain):
        yield "not for those who ride along on one card"


def _list_ride_whys(world: World, table: Table, row: Row, ride: Ride) -> Iterator[str]:
    """What is wrong with where and when the ride was."""
    if ride.operator not in operators_of(row, table):
        yield f"not for operator {ride.operator}"
    if not _is_named(ride.mode, row.modes, row.not_modes):
        yield f"not for mode {ride.mode or '(blank)'}"
    yield from _list_line_whys(world, "line {}", ride.own_line, row.line_classes,
                               row.not_line_classes)
    yield from _list_stop_whys(table, "entry {}", ride.from_stop, row.from_stops,
                               row.not_from_stops)
    yield from _list_stop_whys(table, "exit {}", ride.to_stop, row.to_stops, row.not_to_stops)
    for end, names, time in zip(("entry", "exit"), timeframes_of(row),
                                (ride.started_at, ride.ended_at), strict=True):
        outside = None if names is None else why_outside(
            world, table, names, time, ride.service_day)
        if outside is not None:
            yield f"{end} {outside}"


def _is_named(value: str, named: Collection[str] | None, excluded: Collection[str] | None) -> bool:
    return (named is None or value in named) and value not in (excluded or ())


def _list_line_whys(world: World, what: str, line: tuple[str, str], named: Sequence[str] | None,
                    excluded: Sequence[str] | None) -> Iterator[str]:
    if named is not None and not world.is_of_class(line, named):
        yield f"{what.format(line[1] or '(blank)')} is not of class {' or '.join(named)}"
    if excluded is not None and world.is_of_class(line, excluded):
        yield f"{what.format(line[1])} is of class {' or '.join(excluded)}"


def _list_stop_whys(table: Table, what: str, stop: str, named: Collection[str] | None,
                    excluded: Collection[str] | None) -> Iterator[str]:
    if named is not None and not _is_in_sets(table, stop, named):
        yield f"{what.format(stop or '(blank)')} is not in {' or '.join(named)}"
    if excluded is not None and _is_in_sets(table, stop, excluded):
        yield f"{what.format(stop)} is in {' or '.join(excluded)}"


def _is_in_sets(table: Table, stop: str, names: Collection[str]) -> bool:
    return stop != "" and any(stop in table.stop_sets[name] for name in names)


def _why_not_again(
    world: World, row: DiscountRow, ride: Ride, memory: Memory, applied: Collection[str]
) -> str | None:
    """Whether the row has been used up, or another has applied that excludes it."""
    excluding = [kind for kind in row.unless if kind in applied]
    if excluding:
        return f"not where a {excluding[0]} has applied"
    if row.quota is None:
        return None
    name, limit = row.quota.accumulator, row.quota.limit
    period = world.period(name, ride.service_day)
    used = memory.accumulator(name, period).amount
    if used + row.quota.uses <= limit:
        return None
    return f"{used} of {limit} used in {period}; this ride takes {row.quota.uses}"


def _why_no_transfer(
    world: World, table: Table, row: Transfer, ride: Ride, memory: Memory
) -> str | None:
    before = memory.chain
    if before is None:
        return "no ride to transfer from"
    if is_companion(world, table, ride, before):
        return "one who rides along on the card does not transfer"
    whys = chain(_list_origin_whys(world, table, row, ride, before),
                 _list_boarding_whys(world, row, ride, before))
    return next(whys, None)


def _list_origin_whys(
    world: World, table: Table, row: Transfer, ride: Ride, before: Chain
) -> Iterator[str]:
    """What is wrong with the ride before, and with where the chain began."""
    if not _is_named(before.last_mode, row.from_modes, row.not_from_modes):
        yield f"not from mode {before.last_mode}"
    if not _is_named(before.last_operator, row.from_operators, row.not_from_operators):
        yield f"not from operator {before.last_operator}"
    yield from _list_line_whys(world, "the line before, {},", before.last_line,
                               row.from_line_classes, row.not_from_line_classes)
    yield from _list_stop_whys(table, "the exit before, {},", before.last_exit[1], row.left_at,
                               row.not_left_at)
    yield from _list_stop_whys(table, "the chain's first entry, {},", before.first_in_stop[1],
                               row.chain_began_at, row.not_chain_began_at)
    first = before.due
    if first < (row.first_due_from or 0) or (
            row.first_due_to is not None and first > row.first_due_to):
        money = world.model.money.text
        yield f"{money(first)} was due for the chain's first ride, only " + " ".join(
            f"{word} {money(amount)}" for word, amount in (
                ("from", row.first_due_from), ("to", row.first_due_to)) if amount is not None)
    if row.returns and not _is_stop(world, ride.operator, ride.to_stop, before.first_in_stop):
        yield (f"exit {ride.to_stop or '(blank)'} is not where the chain began, "
               f"{before.first_in_stop[1] or '(blank)'}")
    if before.transfers >= row.max_transfers:
        yield f"{before.transfers} of {row.max_transfers} transfers used"


def _is_stop(world: World, operator: str, stop: str, owned: tuple[str, str]) -> bool:
    """Whether an operator's stop is a given one of a system."""
    return stop != "" and (world.system_of(operator), stop) == owned


def _list_boarding_whys(world: World, row: Transfer, ride: Ride, before: Chain) -> Iterator[str]:
    """What is wrong with boarding this line and vehicle, now."""
    since_end_s = seconds_between(world, before.last_ended_at, ride.time)
    after_s = row.same_line_after_s
    allowed = row.same_line or after_s == 0
    if not allowed and is_same_line(ride, before) and (after_s is None or since_end_s < after_s):
        yield f"line {ride.line or '(blank)'} again" + (
            "" if after_s is None else f", {duration(since_end_s)} after it, {duration(after_s)} "
            "is the least")
    if not row.same_vehicle and ride.own_vehicle == before.last_vehicle != ("", ""):
        yield "the vehicle before again"
    since = {
        "start": before.last_started_at, "end": before.last_ended_at, "chain": before.started_at,
    }[row.measured_from]
    until = ride.time if row.measured_to == "start" else ride.ended_at
    lasted_s = seconds_between(world, since, until)
    if not until:
        yield "when it ended is not known"
    elif not 0 <= lasted_s <= row.within_s:
        yield (f"{duration(lasted_s)} from the {row.measured_from} to its "
               f"{row.measured_to}, 0 to {duration(row.within_s)} allowed")


def _so_far(world: World, accumulator: str, ride: Ride, memory: Memory) -> int:
    """What an accumulator has counted in the ride's period, before the ride."""
    return memory.accumulator(accumulator, world.period(accumulator, ride.service_day)).amount


def _why_outside(world: World, row: Tier | Counted, ride: Ride, amount: int) -> str | None:
    """Why what was counted is not within the bounds of a row; None where it is."""
    spec = world.accumulators[row.accumulator]
    period = world.period(row.accumulator, ride.service_day)
    so_far = f"{counted(world.model, spec, amount)} counted in {period}"
    if row.over is not None and not amount > row.over:
        return f"{so_far}, not over {counted(world.model, spec, row.over)}"
    if row.at_least is not None and not amount >= row.at_least:
        return f"{so_far}, not at least {counted(world.model, spec, row.at_least)}"
    if row.up_to is not None and not amount <= row.up_to:
        return f"{so_far}, more than {counted(world.model, spec, row.up_to)}"
    if row.below is not None and not amount < row.below:
        return f"{so_far}, not below {counted(world.model, spec, row.below)}"
    return None
