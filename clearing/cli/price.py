"""onecard price: what one ride costs, without a book."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import click

from clearing.cli import REFUSED
from network.errors import OnecardError

if TYPE_CHECKING:
    from clearing.answers.price import Quote, Rider, Trip
    from clearing.cli.explanation import Explanation
    from clearing.reference.memory import Memory
    from clearing.reference.world import World

BEFORE_SHAPE = '"MODE[:LINE] START[..END] [DUE] [KEY=VALUE]..."'
BEFORE_KEYS = ("operator", "from", "to", "distance", "vehicle")


class Asked(NamedTuple):
    """The options as they were written, for the functions that take a few of them."""

    network: str
    at: str
    until: str | None
    mode: str | None
    operator: str
    line: str
    vehicle: str
    start: str
    end: str
    missing: Literal["in", "out"] | None
    distance: str | None
    due: str | None
    card_kind: str | None
    medium: str | None
    card_city: str
    issuer: str
    age: int | None
    reviewed: bool
    month_spend: str | None
    week_spend: str | None
    day_spend: str | None
    month_rides: str | None
    counted: tuple[str, ...]
    before: tuple[str, ...]


@click.command("price")
@click.option("--network", required=True, help="A shipped network by name, or a folder.")
@click.option("--at", required=True, metavar="TIME", help='When the ride began, in the network\'s '
              'civil time: "2024-11-25 06:50".')
@click.option("--until", metavar="TIME", help="When it ended; by default 20 minutes later for a "
              "ride with a way out, at once for a single tap.")
@click.option("--mode", help="By default the network's only one.")
@click.option("--operator", default="", help="By default whoever runs the mode, where all ask the "
              "same; else NETWORK-MODE, such as hefei-bus.")
@click.option("--line", default="", help="The line.")
@click.option("--vehicle", default="", help="The vehicle, for transfers and for cards tapped for "
              "several.")
@click.option("--from", "start", default="", metavar="STOP", help="Where it began: code or name.")
@click.option("--to", "end", default="", metavar="STOP", help="Where it ended: code or name.")
@click.option("--distance", metavar="LENGTH", help="How far it was, such as 12.1km or 800m: it "
              "takes the place of the stops.")
@click.option("--missing", type=click.Choice(["in", "out"]), help="The tap that the ride lacks. "
              "Without the way in, --at is when it ended.")
@click.option("--due", metavar="YUAN", help="What the validator says it costs.")
@click.option("--card-kind", help="By default the network's first.")
@click.option("--medium", help="By default `card`, or the network's first.")
@click.option("--card-city", default="home", show_default=True, metavar="CITY",
              help="Whose card it is: home, away, or a city by code or name.")
@click.option("--issuer", default="", help="The very issuer, in place of --card-city.")
@click.option("--age", type=click.IntRange(1, 150), help="The rider's age on that day.")
@click.option("--reviewed/--not-reviewed", default=True, show_default=True,
              help="Whether the card's yearly review is valid.")
@click.option("--month-spend", metavar="YUAN", help="What every accumulator of money had counted "
              "that month.")
@click.option("--week-spend", metavar="YUAN", help="The same for the week.")
@click.option("--day-spend", metavar="YUAN", help="The same for the day.")
@click.option("--month-rides", metavar="N", help="What every accumulator of rides had counted "
              "that month.")
@click.option("--counted", multiple=True, metavar="NAME=AMOUNT", help="What one accumulator had "
              "counted, in yuan or rides; may be repeated.")
@click.option("--before", multiple=True, metavar="RIDE", help="A ride of the same card before "
              f"this one, to transfer from: {BEFORE_SHAPE}; may be repeated. What was counted "
              "(--month-spend ...) was counted before these, too.")
@click.option("--json", "as_json", is_flag=True, help="For machines; money in fen.")
def command(as_json: bool, **options: Any) -> None:
    """Price one ride without a book: the rows tried, the one that won, and who pays what.

    \b
    Example:
      onecard price --network demo --mode metro --from 体育西路 --to 广州南站 \\
          --at "2024-11-25 08:10" --month-spend 99.50
      onecard price --network demo --operator sz-bus --line 6 --at "2024-11-25 08:10" \\
          --before "bus:5 07:30 operator=sz-bus"

    A ride before is priced like this one: of the tables, or of its DUE where that is given. START
    and END are 07:30, on the day of --at, or 2024-11-25T07:30. Keys: operator, from, to, distance,
    vehicle.

    Exit code 0: the ride has a price; 1: it would be refused, and why.
    """
    from clearing.cli.explanation import explain, print_explanation

    asked = Asked(**options)
    world = read_plain(asked.network)
    before, quote = _price(world, asked)
    offset_s = world.civil_offset_s
    one = explain(world, quote.priced, offset_s) | {
        "reason": None if quote.priced.charge is not None else _reason(quote),
        "assumed": list(quote.assumed),
        "rides_before": [explain(world, earlier.priced, offset_s) for earlier in before]}
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(one).decode())
    else:
        print_explanation(one, "one ride:")
        _print_rest(one)
    sys.exit(0 if quote.priced.charge is not None else REFUSED)


def read_plain(network: str) -> World:
    """The network with its tables; one's own folder only where it can be cleared by.

    Raises TableError and OnecardError.
    """
    from clearing.reference.world import world_of
    from fare_tables.source import read_sources
    from network.folder import SHIPPED
    from network.network import load_network

    loaded = load_network(network)
    sources = read_sources(loaded.folder.path)
    if loaded.folder.path.parent != SHIPPED:
        # Compiling finds what is wrong with a table. Shipped ones were compiled by the tests.
        from clearing.engine.context import make_context
        from network.names import Names

        make_context(loaded, sources, Names())
    return world_of(loaded, [source.table for source in sources])


def _price(world: World, asked: Asked) -> tuple[list[Quote], Quote]:
    """The rides before, and the ride itself, each priced with what the one before left."""
    from clearing.answers.price import check_day, price_trip
    from clearing.reference.words import money

    rider = _rider(world, asked)
    trip = _trip(world, asked)
    check_day(world, trip.at)
    memory = _memory(world, asked, trip.at)
    quotes = []
    for earlier in sorted((_trip_before(world, text, trip) for text in asked.before),
                          key=lambda one: one.at):
        quote = price_trip(world, rider, earlier, memory)
        if quote.priced.charge is None:
            raise OnecardError(
                f"the ride before has no price: {quote.priced.trace[-1].why}", where=earlier.where,
                expected="a ride that the tables price, or what was due for it",
                remedy=f'add what was due: "{earlier.mode} … {money(200)}"')
        quotes.append(quote)
        memory = quote.priced.after
    return quotes, price_trip(world, rider, trip, memory)


def _rider(world: World, asked: Asked) -> Rider:
    """Who rides. Raises OnecardError for names that the network does not have."""
    from clearing.answers.price import Rider
    from clearing.answers.typed import code_of

    network, media = world.model, world.model.media
    city = asked.card_city
    if city not in ("home", "away"):
        city = code_of("city", city, {one.code: one.name for one in network.city}, "--card-city")
    issuers = {one.code: one.name for one in network.issuer}
    return Rider(
        card_kind=_one_of("card kind", asked.card_kind, network.card_kinds, "--card-kind"),
        medium=_one_of("medium", asked.medium, ["card", *media] if "card" in media else media,
                       "--medium"),
        city=city,
        issuer=code_of("issuer", asked.issuer, issuers, "--issuer") if asked.issuer else "",
        age=asked.age, reviewed=asked.reviewed)


def _one_of(what: str, text: str | None, known: list[str], where: str) -> str:
    """The name that was written, or the first where none was."""
    from clearing.answers.typed import code_of

    return known[0] if text is None else code_of(what, text, {one: one for one in known}, where)


def _trip(world: World, asked: Asked) -> Trip:
    """The ride that is asked for. Raises OnecardError for what cannot be read."""
    from clearing.answers.price import Trip
    from clearing.answers.typed import day_at, fen_of, metres_of, moment_of

    zone = ZoneInfo(world.model.time_zone)
    at = moment_of(asked.at, zone, "--at")
    until = None if asked.until is None else moment_of(
        asked.until, zone, "--until", day_at(at, zone))
    if asked.missing is not None and until is not None:
        raise OnecardError(f"a ride that lacks its way {asked.missing} has one time",
                           where="--until", remedy="leave out --until")
    if until is not None:
        _check_length(world, at, until, "--until")
    return Trip(
        where="the ride", mode=_mode(world, asked), at=at, until=until, operator=asked.operator,
        line=asked.line, vehicle=asked.vehicle, from_stop=asked.start, to_stop=asked.end,
        missing=asked.missing,
        distance_m=None if asked.distance is None else metres_of(asked.distance, "--distance"),
        says=None if asked.due is None else fen_of(asked.due, "--due"))


def _mode(world: World, asked: Asked) -> str:
    """The mode that was named, or the only one that it can be."""
    modes = world.model.modes
    if asked.mode is None:
        for operator in world.model.operator:
            if asked.operator in (operator.code, operator.name):
                modes = operator.modes
        if len(modes) > 1:
            raise OnecardError("the ride's mode is not named", where="--mode",
                               expected=f"one of {', '.join(modes)}", remedy="name it")
    return _one_of("mode", asked.mode, modes, "--mode")


def _check_length(world: World, at: int, until: int, where: str) -> None:
    """Pass where both times can be those of one ride."""
    limit_s = world.model.ride_limit_s
    if not 0 <= until - at <= limit_s:
        raise OnecardError(
            "the ride ends before it begins" if until < at else
            f"the ride lasts {(until - at) // 60} minutes, and the network's longest is "
            f"{limit_s // 60}", where=where,
            expected="a way out in time after the way in",
            remedy="after midnight, write the day, too; where a tap is missing, see --missing")


def _memory(world: World, asked: Asked, at: int) -> Memory:
    """What the card had counted before all rides. Raises OnecardError where nothing counts it."""
    from clearing.answers.typed import code_of, count_of, fen_of
    from clearing.reference import calendar
    from clearing.reference.memory import Memory
    from clearing.reference.state import Accumulator

    day = calendar.service_day(world.model, at)
    specs = world.model.accumulator
    counted: dict[str, int] = {}
    told: set[str] = set()
    for where, text, period, of_rides in (
            ("--month-spend", asked.month_spend, "month", False),
            ("--week-spend", asked.week_spend, "week", False),
            ("--day-spend", asked.day_spend, "day", False),
            ("--month-rides", asked.month_rides, "month", True)):
        if text is None:
            continue
        names = [spec.accumulator for spec in specs
                 if spec.period == period and (spec.counts == "rides") == of_rides]
        amount = count_of(text, where) if of_rides else fen_of(text, where)
        if amount and not names:
            raise OnecardError(
                f"no accumulator of the network counts {'rides' if of_rides else 'money'} by the "
                f"{period}", where=where,
                expected="one of " + (", ".join(f"{spec.accumulator} ({spec.counts} by the "
                                                f"{spec.period})" for spec in specs) or "none"),
                remedy="leave it out: no fare depends on it")
        counted |= dict.fromkeys(names, amount)
    for text in asked.counted:
        name, _, value = text.partition("=")
        code_of("accumulator", name, {spec.accumulator: "" for spec in specs}, "--counted")
        if name in told:
            raise OnecardError(f"{name!r} is given twice", where="--counted",
                               remedy="give it once")
        told.add(name)
        read = count_of if world.accumulators[name].counts == "rides" else fen_of
        counted[name] = read(value, f"--counted {name}")
    return Memory(None, {(name, world.period(name, day)): Accumulator(amount, 0)
                         for name, amount in counted.items()})


def _trip_before(world: World, text: str, trip: Trip) -> Trip:
    """A ride before, such as "bus:102 06:20..06:40 2.00 to=一中".

    Raises OnecardError where it cannot be read, or was not before.
    """
    from clearing.answers.price import Trip
    from clearing.answers.typed import code_of, day_at, fen_of, metres_of, moment_of

    where, zone = f'--before "{text}"', ZoneInfo(world.model.time_zone)
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    keys = dict(word.partition("=")[::2] for word in words if "=" in word)
    plain = [word for word in words if "=" not in word]
    if not 2 <= len(plain) <= 3:
        raise OnecardError("a ride before cannot be read", where=where, expected=BEFORE_SHAPE,
                           remedy='write "bus 06:20", or "metro 06:05..06:30 4.00 to=西直门"')
    for key in keys:
        code_of("key", key, dict.fromkeys(BEFORE_KEYS, ""), where)
    mode, _, line = plain[0].partition(":")
    start, _, end = plain[1].partition("..")
    day = day_at(trip.at, zone)
    at = moment_of(start, zone, where, day)
    until = moment_of(end, zone, where, day_at(at, zone)) if end else None
    if at > trip.at or (until or 0) > trip.at:
        raise OnecardError("a ride before is not before the ride", where=where,
                           expected="an end no later than --at",
                           remedy="correct its time; the day before must be written")
    if until is not None:
        _check_length(world, at, until, where)
    return Trip(
        where=where, mode=_one_of("mode", mode, world.model.modes, where), at=at, until=until,
        operator=keys.get("operator", ""), line=line, vehicle=keys.get("vehicle", ""),
        from_stop=keys.get("from", ""), to_stop=keys.get("to", ""),
        distance_m=metres_of(keys["distance"], where) if "distance" in keys else None,
        costs=fen_of(plain[2], where) if len(plain) > 2 else None)


def _print_rest(one: Explanation) -> None:
    """The rides before, what was taken for granted, and the answer."""
    from clearing.cli.output import yuan

    for earlier in one["rides_before"]:
        click.echo(f"before it: {earlier['operator']} {earlier['mode']} {earlier['line']} at "
                   f"{earlier['started_at']}, due {yuan(earlier['due'])}, "
                   f"paid {yuan(earlier['paid'])}")
    for assumed in one["assumed"]:
        click.echo(f"taken for granted: {assumed}")
    if one["due"] is None:
        click.echo(f"the ride would be refused: {one['code']}: {one['reason']}")
    else:
        click.echo(f"the rider pays {yuan(one['paid'])} of {yuan(one['due'])} {one['currency']}")


def _reason(quote: Quote) -> str:
    """Why a ride has no price, in words."""
    priced = quote.priced
    if priced.code == "PRICE_OVERFLOW":
        return "its fare is more than a record can hold"
    last = priced.trace[-1] if priced.trace else None
    if last is None or last.kind == "table":
        return (f"no table of {priced.ride.operator} is for this mode and line, and in force on "
                f"{priced.ride.service_day}")
    return f"{last.rule}: {last.why}"
