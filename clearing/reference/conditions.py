"""Whether a row fits a ride, and if not why (RULES.md §4)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

from clearing.reference.chains import is_companion, is_same_line, seconds_between
from clearing.reference.memory import Memory
from clearing.reference.results import Ride
from clearing.reference.state import Chain
from clearing.reference.timeframes import why_outside
from clearing.reference.words import counted, duration, shown
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
from network.language import Phrase, joined

# What a class of lines or a set of stops is held to.
LINE, LINE_BEFORE = Phrase("line {code}"), Phrase("the line before, {code},")
ENTRY, EXIT = Phrase("entry {code}"), Phrase("exit {code}")
EXIT_BEFORE = Phrase("the exit before, {code},")
ENTRY_BEFORE = Phrase("the entry before, {code},")
CHAIN_ENTRY = Phrase("the chain's first entry, {code},")
DUE_FROM, DUE_TO = Phrase("from {amount}"), Phrase("to {amount}")


def why_not(world: World, table: Table, row: Row, ride: Ride, memory: Memory) -> Phrase | None:
    """The first condition that does not hold, of those that every row has; None where all do."""
    whys = chain(_list_rider_whys(world, table, row, ride, memory),
                 _list_ride_whys(world, table, row, ride))
    return next(whys, None)


def why_no_discount(
    world: World, table: Table, row: DiscountRow, ride: Ride, memory: Memory,
    applied: Collection[str], adds: Mapping[str, int], chain_name: str = "",
) -> Phrase | None:
    """The same for a discount row, after rows of the kinds that have applied.

    chain_name: of the ride's transfer chain. adds: what the ride adds to accumulators of rides and
    dues.
    """
    why = why_not(world, table, row, ride, memory) or _why_not_again(
        world, row, ride, memory, applied)
    if why is None and row.counted is not None:
        before = _so_far(world, row.counted.accumulator, ride, memory)
        why = _why_outside(world, row.counted, ride, memory,
                           before + adds.get(row.counted.accumulator, 0))
        why = why and Phrase("with this ride {why}", why=why)
    if why is None and row.counted_before is not None:
        period, amount = memory.before(world, row.counted_before.accumulator, ride.service_day)
        why = _why_not_within(world, row.counted_before, period, amount)
    if why is None and isinstance(row, Transfer):
        why = _why_no_transfer(world, table, row, ride, memory, chain_name)
    if why is None and isinstance(row, Tier):
        why = _why_outside(world, row, ride, memory,
                           _so_far(world, row.accumulator, ride, memory))
    return why


def _list_rider_whys(
    world: World, table: Table, row: Row, ride: Ride, memory: Memory
) -> Iterator[Phrase]:
    """What is wrong with the rider and the card."""
    if not _is_named(ride.card_kind, row.card_kinds, row.not_card_kinds):
        yield Phrase("not for card kind {card_kind}", card_kind=shown(ride.card_kind))
    if not _is_named(ride.medium, row.media, row.not_media):
        yield Phrase("not for medium {medium}", medium=shown(ride.medium))
    if row.cards != "any":
        city = world.issuers[ride.issuer].city
        if row.cards == "home" and city != table.city:
            yield Phrase("only for cards of {home}; this one is of {city}", home=table.city,
                         city=city)
        if row.cards == "away" and city == table.city:
            yield Phrase("not for cards of {city}", city=table.city)
        if isinstance(row.cards, list) and city not in row.cards:
            yield Phrase("not for cards of {city}", city=city)
    if (row.age_from is not None or row.age_to is not None) and ride.age is None:
        yield Phrase("the rider's age is not known")
    elif row.age_from is not None and (ride.age or 0) < row.age_from:
        yield Phrase("aged {age}, only from {age_from}", age=ride.age, age_from=row.age_from)
    elif row.age_to is not None and (ride.age or 0) > row.age_to:
        yield Phrase("aged {age}, only to {age_to}", age=ride.age, age_to=row.age_to)
    if row.reviewed and not ride.reviewed:
        yield Phrase("the card's yearly review is not valid")
    if not row.companions and is_companion(
            world, table, ride, memory.chains.values()):
        yield Phrase("not for those who ride along on one card")


def _list_ride_whys(world: World, table: Table, row: Row, ride: Ride) -> Iterator[Phrase]:
    """What is wrong with where and when the ride was."""
    if ride.operator not in operators_of(row, table):
        yield Phrase("not for operator {operator}", operator=ride.operator)
    if not _is_named(ride.mode, row.modes, row.not_modes):
        yield Phrase("not for mode {mode}", mode=shown(ride.mode))
    yield from _list_line_whys(world, LINE, ride.own_line, row.line_classes,
                               row.not_line_classes)
    yield from _list_stop_whys(table, ENTRY, ride.from_stop, row.from_stops,
                               row.not_from_stops)
    yield from _list_stop_whys(table, EXIT, ride.to_stop, row.to_stops, row.not_to_stops)
    for end, names, time in zip((ENTRY, EXIT), timeframes_of(row),
                                (ride.started_at, ride.ended_at), strict=True):
        outside = None if names is None else why_outside(
            world, table, names, time, ride.service_day)
        if outside is not None:
            yield Phrase(end, code=outside)


def _is_named(value: str, named: Collection[str] | None, excluded: Collection[str] | None) -> bool:
    return (named is None or value in named) and value not in (excluded or ())


def _list_line_whys(world: World, what: Phrase, line: tuple[str, str], named: Sequence[str] | None,
                    excluded: Sequence[str] | None) -> Iterator[Phrase]:
    if named is not None and not world.is_of_class(line, named):
        yield Phrase("{line} is not of class {classes}", line=Phrase(what, code=shown(line[1])),
                     classes=joined(" or ", named))
    if excluded is not None and world.is_of_class(line, excluded):
        yield Phrase("{line} is of class {classes}", line=Phrase(what, code=line[1]),
                     classes=joined(" or ", excluded))


def _list_stop_whys(table: Table, what: Phrase, stop: str, named: Collection[str] | None,
                    excluded: Collection[str] | None) -> Iterator[Phrase]:
    if named is not None and not _is_in_sets(table, stop, named):
        yield Phrase("{stop} is not in {stop_sets}", stop=Phrase(what, code=shown(stop)),
                     stop_sets=joined(" or ", named))
    if excluded is not None and _is_in_sets(table, stop, excluded):
        yield Phrase("{stop} is in {stop_sets}", stop=Phrase(what, code=stop),
                     stop_sets=joined(" or ", excluded))


def _is_in_sets(table: Table, stop: str, names: Collection[str]) -> bool:
    return stop != "" and any(stop in table.stop_sets[name] for name in names)


def _why_not_again(
    world: World, row: DiscountRow, ride: Ride, memory: Memory, applied: Collection[str]
) -> Phrase | None:
    """Whether the row has been used up, or another has applied that excludes it."""
    excluding = [kind for kind in row.unless if kind in applied]
    if excluding:
        return Phrase("not where a {kind} has applied", kind=excluding[0])
    if row.quota is None:
        return None
    name, limit = row.quota.accumulator, row.quota.limit
    period = memory.period(world, name, ride.service_day)
    used = memory.accumulator(name, period).amount
    if used + row.quota.uses <= limit:
        return None
    return Phrase("{used} of {limit} used in {period}; this ride takes {uses}", used=used,
                  limit=limit, period=period, uses=row.quota.uses)


def _why_no_transfer(
    world: World, table: Table, row: Transfer, ride: Ride, memory: Memory, chain_name: str
) -> Phrase | None:
    before = memory.chains.get(chain_name)
    if before is None:
        return (Phrase("no ride of the chain {name} to transfer from", name=chain_name)
                if chain_name else Phrase("no ride to transfer from"))
    if is_companion(world, table, ride, memory.chains.values()):
        return Phrase("one who rides along on the card does not transfer")
    whys = chain(_list_origin_whys(world, table, row, ride, before),
                 _list_boarding_whys(world, row, ride, before))
    return next(whys, None)


def _list_origin_whys(
    world: World, table: Table, row: Transfer, ride: Ride, before: Chain
) -> Iterator[Phrase]:
    """What is wrong with the ride before, and with where the chain began."""
    if not _is_named(before.last_mode, row.from_modes, row.not_from_modes):
        yield Phrase("not from mode {mode}", mode=before.last_mode)
    if not _is_named(before.last_operator, row.from_operators, row.not_from_operators):
        yield Phrase("not from operator {operator}", operator=before.last_operator)
    yield from _list_line_whys(world, LINE_BEFORE, before.last_line,
                               row.from_line_classes, row.not_from_line_classes)
    yield from _list_stop_whys(table, EXIT_BEFORE, before.last_exit[1], row.left_at,
                               row.not_left_at)
    yield from _list_stop_whys(table, ENTRY_BEFORE, before.last_in_stop[1], row.began_at,
                               row.not_began_at)
    yield from _list_stop_whys(table, CHAIN_ENTRY, before.first_in_stop[1],
                               row.chain_began_at, row.not_chain_began_at)
    first = before.due
    if first < (row.first_due_from or 0) or (
            row.first_due_to is not None and first > row.first_due_to):
        money = world.model.money.text
        bounds = [Phrase(words, amount=money(amount)) for words, amount in (
            (DUE_FROM, row.first_due_from), (DUE_TO, row.first_due_to)) if amount is not None]
        yield Phrase("{due} was due for the chain's first ride, only {bounds}", due=money(first),
                     bounds=joined(" ", bounds))
    if row.returns and not _is_stop(world, ride.operator, ride.to_stop, before.first_in_stop):
        yield Phrase("exit {to_stop} is not where the chain began, {first_in_stop}",
                     to_stop=shown(ride.to_stop), first_in_stop=shown(before.first_in_stop[1]))
    if before.transfers >= row.max_transfers:
        yield Phrase("{transfers} of {max_transfers} transfers used", transfers=before.transfers,
                     max_transfers=row.max_transfers)


def _is_stop(world: World, operator: str, stop: str, owned: tuple[str, str]) -> bool:
    """Whether an operator's stop is a given one of a system."""
    return stop != "" and (world.system_of(operator), stop) == owned


