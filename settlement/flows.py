"""What members owe each other, per window and cause, added up from ledger entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

import numpy as np

from ext import records
from ext.clearing.netting import merge_flows
from ext.codes import Cause
from ext.records import Records

FIRST_ROWS = 1024


class OwnFlow(NamedTuple):
    """What one member owes another that is of no entry, by their codes; amounts in minor units."""

    debtor: str
    creditor: str
    cause: Cause
    amount: int
    items: int


def rows_of_flows(flows: Iterable[OwnFlow], numbers: Mapping[str, int], window: int) -> Records:
    """FLOW rows that post them in a window, days since 1970. numbers: of members, by code."""
    listed = [*flows]
    rows = np.zeros(len(listed), records.FLOW)
    rows["window"] = window
    for row, one in zip(rows, listed, strict=True):
        row["debtor"], row["creditor"] = numbers[one.debtor], numbers[one.creditor]
        row["cause"], row["amount"], row["count"] = one.cause, one.amount, one.items
    return rows


class FlowSums:
    """Running sums of flows; one for each thread, merged at the end."""

    def __init__(self) -> None:
        self._sums = np.zeros(FIRST_ROWS, dtype=records.FLOW)

    def add_from(self, add: Callable[[Records, int], int], count: int) -> None:
        """Have `add` add so many entries: to the sums, from one on, as far as there is room.

        It returns how many are added then. Raises as `add` does.
        """
        done = 0
        while done < count:
            done = add(self._sums, done)
            if done < count:
                self._grow()

    def merge(self, rows: Records) -> None:
        """Add FLOW rows.

        Raises OverflowError where a sum does not fit 64 bits, or its count 32.
        """
        while not merge_flows(rows, self._sums):
            self._grow()

    def rows(self) -> Records:
        """The sums that are not nothing, by window, debtor, creditor and cause."""
        used = self._sums[(self._sums["amount"] != 0) | (self._sums["count"] != 0)]
        return np.sort(used, order=["window", "debtor", "creditor", "cause"])

    def _grow(self) -> None:
        smaller = self._sums
        self._sums = np.zeros(len(smaller) * 4, dtype=records.FLOW)
        merged = merge_flows(smaller, self._sums)
        assert merged, "a table four times as large has room for the smaller one"
