"""Prices of one trip by the plain engine: at whoever may have run it, between whatever stops."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import msgspec

from clearing.answers.parse import day_at, find_code, find_codes
from clearing.answers.trips import Rider, Trip
from clearing.reference import calendar
from clearing.reference.conditions import why_not
from clearing.reference.memory import Memory
from clearing.reference.pairing import pair
from clearing.reference.pricing import Priced, TraceLine, price
from clearing.reference.results import OVERTIME, Ride
from clearing.reference.tables import find_table
from clearing.reference.taps import Tap
from clearing.reference.world import World
from fare_tables.model import Fare, Table, asks_for_holidays, is_between_stops
from network.calendars import last_known_day
from network.errors import OnecardError
from network.language import Phrase, joined
from network.model import Operator
from network.money import Currency

ASSUMED_S = 20 * 60             # how long a ride with a way out takes, where nobody says
TWO_ENDED = ("distance", "time", "od", "zone")      # bases that need to know where or when it ended


@dataclass(frozen=True, slots=True)
class Quote:
    """A trip with its price, and what was taken for granted on the way."""

    priced: Priced
    assumed: tuple[Phrase, ...]


def price_trip(world: World, rider: Rider, trip: Trip, memory: Memory) -> Quote:
    """The trip's price by whoever runs its mode, between whatever stops have the names it gives.

    Where prices differ, the operator called NETWORK-MODE is meant, such as hefei-bus.
    Raises OnecardError where the trip does not say enough, or it is not said which ride it is.
    """
    quotes, unsaid = [], list[OnecardError]()
    for operator in _list_operators(world, trip):
        for way in _list_ways(world, trip, operator):
            try:
                quotes.append(_price_at(world, rider, way, operator, memory))
            except OnecardError as error:
                unsaid.append(error)
    taken = [quote for quote in quotes if quote.priced.charge is not None] or quotes
    own = [quote for quote in taken
           if quote.priced.ride.operator == f"{world.model.network}-{trip.mode}"]
    if unsaid and not own:
        raise unsaid[0]
    return _choose(trip, taken, own, world.model.money)


def _choose(trip: Trip, taken: Sequence[Quote], own: Sequence[Quote],
            currency: Currency) -> Quote:
    """The first of prices that are the same; the network's own where they are not."""
    same = _cost_the_same(taken)
    first, *others = taken if same else own or taken
    if not _cost_the_same([first, *others]):
        raise OnecardError(
            Phrase("it is not said which ride it is: {ways}",
                   ways=joined("; ", (_told(quote, currency) for quote in taken))),
            where=trip.where, expected="one operator, and stops by their codes",
            remedy="name them with --operator, --from and --to, or in --before as operator=CODE")
    notes = []
    if others:
        notes = [Phrase("{way}; {others} would cost as much", way=_way(first),
                        others=joined(", ", map(_way, others)))]
    if not same:
        rest = (_told(quote, currency) for quote in taken if quote not in own)
        notes.append(Phrase("{operator} runs it; {rest}", operator=first.priced.ride.operator,
                            rest=joined("; ", rest)))
    return Quote(first.priced, (*notes, *first.assumed))


def check_day(world: World, at: int) -> None:
    """Pass where the tables can know what sort of day a moment's service day is.

    Raises TableError for a year whose holidays are not known, where any table asks for them.
    """
    if last_known_day(
            asks_for_holidays(world.tables), world.model.calendar) is not None:
        world.kind_of_day(calendar.service_day(world.model, at))


def _cost_the_same(quotes: Sequence[Quote]) -> bool:
    charges = [quote.priced.charge for quote in quotes]
    return len({charge and (charge.due, charge.paid) for charge in charges}) == 1


def _told(quote: Quote, currency: Currency) -> str:
    charge = quote.priced.charge
    assert charge is not None
    return Phrase("{way} costs {paid} of {due}", way=_way(quote), paid=currency.text(charge.paid),
                  due=currency.text(charge.due))


def _way(quote: Quote) -> str:
    """Who runs a ride, and where from and to where that is known."""
    ride = quote.priced.ride
    stops = [stop for stop in (ride.from_stop, ride.to_stop) if stop]
    return f"{ride.operator} {' → '.join(stops)}" if stops else ride.operator


def _list_ways(world: World, trip: Trip, operator: Operator) -> list[Trip]:
    """The trip between each pair of codes that its stops can have."""
    known = world.stops_of(operator.code)
    if known is None:
        return [trip]
    starts, ends = (find_codes("stop", text, known, trip.where) if text else [""]
                    for text in (trip.from_stop, trip.to_stop))
    return [replace(trip, from_stop=start, to_stop=end) for start in starts for end in ends]