def _list_boarding_whys(world: World, row: Transfer, ride: Ride, before: Chain) -> Iterator[Phrase]:
    """What is wrong with boarding this line and vehicle, now."""
    since_end_s = seconds_between(world, before.last_ended_at, ride.time)
    after_s = row.same_line_after_s
    allowed = row.same_line or after_s == 0
    if not allowed and is_same_line(ride, before) and (after_s is None or since_end_s < after_s):
        line = shown(ride.line)
        yield Phrase("line {line} again", line=line) if after_s is None else Phrase(
            "line {line} again, {after} after it, {least} is the least", line=line,
            after=duration(since_end_s), least=duration(after_s))
    if not row.same_vehicle and ride.own_vehicle == before.last_vehicle != ("", ""):
        yield Phrase("the vehicle before again")
    since = {
        "start": before.last_started_at, "end": before.last_ended_at, "chain": before.started_at,
    }[row.measured_from]
    until = ride.time if row.measured_to == "start" else ride.ended_at
    lasted_s = seconds_between(world, since, until)
    if not until:
        yield Phrase("when it ended is not known")
    elif not 0 <= lasted_s <= row.within_s:
        yield Phrase("{lasted} from the {measured_from} to its {measured_to}, 0 to {most} allowed",
                     lasted=duration(lasted_s), measured_from=row.measured_from,
                     measured_to=row.measured_to, most=duration(row.within_s))


