"""What one version of a fare table changes of another: in words, and in prices, for whom.

Prices are of rides as such: of a card that has counted nothing and does not transfer, with both
ends known. Each sort of rider that a row of either version tells apart is priced by both versions
on the same rides, by the plain engine. Where versions differ in what goes by the rides before
(tiers, caps, transfers, quotas, credits), so is a month of one card, ride after ride.
"""

from __future__ import annotations

import datetime
import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import permutations, product
from pathlib import Path
from random import Random
from typing import NamedTuple

import msgspec

from clearing.answers.plain import read_plain
from clearing.reference.memory import Memory
from clearing.reference.pricing import price
from clearing.reference.results import COMPLETE, SINGLE_TAP, Ride
from clearing.reference.world import World, world_of
from fare_tables.check.atoms import known_lines, rows_of
from fare_tables.describe import describe
from fare_tables.model import (
    Cap,
    Concession,
    Table,
    Tier,
    Transfer,
    discounts_of,
    is_between_stops,
    table_version,
)
from fare_tables.source import load_tables
from network.civil import Clock, seconds_of
from network.errors import OnecardError, TableError
from network.folder import find_folder
from network.language import Phrase, joined
from network.money import Currency

RIDES_MOST = 15_000         # that are priced twice; 0.2 ms each
# A holiday, and a week of which every calendar knows what its days are. Versions are compared as if
# both had been in force then.
DAYS = (datetime.date(2024, 10, 1), *(datetime.date(2024, 11, 25 + day) for day in range(6)))
NOON_S = 12 * 3600
LENGTHS_M = range(500, 60_001, 500)
LASTING_S = range(600, 4 * 3600 + 1, 600)
DUES = range(100, 2_001, 100)
# An example month: every day out and back, each way in two rides with minutes between them.
MONTH = tuple(datetime.date(2024, 11, 1 + day) for day in range(30))
OUT_S, BACK_S = 8 * 3600, 18 * 3600
CHANGE_S = 25 * 60          # from the start of one ride to that of the next


class Change(NamedTuple):
    """Of a sort of rider, how many of the rides looked at cost more or less, and the largest."""

    card_kind: str
    medium: str
    age: str                # "": not known
    card: str               # of the table's city, or of another one
    rides: int
    dearer: int
    cheaper: int
    example: str            # where and when the price changes most
    before: int             # its price, minor units
    after: int


class Month(NamedTuple):
    """What the example month costs a sort of rider, by both versions; minor units."""

    card_kind: str
    medium: str
    age: str
    card: str
    rides: int
    before: int
    after: int


@dataclass(frozen=True)
class Difference:
    """Two versions of a table, side by side."""

    before: str             # NETWORK/TABLE@DAY
    after: str
    words: list[str]        # lines of their descriptions, with "-" or "+"
    changes: list[Change]   # of riders for whom anything changes
    unchanged: int          # sorts of riders for whom nothing does
    rides: int              # looked at, of each sort
    rides_there: int        # that could have been
    currency: Currency
    journey: str            # of the example month; "": what goes by rides before is the same
    months: list[Month]     # of riders for whom it changes


class _Version(NamedTuple):
    """A table with the network that it is of."""

    name: str
    world: World
    table: Table


class _Rider(NamedTuple):
    card_kind: str
    medium: str
    age: int | None
    issuer: str
    card: str


class _Trip(NamedTuple):
    day: datetime.date
    at_s: int
    line: str
    from_stop: str = ""
    to_stop: str = ""
    distance_m: int | None = None
    lasting_s: int | None = None
    due: int | None = None

    def words(self, day: str = "") -> str:
        """Where, when and how far."""
        clock = f"{day} {self.at_s // 3600:02}:{self.at_s // 60 % 60:02}".lstrip()
        ways = [f"{self.from_stop} → {self.to_stop}" if self.from_stop else "",
                Phrase("line {line}", line=self.line) if self.line else "",
                "" if self.distance_m is None else f"{self.distance_m:,} m",
                clock]
        return joined(", ", (way for way in ways if way))


