"""Rows by card of the last runs that a process has committed, which it need not read again.

A process that clears a file every few minutes would read all records of the open days each time, to
find those of the few cards that the file is about; and entries that a late record takes back, each
in a stretch of its own.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

import numpy as np

from clearing.book.native import Array, bytes_of, choose, join_records, raw_of
from ext.clearing.partition import list_mixes_in_card_filter, mix_cards
from ext.records import RIDE_FLAGS

RECORDS_MOST = 12 << 20     # some 1.7 GB; of more the oldest runs are read again
ENTRIES_MOST = 1 << 20      # some 0.3 GB: what is taken back was mostly entered in the last hours
_ROWS_OF_A_CHUNK = 1 << 18
_THREADS = 2            # that look through them, without the interpreter's lock


class WrittenRows:
    """What a run writes into a table, until it counts; nothing of a run that writes too much."""

    def __init__(self, most: int) -> None:
        self._most, self._rows = most, 0
        self._parts: list[Array] = []
        self._lock = threading.Lock()

    def add(self, rows: Array) -> None:
        """Copy rows; from any thread."""
        with self._lock:
            self._rows += len(rows)
            if self._rows <= self._most:
                self._parts.append(rows.copy())
            else:
                self._parts.clear()

    @property
    def parts(self) -> list[Array] | None:
        """All that was written; None: it was too much."""
        return self._parts if self._rows <= self._most else None


class Written:
    """What a run writes that its process may ask for again."""

    def __init__(self) -> None:
        self.records, self.entries = WrittenRows(RECORDS_MOST), WrittenRows(ENTRIES_MOST)

    def entries_of(self, run: int) -> list[Array] | None:
        """The entries, `replaces` saying which run wrote one, or that it takes back."""
        parts = self.entries.parts
        for entries in parts or ():
            entries["replaces"][entries["flags"] & RIDE_FLAGS["REVERSAL"] == 0] = run
        return parts


class _Run(NamedTuple):
    """Where a run's rows lie in a chunk."""

    number: int
    first: int
    end: int


class _Chunk:
    """Rows of runs one behind the other, so that there are few chunks to look through.

    What a filter looks for is kept beside: looking through that costs a tenth.
    """

    def __init__(self, dtype: np.dtype[Any], room: int) -> None:
        self._rows, self._mixes = np.empty(room, dtype), np.empty(room, np.uint32)
        self.runs: deque[_Run] = deque()

    @property
    def _end(self) -> int:
        return self.runs[-1].end if self.runs else 0

    @property
    def room(self) -> int:
        """How many more rows there is room for."""
        return len(self._rows) - self._end

    def add(self, run: int, rows: Array) -> None:
        """Copy a run's rows behind the others."""
        first = self._end
        end = first + len(rows)
        raw_of(self._rows)[first:end] = raw_of(rows)
        mix_cards(bytes_of(rows), self._mixes[first:end])
        self.runs.append(_Run(run, first, end))

    def of_cards(self, last: int, card_filter: Array | None) -> Array:
        """Those of runs up to one, and of the filter's cards, if there is one."""
        end = max((run.end for run in self.runs if run.number <= last), default=0)
        first = min(self.runs[0].first, end)
        found = self._rows[first:end]
        if card_filter is None:
            return found
        listed = np.empty(len(found), np.uint32)
        count = list_mixes_in_card_filter(self._mixes[first:end], card_filter, listed)
        return choose(found, listed[:count])


class RecentRows:
    """Rows of one dtype of the newest runs, one after the other without a gap."""

    def __init__(self, dtype: np.dtype[Any], most: int) -> None:
        """most: rows; of more the oldest runs are forgotten."""
        self._dtype, self.most = dtype, most
        self._chunks: deque[_Chunk] = deque()
        self._count = 0

    def first_of(self, last: int) -> int | None:
        """The run from which on all runs up to one are here; None: none is, or not all are."""
        if not self._chunks:
            return None
        first, newest = self._chunks[0].runs[0].number, self._chunks[-1].runs[-1].number
        return first if first <= last <= newest else None

    def add(self, run: int, parts: list[Array] | None) -> None:
        """Keep what a run wrote, once it is committed; None: it is not known."""
        if parts is None or (self._chunks and self._chunks[-1].runs[-1].number != run - 1):
            self._chunks.clear()        # another process has written meanwhile
            self._count = 0
        if parts is None:
            return
        rows = join_records(parts, self._dtype)
        if not self._chunks or self._chunks[-1].room < len(rows):
            self._chunks.append(_Chunk(self._dtype, max(_ROWS_OF_A_CHUNK, len(rows))))
        self._chunks[-1].add(run, rows)
        self._count += len(rows)
        while self._count > self.most:
            oldest = self._chunks[0].runs.popleft()
            self._count -= oldest.end - oldest.first
            if not self._chunks[0].runs:
                self._chunks.popleft()

    def of_cards(self, last: int, card_filter: Array) -> Array:
        """Rows of a filter's cards, of runs up to one; none where that one's are not here."""
        if self.first_of(last) is None:
            return np.zeros(0, self._dtype)
        return join_records([chunk.of_cards(last, card_filter) for chunk in self._chunks],
                            self._dtype)

    def days(self, day: int, until: int, last: int, card_filter: Array | None,
             of_cards: Callable[[Array], Array]) -> list[Array]:
        """Rows of days after one, up to another, of runs up to one.

        card_filter: see ext.clearing.partition; None: of all cards. of_cards: says which of some
        rows are asked for besides.
        """
        def chosen(chunk: _Chunk) -> Array:
            rows = chunk.of_cards(last, card_filter)
            days = rows["service_day"]
            return of_cards(choose(rows, (days > day) & (days <= until)))

        with ThreadPoolExecutor(_THREADS) as pool:
            return list(pool.map(chosen, self._chunks))