def _so_far(world: World, accumulator: str, ride: Ride, memory: Memory) -> int:
    """What an accumulator has counted in the ride's period, before the ride."""
    period = memory.period(world, accumulator, ride.service_day)
    return memory.accumulator(accumulator, period).amount


def _why_outside(
    world: World, row: Tier | Counted, ride: Ride, memory: Memory, amount: int
) -> Phrase | None:
    """Why what was counted is not within the bounds of a row; None where it is."""
    return _why_not_within(world, row, memory.period(world, row.accumulator, ride.service_day),
                           amount)


def _why_not_within(world: World, row: Tier | Counted, period: str, amount: int) -> Phrase | None:
    spec = world.accumulators[row.accumulator]
    so_far = Phrase("{counted} counted in {period}", period=period,
                    counted=counted(world.model, spec, amount))
    if row.over is not None and not amount > row.over:
        return Phrase("{so_far}, not over {bound}", so_far=so_far,
                      bound=counted(world.model, spec, row.over))
    if row.at_least is not None and not amount >= row.at_least:
        return Phrase("{so_far}, not at least {bound}", so_far=so_far,
                      bound=counted(world.model, spec, row.at_least))
    if row.up_to is not None and not amount <= row.up_to:
        return Phrase("{so_far}, more than {bound}", so_far=so_far,
                      bound=counted(world.model, spec, row.up_to))
    if row.below is not None and not amount < row.below:
        return Phrase("{so_far}, not below {bound}", so_far=so_far,
                      bound=counted(world.model, spec, row.below))
    return None