def _list_operators(world: World, trip: Trip) -> list[Operator]:
    """Who may have run the trip: the one that it names, or all that run its mode to its stops."""
    operators = {one.code: one for one in world.model.operator}
    running = {code: one for code, one in operators.items() if trip.mode in one.modes}
    if trip.operator:
        code = find_code("operator", trip.operator,
                       {one.code: one.name for one in operators.values()}, trip.where)
        if code not in running:
            raise OnecardError(Phrase("operator {code!r} does not run mode {mode!r}", code=code,
                                      mode=trip.mode),
                               where=trip.where,
                               expected=Phrase("one of {running}",
                                               running=", ".join(running)
                                              or "none, as no one runs it"),
                               remedy=Phrase("or one of its modes: {modes}",
                                             modes=", ".join(operators[code].modes)))
        return [operators[code]]
    if not running:
        raise OnecardError(Phrase("no operator runs mode {mode!r}",
                                  mode=trip.mode), where=trip.where,
                           remedy="name another mode, or enter its operator in network.toml")
    known: dict[str, str] = {}
    serving = []
    for one in running.values():
        stops = world.stops_of(one.code)
        if stops is None or all(not text or text in stops or text in stops.values()
                                for text in (trip.from_stop, trip.to_stop)):
            serving.append(one)
        known |= stops or {}
    if not serving:
        for text in (trip.from_stop, trip.to_stop):
            if text:
                find_codes("stop", text, known, trip.where)
        raise OnecardError(Phrase("no operator has both {from_stop!r} and {to_stop!r}",
                                  from_stop=trip.from_stop, to_stop=trip.to_stop),
                           where=trip.where, remedy="price each operator's ride by itself")
    return serving


def _price_at(world: World, rider: Rider, trip: Trip, operator: Operator, memory: Memory) -> Quote:
    """The trip's price at one operator."""
    world = _world_for(world, trip)
    tap = _tap(world, rider, trip, operator)
    table = find_table(world, _pair(world, tap))
    tap = replace(tap, issuer=_issuer_of(world, rider, operator, table))
    two_ended = trip.until is not None or trip.to_stop != "" or trip.distance_m is not None or (
        table is not None and _asks_for_two_ends(world, table, _pair(world, tap), memory))
    ride = _pair(world, *_list_taps(tap, trip, two_ended))
    priced = price(world, ride, memory)
    if priced.charge is not None and priced.charge.uncollected:
        # A ride that is only asked for has no record: a validator would take the price.
        priced = price(world, replace(ride, paid=priced.charge.price), memory)
        *tried, paid = priced.trace
        priced = replace(priced, trace=[*tried, paid._replace(why=Phrase("the price"))])
    early = world.model.taps_from
    if day_at(trip.at, ZoneInfo(world.model.time_zone)) < early:
        why = Phrase("the network takes taps from {day} on", day=early)
        priced = replace(priced, charge=None, code="TIME_TOO_EARLY", after=memory,
                         trace=[TraceLine("network", "taps_from", False, why, None, None)])
    elif table is not None:
        _check_told(trip, table, priced)
    return Quote(priced, tuple(_list_assumed(trip, table, priced, two_ended)))


def _asks_for_two_ends(world: World, table: Table, single: Ride, memory: Memory) -> bool:
    """Whether the fare row of a single tap needs to know where or when the ride ended."""
    fitting = [fare for fare in table.fare
               if why_not(world, table, fare, single, memory) is None]
    return any(fare.basis in TWO_ENDED for fare in fitting[:1] or table.fare)


def _world_for(world: World, trip: Trip) -> World:
    """The world as the trip has it: its own price, or its own distance, where it says one."""
    if trip.costs is not None:
        return _with_fares(world, lambda fare: msgspec.structs.replace(
            fare, basis="flat", amount=trip.costs, overtime_after_s=None))
    if trip.distance_m is not None and trip.missing is None:
        return _with_fares(world, lambda fare: msgspec.structs.replace(fare, distance="tap")
                           if fare.basis == "distance" else fare)
    return world


def _with_fares(world: World, change: Callable[[Fare], Fare]) -> World:
    return replace(world, tables=[
        msgspec.structs.replace(table, fare=[change(fare) for fare in table.fare])
        for table in world.tables])


def _tap(world: World, rider: Rider, trip: Trip, operator: Operator) -> Tap:
    """What every tap of the trip says."""
    day = calendar.service_day(world.model, trip.at)
    born_on = None if rider.age is None else _born_before(day, rider.age)
    return Tap(
        card="", card_seq=0, tapped_at=trip.at, operator=operator.code, device="", device_seq=0,
        mode=trip.mode, kind="single", stop=trip.from_stop, line=trip.line, vehicle=trip.vehicle,
        medium=rider.medium, card_kind=rider.card_kind, due=trip.says, distance_m=trip.distance_m,
        born_on=born_on, reviewed_until=day if rider.reviewed else None)


def _born_before(day: datetime.date, years: int) -> datetime.date:
    """The birthday of somebody who is that old on a day."""
    try:
        return day.replace(year=day.year - years)
    except ValueError:      # 29 February
        return day.replace(year=day.year - years, day=28)


