"""All that rides can differ in, as far as a table's rows tell them apart.

A dimension is one thing that rides differ in, such as the card kind. Its atoms are values of it:
every value that a row names, and one for all others. Of numbers and times, an atom is the first of
a stretch within which no row changes its mind. Beside each atom stands a mask with one bit for
each row: whether the row's condition in this dimension holds. A row fits a ride where its bit is
set in every dimension, so that a table's whole behaviour is a matter of and-ing masks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cached_property
from itertools import islice
from typing import Any, NamedTuple

from fare_tables.check.services import Service, list_day_words, services_of
from fare_tables.model import (
    DISCOUNTS,
    Counted,
    DiscountRow,
    Row,
    Table,
    Tier,
    Timeframe,
    Transfer,
    bounds_of,
    is_between_stops,
    operators_of,
    timeframes_of,
)
from network.civil import seconds_of
from network.language import Phrase
from network.network import Network

KINDS = ("fare", *DISCOUNTS)
STATES = ("COMPLETE", "SAME_STATION", "MISSING_IN", "MISSING_OUT", "SINGLE_TAP")
AGES = range(1, 151)
# The keys that name stop sets, for where the ride was and where those before it were, and the
# keys that name line classes.
STOP_KEYS = ("from_stops", "not_from_stops", "to_stops", "not_to_stops")
LEFT_KEYS = ("left_at", "not_left_at")
BEGAN_KEYS = ("chain_began_at", "not_chain_began_at")
BEFORE_KEYS = ("began_at", "not_began_at")
LINE_KEYS = ("line_classes", "not_line_classes")
LINE_KEYS_BEFORE = ("from_line_classes", "not_from_line_classes")
LOOKED_AT_MOST = 50_000_000     # atoms of one dimension, times rows and their timeframes


class TooMany(Exception):
    """There is more to tell apart than can be looked at."""


class Atom(NamedTuple):
    """A value, and which rows hold for it."""

    value: Any
    mask: int


class Dimension(NamedTuple):
    """One thing that rides differ in."""

    name: str
    atoms: list[Atom]

    def merged(self) -> list[Atom]:
        """One atom for each mask: the first of those that no row tells apart."""
        first: dict[int, Atom] = {}
        for atom in self.atoms:
            first.setdefault(atom.mask, atom)
        return list(first.values())


class TableRow(NamedTuple):
    """A row of a table, and its kind."""

    kind: str
    row: Row


class Before(NamedTuple):
    """The ride that a transfer is from."""

    operator: str
    mode: str
    line: str
    stop: str


class Start(NamedTuple):
    """How a transfer chain began, and its last ride.

    Where the one and the other began, for what due, and whether this ride ends where the chain did.
    """

    stop: str
    last: str
    due: int
    returns: bool


class Timing(NamedTuple):
    """How a ride follows the one before: transfers used, seconds since, and what is the same."""

    used: int
    since_chain_s: int
    since_start_s: int
    since_end_s: int
    lasts_s: int
    same_line: bool
    same_vehicle: bool


def rows_of(table: Table) -> list[TableRow]:
    """Every row of a table, kind by kind, in order."""
    return [TableRow(kind, row) for kind in KINDS for row in getattr(table, kind)]


def states_of(table: Table, service: Service) -> list[str]:
    """How rides of a service can end: by gates, or with one tap."""
    if service.stops is not None or any(
            is_between_stops(fare) or fare.basis == "time" for fare in table.fare):
        return ["COMPLETE", "SAME_STATION", "MISSING_IN", "MISSING_OUT"]
    return ["SINGLE_TAP", "COMPLETE"]


class Atoms:
    """The dimensions of one table, for the rides of one service."""

    def __init__(self, table: Table, service: Service, network: Network,
                 lines: Sequence[str]) -> None:
        """`lines` are those that the table prices rides of, "" for any other."""
        self.table, self.service, self.network, self.lines = table, service, network, lines
        self.rows = rows_of(table)
        self.timeframes = {one.timeframe: one for one in table.timeframe}
        sets: dict[str, set[str]] = {}
        for name, stops in table.stop_sets.items():
            for stop in stops:
                sets.setdefault(stop, set()).add(name)
        self.sets_by_stop = {stop: frozenset(names) for stop, names in sets.items()}

    def dimensions(self, state: str) -> list[Dimension]:
        """Everything that rides of one state differ in."""
        return [*self._of_place(state), *self._of_rider(state), *self._of_memory]

    def stops(self) -> list[str]:
        """The stops of the service; where it has no list, those that sets name, and any other."""
        return stops_of(self.service, self.table)

    def _name(self, conditions: Sequence[str]) -> bool:
        """Whether any row has one of the conditions."""
        return any(getattr(one.row, condition, None) is not None
                   for one in self.rows for condition in conditions)

    def _dimension(self, name: str, values: Iterable[Any],
                   holds: Callable[[TableRow, Any], bool]) -> Dimension:
        """Raises TooMany."""
        looks = len(self.rows)
        if name == "when":
            looks += sum(len(names or ()) for one in self.rows for names in timeframes_of(one.row))
        most = LOOKED_AT_MOST // looks
        listed = list(islice(values, most + 1))
        if len(listed) > most:
            raise TooMany(Phrase("its rows tell apart more than {most:,} rides by {dimension}",
                                 most=most, dimension=name))
        return Dimension(name, [
            Atom(value, sum(1 << bit for bit, row in enumerate(self.rows) if holds(row, value)))
            for value in listed])

    def _of_stops(self, name: str, stops: Sequence[str],
                  holds: Callable[[TableRow, frozenset[str]], bool]) -> Dimension:
        """A dimension of stops: what counts is the sets that a stop is in."""
        masks: dict[frozenset[str], int] = {}
        atoms = []
        for stop in stops:
            sets = self.sets_of(stop)
            if sets not in masks:
                masks[sets] = sum(
                    1 << bit for bit, row in enumerate(self.rows) if holds(row, sets))
            atoms.append(Atom(stop, masks[sets]))
        return Dimension(name, atoms)

    def sets_of(self, stop: str) -> frozenset[str]:
        """The stop sets that a stop is in."""
        return self.sets_by_stop.get(stop, frozenset())

    def _of_rider(self, state: str) -> list[Dimension]:
        """Who rides, by what, on which line."""
        table, model, mode = self.table, self.network.model, self.service.mode
        companions = [False]
        if table.companion_within_s is not None and state == "SINGLE_TAP":
            companions.append(True)
        ages = {edge for _, row in self.rows
                for edge in (row.age_from, None if row.age_to is None else row.age_to + 1)
                if edge is not None and edge in AGES}
        return [
            self._dimension("operator", [self.service.operator],
                            lambda one, value: value in operators_of(one.row, table)),
            self._dimension("mode", [mode], lambda one, value: _in(
                value, one.row.modes, one.row.not_modes)),
            self._dimension("card_kind", model.card_kinds, lambda one, value: _in(
                value, one.row.card_kinds, one.row.not_card_kinds)),
            self._dimension("medium", model.media, lambda one, value: _in(
                value, one.row.media, one.row.not_media)),
            self._dimension("city", dict.fromkeys(one.city for one in model.issuer),
                            lambda one, value: _fits_card(one.row, value, table.city)),
            self._dimension("line", self.lines, lambda one, value: self._of_classes(
                one.row, LINE_KEYS, self.service.operator, value)),
            self._dimension("age", [None, *sorted(ages | {1})],
                            lambda one, value: _fits_age(one.row, value)),
            self._dimension("reviewed", [False, True],
                            lambda one, value: value or not one.row.reviewed),
            self._dimension("companion", companions, lambda one, value: not value or (
                one.row.companions and one.kind != "transfer")),
        ]

    def _of_classes(self, row: Row, keys: Sequence[str], operator: str, line: str) -> bool:
        named, excluded = (getattr(row, key) for key in keys)
        return ((named is None or self.network.is_of_class((operator, line), named))
                and not self.network.is_of_class((operator, line), excluded or ()))

    def _of_place(self, state: str) -> list[Dimension]:
        """Where and when: stops, the day and the clock."""
        stops = self.stops()

        def goes_from(one: TableRow, sets: frozenset[str]) -> bool:
            return _in_any(one.row.from_stops, one.row.not_from_stops, sets)

        def goes_to(one: TableRow, sets: frozenset[str]) -> bool:
            return _in_any(one.row.to_stops, one.row.not_to_stops, sets)

        when = self._of_clock(state)
        if not self._name(STOP_KEYS):
            return [when]
        if state == "SAME_STATION":
            return [self._of_stops("from_stop", stops, lambda one, sets: (
                goes_from(one, sets) and goes_to(one, sets))), when]
        known_from = [""] if state == "MISSING_IN" else stops
        known_to = [""] if state in ("MISSING_OUT", "SINGLE_TAP") else stops
        return [self._of_stops("from_stop", known_from, goes_from),
                self._of_stops("to_stop", known_to, goes_to), when]

    def _of_clock(self, state: str) -> Dimension:
        """Days, and the clock at entry and exit: (words, entry, exit), seconds of the day."""
        edges = {0}
        for timeframe in self.table.timeframe:
            edges.add(seconds_of(timeframe.since))
            edges.add(0 if timeframe.until is None else seconds_of(timeframe.until))
        clocks: list[int | None] = [*sorted(edges)]
        at_exit = any(timeframes_of(one.row)[1] is not None for one in self.rows)
        named = any(timeframe.days is not None for timeframe in self.table.timeframe)
        days = list_day_words(self.network) if named else [frozenset[str]()]

        def exits(entry: int | None) -> list[int | None]:
            if state == "MISSING_OUT":
                return [None]
            return clocks if at_exit and state != "SINGLE_TAP" else [entry]

        entries = [None] if state == "MISSING_IN" else clocks
        return self._dimension("when", (
            (words, entry, end) for words in days for entry in entries for end in exits(entry)),
            self._holds_when)

    def _holds_when(self, one: TableRow, when: tuple[frozenset[str], int | None, int | None]
                    ) -> bool:
        words, *clocks = when
        return all(
            names is None or any(is_within(self.timeframes[name], words, at)
                                 for name in names if name in self.timeframes)
            for names, at in zip(timeframes_of(one.row), clocks, strict=True))

    @cached_property
    def _of_memory(self) -> list[Dimension]:
        """What the card remembers: accumulators, and the ride before."""
        found = [self._of_accumulator(name) for name in dict.fromkeys(
            name for one in self.rows for name in accumulators_of(one.row))]
        asked = [counted for one in self.rows if (counted := counted_by(one.row)) is not None]
        found += [self._of_counted([one for one in asked if one.accumulator == name])
                  for name in dict.fromkeys(one.accumulator for one in asked)]
        found += [self._of_period_before(one) for one in self.rows
                  if isinstance(one.row, DiscountRow) and (
                      one.row.counted_before or getattr(one.row, "carried_credit", None))]
        if not self.table.transfer:
            return found
        return [*found, self._dimension("before", self._befores(), self._fits_before),
                self._dimension("chain", self._starts(), self._fits_start),
                self._dimension("timing", self._timings(), fits_timing)]

    def _befores(self) -> list[Before | None]:
        """Rides that this table's rides can be transfers from; None: there is none."""
        found: list[Before | None] = [None]
        for service in services_of(self.network):
            found += [Before(service.operator, service.mode, line, stop)
                      for line in self._lines_before(service)
                      for stop in self._stops_before(service, LEFT_KEYS)]
        return found

    def _starts(self) -> list[Start]:
        """Where the chains began that this table's rides can be transfers in."""
        stops = dict.fromkeys(stop for service in services_of(self.network)
                              for stop in self._stops_before(service, BEGAN_KEYS))
        transfers = self.table.transfer
        dues = {0} | {row.first_due_from or 0 for row in transfers} | {
            row.first_due_to + 1 for row in transfers if row.first_due_to is not None}
        comes_back = any(row.returns for row in transfers)
        before = dict.fromkeys(stop for service in services_of(self.network)
                               for stop in self._stops_before(service, BEFORE_KEYS))
        return [Start(stop, last, due, returns) for stop in stops for last in before
                for due in sorted(dues) for returns in ((False, True) if comes_back else (False,))]

    def _lines_before(self, service: Service) -> list[str]:
        """A line of each sort that line classes make."""
        def classes_of(line: str) -> frozenset[str]:
            return frozenset(name for name, members in self.network.line_classes.items()
                             if (service.operator, line) in members)

        if not self._name(LINE_KEYS_BEFORE):
            return [""]
        return ["", *one_of_each(sorted(known_lines(service.operator, self.network)), classes_of)]

    def _stops_before(self, service: Service, keys: Sequence[str]) -> list[str]:
        """A stop of each sort that stop sets make, and the last stop of each set."""
        if not self._name(keys):
            return [""]
        stops = stops_of(service, self.table)
        last = {stops[-1] for stops in self.table.stop_sets.values() if stops}
        return list(dict.fromkeys(
            ["", *one_of_each(stops, self.sets_of), *sorted(last & set(stops))]))

    def _of_accumulator(self, name: str) -> Dimension:
        edges = {0}
        for one in self.rows:
            edges |= edges_of(one.row, name)
        return self._dimension(
            name, sorted(edge for edge in edges if edge >= 0),
            lambda one, value: fits_counted(one.row, name, value))

    def _of_counted(self, asked: Sequence[Counted]) -> Dimension:
        """What the accumulator that some rows ask about has counted, with this ride."""
        name = asked[0].accumulator
        edges = {0} | {edge for row in asked for edge in _edges_of_bounds(row)}

        def fits(one: TableRow, value: int) -> bool:
            counted = counted_by(one.row)
            return counted is None or counted.accumulator != name or _is_within_bounds(
                counted, value)

        return self._dimension(Phrase("{accumulator} with this ride", accumulator=name),
                               sorted(edges), fits)

    def _of_period_before(self, asking: TableRow) -> Dimension:
        """Whether the period before was as one row wants it."""
        return self._dimension(
            Phrase("the period before is as {rule} has it", rule=asking.row.rule), (False, True),
            lambda one, wanted: wanted or one is not asking)

    def _fits_before(self, one: TableRow, before: Before | None) -> bool:
        row = one.row
        if not isinstance(row, Transfer):
            return True
        return (before is not None and _in(before.mode, row.from_modes, row.not_from_modes)
                and _in(before.operator, row.from_operators, row.not_from_operators)
                and self._of_classes(row, LINE_KEYS_BEFORE, before.operator, before.line)
                and _in_any(row.left_at, row.not_left_at, self.sets_of(before.stop)))

    def _fits_start(self, one: TableRow, start: Start) -> bool:
        row = one.row
        if not isinstance(row, Transfer):
            return True
        return ((start.returns or not row.returns) and start.due >= (row.first_due_from or 0)
                and (row.first_due_to is None or start.due <= row.first_due_to)
                and _in_any(row.began_at, row.not_began_at, self.sets_of(start.last))
                and _in_any(row.chain_began_at, row.not_chain_began_at, self.sets_of(start.stop)))

    def _timings(self) -> Iterator[Timing]:
        transfers = self.table.transfer
        edges = {0} | {row.within_s + 1 for row in transfers}
        edges |= {row.same_line_after_s for row in transfers if row.same_line_after_s is not None}
        points = sorted(edges)
        lasts = points if any(row.measured_to == "end" for row in transfers) else [0]
        uses = sorted({0} | {row.max_transfers for row in transfers})
        return (
            Timing(used, chain, start, end, lasting, same_line, same_vehicle)
            for used in uses for end in points
            for start in points if start >= end
            for chain in points if chain >= start and (used > 0 or chain == start)
            for lasting in lasts for same_line in (False, True) for same_vehicle in (False, True))


