"""Compiles fare tables into the arrays that the pricing kernels read: nothing else is changed.

Everything that a table names must be known to the network: an unknown name is a TableError here,
before any ride is priced. The rules that the arrays stand for are in
clearing/reference/RULES.md sections 3 and 4.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ext import records
from ext.codes import Cause, Counts, Period
from fare_tables.compile.arrays import Arrays, Numbers, as_structs, as_table
from fare_tables.compile.candidates import Candidates, Stacked
from fare_tables.compile.conditions import (
    DAY_S,
    Riders,
    check_operators,
    check_stop_sets,
    riders_of,
)
from fare_tables.compile.discount_rows import accumulator, compile_row
from fare_tables.compile.distances import Tracks
from fare_tables.compile.fare_rows import compile_fare, index_stops, line_stops
from fare_tables.compile.legs import legs_most, room_of
from fare_tables.compile.tariff_index import TariffIndexes, check_versions
from fare_tables.model import (
    DISCOUNTS,
    Discount,
    DiscountRow,
    Fare,
    Row,
    Table,
    asks_for_holidays,
    discounts_of,
    operators_of,
    table_version,
)
from network.calendars import DAY_NAMES, WEEKDAYS, last_known_day, words_for
from network.civil import DAYS_MOST, day_of, number_of
from network.code_checks import fault_of
from network.errors import TableError
from network.language import Phrase
from network.member_rows import member_rows
from network.network import Network
from network.numbering import NumberedNetwork

ROWS_MOST = 10_000          # of one table, and of each list in one row
CAPS_MOST = 8               # of one table: the kernel keeps the rows that applied

Compiled = TypeVar("Compiled")
RowKind = TypeVar("RowKind", bound=Row)
CompiledTables = dict[str, Any]     # arrays and whole numbers: what PricingTables takes, by name


def day_number(day: datetime.date, *key: str) -> int:
    """Days since 1970, of the day that a key of a table gives.

    Raises TableError for a day that no ride can be on.
    """
    days = number_of(day)
    if not 0 <= days < DAYS_MOST:
        raise TableError(Phrase("the day {day} is not between 1970 and 2149",
                                day=day), "correct the date",
                         key=key)
    return days


def compile_tables(tables: Sequence[Table], numbered: NumberedNetwork) -> CompiledTables:
    """The arrays and numbers that PricingTables views, to price rides of a network.

    All that the tables name must have been numbered (numbering.py): here numbers are looked up.
    They hold nothing of Python's and can be kept, or sent to another process.
    Raises TableError for the first thing in a table that cannot be.
    """
    network = numbered.network
    check_systems(network)
    check_versions(tables)
    arrays, tracks, candidates = Arrays(), Tracks(network.folder), Candidates(numbered.names)
    tariffs: dict[tuple[int, str], int] = {}
    for index, table in enumerate(tables):
        version = table_version(table)
        try:
            systems = _systems_of(table, network)
            _check_table(table, network)
            for system in systems:
                tariffs[index, system] = len(arrays.tariffs)
                arrays.tariffs.append(_tariff(table, system, numbered, arrays, tracks, candidates))
        except TableError as error:
            raise error.within(f"table {version}", version) from None
    return _lay_out(tables, TariffIndexes(tables, tariffs, numbered), candidates, numbered, arrays)


def check_systems(network: Network) -> None:
    """Pass where operators that share a paid area share its stops and track, too.

    One matrix of fares is compiled for all of them, with one index for each stop.
    Raises TableError.
    """
    for system, first in network.systems().items():
        for index, (code, other) in enumerate(network.operators.items()):
            stops, own = network.stops_of(first.code), network.stops_of(code)
            if network.system_of(code) == system and (
                    other.links != first.links or (own is None) != (stops is None)
                    or list(own or ()) != list(stops or ())):
                raise TableError(
                    Phrase("operators {code!r} and {code_2!r} are both of system {system!r}, but "
                           "have other stops or links", code=first.code, code_2=code,
                           system=system),
                    "give them the same in network.toml, or systems of their own",
                    key=("operator", index, "system"))


def _lay_out(tables: Sequence[Table], tariff_index: TariffIndexes, candidates: Candidates,
             numbered: NumberedNetwork, arrays: Arrays) -> CompiledTables:
    stops, lines = line_stops(numbered, arrays)
    members = member_rows(numbered)
    card_kinds, media, modes = candidates.shape
    return {
        "members": members,
        "tariff_index": tariff_index.tariff_index.ravel(),
        "ranked_tariffs": np.array(tariff_index.tariffs or [0], dtype=np.uint16),
        "line_groups": tariff_index.line_groups,
        "tariffs": as_structs(arrays.tariffs, records.TARIFF),
        "candidates": as_structs(candidates.candidates, records.CANDIDATE_ROWS),
        "candidate_fares": np.array(candidates.fares or [0], dtype=np.uint32),
        "fare_rows": as_structs(arrays.fare_rows, records.FARE_ROW),
        "stages": as_structs(candidates.stages, records.DISCOUNT_STAGE),
        "candidate_discounts": np.array(candidates.rows or [0], dtype=np.uint32),
        "rows": as_structs(arrays.rows, records.DISCOUNT_ROW),
        "conditions": as_structs(arrays.conditions, records.CONDITION),
        "timeframes": as_structs(arrays.timeframes, records.TIMEFRAME),
        "shares": as_structs(arrays.shares, records.SHARE),
        "bands": as_structs(arrays.bands, records.BAND),
        "price_bands": as_structs(arrays.price_bands, records.PRICE_BAND),
        "same_stations": as_structs(arrays.same_stations, records.SAME_STATION),
        "stop_indexes": index_stops(numbered),
        "zones": np.array(arrays.zones or [0], dtype=np.uint16),
        "fares": np.concatenate([*arrays.fares, np.array([-1], dtype=np.int32)]),
        "line_stops": as_structs(stops, records.LINE_STOP),
        "lines": as_structs([line for one in lines for line in one], records.LINE_STOPS
                            ).reshape(len(lines), -1),
        "member_sets": as_table(arrays.member_sets, len(members)),
        "line_sets": as_table(arrays.line_sets, numbered.names.count("line") + 1),
        "stop_sets": as_table(arrays.stop_sets, numbered.names.count("stop") + 1),
        "counts_to": np.array(arrays.counts_to or [0], dtype=np.uint16),
        "accumulator_rules": _accumulator_rules(numbered),
        "days": _day_bits(tables, numbered.network),
        "months": _months(),
        "civil_offsets": numbered.network.clock.offsets,
        "clock_tolerance_s": numbered.network.model.clock_tolerance_s,
        "card_kinds": card_kinds,
        "media": media,
        "modes": modes,
        "groups": tariff_index.groups,
        "chains": numbered.names.count("chain"),
        "counts_to_most": max((_counts_to_most(table) for table in tables), default=0),
    }


def _systems_of(table: Table, network: Network) -> list[str]:
    """The systems of a table's operators, each once, in order."""
    if not table.operators:
        raise TableError("it has no operators", "name those whose rides it prices",
                         key=("operators",))
    for index, code in enumerate(table.operators):
        if code not in network.operators:
            raise TableError(Phrase("operator {code!r} is not in network.toml", code=code),
                             Phrase("it is one of {operators}, or add it there",
                                    operators=", ".join(network.operators)),
                             key=("operators", index))
    return list(dict.fromkeys(network.system_of(code) for code in table.operators))