def diff_tables(before: str, after: str, network: str | None = None) -> Difference:
    """What the second version changes.

    Each is TABLE@DAY of the network; or NETWORK/TABLE@DAY, or the path of a table's file.
    Raises OnecardError and TableError.
    """
    old, new = _find(before, network), _find(after, network)
    operators = [one for one in new.table.operators if one in old.table.operators]
    if not operators:
        raise OnecardError(
            Phrase("{name} and {name_2} price rides of other operators", name=old.name,
                   name_2=new.name), where="tables diff",
            expected="two versions of one table",
            remedy=Phrase("the one is of {operators}, the other of {operators_2}",
                          operators=", ".join(old.table.operators),
                          operators_2=", ".join(new.table.operators)))
    riders = _riders(old, new)
    trips, there = _trips(old, new, operators[0], max(1, RIDES_MOST // len(riders)))
    worlds = _in_force(old), _in_force(new)
    found = [_change(worlds, rider, trips, operators[0]) for rider in riders]
    changes = [one for one in found if one is not None]
    journey = _journey(old, new, operators[0]) if _remembers(old) != _remembers(new) else ()
    months = [_month(worlds, rider, journey, operators[0]) for rider in riders if journey]
    return Difference(old.name, new.name, _words(old, new), changes, len(found) - len(changes),
                      len(trips), there, new.world.model.money,
                      joined("; ", [trip.words() for trip in journey]),
                      [one for one in months if one is not None and one.before != one.after])


def _find(text: str, network: str | None) -> _Version:
    """The one version that somebody means."""
    folder, _, name = text.rpartition("/")
    if network is not None:
        folder, name = network, text
    if name.endswith(".toml"):
        folder = folder or "."
    if not folder:
        raise OnecardError(Phrase("{text!r} does not say of which network it is",
                                  text=text), where="tables diff",
                           expected="NETWORK A B, or NETWORK/TABLE@DAY, or the path of a table",
                           remedy=Phrase("write for example: tables diff hongkong {text} "
                                         "mtr@2026-04-03", text=text))
    world = read_plain(folder)
    if name.endswith(".toml"):
        return _by_file(world, folder, name)
    table, _, day = name.partition("@")
    fitting = [one for one in world.tables
               if one.table == table and day in ("", str(one.in_force_from))]
    if len(fitting) == 1:
        return _Version(f"{folder}/{table_version(fitting[0])}", world, fitting[0])
    known = joined(", ", sorted(map(table_version, fitting or world.tables)))
    raise OnecardError(Phrase("{fitting} versions of a table are called {name!r}",
                              fitting=len(fitting) or "no", name=name),
                       where=Phrase("network {network}", network=folder),
                       expected=Phrase("one of {known}", known=known),
                       remedy="name one as TABLE@DAY")


def _by_file(world: World, folder: str, name: str) -> _Version:
    paths = sorted(path for path in find_folder(folder).glob("*.toml")
                   if path.name != "network.toml")
    for path, table in zip(paths, load_tables(find_folder(folder)), strict=True):
        if path.name == name:
            return _Version(f"{folder}/{table_version(table)}", world, table)
    raise TableError(Phrase("no table {folder}", folder=Path(folder) / name), code="UNREADABLE",
                     remedy=Phrase("name one of {paths}",
                                   paths=", ".join(path.name for path in paths)))


def _words(old: _Version, new: _Version) -> list[str]:
    """What the descriptions say otherwise, with the heading that each line stands under."""
    said: list[str] = []
    heading = ""
    lines = [list(describe(one.table, one.world.model.minor_unit))[1:] for one in (old, new)]
    known = {f"{line.depth} {line.words}": line for line in (*lines[0], *lines[1])}
    before, after = ([f"{one.depth} {one.words}" for one in side] for side in lines)
    for told in difflib.ndiff(before, after):
        sign, line = told[0], known.get(told[2:])
        if line is None:        # a hint at what differs within a line
            continue
        if sign == " " and line.words.endswith(":"):
            heading = line.words
        elif sign in "+-":
            if heading and line.depth > 1:
                said.append(heading)
                heading = ""
            said.append(Phrase("{sign} {line}", sign=sign, line=line.words))
    return said


def _in_force(version: _Version) -> World:
    """Its network, with nothing but this table, on every day."""
    table = msgspec.structs.replace(version.table, in_force_from=DAYS[0], in_force_until=None)
    return world_of(version.world, [table])


def _riders(old: _Version, new: _Version) -> list[_Rider]:
    """Everybody whom a row of either version tells apart."""
    model, rows = new.world.model, [*rows_of(old.table), *rows_of(new.table)]
    ages: dict[str, set[int]] = {kind: set() for kind in model.card_kinds}
    for _, row in rows:
        edges = {edge for edge in (row.age_from, None if row.age_to is None else row.age_to + 1)
                 if edge is not None}
        for kind in row.card_kinds or model.card_kinds:
            ages.setdefault(kind, set()).update(edges)
    issuers = [next(((one.code, "home") for one in model.issuer if one.city == new.table.city),
                    (model.issuer[0].code, "home"))]
    if any(row.cards != "any" for _, row in rows):
        issuers += [(one.code, "away") for one in model.issuer if one.city != new.table.city][:1]
    return [_Rider(kind, medium, age, *issuer)
            for kind, medium, issuer in product(model.card_kinds, model.media, issuers)
            for age in (None, *sorted(ages[kind]))]


def _trips(old: _Version, new: _Version, operator: str, most: int) -> tuple[list[_Trip], int]:
    """Rides that tell the versions' fares apart, some of them by lot; and how many there are."""
    tables, network = (old.table, new.table), new.world
    moments = [(DAYS[1], NOON_S)]
    edges = {seconds_of(edge) for table in tables for one in table.timeframe
             for edge in (one.since, one.until) if edge is not None}
    if edges:
        moments = list(product(DAYS, sorted({0, *edges})))
    lines = [line for table in tables for line in table.lines or ()]
    lines = list(dict.fromkeys(lines)) or [*sorted(known_lines(operator, network)), ""]
    ways = _ways(old, new, operator)
    there = len(ways) * len(moments) * len(lines)
    chosen = range(there) if there <= most else sorted(Random(there).sample(range(there), most))
    trips = []
    for index in chosen:
        index, line = divmod(index, len(lines))
        way, moment = divmod(index, len(moments))
        day, at_s = moments[moment]
        trips.append(ways[way]._replace(day=day, at_s=at_s, line=lines[line]))
    return trips, there


def _ways(old: _Version, new: _Version, operator: str) -> list[_Trip]:
    """Where, how far and how long rides go, and what validators say of them."""
    fares = [fare for version in (old, new) for fare in version.table.fare]
    stops = new.world.stops_of(operator)
    nowhere = _Trip(DAYS[1], NOON_S, "")
    ways: list[_Trip] = []
    if stops is not None and any(map(is_between_stops, fares)):
        ways += [nowhere._replace(from_stop=start, to_stop=end)
                 for start, end in permutations(stops, 2)]
    elif any(fare.basis == "distance" for fare in fares):
        ways += [nowhere._replace(distance_m=metres) for metres in LENGTHS_M]
    if any(fare.basis == "time" for fare in fares):
        ways += [nowhere._replace(lasting_s=seconds) for seconds in LASTING_S]
    if any(fare.basis == "validator" for fare in fares):
        ways += [nowhere._replace(due=due) for due in DUES]
    return ways or [nowhere]


def _change(worlds: tuple[World, World], rider: _Rider, trips: Sequence[_Trip], operator: str
            ) -> Change | None:
    """What changes for a sort of rider; None: nothing that was looked at."""
    dearer = cheaper = 0
    most: tuple[int, int, _Trip] | None = None
    for trip, before, after in _priced(worlds, rider, trips, operator):
        dearer += after > before
        cheaper += after < before
        if after != before and (most is None or abs(after - before) > abs(most[1] - most[0])):
            most = before, after, trip
    if most is None:
        return None
    before, after, trip = most
    return Change(rider.card_kind, rider.medium, str(rider.age or ""), rider.card, len(trips),
                  dearer, cheaper, trip.words(f"{trip.day:%a}"), before, after)


def _remembers(version: _Version) -> list[object]:
    """What of a table goes by the rides before, and what it counts of them."""
    table = version.table
    rows = [row for kind in table.order for row in discounts_of(table, kind)]
    return [table.order, table.counts_to, [fare.counts_to for fare in table.fare],
            *(row for row in rows if isinstance(row, Transfer | Tier | Cap) or row.quota
              or row.counted or row.counted_before
              or (isinstance(row, Concession) and row.carried_credit))]


def _journey(old: _Version, new: _Version, operator: str) -> tuple[_Trip, ...]:
    """A day of the example month: out by way of somewhere, on another line, and back."""
    trips, _ = _trips(old, new, operator, 1)
    trip, stops = trips[0], new.world.stops_of(operator)
    lines = [*sorted(known_lines(operator, new.world)), trip.line]
    first, second = lines[0], lines[-2] if len(lines) > 2 else lines[-1]
    if trip.from_stop and stops is not None:
        start, middle, *_, end = [*stops, *stops][:len(stops) // 2 + 2]
        ways = [(start, middle), (middle, end), (end, middle), (middle, start)]
    else:
        ways = [("", "")] * 4
    times = (OUT_S, OUT_S + CHANGE_S, BACK_S, BACK_S + CHANGE_S)
    return tuple(trip._replace(from_stop=way[0], to_stop=way[1], at_s=at_s, line=line)
                 for way, at_s, line in zip(ways, times, (first, second, second, first),
                                            strict=True))


def _month(worlds: tuple[World, World], rider: _Rider, journey: Sequence[_Trip], operator: str
           ) -> Month | None:
    """The example month of a sort of rider; None: it has a ride that a version has no fare for."""
    sums = []
    for world in worlds:
        memory, total = Memory(), 0
        for day, trip in product(MONTH, journey):
            ride = _ride(rider, trip._replace(day=day), operator, _mode(worlds[1], operator),
                         worlds[1].clock)
            charge = price(world, ride, memory).charge
            if charge is None:
                return None
            # Where the validator charges, it took the price, and that counts.
            memory = price(world, replace(ride, paid=charge.price), memory).after
            total += charge.price
        sums.append(total)
    return Month(rider.card_kind, rider.medium, str(rider.age or ""), rider.card,
                 len(MONTH) * len(journey), *sums)


def _mode(world: World, operator: str) -> str:
    """The mode of an operator's rides that a world's one table is for."""
    modes = world.operators[operator].modes
    return next((one for one in world.tables[0].modes or () if one in modes), modes[0])


def _priced(worlds: tuple[World, World], rider: _Rider, trips: Sequence[_Trip], operator: str
            ) -> Iterator[tuple[_Trip, int, int]]:
    """The price of each trip by both versions, where both have one."""
    mode = _mode(worlds[1], operator)
    for trip in trips:
        ride = _ride(rider, trip, operator, mode, worlds[1].clock)
        charges = [price(world, ride, Memory()).charge for world in worlds]
        if charges[0] is not None and charges[1] is not None:
            yield trip, charges[0].price, charges[1].price


def _ride(rider: _Rider, trip: _Trip, operator: str, mode: str, clock: Clock) -> Ride:
    midnight = datetime.datetime.combine(trip.day, datetime.time(), datetime.UTC)
    started_at = clock.utc(int(midnight.timestamp()) + trip.at_s)
    two_ended = trip.to_stop != "" or trip.distance_m is not None or trip.lasting_s is not None
    lasting_s = (trip.lasting_s or LASTING_S[1]) if two_ended else 0
    return Ride(
        card="1", card_seq=1, state=COMPLETE if two_ended else SINGLE_TAP, started_at=started_at,
        ended_at=started_at + lasting_s, service_day=trip.day,
        from_stop=trip.from_stop, to_stop=trip.to_stop, operator=operator, mode=mode, device="",
        line=trip.line, line_operator=operator, vehicle="", vehicle_operator=operator,
        medium=rider.medium, card_kind=rider.card_kind, issuer=rider.issuer, due=trip.due,
        paid=None, distance_m=trip.distance_m, age=rider.age, reviewed=True, taps=())