def one_of_each(names: Sequence[str], sort: Callable[[str], frozenset[str]]) -> list[str]:
    """The first name of each sort."""
    first: dict[frozenset[str], str] = {}
    for name in names:
        first.setdefault(sort(name), name)
    return list(first.values())


def stops_of(service: Service, table: Table) -> list[str]:
    """The stops of a service; where it has no list, those that sets name, and "" for others."""
    if service.stops is not None:
        return list(service.stops)
    return [*sorted({stop for stops in table.stop_sets.values() for stop in stops}), ""]


def known_lines(operator: str, network: Network) -> set[str]:
    """The lines of an operator that line classes name."""
    return {line for members in network.line_classes.values()
            for owner, line in members if owner == operator}


def is_within(timeframe: Timeframe, words: frozenset[str], at: int | None) -> bool:
    """Whether a timeframe holds at a second of a day that is called by these words."""
    if at is None or (timeframe.days is not None and not words & set(timeframe.days)):
        return False
    since = seconds_of(timeframe.since)
    if timeframe.until is None:
        return at >= since
    until = seconds_of(timeframe.until)
    return since <= at < until if since < until else at >= since or at < until


def accumulators_of(row: Row) -> list[str]:
    """The accumulators whose count decides whether a row fits."""
    quota = getattr(row, "quota", None)
    return ([row.accumulator] if isinstance(row, Tier) else []) + (
        [] if quota is None else [quota.accumulator])