def _tariff(table: Table, system: str, numbered: NumberedNetwork, arrays: Arrays,
            tracks: Tracks, candidates: Candidates) -> Numbers:
    """One table version for the operators of one system."""
    last = table.in_force_until
    first = len(arrays.fare_rows)
    fares = _of_system(table.fare, table, system, numbered.network)
    fare_rows = {fare.rule: first + index for index, fare in enumerate(fares)}
    for fare in fares:
        arrays.fare_rows.append(_of_row("fare", fare, lambda row: {
            **compile_fare(row, table, system, numbered, arrays, tracks),
            **_fed(row.counts_to, numbered, arrays)}))
    stack = [_stacked(kind, _of_system(discounts_of(table, kind), table, system, numbered.network),
                      table, numbered, arrays, fare_rows)
             for kind in table.order if discounts_of(table, kind)]
    upto = (*table.order, "transfer").index("transfer") + 1
    chained = sum(bool(discounts_of(table, kind)) for kind in table.order[:upto])
    candidates.add(_for_riders("fare", fares, first, numbered), stack, chained)
    return {
        "table": numbered.names.known("table", table_version(table)),
        "first_day": day_number(table.in_force_from, "in_force_from"),
        "last_day": DAYS_MOST - 1 if last is None else day_number(last, "in_force_until"),
        **_fed(table.counts_to, numbered, arrays),
        "companion_within_s": table.companion_within_s or 0,
    }


