"""What members owe each other, per window and cause, added up from ledger entries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from ext import records
from ext.clearing.netting import add_obligations, merge_obligations

FIRST_ROWS = 1024


class ObligationSums:
    """Running sums of obligations; one for each thread, merged at the end."""

    def __init__(self) -> None:
        self._sums = np.zeros(FIRST_ROWS, dtype=records.OBLIGATION)

    def add(self, entries: npt.NDArray[Any]) -> None:
        """Add ENTRY rows; held ones make no obligation.

        Raises OverflowError where a sum does not fit 64 bits, or its rides 32.
        """
        self.add_from(lambda sums, done: done + add_obligations(entries[done:], sums),
                      len(entries))

    def add_from(self, add: Callable[[npt.NDArray[Any], int], int], count: int) -> None:
        """Have `add` add so many entries: to the sums, from one on, as far as there is room.

        It returns how many are added then. Raises as `add` does.
        """
        done = 0
        while done < count:
            done = add(self._sums, done)
            if done < count:
                self._grow()

    def merge(self, rows: npt.NDArray[Any]) -> None:
        """Add OBLIGATION rows.

        Raises OverflowError where a sum does not fit 64 bits, or its rides 32.
        """
        while not merge_obligations(rows, self._sums):
            self._grow()

    def rows(self) -> npt.NDArray[Any]:
        """The sums, by window, debtor, creditor and cause."""
        used = self._sums[self._sums["rides"] > 0]
        return np.sort(used, order=["window", "debtor", "creditor", "cause"])

    def _grow(self) -> None:
        smaller = self._sums
        self._sums = np.zeros(len(smaller) * 4, dtype=records.OBLIGATION)
        merged = merge_obligations(smaller, self._sums)
        assert merged, "a table four times as large has room for the smaller one"
