"""Sums of what members owe: the same whatever the number of threads and tables."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext import records
from ext.clearing.netting import add_flows
from ext.codes import Cause
from settlement import flows
from settlement.flows import FlowSums
from tests.kernels.cases import records_of

INT64_MAX = 2**63 - 1


def entries_of(rows: list[tuple[int, int, int, int]]) -> np.ndarray:
    """Entries of (window, issuer, operator, paid)."""
    return records_of(
        ({"window": window, "legs": [(Cause.FARE, 0, issuer, operator, paid)]}
         for window, issuer, operator, paid in rows), records.ENTRY)


def add(sums: FlowSums, entries: np.ndarray) -> None:
    """Add entries, as a pipeline does with its own."""
    sums.add_from(lambda table, done: done + add_flows(entries[done:], table), len(entries))


def owed(sums: FlowSums) -> list[tuple[int, ...]]:
    names = ("window", "debtor", "creditor", "cause", "amount", "count")
    return [tuple(int(row[name]) for name in names) for row in sums.rows()]


def test_rows_come_by_window_debtor_creditor_and_cause() -> None:
    sums = FlowSums()
    add(sums, entries_of([(10, 3, 1, 5), (9, 4, 1, 5), (9, 3, 2, 5), (9, 3, 1, 5), (9, 3, 1, 7)]))
    assert owed(sums) == [(9, 3, 1, Cause.FARE, 12, 2), (9, 3, 2, Cause.FARE, 5, 1),
                          (9, 4, 1, Cause.FARE, 5, 1), (10, 3, 1, Cause.FARE, 5, 1)]


rows = st.tuples(st.integers(0, 3), st.integers(1, 9), st.integers(1, 9), st.integers(0, 500))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(rows, max_size=60), min_size=1, max_size=4), st.sampled_from([8, 16, 64]))
def test_parts_add_up_to_the_whole(parts: list[list[tuple[int, int, int, int]]],
                                   first_rows: int) -> None:
    """Each thread has sums of its own, small at first; merged they are the sums of all."""
    together: dict[tuple[int, ...], list[int]] = {}
    for window, issuer, operator, paid in (row for part in parts for row in part):
        if paid and issuer != operator:
            total = together.setdefault((window, issuer, operator, int(Cause.FARE)), [0, 0])
            total[0] += paid
            total[1] += 1
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flows, "FIRST_ROWS", first_rows)
        merged = FlowSums()
        for part in parts:
            sums = FlowSums()
            add(sums, entries_of(part))
            merged.merge(sums.rows())
    assert owed(merged) == sorted((*key, *total) for key, total in together.items())


def test_more_sums_than_the_first_table_has_room_for() -> None:
    sums = FlowSums()
    pairs = [(window, 1 + n % 70, 100 + n // 70, 1) for window in (1, 2) for n in range(2000)]
    add(sums, entries_of(pairs))
    assert len(sums.rows()) == len(pairs) > flows.FIRST_ROWS
    assert int(sums.rows()["amount"].sum()) == len(pairs)


def test_nothing_owed_is_no_rows() -> None:
    sums = FlowSums()
    add(sums, np.zeros(0, records.ENTRY))
    sums.merge(np.zeros(0, records.FLOW))
    assert owed(sums) == []


def test_a_sum_beyond_64_bits_is_an_error() -> None:
    """Better no window than a wrong one."""
    sums = FlowSums()
    add(sums, entries_of([(9, 1, 2, INT64_MAX)]))
    with pytest.raises(OverflowError, match="does not fit"):
        add(sums, entries_of([(9, 1, 2, 1)]))
    other = FlowSums()
    add(other, entries_of([(9, 1, 2, 1)]))
    with pytest.raises(OverflowError, match="does not fit"):
        other.merge(sums.rows())
