"""Rides at every edge at which a table's rows change their mind, priced by the plain engine.

For each row there is a ride that it wins, and rides that differ from it in one thing each: every
value that a row names, and the first of every stretch of numbers and times.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import product
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from clearing.reference.memory import Memory
from clearing.reference.pricing import price
from clearing.reference.results import Ride
from clearing.reference.state import Accumulator, Chain
from clearing.reference.taps import Tap
from clearing.reference.world import World
from fare_tables.check.atoms import STATES, Atoms, Before, Dimension, Timing
from fare_tables.check.coverage import Coverage, cover
from fare_tables.check.services import Service, priced_by, services_of
from fare_tables.model import Concession, Table, Transfer, chain_of
from network.calendars import mainland_years, words_for
from network.model import NetworkFile

CLOSE = Timing(0, 60, 60, 60, 0, False, False)
LASTS_S = 1200
VALUES_MOST = 80            # of one dimension
DUES = (0, 1, 7, 95, 100, 255, 300, 333, 777, 1235, 1_000_003)
TAP = Tap(card="1", card_seq=1, tapped_at=0, operator="", device="", device_seq=0, mode="",
          kind="single", stop="")
RIDER = ("card_kind", "medium", "city", "age", "reviewed", "line", "companion")

WAYS = ("", "tap", "validator")     # the twins of a table; see twin_of
Answer = tuple[Any, ...]


class Question(NamedTuple):
    """A ride, the memory of its card, and what the table asks for it."""

    way: str
    ride: Ride
    memory: Memory
    answer: Answer

    def shows(self, worlds: dict[str, World]) -> bool:
        """Whether another table asks something else."""
        return ask(worlds[self.way], self.ride, self.memory) != self.answer


def ask(world: World, ride: Ride, memory: Memory) -> Answer:
    """What is asked for a ride, and what the card remembers then."""
    priced = price(world, ride, memory)
    charge = None if priced.charge is None else priced.charge.row()
    after = priced.after
    return (priced.code, charge, tuple(sorted(after.chains.items())),
            tuple(sorted(after.accumulators.items())))


@dataclass(frozen=True)
class Probe:
    """A ride to price, and what its card remembers, as far as it matters."""

    service: Service
    state: str
    values: tuple[tuple[str, Any], ...]     # by dimension
    lasts_s: int = LASTS_S
    metres: int = 5000
    due: int = 300
    timing: Timing = CLOSE
    chain_due: int = 200
    chain_prices: int = 150
    began: str = ""                         # the chain's first way in; "": the ride's own
    way: str = ""                           # a twin of the table to ask; see twin_of

    def of(self, name: str, otherwise: Any = None) -> Any:
        """The value of a dimension."""
        return dict(self.values).get(name, otherwise)

    def with_value(self, name: str, value: Any) -> Probe:
        """The same ride with another value."""
        return replace(self, values=tuple({**dict(self.values), name: value}.items()))


class Prober:
    """Everything that is needed to price rides by one table of a network."""

    def __init__(self, world: World, table: Table) -> None:
        self.world, self.table = world, table
        self.zone = ZoneInfo(world.model.time_zone)
        lines = list(table.lines or ()) or sorted(
            {line for members in world.line_classes.values() for _, line in members})
        self.atoms = [Atoms(table, service, world, [*lines, ""])
                      for service in priced_by(table, services_of(world))]
        self.worlds = self.worlds_of(table)

    @cached_property
    def coverage(self) -> Coverage:
        return cover(self.atoms)

    @cached_property
    def by_words(self) -> dict[frozenset[str], datetime.date]:
        """A day in force for each way in which days are called."""
        network, found = self.world.model, dict[frozenset[str], datetime.date]()
        day = max(self.table.in_force_from, network.taps_from,
                  *(one.service.since for one in self.atoms))
        last = min(self.table.in_force_until or datetime.date.max,
                   datetime.date(mainland_years().stop - 1, 12, 31))
        for number in range(1200):
            one = day + datetime.timedelta(days=number)
            if one <= last:
                found.setdefault(words_for(one, self.world.kind_of_day(one)), one)
        return found or {frozenset(): day}

    def bases(self) -> dict[int, Probe]:
        """For each row that can win, a ride that it wins."""
        found = {}
        for row, ride in self.coverage.winning.items():
            timing: Timing = dict(ride.example).get("timing", CLOSE)
            found[row] = self._after_its_chain(row, Probe(
                ride.service, ride.state, ride.example, timing=timing,
                lasts_s=timing.lasts_s or LASTS_S))
        return found

    def _after_its_chain(self, row: int, probe: Probe) -> Probe:
        """The ride behind a chain whose first ride is as a transfer row wants it."""
        one = self.coverage.rows[row].row
        if not isinstance(one, Transfer):
            return probe
        due = next((due for due in (one.first_due_from, one.first_due_to) if due is not None),
                   probe.chain_due)
        wanted = self._stops_of(one.chain_began_at) if one.chain_began_at else set(
            probe.service.stops or ())
        began = sorted(wanted - self._stops_of(one.not_chain_began_at))
        is_asked = bool(one.chain_began_at or one.not_chain_began_at)
        return replace(probe, chain_due=due, began=began[0] if is_asked and began else "")

    def _stops_of(self, names: Sequence[str] | None) -> set[str]:
        """The stops of some sets of the table."""
        sets = self.table.stop_sets or {}
        return {stop for name in names or () for stop in sets.get(name, ())}

    def rules_at(self, row: int) -> set[str]:
        """What shows at the rides that a row wins: the row, and all that it names."""
        one = self.coverage.rows[row].row
        return {one.rule, *(one.timeframes or ()), *(one.from_stops or ()), *(one.to_stops or ()),
                *(getattr(one, "left_at", None) or ()),
                *(getattr(one, "chain_began_at", None) or ()),
                *(getattr(one, "not_chain_began_at", None) or ()),
                getattr(one, "pays_fare", None) or one.rule}

    def values_around(self, base: Probe) -> Iterator[Probe]:
        """The base, and rides that differ from it in one thing that the rows tell apart."""
        here = next(one for one in self.atoms if one.service == base.service)
        yield base
        yield from self._other_values(base, here.dimensions(base.state))

    def probes(self, base: Probe) -> Iterator[Probe]:
        """These, and rides at other edges, by the table and its twins."""
        around = [*self.values_around(base), *(replace(base, state=state) for state in STATES),
                  *self._other_times(base), *self._other_amounts(base)]
        for way in WAYS:
            yield from (replace(one, way=way) for one in around)
        # Two at once: how a card stands and what a ride costs, where discounts meet.
        for due in DUES:
            yield replace(base, due=due, way="validator")
        for tier in self.table.tier:
            for band in (tier.bands or ())[:-1]:    # what is counted before holds no row back
                counted = base.with_value(tier.accumulator, band.to)
                yield from self.values_around(counted)
                yield from (replace(counted, due=due, way="validator") for due in DUES)

    def riders(self, base: Probe) -> Iterator[Probe]:
        """The base for every sort of rider and card that the rows tell apart, however it ended."""
        here = next(one for one in self.atoms if one.service == base.service)
        names = {*RIDER, *self.world.accumulators}
        dimensions = [one for one in here.dimensions(base.state) if one.name in names]
        for values in product(*(one.merged() for one in dimensions)):
            one = base
            for dimension, atom in zip(dimensions, values, strict=True):
                one = one.with_value(dimension.name, atom.value)
            for state in (base.state, "MISSING_IN", "MISSING_OUT"):
                for way in ("", "validator"):
                    yield replace(one, state=state, way=way, due=1235)

    def _other_values(self, base: Probe, dimensions: list[Dimension]) -> Iterator[Probe]:
        for dimension in dimensions:
            if dimension.name == "timing":
                continue
            if dimension.name == "when":
                yield from self._other_clocks(base, dimension)
                continue
            # Those first that few others are like: of 400 stations, the 25 that a set names.
            like = Counter(atom.mask for atom in dimension.atoms)
            for atom in sorted(dimension.atoms, key=lambda one: like[one.mask])[:VALUES_MOST]:
                yield base.with_value(dimension.name, atom.value)

    def _other_clocks(self, base: Probe, dimension: Dimension) -> Iterator[Probe]:
        """Other days at the same clock, and other clocks on the same day."""
        words, entry, end = base.of("when", dimension.atoms[0].value)
        for atom in dimension.atoms:
            day, start, stop = atom.value
            if (start, stop) == (entry, end) or (day == words and (
                    start in (entry, stop) or stop == end)):
                yield base.with_value("when", atom.value)

    def _other_times(self, base: Probe) -> Iterator[Probe]:
        """How long it lasted, and how soon after the ride before it began."""
        table = self.table
        lasting = {0, 1}
        for fare in table.fare:
            lasting |= {fare.overtime_after_s or 0, (fare.overtime_after_s or 0) + 1}
            if isinstance(fare.same_station, list):
                lasting |= {edge for step in fare.same_station if step.within_s is not None
                            for edge in (step.within_s, step.within_s + 1)}
            for band in fare.bands or ():
                lasting |= {edge + more for edge in (band.to_s, band.every_s) if edge
                            for more in (0, 1)}
        for seconds in sorted(lasting):
            for state in ("COMPLETE", "SAME_STATION"):
                yield replace(base, state=state, lasts_s=seconds)
        within = table.companion_within_s
        if within is not None:
            for at in (0, within, within + 1):
                yield replace(base.with_value("companion", True),
                              timing=Timing(0, at, at, at, 0, True, True))
        if base.of("before") is None:
            return
        points = sorted({0} | {
            edge for row in table.transfer
            for edge in (row.within_s, row.within_s + 1, row.same_line_after_s or 0,
                         (row.same_line_after_s or 0) - 1)} - {-1})
        uses = sorted({0, 1} | {row.max_transfers for row in table.transfer})
        for at in points:
            for line in (False, True):
                yield replace(base, timing=Timing(0, at, at, at, 0, line, False))
            yield replace(base, timing=Timing(0, at, at, 0, 0, False, False))
            yield replace(base, timing=Timing(1, at, 0, 0, 0, False, False))
            yield replace(base, timing=Timing(0, 0, 0, 0, at, False, False), lasts_s=at)
            yield replace(base, timing=Timing(0, at, at, at, 0, True, True))
        if any(row.chain_began_at or row.not_chain_began_at for row in table.transfer):
            for stop, at in product(base.service.stops or (), points):
                yield replace(base, began=stop, timing=Timing(0, at, at, at, 0, False, False))
        for used in uses:
            for vehicle in (False, True):
                yield replace(base, timing=Timing(used, 60, 60, 60, 0, False, vehicle))

    def _other_amounts(self, base: Probe) -> Iterator[Probe]:
        """How far it was, what the validator says, and what the ride before cost."""
        metres = {0}
        for fare in self.table.fare:
            reached = 0
            for band in fare.bands or ():
                every = band.every_m or 0
                metres |= {edge + fare.grace_m + more for edge in (
                    reached, band.to_m or 0, reached + every, reached + 7 * every,
                    (band.to_m or 0) - every) if edge >= 0 for more in (0, 1)}
                reached = band.to_m or reached
        for length in sorted(metres):
            yield replace(base, metres=length)
        edges_of_due = {edge or 0 for row in self.table.transfer
                        for edge in (row.credit_up_to, row.first_due_from, row.first_due_to)}
        for due in sorted({0, 50, 5000} | {edge + more for edge in edges_of_due
                                           for more in (-1, 0, 1) if edge + more >= 0}):
            yield replace(base, chain_due=due)
        chained = {row.chain_pays or 0 for row in self.table.transfer}
        for prices in sorted({0, 5000} | {one - 1 for one in chained if one}):
            yield replace(base, chain_prices=prices)
        edges = [band.to for row in (*self.table.concession, *self.table.promotion)
                 if isinstance(row, Concession) for band in row.bands or () if band.to]
        for due in sorted({*DUES, *edges, *(edge + 100 for edge in edges)}):
            yield replace(base, due=due)

    def worlds_of(self, table: Table) -> dict[str, World]:
        """The network with one table in it, by the twin of the table that it has."""
        return {way: replace(self.world, tables=[twin_of(table, way)]) for way in WAYS}

    def question(self, probe: Probe) -> Question:
        """A probe, ready to be priced."""
        ride, memory = self.ride_of(probe)
        return Question(probe.way, ride, memory, ask(self.worlds[probe.way], ride, memory))

    def ride_of(self, probe: Probe) -> tuple[Ride, Memory]:
        """The ride as the plain engine takes it, and the memory of its card."""
        network, service = self.world.model, probe.service
        words, entry, end = probe.of("when", (frozenset(), None, None))
        day = self.by_words.get(words, next(iter(self.by_words.values())))
        start = self._moment(day, entry if entry is not None else 12 * 3600)
        stop = start + probe.lasts_s
        if end is not None and end != entry:
            stop = self._moment(day, end)
            stop += 86_400 if stop < start else 0
        state, stops = probe.state, list(service.stops or ("s1", "s2"))
        start, stop = {"MISSING_IN": (0, start if end is None else stop),
                       "MISSING_OUT": (start, 0),
                       "SINGLE_TAP": (start, start)}.get(state, (start, stop))
        leaves = probe.of("from_stop") or stops[0]
        arrives = probe.of("to_stop") or next(
            one for one in reversed(stops) if one != leaves or len(stops) == 1)
        line = probe.of("line") or (self.table.lines or ["any other"])[0]
        ride = Ride(
            card="1", card_seq=1, state=state, started_at=start, ended_at=stop, service_day=day,
            from_stop="" if state == "MISSING_IN" else leaves,
            to_stop=("" if state in ("MISSING_OUT", "SINGLE_TAP") else
                     leaves if state == "SAME_STATION" else arrives),
            operator=service.operator, mode=service.mode, device="", line=line,
            line_operator=service.operator, vehicle="v1",
            vehicle_operator=service.operator, medium=probe.of("medium", network.media[0]),
            card_kind=probe.of("card_kind", network.card_kinds[0]),
            issuer=self._issuer(network, probe), due=probe.due, paid=None,
            distance_m=probe.metres, age=probe.of("age"), reviewed=probe.of("reviewed", False),
            taps=(TAP,))
        spent = {(one.accumulator, Memory().period(self.world, one.accumulator, day)):
                 Accumulator(probe.of(one.accumulator, 0), 1) for one in network.accumulator}
        before = self._chain(probe, ride)
        names = {chain_of(fare) for table in self.world.tables for fare in table.fare}
        return ride, Memory({} if before is None else dict.fromkeys(names, before), spent)

    def _issuer(self, network: NetworkFile, probe: Probe) -> str:
        city = probe.of("city", network.issuer[0].city)
        return next(one.code for one in network.issuer if one.city == city)

    def _moment(self, day: datetime.date, clock_s: int) -> int:
        """A civil clock of a service day, in seconds since 1970 UTC."""
        starts = self.world.model.day_starts_at
        at = datetime.datetime.combine(day, datetime.time(), self.zone) + datetime.timedelta(
            days=clock_s < starts.hour * 3600 + starts.minute * 60, seconds=clock_s)
        return int(at.timestamp())

    def _chain(self, probe: Probe, ride: Ride) -> Chain | None:
        """The ride before: a companion's holder, or one to transfer from."""
        timing, before, time = probe.timing, probe.of("before"), ride.time
        companion = probe.of("companion", False)
        if companion:
            before = Before(ride.operator, ride.mode, ride.line, "")
        if before is None:
            return None
        own = (before.operator, before.line) if before.line else ("", "")
        other = ("elsewhere", "another")
        line = ride.own_line if timing.same_line or companion else (
            own if own != ("", "") and own != ride.own_line else other)
        system = self.world.system_of(before.operator)
        began = self.world.system_of(ride.operator), probe.began or ride.from_stop or ride.to_stop
        return Chain(
            timing.used, time - timing.since_chain_s, probe.chain_due, probe.chain_prices,
            first_in_stop=began, last_in_stop=began,
            last_started_at=time - timing.since_start_s, last_ended_at=time - timing.since_end_s,
            last_operator=before.operator, last_mode=before.mode, last_line=line,
            last_vehicle=ride.own_vehicle if timing.same_vehicle or companion else ("x", "v2"),
            last_exit=(system, before.stop), last_single=companion)


def twin_of(table: Table, way: str) -> Table:
    """A table with the same rows, whose fares can be asked for any distance, or any amount.

    A band of metres that no two stops are apart, and a band of prices that no fare of the table
    reaches, matter to no ride today. They must be right all the same.
    """
    if not way:
        return table
    fares = []
    for fare in table.fare:
        if way == "validator":
            fares.append(msgspec.structs.replace(fare, basis="validator"))
        elif fare.basis == "distance":
            fares.append(msgspec.structs.replace(fare, distance="tap"))
        else:
            fares.append(fare)
    return msgspec.structs.replace(table, fare=fares)
