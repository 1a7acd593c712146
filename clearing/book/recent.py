"""Records of the last runs that a process has committed, which it need not read again.

A process that clears a file every few minutes would read all records of the open days each time,
to find those of the few cards that the file is about.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import numpy as np

from clearing.book.native import Array, bytes_of, choose, join_records
from clearing.book.state import list_marked
from ext.records import TAP

RECORDS_MOST = 12 << 20     # some 1.7 GB; of more the oldest runs are read again
_THREADS = 2            # that look through them, without the interpreter's lock


class _Kept(NamedTuple):
    """A run's records, with their cards beside: looking through these costs a tenth."""

    run: int
    records: Array
    cards: Array        # card_hi and card_lo as bytes, one row per record


class RecentRecords:
    """Records (TAP) of the newest runs, one after the other without a gap."""

    def __init__(self) -> None:
        self._runs: deque[_Kept] = deque()
        self._records = 0

    def first_of(self, last: int) -> int | None:
        """The run from which on all runs up to one are here; None: none is, or not all are."""
        if not self._runs or not self._runs[0].run <= last <= self._runs[-1].run:
            return None
        return self._runs[0].run

    def add(self, run: int, parts: list[Array]) -> None:
        """Keep what a run wrote, once it is committed."""
        if self._runs and self._runs[-1].run != run - 1:    # another process has written meanwhile
            self._runs.clear()
            self._records = 0
        records = join_records(parts, TAP)
        cards = np.ascontiguousarray(bytes_of(records)[:, :16])
        self._runs.append(_Kept(run, records, cards))
        self._records += len(records)
        while self._records > RECORDS_MOST:
            self._records -= len(self._runs.popleft().records)

    def days(self, day: int, until: int, last: int, card_filter: Array | None,
             of_cards: Callable[[Array], Array]) -> list[Array]:
        """Records of days after one, up to another, of runs up to one.

        card_filter: see ext.clearing.partition; None: of all cards. of_cards: says which of some
        records are asked for besides.
        """
        def chosen(kept: _Kept) -> Array:
            records = kept.records
            if card_filter is not None:
                records = choose(records, list_marked(kept.cards, card_filter))
            days = records["service_day"]
            return of_cards(choose(records, (days > day) & (days <= until)))

        with ThreadPoolExecutor(_THREADS) as pool:
            return list(pool.map(chosen, [kept for kept in self._runs if kept.run <= last]))