def counted_by(row: Row) -> Counted | None:
    """What a row asks to have been counted, this ride included."""
    return row.counted if isinstance(row, DiscountRow) else None


def before_asked(row: Row) -> list[tuple[str, tuple[str, ...]]]:
    """The accumulators whose count of the period before a row asks for, and by which key."""
    found = {key: getattr(row, key, None) for key in ("counted_before", "carried_credit")}
    return [(one.accumulator, (key, "accumulator")) for key, one in found.items()
            if one is not None]


def _edges_of_bounds(row: Tier | Counted) -> set[int]:
    low, high = bounds_of(row)
    return {low} if high is None else {low, high + 1}


def _is_within_bounds(row: Tier | Counted, counted: int) -> bool:
    low, high = bounds_of(row)
    return low <= counted and (high is None or counted <= high)


def edges_of(row: Row, accumulator: str) -> set[int]:
    """The counts at which a row changes its mind."""
    edges = set()
    if isinstance(row, Tier) and row.accumulator == accumulator:
        edges |= _edges_of_bounds(row)
    quota = getattr(row, "quota", None)
    if quota is not None and quota.accumulator == accumulator:
        edges.add(quota.limit - quota.uses + 1)
    return edges


def fits_counted(row: Row, accumulator: str, counted: int) -> bool:
    """Whether a row holds where an accumulator has counted so much."""
    if isinstance(row, Tier) and row.accumulator == accumulator and not _is_within_bounds(
            row, counted):
        return False
    quota = getattr(row, "quota", None)
    return (quota is None or quota.accumulator != accumulator
            or counted + quota.uses <= quota.limit)


