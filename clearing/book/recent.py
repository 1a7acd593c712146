"""Records of the last runs that a process has committed, which it need not read again.

A process that clears a file every few minutes would read all records of the open days each time,
to find those of the few cards that the file is about. The first run of a process keeps nothing: a
command that clears one run never asks again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from clearing.book.native import Array, join_records
from ext.records import TAP

RECORDS_MOST = 12 << 20     # some 1.7 GB; of more the oldest runs are read again


class RecentRecords:
    """Records (TAP) of the newest runs, one after the other without a gap."""

    def __init__(self) -> None:
        self._runs: deque[tuple[int, Array]] = deque()
        self._records = 0

    def first_of(self, last: int) -> int | None:
        """The run from which on all runs up to one are here; None: none is, or not all are."""
        if not self._runs or not self._runs[0][0] <= last <= self._runs[-1][0]:
            return None
        return self._runs[0][0]

    def add(self, run: int, parts: list[Array]) -> None:
        """Keep what a run wrote, once it is committed."""
        if self._runs and self._runs[-1][0] != run - 1:     # another process has written meanwhile
            self._runs.clear()
            self._records = 0
        records = join_records(parts, TAP)
        self._runs.append((run, records))
        self._records += len(records)
        while self._records > RECORDS_MOST:
            self._records -= len(self._runs.popleft()[1])

    def days(self, day: int, until: int, last: int) -> Iterator[Array]:
        """Records of days after one, up to another, of runs up to one."""
        for run, records in self._runs:
            if run <= last:
                days = records["service_day"]
                chosen = (days > day) & (days <= until)
                yield records[chosen]
