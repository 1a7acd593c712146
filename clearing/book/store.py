"""What a book needs of the store below it, whether that is a folder or a server."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Protocol

from clearing.book.journal import Journal
from clearing.book.known import Known
from clearing.book.native import Column, ColumnData
from clearing.book.schema import Table
from network.errors import BookError

Columns = dict[str, Column]


class Inserter(Protocol):
    """Rows on their way into one table. Any thread may append."""

    def append(self, columns: Sequence[ColumnData], rows: int) -> None:
        """Hand over rows, as columns in the table's order. They may be stored later."""

    def finish(self) -> None:
        """Return when the store is done with all rows. No thread appends any more.

        Whether it has them is asked for by whoever handed them over: not every fault is told.
        """

    def cancel(self) -> None:
        """Give up; rows that were stored already stay. Never raises."""


class Store(Protocol):
    """A ClickHouse database. Any thread may use it; every stream is its own connection."""

    where: str          # the book's location, for messages
    database: str       # its own name
    block_rows: int     # rows of the ledger to hand over at a time
    journal: Journal    # kept apart from the tables that it speaks of
    known: Known        # of all that this process has open on the same folder

    @property
    def brought(self) -> Set[int]:
        """Archived windows whose rows a reader has brought back into it."""

    @property
    def changes(self) -> int | None:
        """Goes up with whatever changes what the store holds; None: others can, at any time."""

    def run(self, sql: str) -> None:
        """Carry out a statement that returns no rows."""

    def columns(self, sql: str) -> Columns:
        """The whole result of a query; where it has no rows, every column has none."""

    def blocks(self, sql: str) -> Iterator[Columns]:
        """The result of a query, block by block, in bounded memory."""

    def read_only(self, sql: str, *, is_named: bool) -> Columns:
        """The whole result of a query that the store does not allow to change anything.

        is_named: also where it has no rows; else what is returned then may be an empty mapping.
        """

    def drop_table(self, name: str) -> None:
        """Remove a table with its files, where it is there."""

    def merge(self, name: str) -> None:
        """Have the smallest parts of a table merged, not where the store sees to that itself."""

    def let_merge(self) -> None:
        """Have parts merged while no run is written."""

    def insert(self, table: Table) -> Inserter:
        """Start to insert into a table."""

    def last_fault(self) -> BookError | None:
        """What may have become of rows that were handed over and are not there."""

    def create_database(self) -> None:
        """Make the database where it is not there; refuse one that holds something else."""

    def say_made(self) -> None:
        """Take it that all tables of a new book are there: it is not begun anew any more."""

    def table_settings(self) -> str:
        """Settings that every table of this store gets, each with a leading comma."""

    def statements(self) -> tuple[dict[str, str], str]:
        """What made each table and view, as the store has it, and the database's own name."""

    def find_odd_parts(self) -> list[str]:
        """What the store's own notes on its files contradict, in words, without reading rows."""

    def check_files(self) -> list[str]:
        """What does not agree with the store's own checksums, in words; all files are read."""

    def lock_writer(self) -> None:
        """Become the only writer, or raise BookLocked. The lock dies with the process."""

    def check_writer(self) -> None:
        """Raise BookLocked where the writer's lock has been lost since."""

    def unlock_writer(self) -> None:
        """Let others write."""

    def discard(self) -> None:
        """Remove the book, which this process made, when it lets go of it; for the writer only."""

    def close(self) -> None:
        """Let go of the store."""
