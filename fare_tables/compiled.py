"""Compiles fare tables into the arrays that the pricing kernel reads.

Everything that a table names must be known to the network: an unknown name is a TableError here,
before any ride is priced. The rules that the arrays stand for are in
clearing/reference/RULES.md sections 3 and 4.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from ext import records
from ext.codes import Basis, Counts, EdgeFare, Effect, LegKind, MeasuredFrom, Period, Rounding
from ext.pricing import Plan
from fare_tables.distances import edge_fares, fares_by_bands, fares_by_matrix, shortest_metres
from fare_tables.ground import BITS, Ground, Runner, check_systems
from fare_tables.loader import TableError
from fare_tables.model import Band, Concession, Share, Table, Tier, Transfer
from fare_tables.money import AMOUNT_MAX, PPM, percent_ppm

DAYS = 1 << 16
INT64_MAX = np.iinfo(np.int64).max
EPOCH = datetime.date(1970, 1, 1)
EVERY_BIT = (1 << 64) - 1
TRANSFERS_MOST = 250
METRES_MAX = (1 << 32) - 1
SPENT_MAX = 1 << 62         # fen in a month

Row = Concession | Transfer | Tier


@dataclass
class _Arrays:
    """The pools that tables are compiled into."""

    tariffs: list[dict[str, int]] = field(default_factory=list)
    rows: list[dict[str, int]] = field(default_factory=list)
    shares: list[tuple[int, ...]] = field(default_factory=list)
    bands: list[tuple[int, ...]] = field(default_factory=list)
    price_bands: list[tuple[int, ...]] = field(default_factory=list)
    fares: list[npt.NDArray[np.int32]] = field(default_factory=list)
    fares_count: int = 0
    counts_to: list[int] = field(default_factory=list)
    member_sets: list[npt.NDArray[np.uint8]] = field(default_factory=list)

    def add_fares(self, fares: npt.NDArray[np.int32]) -> int:
        """Where a block of fares begins in the pool."""
        start = self.fares_count
        self.fares.append(fares.ravel())
        self.fares_count += fares.size
        return start

    def add_member_set(self, members: npt.NDArray[np.uint8]) -> int:
        """The row of a set of members; equal sets share one."""
        for index, known in enumerate(self.member_sets):
            if index > 0 and np.array_equal(known, members):
                return index
        self.member_sets.append(members)
        return len(self.member_sets) - 1


def day_number(day: datetime.date) -> int:
    """Days since 1970.

    Raises TableError for a day that no ride can be on.
    """
    days = (day - EPOCH).days
    if not 0 <= days < DAYS:
        raise TableError(f"the day {day} is not between 1970 and 2149\ncorrect the date")
    return days


def table_version(table: Table) -> str:
    """What one version of a table is called in ledgers."""
    return f"{table.table}@{table.in_force_from.isoformat()}"


def compile_tables(tables: Sequence[Table], ground: Ground) -> Plan:
    """The plan that prices rides of a network.

    Raises TableError for the first thing in a table that cannot be.
    """
    check_systems(ground)
    _check_versions(tables)
    arrays = _Arrays()
    arrays.member_sets.append(np.ones(len(ground.members), dtype=np.uint8))
    tariffs: dict[tuple[int, str], int] = {}
    for index, table in enumerate(tables):
        try:
            for system in _systems_of(table, ground):
                tariffs[index, system] = len(arrays.tariffs)
                arrays.tariffs.append(_tariff(table, system, ground, arrays))
        except (TableError, ValueError) as error:
            raise TableError(f"table {table_version(table)}: {error}") from None
    choices = _Choices(tables, tariffs, ground)
    counts_to_most = max((tariff["counts_to_count"] for tariff in arrays.tariffs), default=0)
    return Plan(
        members=ground.members,
        tariffs=_structs(arrays.tariffs, records.TARIFF),
        rows=_structs(arrays.rows, records.PRICE_ROW),
        shares=_tuples(arrays.shares, records.SHARE),
        bands=_tuples(arrays.bands, records.BAND),
        price_bands=_tuples(arrays.price_bands, records.PRICE_BAND),
        choices=choices.choices.ravel(),
        choice_tariffs=np.array(choices.tariffs or [0], dtype=np.uint16),
        line_groups=choices.line_groups,
        stop_indexes=_stop_indexes(ground),
        fares=np.concatenate([*arrays.fares, np.array([-1], dtype=np.int32)]),
        counts_to=np.array(arrays.counts_to or [0], dtype=np.uint16),
        accumulator_rules=_accumulator_rules(ground),
        member_sets=np.stack(arrays.member_sets),
        months=_months(),
        modes=ground.names.count("mode"),
        groups=choices.groups,
        counts_to_most=counts_to_most,
    )


def _structs(rows: Sequence[Mapping[str, int]], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Records from dicts; what a dict does not name is 0. Never empty: no view is."""
    out = np.zeros(max(len(rows), 1), dtype=dtype)
    for index, row in enumerate(rows):
        for name, value in row.items():
            out[name][index] = value
    return out


