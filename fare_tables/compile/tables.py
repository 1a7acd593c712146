"""Compiles fare tables into the arrays that the pricing kernels read.

Everything that a table names must be known to the network: an unknown name is a TableError here,
before any ride is priced. The rules that the arrays stand for are in
clearing/reference/RULES.md sections 3 and 4.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from ext import records
from ext.clearing.tables import PricingTables
from ext.codes import Cause, Counts, Period
from fare_tables.compile.arrays import Arrays, Numbers, as_structs, as_table
from fare_tables.compile.candidates import Candidates, Stacked
from fare_tables.compile.conditions import DAY_S, Riders, check_stop_sets, riders_of
from fare_tables.compile.discount_rows import accumulator, compile_row
from fare_tables.compile.fare_rows import compile_fare, line_stops, stop_places
from fare_tables.compile.ground import Ground, check_systems
from fare_tables.compile.matrices import Matrices
from fare_tables.compile.tariff_index import TariffIndexes, check_versions
from fare_tables.model import (
    DISCOUNTS,
    Discount,
    Row,
    Table,
    asks_for_holidays,
    discounts_of,
    table_version,
)
from network.calendars import DAYS as DAY_WORDS
from network.calendars import WEEKDAYS, kind_of, last_known_day, words_for
from network.files import TableError, within

DAYS = 1 << 16
EPOCH = datetime.date(1970, 1, 1)
ROWS_MOST = 10_000          # of one table, and of each list in one row
CAPS_MOST = 8               # of one table: the kernel keeps the rows that applied

Compiled = TypeVar("Compiled")


def day_number(day: datetime.date) -> int:
    """Days since 1970.

    Raises TableError for a day that no ride can be on.
    """
    days = (day - EPOCH).days
    if not 0 <= days < DAYS:
        raise TableError(f"the day {day} is not between 1970 and 2149\ncorrect the date")
    return days


def compile_tables(tables: Sequence[Table], ground: Ground) -> PricingTables:
    """The plan that prices rides of a network.

    Raises TableError for the first thing in a table that cannot be.
    """
    check_systems(ground)
    check_versions(tables)
    arrays, matrices, candidates = Arrays(), Matrices(), Candidates(ground)
    tariffs: dict[tuple[int, str], int] = {}
    for index, table in enumerate(tables):
        try:
            systems = _systems_of(table, ground)
            _check_table(table, ground)
            for system in systems:
                tariffs[index, system] = len(arrays.tariffs)
                arrays.tariffs.append(_tariff(table, system, ground, arrays, matrices, candidates))
        except (TableError, ValueError) as error:
            raise within(f"table {table_version(table)}", error) from None
    return _plan(tables, TariffIndexes(tables, tariffs, ground), candidates, ground, arrays)


def _plan(tables: Sequence[Table], tariff_index: TariffIndexes, candidates: Candidates, ground: Ground,
          arrays: Arrays) -> PricingTables:
    stops, lines = line_stops(ground)
    places = stop_places(ground)
    card_kinds, media, modes = candidates.shape
    return PricingTables(
        members=ground.members,
        tariff_index=tariff_index.tariff_index.ravel(),
        ranked_tariffs=np.array(tariff_index.tariffs or [0], dtype=np.uint16),
        line_groups=tariff_index.line_groups,
        tariffs=as_structs(arrays.tariffs, records.TARIFF),
        candidates=as_structs(candidates.candidates, records.CANDIDATE_ROWS),
        candidate_fares=np.array(candidates.fares or [0], dtype=np.uint32),
        fare_rows=as_structs(arrays.fare_rows, records.FARE_ROW),
        stages=as_structs(candidates.stages, records.DISCOUNT_STAGE),
        candidate_discounts=np.array(candidates.rows or [0], dtype=np.uint32),
        rows=as_structs(arrays.rows, records.DISCOUNT_ROW),
        conditions=as_structs(arrays.conditions, records.CONDITION),
        timeframes=as_structs(arrays.timeframes, records.TIMEFRAME),
        shares=as_structs(arrays.shares, records.SHARE),
        bands=as_structs(arrays.bands, records.BAND),
        price_bands=as_structs(arrays.price_bands, records.PRICE_BAND),
        same_stations=as_structs(arrays.same_stations, records.SAME_STATION),
        stop_places=places,
        zones=np.array(arrays.zones or [0], dtype=np.uint16),
        fares=np.concatenate([*arrays.fares, np.array([-1], dtype=np.int32)]),
        line_stops=as_structs(stops, records.LINE_STOP),
        lines=as_structs(lines, records.LINE_STOPS),
        member_sets=as_table(arrays.member_sets, len(ground.members)),
        line_sets=as_table(arrays.line_sets, ground.names.count("line") + 1),
        stop_sets=as_table(arrays.stop_sets, ground.names.count("stop") + 1),
        counts_to=np.array(arrays.counts_to or [0], dtype=np.uint16),
        accumulator_rules=_accumulator_rules(ground),
        days=_day_bits(tables, ground),
        months=_months(),
        civil_offset_s=ground.civil_offset_s,
        card_kinds=card_kinds,
        media=media,
        modes=modes,
        groups=tariff_index.groups,
        counts_to_most=max((_counts_to_most(table) for table in tables), default=0),
    )


def _systems_of(table: Table, ground: Ground) -> list[str]:
    """The systems of a table's operators, each once, in order."""
    if not table.operators:
        raise TableError("it has no operators\nname those whose rides it prices")
    for code in table.operators:
        if code not in ground.runners:
            raise TableError(f"operator {code!r} is not in network.toml\n"
                             f"it is one of {', '.join(ground.runners)}, or add it there")
    return list(dict.fromkeys(ground.runners[code].system for code in table.operators))