def _fed(codes: Sequence[str], numbered: NumberedNetwork, arrays: Arrays) -> dict[str, int]:
    """Accumulators that rides feed, one after the other in the pool. Raises TableError."""
    for index, code in enumerate(codes):
        spec = numbered.network.accumulators.get(code)
        if spec is not None and spec.counts == "credit":
            raise TableError(Phrase("rides would count to {accumulator!r}, which counts what is "
                                    "used of a credit", accumulator=code), "leave it out",
                             key=("counts_to", index))
    numbers = sorted(accumulator(code, numbered, "counts_to", index)
                     for index, code in enumerate(codes))
    first = len(arrays.counts_to) if numbers else 0
    arrays.counts_to += numbers
    return {"counts_to": first, "counts_to_count": len(numbers)}


def _of_system(rows: Sequence[RowKind], table: Table, system: str, network: Network
               ) -> list[RowKind]:
    """The rows that are for operators of a system: others may need stops that it does not have."""
    return [row for row in rows
            if any(network.system_of(code) == system for code in operators_of(row, table))]


def _stacked(kind: Discount, rows: Sequence[DiscountRow], table: Table, numbered: NumberedNetwork,
             arrays: Arrays, fare_rows: dict[str, int]) -> Stacked:
    """The rows of one kind."""
    first = len(arrays.rows)
    for row in rows:
        arrays.rows.append(_of_row(kind, row, lambda one: compile_row(
            one, table, numbered, arrays, fare_rows)))
    return Stacked(int(Cause[kind.upper()]), int(kind in table.best),
                   _for_riders(kind, rows, first, numbered))


def _for_riders(kind: str, rows: Sequence[Row], first: int, numbered: NumberedNetwork
                ) -> list[tuple[int, Riders]]:
    """The indexes of rows from `first` on, and whom each is for."""
    return [(index, _of_row(kind, row, lambda one: riders_of(one, numbered)))
            for index, row in enumerate(rows, first)]


def _of_row(kind: str, row: RowKind, compile_one: Callable[[RowKind], Compiled]) -> Compiled:
    """What a row compiles to; its name is added to what is wrong with it."""
    try:
        return compile_one(row)
    except TableError as error:
        raise error.within(f"row {row.rule!r}", kind, row.rule) from None


def _check_table(table: Table, network: Network) -> None:
    """Pass where the parts of a table go together.

    Raises TableError.
    """
    fault = fault_of(table.table)
    if fault is not None or not table.table:
        raise TableError(Phrase("its name {fault}",
                                fault=fault or "is blank"), "give it a plainer one", key=("table",))
    if table.city not in network.provinces:
        raise TableError(Phrase("city {city!r} is not in network.toml", city=table.city),
                         Phrase("it is one of {provinces}, or add it there",
                                provinces=", ".join(sorted(network.provinces))),
                         key=("city",))
    for index, mode in enumerate(table.modes or ()):
        if mode not in network.model.modes:
            raise TableError(Phrase("mode {mode!r} is not in network.toml", mode=mode),
                             "add it there, or correct the name", key=("modes", index))
    if "" in (table.lines or ()):
        raise TableError("lines names a blank line",
                         "leave it out: a ride without a line is priced by the table without lines",
                         key=("lines",))
    last = table.in_force_until
    if last is not None and last < table.in_force_from:
        raise TableError(Phrase("it ends on {last}, before it begins",
                                last=last), "correct in_force_until",
                         key=("in_force_until",))
    if not table.fare:
        raise TableError("it has no fare", "add a [[fare]]", key=("fare",))
    for what, names in (
            ("order", table.order), ("best", table.best), ("counts_to", table.counts_to),
            ("timeframe", [timeframe.timeframe for timeframe in table.timeframe])):
        if len(set(names)) != len(names):
            raise TableError(Phrase("{what} names something twice: {names}", what=what,
                                    names=", ".join(names)),
                             "name each once", key=(what,))
    if "cap" in table.best:
        raise TableError("best names cap, but every cap that fits applies", "remove it",
                         key=("best", table.best.index("cap")))
    if table.companion_within_s is not None and not 1 <= table.companion_within_s <= DAY_S:
        raise TableError(Phrase("companion_within_s is {companion_within_s}",
                                companion_within_s=table.companion_within_s),
                         Phrase("write seconds from 1 to {day_s}",
                                day_s=DAY_S), key=("companion_within_s",))
    check_stop_sets(table, network)
    _check_rows(table, network)