def _list_taps(tap: Tap, trip: Trip, two_ended: bool) -> list[Tap]:
    if trip.missing == "in":
        return [replace(tap, kind="out", stop=trip.to_stop)]
    if trip.missing == "out":
        return [replace(tap, kind="ride", in_at=trip.at, in_stop=trip.from_stop, stop="")]
    if not two_ended:
        return [tap]
    until = trip.at + ASSUMED_S if trip.until is None else trip.until
    return [replace(tap, kind="in"), replace(tap, kind="out", tapped_at=until, stop=trip.to_stop)]


def _pair(world: World, *taps: Tap) -> Ride:
    """The one ride of these taps."""
    rides, *_ = pair(world, taps)
    assert len(rides) == 1, "a trip that lasts longer than a ride may"
    return rides[0]


def _issuer_of(world: World, rider: Rider, operator: Operator, table: Table | None) -> str:
    """Whose card it is. Raises OnecardError where nobody of the city that is meant issues any."""
    issuers = world.model.issuer
    if rider.issuer:
        return rider.issuer
    home = operator.city if table is None else table.city
    fitting = [one for one in issuers if
               (one.city == home if rider.city == "home" else
                one.city != home if rider.city == "away" else one.city == rider.city)]
    if not fitting:
        meant = {"home": Phrase("{city}, where the ride is", city=home),
                 "away": Phrase("another city than {city}", city=home)}
        raise OnecardError(
            Phrase("the network has no issuer of {city}", city=meant.get(rider.city, rider.city)),
            where="--card-city",
            expected=Phrase("an issuer: {issuers}", issuers=joined(
                ", ", (f"{one.code} ({one.city})" for one in issuers))),
            remedy="name one with --issuer")
    return fitting[0].code


def _fare_of(table: Table, priced: Priced) -> Fare | None:
    """The fare row that decided; None where none fits."""
    tried = [line for line in priced.trace if line.kind == "fare"]
    if not tried:
        return None
    return next(fare for fare in table.fare if fare.rule == tried[-1].rule)


def _check_told(trip: Trip, table: Table, priced: Priced) -> None:
    """Pass where the trip says what its fare row asks for, or has its price without that."""
    fare = _fare_of(table, priced)
    if fare is None:
        return
    lacking = None if priced.charge is not None else _lacking(trip, fare)
    if fare.basis == "time" and trip.until is None and trip.missing is None:
        lacking = Phrase("how long it took: --until")
    elif trip.distance_m is not None and _went_through(table, priced):
        lacking = Phrase(
            "where it began and ended: --from and --to, as the whole way has one price")
    elif trip.distance_m is not None and fare.overtime_dearest and priced.ride.state == OVERTIME:
        lacking = Phrase(
            "where it began and ended: --from and --to, as it pays for its way out's dearest")
    if lacking is not None:
        raise OnecardError(
            Phrase("fare row {rule!r} of table {table!r} prices by {basis}, and the ride does not "
                   "say enough", rule=fare.rule, table=table.table,
                   basis=fare.basis), where=trip.where, expected=lacking, remedy="give that, too")


def _lacking(trip: Trip, fare: Fare) -> Phrase | None:
    """What a trip without a price does not say, though its fare row asks for it."""
    by_stops = is_between_stops(fare)
    if trip.missing is not None:
        known, option = (trip.to_stop, "--to") if trip.missing == "in" else (
            trip.from_stop, "--from")
        return (Phrase("the stop that is known: {option}", option=option)
                if by_stops and not known else None)
    if fare.basis == "validator" and trip.says is None:
        return Phrase("what the validator says: --due")
    if fare.basis == "distance" and not by_stops and trip.distance_m is None:
        return Phrase("how far it was: --distance")
    if by_stops and not (trip.from_stop and trip.to_stop):
        return Phrase(
            "where it began and ended: --from and --to, or how far it was: --distance"
            if fare.basis == "distance" else "where it began and ended: --from and --to")
    if fare.basis == "distance" and fare.distance == "line" and not trip.line:
        return Phrase("the line: --line")
    return None


def _went_through(table: Table, priced: Priced) -> bool:
    """Whether a row applied that prices the way from the first way in of the transfer chain."""
    through = {row.rule for row in table.transfer if row.through}
    return any(line.kind == "transfer" and line.applied and line.rule in through
               for line in priced.trace)


def _list_assumed(trip: Trip, table: Table | None, priced: Priced,
                  two_ended: bool) -> Iterator[Phrase]:
    """What was taken for granted, or given for nothing."""
    if two_ended and trip.until is None and trip.missing is None:
        yield Phrase("it ended {minutes} minutes after it began; --until says when it did",
                     minutes=ASSUMED_S // 60)
    fare = None if table is None else _fare_of(table, priced)
    if fare is None or priced.charge is None:
        return
    if trip.distance_m is not None and trip.costs is None and fare.basis != "distance":
        yield Phrase("the distance does not matter: fare row {rule} prices by {basis}",
                     rule=fare.rule, basis=fare.basis)
    if trip.says is not None and fare.basis != "validator" and "validator" not in (
            fare.missing_in, fare.missing_out):
        yield Phrase("what the validator says does not matter: fare row {rule} prices by {basis}",
                     rule=fare.rule, basis=fare.basis)