def fits_timing(one: TableRow, timing: Timing) -> bool:
    """Whether a transfer row holds for how a ride follows the one before."""
    row = one.row
    if not isinstance(row, Transfer):
        return True
    since = {"chain": timing.since_chain_s, "start": timing.since_start_s,
             "end": timing.since_end_s}[row.measured_from]
    since += timing.lasts_s if row.measured_to == "end" else 0
    after_s = row.same_line_after_s
    line = not timing.same_line or row.same_line or (
        after_s is not None and timing.since_end_s >= after_s)
    return (timing.used < row.max_transfers and since <= row.within_s and line
            and (row.same_vehicle or not timing.same_vehicle))


def _in(value: str, named: Sequence[str] | None, excluded: Sequence[str] | None) -> bool:
    return (named is None or value in named) and value not in (excluded or ())


def _in_any(named: Sequence[str] | None, excluded: Sequence[str] | None,
            sets: frozenset[str]) -> bool:
    return (named is None or not sets.isdisjoint(named)) and sets.isdisjoint(excluded or ())


def _fits_card(row: Row, city: str, home: str) -> bool:
    if isinstance(row.cards, list):
        return city in row.cards
    return row.cards == "any" or (row.cards == "home") == (city == home)


def _fits_age(row: Row, age: int | None) -> bool:
    if age is None:
        return row.age_from is None and row.age_to is None
    return (row.age_from or 0) <= age and (row.age_to is None or age <= row.age_to)