def _check_rows(table: Table, network: Network) -> None:
    """Pass where every kind of row comes in order, every row a name, and legs have room.

    Raises TableError.
    """
    for kind in DISCOUNTS:
        if discounts_of(table, kind) and kind not in table.order:
            raise TableError(Phrase("there are {kind} rows, but order does not name {kind!r}",
                                    kind=kind),
                             "say in order when they are applied", key=("order",))
    kinds: list[tuple[str, Row]] = [("fare", row) for row in table.fare]
    kinds += [(kind, row) for kind in DISCOUNTS for row in discounts_of(table, kind)]
    _check_sizes(table, [row for _, row in kinds])
    for fare in table.fare:
        _of_row("fare", fare, lambda row: _check_fed(row, table))
    names: set[str] = set()
    for kind_of_row, row in kinds:
        if row.rule in names:
            raise TableError(Phrase("two rows are called {rule!r}",
                                    rule=row.rule), "give each row its own name",
                             key=(kind_of_row, row.rule, "rule"))
        names.add(row.rule)
        _of_row(kind_of_row, row, lambda one: check_operators(one, table))
    if len(table.cap) > CAPS_MOST:
        raise TableError(Phrase("it has {cap} caps",
                                cap=len(table.cap)),
                         Phrase("write at most {caps_most}",
                                caps_most=CAPS_MOST),
                         key=("cap",))
    most, room = legs_most(table, network), room_of(network)
    if most > room:
        raise TableError(Phrase("one ride could need {most} discount legs, and an entry has room "
                                "for {room}", most=most, room=room),
                         "split the discounts over fewer funders, or let caps exclude each "
                         'other, by their conditions or by unless = ["cap"]')


def _check_fed(fare: Fare, table: Table) -> None:
    """Pass where a ride by a fare row feeds every accumulator once.

    Raises TableError.
    """
    for index, code in enumerate(fare.counts_to):
        if code in (*table.counts_to, *fare.counts_to[:index]):
            raise TableError(Phrase("its rides would count to {code!r} twice", code=code),
                             "name it once, in counts_to of the table or of the row",
                             key=("counts_to", index))


def _check_sizes(table: Table, rows: Sequence[Row]) -> None:
    """Pass where the kernel can count all rows of a kind, and all parts of a row.

    Raises TableError.
    """
    lists: list[tuple[str, Any]] = [
        ("rows", rows), ("timeframes", table.timeframe),
        *((f"{name} of row {row.rule!r}", getattr(row, name, None))
          for row in rows
          for name in ("timeframes", "exit_timeframes", "bands", "same_station"))]
    for what, found in lists:
        if isinstance(found, (list, tuple)) and len(found) > ROWS_MOST:
            raise TableError(Phrase("it has {found:,} {what}", found=len(found),
                                    what=what), Phrase("write at most {rows_most:,}",
                                                       rows_most=ROWS_MOST))


def _counts_to_most(table: Table) -> int:
    """How many accumulators one ride of a table can feed."""
    quotas = sum(any(row.quota for row in discounts_of(table, kind))
                 for kind in table.order if kind != "cap")
    return (len(table.counts_to) + max(len(fare.counts_to) for fare in table.fare) + quotas
            + sum(row.quota is not None for row in table.cap)
            + sum(any(row.carried_credit for row in rows)
                  for rows in (table.concession, table.promotion)))


def _day_bits(tables: Sequence[Table], network: Network) -> npt.NDArray[np.uint16]:
    """By service day, a bit for each thing that timeframes can call it.

    Raises TableError where the calendar does not reach back to the first taps.
    """
    weekdays = (np.arange(DAYS_MOST) + 3) % 7        # 1970-01-01 was a Thursday
    workday, restday = (1 << DAY_NAMES.index(word) for word in ("workday", "restday"))
    bits = (1 << weekdays) + np.where(weekdays < WEEKDAYS, workday, restday)
    known = last_known_day(asks_for_holidays(tables), network.model.calendar)
    days = list(network.own_days)
    if known is not None:
        first = day_number(network.model.taps_from)
        days += [day_of(number) for number in range(first, day_number(known) + 1)]
    for day in days:
        words = words_for(day, network.kind_of_day(day))
        bits[day_number(day)] = sum(1 << DAY_NAMES.index(word) for word in words)
    return bits.astype(np.uint16)


def _accumulator_rules(numbered: NumberedNetwork) -> npt.NDArray[Any]:
    rules = np.zeros(numbered.names.count("accumulator") + 1, dtype=records.ACCUMULATOR_RULE)
    for code, spec in numbered.network.accumulators.items():
        rule = rules[numbered.names.known("accumulator", code)]
        rule["period"] = Period[spec.period.upper()]
        rule["days"] = spec.days or 0
        rule["counts"] = Counts[f"COUNTS_{spec.counts.upper()}"]
    return rules


def _months() -> npt.NDArray[np.uint32]:
    """The calendar month, as year * 12 + month - 1, of every day from 1970."""
    days = np.arange(DAYS_MOST).astype("datetime64[D]")
    return (days.astype("datetime64[M]").astype(np.int64) + 1970 * 12).astype(np.uint32)