def _tariff(table: Table, system: str, ground: Ground, arrays: Arrays, matrices: Matrices,
            candidates: Candidates) -> Numbers:
    """One table version for the operators of one system."""
    last = table.in_force_until
    first = len(arrays.fare_rows)
    fare_rows = {fare.rule: first + place for place, fare in enumerate(table.fare)}
    for fare in table.fare:
        arrays.fare_rows.append(_placed(fare, lambda row: compile_fare(
            row, table, system, ground, arrays, matrices)))
    stack = [_stacked(kind, table, ground, arrays, fare_rows)
             for kind in table.order if discounts_of(table, kind)]
    candidates.add(_for_riders(table.fare, first, ground), stack)
    counts_to = sorted(accumulator(code, ground) for code in table.counts_to)
    arrays.counts_to += counts_to
    return {
        "table": ground.names.number("table", table_version(table)),
        "first_day": day_number(table.in_force_from),
        "last_day": DAYS - 1 if last is None else day_number(last),
        "counts_to": len(arrays.counts_to) - len(counts_to), "counts_to_count": len(counts_to),
        "companion_within_s": table.companion_within_s or 0,
    }


def _stacked(kind: Discount, table: Table, ground: Ground, arrays: Arrays,
             fare_rows: dict[str, int]) -> Stacked:
    """The rows of one kind."""
    rows, first = discounts_of(table, kind), len(arrays.rows)
    for row in rows:
        arrays.rows.append(_placed(row, lambda one: compile_row(
            one, table, ground, arrays, fare_rows)))
    return Stacked(int(Cause[kind.upper()]), int(kind in table.best),
                   _for_riders(rows, first, ground))


def _for_riders(rows: Sequence[Row], first: int, ground: Ground) -> list[tuple[int, Riders]]:
    """Where rows stand from `first` on, and whom each is for."""
    return [(place, _placed(row, lambda one: riders_of(one, ground)))
            for place, row in enumerate(rows, first)]


RowKind = TypeVar("RowKind", bound=Row)


def _placed(row: RowKind, compile_one: Callable[[RowKind], Compiled]) -> Compiled:
    """What a row compiles to; its name is added to what is wrong with it."""
    try:
        return compile_one(row)
    except (TableError, ValueError) as error:
        raise within(f"row {row.rule!r}", error) from None


def _check_table(table: Table, ground: Ground) -> None:
    """Pass where the parts of a table go together.

    Raises TableError.
    """
    if table.city not in ground.cities:
        raise TableError(f"city {table.city!r} is not in network.toml\n"
                         f"it is one of {', '.join(ground.cities)}, or add it there")
    for mode in table.modes or ():
        if not ground.names.find("mode", mode):
            raise TableError(f"mode {mode!r} is not in network.toml\n"
                             "add it there, or correct the name")
    if "" in (table.lines or ()):
        raise TableError("lines names a blank line\nleave it out: a ride without a line is priced "
                         "by the table without lines")
    last = table.in_force_until
    if last is not None and last < table.in_force_from:
        raise TableError(f"it ends on {last}, before it begins\ncorrect in_force_until")
    if not table.fare:
        raise TableError("it has no fare\nadd a [[fare]]")
    for what, names in (
            ("order", table.order), ("best", table.best), ("counts_to", table.counts_to),
            ("timeframe", [timeframe.timeframe for timeframe in table.timeframe])):
        if len(set(names)) != len(names):
            raise TableError(f"{what} names something twice: {', '.join(names)}\n"
                             "name each once")
    if "cap" in table.best:
        raise TableError("best names cap, but every cap that fits applies\nremove it")
    if table.companion_within_s is not None and not 1 <= table.companion_within_s <= DAY_S:
        raise TableError(f"companion_within_s is {table.companion_within_s}\n"
                         f"write seconds from 1 to {DAY_S}")
    check_stop_sets(table, ground)
    _check_rows(table)


