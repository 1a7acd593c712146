"""How many legs of discounts one ride can need: rows that exclude each other make none together."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from ext import records
from fare_tables.model import (
    DISCOUNTS,
    Cap,
    Counted,
    Discount,
    DiscountRow,
    Row,
    Table,
    Timeframe,
    bounds_of,
    discounts_of,
    operators_of,
    timeframes_of,
)
from network.model import FEES
from network.network import Network

WEEK = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"}


def legs_most(table: Table, network: Network) -> int:
    """The most legs that the discounts of one ride can come to.

    One row of each kind, and every cap that can hold together with them. Rows are known to exclude
    each other where a condition says so by itself; what that cannot tell is counted as together.
    """
    caps = table.cap
    clashes = [_clashes("cap", cap, table, network) for cap in caps]
    kinds = [_widest(kind, table, network) for kind in DISCOUNTS if kind != "cap"]
    most = 0
    for chosen in range(1 << len(caps)):
        held = [index for index in range(len(caps)) if chosen >> index & 1]
        if any(clashes[index] & chosen for index in held):
            continue
        legs = sum(len(caps[index].funders) for index in held)
        legs += sum(max((funders for clash, funders in rows.items() if not clash & chosen),
                        default=0) for rows in kinds)
        most = max(most, legs)
    return most


def room_of(network: Network) -> int:
    """How many an entry has room for, beside the fare and the fees of an agreement."""
    fees = max((sum(any(getattr(one, f"{fee}_{part}") for part in ("ppm", "per_ride", "least"))
                    for fee in FEES) for one in network.model.agreement), default=0)
    return min(records.DISCOUNT_LEGS_MOST, records.LEGS_MOST - 1 - fees)


def _widest(kind: Discount, table: Table, network: Network) -> dict[int, int]:
    """By the caps that rows of a kind exclude, the most funders that one of them has."""
    widest: dict[int, int] = {}
    for row in discounts_of(table, kind):
        clash = _clashes(kind, row, table, network)
        widest[clash] = max(widest.get(clash, 0), len(row.funders))
    return widest


def _clashes(kind: Discount, row: DiscountRow, table: Table, network: Network) -> int:
    """A bit for each cap that cannot hold together with a row of a kind."""
    return sum(1 << index for index, cap in enumerate(table.cap) if cap is not row and (
        _gives_way(kind, row, cap, table) or _exclude(row, cap, table, network)))


def _gives_way(kind: Discount, row: DiscountRow, cap: Cap, table: Table) -> bool:
    """Whether the one that is applied later does not hold where the other has applied."""
    if isinstance(row, Cap):
        return "cap" in max(row, cap, key=table.cap.index).unless
    if table.order.index(kind) < table.order.index("cap"):
        return kind in cap.unless
    return "cap" in row.unless


def _exclude(row: DiscountRow, cap: Cap, table: Table, network: Network) -> bool:
    """Whether no ride meets the conditions of both rows."""
    model = network.model
    every = {"card_kinds": model.card_kinds, "media": model.media, "modes": model.modes}
    if any(_named(row, key, names).isdisjoint(_named(cap, key, names))
           for key, names in every.items()):
        return True
    if not set(operators_of(row, table)) & set(operators_of(cap, table)):
        return True
    return (_ages(row).isdisjoint(_ages(cap)) or _apart(row.counted, cap.counted)
            or any(one is not None and other is not None and _never_both(one, other, table)
                   for one, other in zip(timeframes_of(row), timeframes_of(cap), strict=True)))


def _named(row: Row, key: str, every: Sequence[str]) -> set[str]:
    """What a row is for; "" stands for what the network does not have yet."""
    named = getattr(row, key)
    return set((*every, "") if named is None else named) - set(getattr(row, f"not_{key}") or ())


def _ages(row: Row) -> set[int | None]:
    """The ages that a row is for; None: one that is not known."""
    if row.age_from is None and row.age_to is None:
        return {None, *range(151)}
    return set(range(row.age_from or 0, 151 if row.age_to is None else row.age_to + 1))


def _apart(one: Counted | None, other: Counted | None) -> bool:
    """Whether an accumulator cannot have counted what both ask."""
    if one is None or other is None or one.accumulator != other.accumulator:
        return False
    (low, high), (other_low, other_high) = bounds_of(one), bounds_of(other)
    return (high is not None and high < other_low) or (
        other_high is not None and other_high < low)


def _never_both(names: Sequence[str], others: Sequence[str], table: Table) -> bool:
    """Whether no moment is in a timeframe of either list."""
    named = {one.timeframe: one for one in table.timeframe}
    pairs = product((named.get(name) for name in names), (named.get(name) for name in others))
    return all(one is not None and other is not None and _disjoint(one, other)
               for one, other in pairs)


def _disjoint(one: Timeframe, other: Timeframe) -> bool:
    days, others = set(one.days or WEEK), set(other.days or WEEK)
    if {*days, *others} <= WEEK and not days & others:
        return True
    if {tuple(days), tuple(others)} == {("workday",), ("restday",)}:
        return True
    ends = [(frame.since, frame.until) for frame in (one, other)]
    if any(until is not None and until <= since for since, until in ends):
        return False        # past midnight
    (since, until), (other_since, other_until) = ends
    return (until is not None and until <= other_since) or (
        other_until is not None and other_until <= since)