def _tuples(rows: Sequence[tuple[int, ...]], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    out = np.zeros(max(len(rows), 1), dtype=dtype)
    for index, row in enumerate(rows):
        for name, value in zip(dtype.names or (), row, strict=False):
            out[name][index] = value
    return out


def _check_versions(tables: Sequence[Table]) -> None:
    """A ledger knows a table by name and first day: no two may share both."""
    versions: set[str] = set()
    for table in tables:
        if table_version(table) in versions:
            raise TableError(f"two tables are called {table_version(table)}\n"
                             "give one of them another name, or another first day")
        versions.add(table_version(table))


def _systems_of(table: Table, ground: Ground) -> list[str]:
    """The systems of a table's operators, each once, in order."""
    if not table.operators:
        raise TableError("it has no operators\nname those whose rides it prices")
    for code in table.operators:
        if code not in ground.runners:
            raise TableError(f"operator {code!r} is not in network.toml\n"
                             f"it is one of {', '.join(ground.runners)}, or add it there")
    return list(dict.fromkeys(ground.runners[code].system for code in table.operators))


def _tariff(table: Table, system: str, ground: Ground, arrays: _Arrays) -> dict[str, int]:
    """One table version for the operators of one system."""
    if table.city not in ground.cities:
        raise TableError(f"city {table.city!r} is not in network.toml\n"
                         f"it is one of {', '.join(ground.cities)}, or add it there")
    _bits("mode", table.modes, ground)
    last = table.in_force_until
    if last is not None and last < table.in_force_from:
        raise TableError(f"it ends on {last}, before it begins\ncorrect in_force_until")
    tariff = {
        "rule": ground.names.number("rule", table.fare.rule, table.table),
        "table": ground.names.number("table", table_version(table)),
        "first_day": day_number(table.in_force_from),
        "last_day": DAYS - 1 if last is None else day_number(last),
        "discounts_on_incomplete": int(table.fare.discounts_on_incomplete),
        "counts_to": len(arrays.counts_to),
        "counts_to_count": len(table.counts_to),
        "matrix": -1,
        "edges": -1,
        **_steps(table),
        **_fare(table, system, ground, arrays),
    }
    if len(set(table.counts_to)) != len(table.counts_to):
        raise TableError(f"counts_to names an accumulator twice: {', '.join(table.counts_to)}\n"
                         "name each once")
    arrays.counts_to += [_accumulator(code, ground) for code in table.counts_to]
    rules: set[str] = {table.fare.rule}
    for kind, rows in (("concessions", table.concession), ("transfers", table.transfer),
                       ("tiers", table.tier)):
        tariff[kind] = len(arrays.rows)
        tariff[f"{kind}_count"] = len(rows)
        for row in rows:
            if row.rule in rules:
                raise TableError(f"two rows are called {row.rule!r}\ngive each row its own name")
            rules.add(row.rule)
            try:
                arrays.rows.append(_row(row, table, ground, arrays))
            except (TableError, ValueError) as error:
                raise TableError(f"row {row.rule!r}: {error}") from None
    _check_legs(table)
    return tariff


def _steps(table: Table) -> dict[str, int]:
    if len(set(table.order)) != len(table.order):
        raise TableError(f"order names a discount twice: {', '.join(table.order)}\n"
                         "name each once")
    for kind in ("concession", "transfer", "tier"):
        if getattr(table, kind) and kind not in table.order:
            raise TableError(f"there are {kind} rows, but order does not name {kind!r}\n"
                             "say in order when they are applied")
    return {f"step{place}": int(LegKind[kind.upper()]) for place, kind in enumerate(table.order, 1)}


def _check_legs(table: Table) -> None:
    """A ride must not need more discount legs than an entry has room for."""
    most = sum(max((len(row.funders) for row in rows), default=0)
               for rows in (table.concession, table.transfer, table.tier))
    if most > records.LEG_SLOTS:
        raise TableError(f"one ride could need {most} discount legs, and an entry has room for "
                         f"{records.LEG_SLOTS}\nsplit the discounts over fewer funders")


def _fare(table: Table, system: str, ground: Ground, arrays: _Arrays) -> dict[str, int]:
    """The fare row: basis, amounts, bands and what incomplete rides cost."""
    fare = table.fare
    out: dict[str, int] = {}
    for name in ("missing_in", "missing_out", "same_station"):
        value = getattr(fare, name)
        out[f"{name}_by"] = int(_edge(value))
        out[name] = _amount(value, name) if isinstance(value, int) else 0
    if fare.overtime_after_s is not None:
        if not 0 < fare.overtime_after_s < 1 << 32:
            raise TableError(f"overtime_after_s is {fare.overtime_after_s}\n"
                             "write seconds, 1 or more")
        out["overtime_after_s"] = fare.overtime_after_s
        out["overtime_add"] = _amount(fare.overtime_add, "overtime_add")
    wants = {"flat": "amount", "distance": "bands", "od": "matrix"}
    for basis, key in wants.items():
        if (getattr(fare, key) is not None) != (basis == fare.basis):
            raise TableError(f"the basis is {fare.basis!r}, and {key} is "
                             f"{'missing' if basis == fare.basis else 'given'}\n"
                             f"{key} belongs to basis {basis!r}, and only there")
    if fare.basis == "flat":
        assert fare.amount is not None
        return out | {"basis": int(Basis.FLAT), "amount": _amount(fare.amount, "amount")}
    if fare.basis == "validator":
        return out | {"basis": int(Basis.VALIDATOR)}
    if fare.basis == "distance":
        assert fare.bands is not None
        _check_bands(fare.bands)
        if fare.distance == "tap":
            out |= {"basis": int(Basis.TAP_DISTANCE), "bands": len(arrays.bands),
                    "bands_count": len(fare.bands)}
            arrays.bands += [_band(band) for band in fare.bands]
            return out
    return out | _matrix(table, system, ground, arrays)


def _edge(value: int | str) -> EdgeFare:
    if isinstance(value, int):
        return EdgeFare.FIXED
    return {"lowest": EdgeFare.LOWEST, "highest": EdgeFare.HIGHEST,
            "validator": EdgeFare.BY_VALIDATOR, "fare": EdgeFare.BY_BASIS}[value]


def _amount(amount: int, name: str) -> int:
    if not 0 <= amount <= AMOUNT_MAX:
        raise TableError(f"{name} is {amount} fen\nwrite whole fen from 0 to {AMOUNT_MAX}")
    return amount


def _metres(metres: int | None, name: str) -> None:
    if metres is not None and metres > METRES_MAX:
        raise TableError(f"{name} is {metres}\nwrite metres up to {METRES_MAX}")


def _check_bands(bands: Sequence[Band]) -> None:
    """Distance bands begin with an amount, go on in steps, and end without end or with a limit."""
    reached = 0
    for place, band in enumerate(bands):
        if place == 0 and (band.amount is None or band.every_m is not None or band.add is not None):
            raise TableError("the first band needs an amount, and no every_m or add\n"
                             "write { to_m = 4000, amount = 200 }")
        if place > 0 and (band.amount is not None or band.every_m is None or band.add is None
                          or band.every_m < 1):
            raise TableError(f"band {place + 1} needs every_m (1 or more) and add, and no amount\n"
                             "write { to_m = 12000, every_m = 4000, add = 100 }")
        _amount(band.amount or 0, "amount")
        _amount(band.add or 0, "add")
        _metres(band.to_m, "to_m")
        _metres(band.every_m, "every_m")
        if band.to_m is None and place < len(bands) - 1:
            raise TableError(f"band {place + 1} has no end, but it is not the last\ngive it to_m")
        if band.to_m is not None:
            if band.to_m <= reached:
                raise TableError(f"band {place + 1} ends at {band.to_m} m, not after {reached} m\n"
                                 "bands go from near to far")
            reached = band.to_m
    if not bands:
        raise TableError("there are no bands\nwrite at least one")


def _band(band: Band) -> tuple[int, int, int]:
    to_m = INT64_MAX if band.to_m is None else band.to_m
    if band.amount is not None:
        return to_m, 0, band.amount
    assert band.every_m is not None and band.add is not None
    return to_m, band.every_m, band.add


def _matrix(table: Table, system: str, ground: Ground, arrays: _Arrays) -> dict[str, int]:
    """A fare for each pair of the system's stops, and the edges that incomplete rides need."""
    runner = next(runner for runner in ground.runners.values()
                  if runner.system == system and runner.code in table.operators)
    if runner.stops is None:
        raise TableError(f"basis {table.fare.basis!r} needs the stops of {runner.code!r}\n"
                         "name a CSV of stops for it in network.toml")
    if table.fare.basis == "od":
        assert table.fare.matrix is not None
        fares = fares_by_matrix(ground.folder / table.fare.matrix, runner.stops)
    else:
        assert table.fare.bands is not None
        if runner.links is None:
            raise TableError(f"fares by distance need the links of {runner.code!r}\n"
                             "name a CSV of links for it in network.toml")
        fares = fares_by_bands(shortest_metres(runner.links, runner.stops), table.fare.bands)
    return {"basis": int(Basis.MATRIX), "matrix": arrays.add_fares(fares),
            "edges": arrays.add_fares(edge_fares(fares)), "matrix_stops": len(runner.stops)}


def _accumulator(code: str, ground: Ground) -> int:
    if code not in {spec.accumulator for spec in ground.accumulators}:
        raise TableError(f"accumulator {code!r} is not in network.toml\nadd it there")
    return ground.names.number("accumulator", code)


def _bits(kind: str, codes: Sequence[str] | None, ground: Ground) -> int:
    """One bit per name; every bit where there is no condition."""
    if codes is None:
        return EVERY_BIT
    bits = 0
    for code in codes:
        number = ground.names.find(kind, code)
        if not number:
            raise TableError(f"{kind.replace('_', ' ')} {code!r} is not in network.toml\n"
                             "add it there, or correct the name")
        assert number < BITS, "the network refuses more"
        bits |= 1 << number
    return bits


def _issuers(cards: str | list[str], table: Table, ground: Ground, arrays: _Arrays) -> int:
    """The set of issuers whose cards a row holds for; 0: all."""
    if cards == "any":
        return 0
    if isinstance(cards, list):
        for city in cards:
            if city not in ground.cities:
                raise TableError(f"city {city!r} in cards is not in network.toml\nadd it there")
    wanted = [cards] if isinstance(cards, str) else cards
    members = np.zeros(len(ground.members), dtype=np.uint8)
    for number, city in ground.issuer_cities.items():
        members[number] = (
            city in wanted or (cards == "home" and city == table.city)
            or (cards == "away" and city != table.city)
        )
    return arrays.add_member_set(members)


def _operators(codes: Sequence[str] | None, ground: Ground, arrays: _Arrays) -> int:
    if codes is None:
        return 0
    members = np.zeros(len(ground.members), dtype=np.uint8)
    for code in codes:
        if code not in ground.runners:
            raise TableError(f"operator {code!r} in from_operators is not in network.toml\nadd it")
        members[ground.runners[code].number] = 1
    return arrays.add_member_set(members)


def _shares(shares: Sequence[Share], ground: Ground, arrays: _Arrays) -> dict[str, int]:
    if not 1 <= len(shares) <= records.LEG_SLOTS:
        raise TableError(f"it has {len(shares)} funders\nname 1 to {records.LEG_SLOTS}")
    first = len(arrays.shares)
    for share in shares:
        if not 1 <= share.weight <= PPM:
            raise TableError(f"funder {share.funder!r} has weight {share.weight}\n"
                             f"write a whole number from 1 to {PPM}")
        funder = {"operator": records.SHARE_OF_OPERATOR,
                  "issuer": records.SHARE_OF_ISSUER}.get(share.funder)
        if funder is None:
            funder = ground.names.find("member", share.funder)
        if not funder:
            raise TableError(f"funder {share.funder!r} is not a member in network.toml\n"
                             'add it there, or write "operator" or "issuer"')
        arrays.shares.append((share.weight, funder))
    return {"shares": first, "shares_count": len(shares)}


def _row(row: Row, table: Table, ground: Ground, arrays: _Arrays) -> dict[str, int]:
    """One concession, transfer or tier row."""
    out = {
        "rule": ground.names.number("rule", row.rule, table.table),
        "card_kinds": _bits("card_kind", row.card_kinds, ground),
        "media": _bits("medium", row.media, ground),
        "modes": EVERY_BIT if isinstance(row, Tier) else _bits("mode", row.modes, ground),
        "issuers": _issuers(row.cards, table, ground, arrays),
        "pays_ppm": -1,
        "unit": 1,
        **_shares(row.funders, ground, arrays),
    }
    if isinstance(row, Transfer):
        return out | _transfer(row, ground, arrays)
    if not 1 <= row.unit <= AMOUNT_MAX:
        raise TableError(f"unit is {row.unit} fen\nwrite 1 or more")
    out |= {"unit": row.unit, "rounding": int(Rounding[row.rounding.upper()])}
    return out | (_tier(row, ground) if isinstance(row, Tier) else _concession(row, arrays))


def _concession(row: Concession, arrays: _Arrays) -> dict[str, int]:
    given = [name for name in ("pays_percent", "bands", "pays_amount")
             if getattr(row, name) is not None]
    if len(given) != 1:
        raise TableError(f"it has {' and '.join(given) or 'no effect'}\n"
                         "write one of pays_percent, bands and pays_amount")
    if row.pays_percent is not None:
        return {"effect": int(Effect.PAYS_SHARE), "pays_ppm": percent_ppm(row.pays_percent)}
    if row.pays_amount is not None:
        amount = _amount(row.pays_amount, "pays_amount")
        return {"effect": int(Effect.PAYS_AMOUNT), "amount": amount}
    assert row.bands is not None
    first, reached = len(arrays.price_bands), 0
    for place, band in enumerate(row.bands):
        last = place == len(row.bands) - 1
        if (band.to is None) != last or (band.to is not None and band.to <= reached):
            raise TableError(f"band {place + 1} of the price is out of order\n"
                             "each needs a `to` above the one before; the last has none")
        reached = _amount(band.to or reached, "to")
        arrays.price_bands.append((INT64_MAX if band.to is None else band.to,
                                   percent_ppm(band.pays_percent)))
    return {"effect": int(Effect.PAYS_BANDS), "price_bands": first,
            "price_bands_count": len(row.bands)}


def _transfer(row: Transfer, ground: Ground, arrays: _Arrays) -> dict[str, int]:
    if (row.credit is None) == (row.credit_up_to is None):
        raise TableError("it has both credit and credit_up_to, or neither\nwrite one of them")
    if not 1 <= row.max_transfers <= TRANSFERS_MOST or not 0 <= row.within_s < 1 << 32:
        raise TableError(f"max_transfers is {row.max_transfers} and within_s {row.within_s}\n"
                         f"write 1 to {TRANSFERS_MOST} transfers, and seconds")
    fixed = row.credit is not None
    amount = row.credit if row.credit is not None else row.credit_up_to
    assert amount is not None
    return {
        "effect": int(Effect.CREDIT if fixed else Effect.CREDIT_UP_TO),
        "amount": _amount(amount, "credit"),
        "from_modes": _bits("mode", row.from_modes, ground),
        "from_operators": _operators(row.from_operators, ground, arrays),
        "within_s": row.within_s,
        "max_transfers": row.max_transfers,
        "measured_from": int(MeasuredFrom[f"FROM_{row.measured_from.upper()}"]),
        "same_line": int(row.same_line),
    }


def _tier(row: Tier, ground: Ground) -> dict[str, int]:
    if (row.over is None) == (row.at_least is None):
        raise TableError("it has both over and at_least, or neither\nwrite one of them")
    if row.up_to is not None and row.below is not None:
        raise TableError("it has both up_to and below\nwrite one of them, or neither")
    lowest = row.at_least if row.over is None else row.over + 1
    highest: int = INT64_MAX if row.up_to is None else row.up_to
    if row.below is not None:
        highest = row.below - 1
    assert lowest is not None
    if not 0 <= lowest <= SPENT_MAX:
        raise TableError(f"it begins at {lowest} fen spent\nwrite 0 to {SPENT_MAX}")
    highest = min(highest, INT64_MAX)
    if lowest > highest:
        raise TableError(f"no amount spent is from {lowest} to {highest}\ncorrect its bounds")
    return {"effect": int(Effect.PAYS_SHARE), "pays_ppm": percent_ppm(row.pays_percent),
            "accumulator": _accumulator(row.accumulator, ground),
            "spent_from": lowest, "spent_to": highest}


class _Choices:
    """Which tariffs a ride can be priced by, per operator, mode and group of lines.

    Lines that the same tables name are one group; lines that no table names are group 0.
    """

    def __init__(self, tables: Sequence[Table], tariffs: Mapping[tuple[int, str], int],
                 ground: Ground) -> None:
        self.tariffs: list[int] = []
        signatures: dict[tuple[int, ...], int] = {(): 0}
        tables_by_line = self._tables_by_line(tables, ground)
        self.line_groups = np.zeros(ground.names.count("line") + 1, dtype=np.uint16)
        for line, indexes in tables_by_line.items():
            self.line_groups[line] = signatures.setdefault(tuple(indexes), len(signatures))
        self.groups = len(signatures)
        shape = (len(ground.runners) + 1, ground.names.count("mode"), self.groups)
        self.choices = np.zeros(shape, dtype=records.CHOICE)
        for runner in ground.runners.values():
            for mode in runner.modes:
                number = ground.names.find("mode", mode)
                for naming, group in signatures.items():
                    chosen = self._chosen(tables, runner, mode, naming)
                    self.choices[runner.slot, number, group] = (len(self.tariffs), len(chosen))
                    self.tariffs += [tariffs[index, runner.system] for index in chosen]

    @staticmethod
    def _tables_by_line(tables: Sequence[Table], ground: Ground) -> dict[int, list[int]]:
        """The tables that name each line, by line number."""
        lines: dict[int, list[int]] = {}
        for index, table in enumerate(tables):
            for operator in table.operators:
                for line in table.lines or ():
                    number = ground.names.number("line", line, operator)
                    lines.setdefault(number, []).append(index)
        return lines

    @staticmethod
    def _chosen(tables: Sequence[Table], runner: Runner, mode: str,
                naming: tuple[int, ...]) -> list[int]:
        """Tables that name the line, then those for every line; two are never in force at once."""
        chosen: list[int] = []
        for named in (True, False):
            level = [
                index for index, table in enumerate(tables)
                if runner.code in table.operators and (table.modes is None or mode in table.modes)
                and (table.lines is None) != named and (not named or index in naming)
            ]
            level.sort(key=lambda index: tables[index].in_force_from)
            for earlier, later in pairwise(level):
                last = tables[earlier].in_force_until
                if last is None or last >= tables[later].in_force_from:
                    raise TableError(
                        f"tables {table_version(tables[earlier])} and "
                        f"{table_version(tables[later])} are both in force for {runner.code} "
                        f"{mode} on {tables[later].in_force_from}\n"
                        "end the earlier one the day before, or give one of them lines")
            chosen += level
        return chosen


def _stop_indexes(ground: Ground) -> npt.NDArray[np.uint32]:
    """Each listed stop's place along the matrices of its system; others are beyond any matrix."""
    places: dict[int, int] = {}
    for runner in ground.runners.values():
        for place, stop in enumerate(runner.stops or ()):
            places[ground.names.number("stop", stop, runner.system)] = place
    indexes = np.full(ground.names.count("stop") + 1, 0xFFFFFFFF, dtype=np.uint32)
    for number, place in places.items():
        indexes[number] = place
    return indexes


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
