"""Rows on their way into a table of the embedded engine.

chdb's streaming insert (4.4) loses errors: on a full disk it takes all rows, says it has written
them, and stores none. So an insert is ended every so many rows, and what the table then holds is
compared with what was handed over. The end of one insert overlaps with the next ones.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from clearing.book.faults import translate
from clearing.book.native import ColumnData, column_head, pack_block
from clearing.book.schema import Table
from clearing.errors import BookDamaged, BookError

# Rows of one insert, which becomes one part: the most that a full disk can cost before it is
# noticed, and about 100 MB of memory for entries.
INSERT_ROWS = 8 * 65_536
ENDING = 2      # inserts that are being stored while the next one is filled


class EmbeddedInserter:
    """A sequence of inserts into one table, of which this is the only writer."""

    def __init__(self, connect: Callable[[], Any], table: Table, where: str) -> None:
        self._connect, self._table, self._where = connect, table, where
        self._heads = [column_head(name, type_) for name, type_ in table.columns]
        self._session: Any = connect()      # to ask what is stored
        self._insert: _Insert | None = None
        self._ending: list[tuple[int, Future[None]]] = []   # rows, and their end
        self._threads: ThreadPoolExecutor | None = None
        self._ended = 0     # rows of inserts that have ended
        self._before = self._stored()

    def append(self, columns: Sequence[ColumnData], rows: int) -> None:
        """Hand over rows, as columns in the table's order."""
        if rows == 0:
            return
        if self._insert is not None and self._insert.rows + rows > INSERT_ROWS:
            self._end_in_background(self._insert)
            self._insert = None
        try:
            if self._insert is None:
                self._insert = _Insert(self._connect(), self._table)
            self._insert.append(pack_block(self._heads, columns, rows), rows)
        except BookError:
            raise
        except Exception as error:
            raise translate(error, self._where) from error

    def _end_in_background(self, insert: _Insert) -> None:
        """Have an insert stored, and see what became of the one before."""
        if self._threads is None:
            self._threads = ThreadPoolExecutor(ENDING, f"onecard-insert-{self._table.name}")
        self._ending.append((insert.rows, self._threads.submit(insert.finish)))
        self._wait(ENDING)

    def _wait(self, most: int) -> None:
        """Return when at most so many inserts are still ending, or raise why one did not."""
        while len(self._ending) > most:
            rows, ending = self._ending.pop(0)
            try:
                ending.result()
            except Exception as error:
                raise translate(error, self._where) from error
            self._ended += rows
            stored = self._stored() - self._before
            if stored < self._ended or (stored > self._ended and not self._ending):
                raise self._lost(stored)

    def _stored(self) -> int:
        """How many rows the table holds, of all runs."""
        counted = self._session.query(
            "SELECT toString(sum(rows)) FROM system.parts WHERE active "
            f"AND database = currentDatabase() AND table = '{self._table.name}'", "TSVRaw")
        return int(counted.bytes())

    def _lost(self, stored: int) -> BookError:
        """Why rows were not stored, as far as the engine remembers."""
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
        """Return when every row that was handed over is stored."""
        try:
            if self._insert is not None:
                self._end_in_background(self._insert)
                self._insert = None
            self._wait(0)
        finally:
            self.cancel()

    def cancel(self) -> None:
        """Give up what is not stored yet, and close."""
        if self._threads is not None:
            self._threads.shutdown(wait=True)
            self._threads = None
        if self._insert is not None:
            self._insert.cancel()
            self._insert = None
        with suppress(Exception):
            self._session.close()


class _Insert:
    """One streaming insert in a session of its own."""

    def __init__(self, session: Any, table: Table) -> None:
        self.rows = 0
        self._session = session
        names = ", ".join(f"`{name}`" for name, _ in table.columns)
        self._stream: Any = session.send_insert(f"INSERT INTO {table.name} ({names})", "Native")

    def append(self, block: bytes, rows: int) -> None:
        """Hand over a block."""
        self._stream.append(block)
        self.rows += rows

    def finish(self) -> None:
        """Have the rows stored; the engine may keep to itself that it did not."""
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