def _check_rows(table: Table) -> None:
    """Pass where every kind of row has its place, every row a name, and legs have room.

    Raises TableError.
    """
    for kind in DISCOUNTS:
        if discounts_of(table, kind) and kind not in table.order:
            raise TableError(f"there are {kind} rows, but order does not name {kind!r}\n"
                             "say in order when they are applied")
    rows = [*table.fare, *(row for kind in DISCOUNTS for row in discounts_of(table, kind))]
    _check_sizes(table, rows)
    names = Counter(row.rule for row in rows)
    twice = next((name for name, count in names.items() if count > 1), None)
    if twice is not None:
        raise TableError(f"two rows are called {twice!r}\ngive each row its own name")
    if len(table.cap) > CAPS_MOST:
        raise TableError(f"it has {len(table.cap)} caps\nwrite at most {CAPS_MOST}")
    most = sum(max((len(row.funders) for row in discounts_of(table, kind)), default=0)
               for kind in DISCOUNTS if kind != "cap")
    most += sum(len(row.funders) for row in table.cap)
    if most > records.DISCOUNT_LEGS_MOST:
        raise TableError(f"one ride could need {most} discount legs, and an entry has room for "
                         f"{records.DISCOUNT_LEGS_MOST}\nsplit the discounts over fewer funders")


def _check_sizes(table: Table, rows: Sequence[Row]) -> None:
    """Pass where the kernel can count all rows of a kind, and all parts of a row.

    Raises TableError.
    """
    lists: list[tuple[str, Any]] = [
        ("rows", rows), ("timeframes", table.timeframe),
        *((f"{name} of row {row.rule!r}", getattr(row, name, None))
          for row in rows for name in ("timeframes", "bands", "same_station"))]
    for what, written in lists:
        if isinstance(written, (list, tuple)) and len(written) > ROWS_MOST:
            raise TableError(f"it has {len(written):,} {what}\nwrite at most {ROWS_MOST:,}")


def _counts_to_most(table: Table) -> int:
    """How many accumulators one ride of a table can feed."""
    quotas = sum(any(row.quota for row in discounts_of(table, kind))
                 for kind in table.order if kind != "cap")
    return len(table.counts_to) + quotas + sum(row.quota is not None for row in table.cap)


def _day_bits(tables: Sequence[Table], ground: Ground) -> npt.NDArray[np.uint16]:
    """By service day, a bit for each thing that timeframes can call it.

    Raises TableError where the calendar does not reach back to the first taps.
    """
    weekdays = (np.arange(DAYS) + 3) % 7        # 1970-01-01 was a Thursday
    workday, restday = (1 << DAY_WORDS.index(word) for word in ("workday", "restday"))
    bits = (1 << weekdays) + np.where(weekdays < WEEKDAYS, workday, restday)
    known = last_known_day(asks_for_holidays(tables), ground.calendar)
    days = list(ground.own_days)
    if known is not None:
        first = day_number(ground.taps_from)
        days += [EPOCH + datetime.timedelta(days=number)
                 for number in range(first, day_number(known) + 1)]
    for day in days:
        words = words_for(day, kind_of(day, ground.calendar, ground.own_days))
        bits[day_number(day)] = sum(1 << DAY_WORDS.index(word) for word in words)
    return bits.astype(np.uint16)


def _accumulator_rules(ground: Ground) -> npt.NDArray[Any]:
    numbers = {spec.accumulator: ground.names.number("accumulator", spec.accumulator)
               for spec in ground.accumulators}
    rules = np.zeros(ground.names.count("accumulator") + 1, dtype=records.ACCUMULATOR_RULE)
    for spec in ground.accumulators:
        rules["period"][numbers[spec.accumulator]] = Period[spec.period.upper()]
        rules["counts"][numbers[spec.accumulator]] = Counts[f"COUNTS_{spec.counts.upper()}"]
    return rules


def _months() -> npt.NDArray[np.uint32]:
    """The calendar month, as year * 12 + month - 1, of every day from 1970."""
    days = np.arange(DAYS).astype("datetime64[D]")
    return (days.astype("datetime64[M]").astype(np.int64) + 1970 * 12).astype(np.uint32)
