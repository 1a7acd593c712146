"""What members owe each other, per window and cause, added up from ledger entries."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ext import records
from ext.clearing.netting import merge_flows
from ext.records import Records

FIRST_ROWS = 1024


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
