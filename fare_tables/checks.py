"""Looks for what compiles and is still wrong: days without a table, rows that can never win."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from fare_tables.compiled import table_version
from fare_tables.model import Concession, Table, Tier, Transfer

FOREVER = datetime.date.max
ONE_DAY = datetime.timedelta(days=1)


class Finding(NamedTuple):
    """Something that a reviewer must look at. Codes are stable."""

    code: str               # GAP, UNREACHABLE
    where: str              # table or operator
    what: str
    remedy: str


class Service(NamedTuple):
    """What an operator runs, and since when it needs a fare."""

    operator: str
    mode: str
    since: datetime.date


def check_tables(tables: Sequence[Table], services: Sequence[Service]) -> list[Finding]:
    """Every finding, in the order of services and tables."""
    findings = [gap for service in services for gap in _gaps(tables, service)]
    for table in tables:
        for rows in (table.concession, table.transfer, table.tier):
            findings += _unreachable(table, rows)
    return findings


def _gaps(tables: Sequence[Table], service: Service) -> list[Finding]:
    """Days that the service runs on for which no table prices lines that no table names."""
    spans = sorted(
        (table.in_force_from, table.in_force_until or FOREVER) for table in tables
        if service.operator in table.operators and table.lines is None
        and (table.modes is None or service.mode in table.modes))
    findings, covered = [], service.since - ONE_DAY
    for first, last in [*spans, (FOREVER, FOREVER)]:
        if covered == FOREVER:
            break
        if first > covered + ONE_DAY:
            until = "on" if first == FOREVER else f"to {first - ONE_DAY}"
            findings.append(Finding(
                "GAP", f"{service.operator} {service.mode}",
                f"no table is in force from {covered + ONE_DAY} {until}",
                "add a table, or the days to one: rides of those days are refused as NO_FARE"))
        covered = max(covered, last)
    return findings


def _unreachable(table: Table, rows: Sequence[Concession | Transfer | Tier]) -> list[Finding]:
    """Rows behind one of their kind that holds whenever they do."""
    return [
        Finding("UNREACHABLE", f"{table_version(table)} {later.rule}",
                f"never applies: row {earlier.rule} above it always wins",
                "put the narrower row first, or remove this one")
        for place, later in enumerate(rows) for earlier in rows[:place]
        if _covers(earlier, later)
    ]


def _covers(earlier: Concession | Transfer | Tier, later: Concession | Transfer | Tier) -> bool:
    """Whether the earlier row holds for everything that the later one holds for."""
    same = ("card_kinds", "media", "modes", "from_modes", "from_operators")
    if not all(_within(getattr(earlier, name, None), getattr(later, name, None)) for name in same):
        return False
    if earlier.cards not in ("any", later.cards):
        return False
    if isinstance(earlier, Tier) and isinstance(later, Tier):
        return _tier_within(earlier, later)
    if isinstance(earlier, Transfer) and isinstance(later, Transfer):
        return (earlier.within_s >= later.within_s and earlier.same_line >= later.same_line
                and earlier.measured_from == later.measured_from
                and earlier.max_transfers >= later.max_transfers)
    return True


def _within(wide: list[str] | None, narrow: list[str] | None) -> bool:
    return wide is None or (narrow is not None and set(narrow) <= set(wide))


def _tier_within(wide: Tier, narrow: Tier) -> bool:
    (low, high), (lower, higher) = _bounds(wide), _bounds(narrow)
    return (wide.accumulator == narrow.accumulator and low <= lower
            and (high is None or (higher is not None and higher <= high)))


def _bounds(tier: Tier) -> tuple[int, int | None]:
    """The lowest and highest amount spent that a tier holds for."""
    low = tier.at_least if tier.over is None else tier.over + 1
    high = tier.up_to if tier.below is None else tier.below - 1
    return low or 0, high
