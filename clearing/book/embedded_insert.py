"""Rows on their way into a table of the embedded store.

chdb's streaming insert (4.4) loses errors: on a full disk it takes all rows, says it has written
them, and stores none. So an insert is ended every so many rows, and what the table then holds is
compared with what was handed over. Inserts run side by side, as many as threads hand over rows, and
the end of one overlaps with the next ones.
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
from network.errors import BookDamaged, BookError

# Rows of one insert: the most that a full disk can cost each thread before it is noticed.
INSERT_ROWS = 4 * 131_072
ENDING = 2      # inserts that are being stored while the next ones are filled


class EmbeddedInserter:
    """Inserts into one table, of which this is the only writer."""

    def __init__(self, connect: Callable[[], Any], table: Table, where: str,
                 ended: Callable[[], None]) -> None:
        """ended: called when all rows are stored."""
        self._connect, self._table, self._where = connect, table, where
        self._ended_all = ended
        self._heads = [column_head(name, type_) for name, type_ in table.columns]
        self._session: Any = connect()      # to ask what is stored
        self._threads = ThreadPoolExecutor(ENDING, f"onecard-insert-{table.name}")
        self._lock = threading.Lock()       # of all that follows, and of the session
        self._idle: deque[_Insert] = deque()
        self._ending: deque[tuple[int, Future[None]]] = deque()     # rows, and their end
        self._ended = 0     # rows of inserts that have ended
        self._before = self._stored()

    def append(self, columns: Sequence[ColumnData], rows: int) -> None:
        """Hand over rows, as columns in the table's order. Threads do not wait for one another."""
        if rows == 0:
            return
        with self._lock:
            insert = self._idle.popleft() if self._idle else None
        try:
            if insert is None:
                insert = _Insert(self._connect(), self._table)
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
                stored = self._stored() - self._before
                if stored < self._ended:
                    raise self._lost(stored)

    def _stored(self) -> int:
        """How many rows the table holds, of all runs."""
        counted = self._session.query(
            "SELECT toString(sum(rows)) FROM system.parts WHERE active "
            f"AND database = currentDatabase() AND table = '{self._table.name}'", "TSVRaw")
        return int(counted.bytes())

    def _lost(self, stored: int) -> BookError:
        """Why rows were not stored, as far as the store remembers."""
        last = self._session.query(
            "SELECT concat('Code: ', toString(code), '. DB::Exception: ', last_error_message) "
            "FROM system.errors ORDER BY last_error_time DESC LIMIT 1", "TSVRaw").bytes().decode()
        found = translate(RuntimeError(last), self._where)
        if last and not isinstance(found, BookDamaged):
            return found
        return BookDamaged(
            f"table {self._table.name} stored {stored} rows", where=self._where,
            expected=f"the {self._ended} rows that were written; {last}".rstrip("; "),
            remedy="the run was not committed; run it again")

    def finish(self) -> None:
        """Return when every row that was handed over is stored. No thread appends any more."""
        try:
            while self._idle:
                self._end(self._idle.popleft())
            self._wait(0)
            stored = self._stored() - self._before
            if stored != self._ended:
                raise self._lost(stored)
        finally:
            self.cancel()
            self._ended_all()

    def cancel(self) -> None:
        """Give up what is not stored yet, and close."""
        self._threads.shutdown(wait=True)
        while self._idle:
            self._idle.popleft().cancel()
        with suppress(Exception):
            self._session.close()


class _Insert:
    """One streaming insert in a session of its own."""

    def __init__(self, session: Any, table: Table) -> None:
        self.rows = 0
        self._session = session
        names = ", ".join(f"`{name}`" for name, _ in table.columns)
        self._stream: Any = session.send_insert(f"INSERT INTO {table.name} ({names})", "Native")

    def append(self, block: Iterable[bytes], rows: int) -> None:
        """Hand over a block, in pieces."""
        for piece in block:
            self._stream.append(piece)
        self.rows += rows

    def finish(self) -> None:
        """Have the rows stored; the store may keep to itself that it did not."""
        try:
            self._stream.finish()
        finally:
            self._session.close()

    def cancel(self) -> None:
        """Give the rows up."""
        with suppress(Exception):
            self._stream.cancel()
        with suppress(Exception):
            self._session.close()
