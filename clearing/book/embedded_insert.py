"""Rows on their way into a table of the embedded store.

chdb's streaming insert (4.4) loses errors: on a full disk it takes all rows, says it has written
them, and stores none. So an insert is ended every so many rows, and what the table then holds is
compared with what was handed over; what has fewer rows is left to whoever asks for them in the end.
Inserts run side by side, as many as threads hand over rows, and the end of one overlaps with the
next ones.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from clearing.book.faults import translate
from clearing.book.native import ColumnData, column_head, pack_block
from clearing.book.schema import Table
from clearing.book.sessions import Sessions
from network.errors import BookDamaged, BookError, DiskFull
from network.language import Phrase

# Rows of one insert: the most that a full disk can cost each thread before it is noticed.
INSERT_ROWS = 4 * 131_072
ENDING = 2      # inserts that are being stored while the next ones are filled


class EmbeddedInserter:
    """Inserts into one table, of which this is the only writer."""

    def __init__(self, sessions: Sessions, table: Table, where: str, block_rows: int,
                 ended: Callable[[], None]) -> None:
        """block_rows: what the store makes a part of; ended: called when all rows are stored."""
        self._sessions, self._table, self._where = sessions, table, where
        self._block_rows, self._ended_all = block_rows, ended
        self._heads = [column_head(name, type_) for name, type_ in table.columns]
        self._threads = ThreadPoolExecutor(ENDING, f"onecard-insert-{table.name}")
        self._lock = threading.Lock()       # of all that follows
        self._idle: deque[_Insert] = deque()
        self._ending: deque[tuple[int, Future[None]]] = deque()     # rows, and their end
        self._handed = 0    # rows
        self._ended = 0     # those of inserts that have ended
        self._before: int | None = None     # rows that the table held; None: nobody has asked

    def append(self, columns: Sequence[ColumnData], rows: int) -> None:
        """Hand over rows, as columns in the table's order. Threads do not wait for one another."""
        if rows == 0:
            return
        with self._lock:
            self._handed += rows
            # The store has what fills a block before its insert ends.
            if self._before is None and self._handed >= self._block_rows:
                self._before = self._stored()
            insert = self._idle.popleft() if self._idle else None
        try:
            if insert is None:
                insert = _Insert(self._sessions, self._table)
            insert.append(pack_block(self._heads, columns, rows), rows)
        except BaseException as error:
            if insert is not None:
                insert.cancel()
            if isinstance(error, BookError) or not isinstance(error, Exception):
                raise
            raise translate(error, self._where) from error
        if insert.rows >= INSERT_ROWS:
            self._end(insert)
            self._wait(ENDING)
        else:
            with self._lock:
                self._idle.append(insert)

    def _end(self, insert: _Insert) -> None:
        """Have an insert stored in the background."""
        with self._lock:
            self._ending.append((insert.rows, self._threads.submit(insert.finish)))

    def _wait(self, most: int) -> None:
        """Return when at most so many inserts are still ending, or raise why one did not."""
        while True:
            with self._lock:
                if len(self._ending) <= most:
                    return
                rows, ending = self._ending.popleft()
            try:
                ending.result()
            except Exception as error:
                raise translate(error, self._where) from error
            with self._lock:
                self._ended += rows
                self._check(at_least=True)

    def _stored(self) -> int:
        """How many rows the table holds, of all runs."""
        session = self._sessions.take()
        counted = session.query(
            "SELECT toString(sum(rows)) FROM system.parts WHERE active "
            f"AND database = currentDatabase() AND table = '{self._table.name}'", "TSVRaw")
        self._sessions.give_back(session)
        return int(counted.bytes())

    def _check(self, *, at_least: bool) -> None:
        """Raise where the table holds fewer rows than were handed over, or others."""
        if self._before is None:
            return
        stored = self._stored() - self._before
        if stored < self._ended or (stored > self._ended and not at_least):
            session = self._sessions.take()
            fault = last_fault(session, self._where)
            self._sessions.give_back(session)
            raise fault or BookDamaged(
                Phrase("table {table} stored {rows} rows", table=self._table.name, rows=stored),
                where=self._where,
                expected=Phrase("the {rows} rows that were written", rows=self._ended),
                remedy="the run was not committed; run it again")

    def finish(self) -> None:
        """Return when every row that was handed over is stored. No thread appends any more."""
        try:
            while self._idle:
                self._end(self._idle.popleft())
            self._wait(0)
            self._check(at_least=False)
        finally:
            self.cancel()
            self._ended_all()

    def cancel(self) -> None:
        """Give up what is not stored yet, and close."""
        self._threads.shutdown(wait=True)
        while self._idle:
            self._idle.popleft().cancel()


def last_fault(session: Any, where: str) -> BookError | None:
    """Why rows were not stored, where the store's last error says that the disk is full."""
    last = session.query(
        "SELECT concat('Code: ', toString(code), '. DB::Exception: ', last_error_message) "
        "FROM system.errors ORDER BY last_error_time DESC LIMIT 1", "TSVRaw").bytes().decode()
    found = translate(RuntimeError(last), where)
    return found if isinstance(found, DiskFull) else None


class _Insert:
    """One streaming insert in a session of its own."""

    def __init__(self, sessions: Sessions, table: Table) -> None:
        self.rows = 0
        self._sessions, self._session = sessions, sessions.take()
        names = ", ".join(f"`{name}`" for name, _ in table.columns)
        self._stream: Any = self._session.send_insert(
            f"INSERT INTO {table.name} ({names})", "Native")

    def append(self, block: Iterable[bytes], rows: int) -> None:
        """Hand over a block, in pieces."""
        for piece in block:
            self._stream.append(piece)
        self.rows += rows

    def finish(self) -> None:
        """Have the rows stored; the store may keep to itself that it did not."""
        try:
            self._stream.finish()
        except BaseException:
            self._session.close()
            raise
        self._sessions.give_back(self._session)

    def cancel(self) -> None:
        """Give the rows up."""
        with suppress(Exception):
            self._stream.cancel()
        with suppress(Exception):
            self._session.close()
