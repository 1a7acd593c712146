"""A book: runs, the ledger, the dictionary and the state of every card."""

from __future__ import annotations

from contextlib import suppress
from types import TracebackType

import numpy as np

from clearing.book.closed import closings, next_closing, root_of
from clearing.book.commit import OpenRun
from clearing.book.definitions import odd_definitions
from clearing.book.folding import Folding
from clearing.book.integrity import damaged, find_breaks, missing_tables
from clearing.book.journal import Line
from clearing.book.leftovers import Leftovers
from clearing.book.native import Array
from clearing.book.parts import LARGE_RUN
from clearing.book.queries import Queries
from clearing.book.recent import Written
from clearing.book.runs import Run
from clearing.book.schema import ADDED, BOOK, JOURNAL, SCHEMA_VERSION, TABLES
from clearing.book.state import State, load_state
from clearing.book.store import Store
from clearing.book.views import VIEWS, create
from network.errors import (
    BookError,
    BookLocked,
    BookReadOnly,
    BookTooNew,
    BookTooOld,
    NotABook,
)
from network.language import Phrase
from network.names import Names


class Book(Queries):
    """A ledger store. Readers see committed runs only; one run is written at a time."""

    def __init__(self, store: Store, *, create: bool, read_only: bool,
                 may_be_old: bool = False) -> None:
        """Use a store's database, making the tables where they are not there yet.

        may_be_old: also one that an older version wrote, where it can be upgraded.
        """
        super().__init__(store)
        self._may_write, self._may_be_old = not read_only, may_be_old
        self._leftovers = Leftovers(store)
        self._is_new = False
        self._begun = 0     # runs
        self._set_apart = True      # whether leftovers may wait until their run's number is used
        self.breaks = list[str]()   # what does not hold: such a book can only be read
        self.is_beside_writer = False   # whether it is read while a process may write to it
        try:
            self._open(create=create and not read_only)
        except BaseException:
            store.close()
            raise

    def _open(self, *, create: bool) -> None:
        self.store.create_database()
        if self._is_known_whole:        # by who has it open in this process, too
            return
        self.known.runs.clear()
        found = set(self.store.columns(
            "SELECT name FROM system.tables WHERE database = currentDatabase()")["name"])
        ours = {table.name for table in (*TABLES, JOURNAL)} | set(VIEWS)
        if found - ours and "book" not in found:
            raise NotABook(
                Phrase("this database holds other tables ({tables}, …)",
                       tables=", ".join(sorted(found - ours)[:3])),
                where=self.store.where, expected="a book, or an empty database",
                remedy="name another one with --book")
        odd = odd_definitions(*self.store.statements())
        if BOOK.name in odd:        # of every version the same
            raise damaged([*odd.values()], self.store.where)
        version = self.version() if "book" in found else 0
        self._check_version(version)
        if version == 0 and not self._has_runs(found):
            # New, or whoever made it was stopped half-way.
            if not create:
                raise NotABook(
                    "there is no book here", where=self.store.where,
                    remedy="clear some files into it first, or name another one with --book")
            self._create()
            return
        breaks = [*missing_tables(found, self.lacking),
                  *(words for name, words in odd.items() if name not in self.lacking)]
        if version == 0 and not breaks:
            breaks = [Phrase("table {table} has no row", table=BOOK.name)]
        if breaks:
            raise damaged(breaks, self.store.where)
        self.breaks = find_breaks(self)
        if self.breaks and self._may_write:
            raise damaged(self.breaks, self.store.where)
        if not self.breaks and version == SCHEMA_VERSION:
            self.known.whole_at = self.store.changes

    @property
    def _is_known_whole(self) -> bool:
        """Whether this process has found the book whole, and nobody can have changed it since."""
        whole_at = self.known.whole_at
        return whole_at is not None and whole_at == self.store.changes

    def _check_version(self, version: int) -> None:
        if version > SCHEMA_VERSION:
            raise BookTooNew(
                Phrase("a newer version wrote this book: its schema is {version}", version=version),
                where=self.store.where,
                expected=Phrase("schema {schema}", schema=SCHEMA_VERSION),
                remedy="upgrade onecard-clearing, or work with another book")
        if 0 < version < SCHEMA_VERSION:
            can_be = version + 1 >= min(ADDED)
            if not (can_be and self._may_be_old):
                raise BookTooOld(
                    Phrase("an older version wrote this book: its schema is {version}",
                           version=version),
                    where=self.store.where,
                    expected=Phrase("schema {schema}", schema=SCHEMA_VERSION),
                    remedy="upgrade it with `onecard book upgrade`: it is copied first" if can_be
                    else "clear its files into a new book, or work with the version that wrote it")
            self.lacking = frozenset(name for later, names in ADDED.items() if later > version
                                     for name in names)

    def _has_runs(self, found: set[str]) -> bool:
        """Whether anything says that a run was committed here, whatever else is missing."""
        return self.store.journal.count() > 0 or ("runs" in found and int(
            self.store.columns("SELECT count() AS rows FROM runs")["rows"][0]) > 0)

    def version(self) -> int:
        """Its schema; 0: nobody has said so yet."""
        found = self.store.columns("SELECT max(schema_version) AS version FROM book")
        return int(found["version"][0])

    def _create(self) -> None:
        self._is_new = True
        settings = self.store.table_settings()
        self.store.journal.make(settings)
        for table in TABLES:
            self.store.run(table.create(settings))
        for name in VIEWS:
            self.store.run(create(name))
        self.declare_version(SCHEMA_VERSION)
        self.store.say_made()

    def declare_version(self, version: int) -> None:
        """Say that the book has this schema by now."""
        inserter = self.store.insert(BOOK)
        inserter.append([np.array([version], "<u4"), [b"onecard-clearing"]], 1)
        inserter.finish()
        if self.version() != version:
            raise self.store.last_fault() or damaged(
                [Phrase("table {table} has no row", table=BOOK.name)], self.store.where)

    def load_state(self, window: int, card_filter: Array | None = None) -> State:
        """The state at the end of a closed window: of every card, or of those that are marked.

        card_filter: see ext.clearing.partition.
        """
        return load_state(self.store, self.last_run(), self.span(), window, card_filter)

    def root_of_window(self, day: int, run: int, names: Names, network: str, flows: Array) -> str:
        """The root of a window that a run closes, whose entries are stored; see closed.root_of."""
        return root_of(self, next_closing(closings(self), run, day), names, network, flows)

    def begin(self, *, digest: str, kind: str, records: int = 0) -> OpenRun:
        """Start a run, as the only writer, after setting apart what uncommitted ones left.

        records: about how many it clears. Of every so many runs one folds older ones first.
        """
        self._lock_writer()
        try:
            folding, is_large = Folding(self), records >= LARGE_RUN
            last = self._make_ready(again=folding.is_due())
            if folding.is_due():
                folding.fold()
            self._begun, self.known.whole_at = self._begun + 1, None
            # A command that clears a day in one run never asks for what it wrote again.
            written = Written() if self._begun > 1 or not is_large else None
            return OpenRun(self.store, self._leftovers, last, self.span().folded, digest, kind,
                           is_large=is_large, written=written,
                           committed=lambda run: self._know(run, written))
        except BaseException:
            self.store.unlock_writer()
            raise

    def _know(self, run: Run, written: Written | None) -> None:
        """Remember what was committed: it need not be asked for where nobody else can write."""
        if written is not None:
            self.recent_records.add(run.run, written.records.parts)
            self.recent_entries.add(run.run, written.entries_of(run.run))
        self.known.whole_at = self.store.changes
        self.learn(run)

    def fold(self) -> int:
        """Fold all small runs but the newest few; the last run that is folded."""
        self._lock_writer()
        try:
            self._make_ready(again=True)
            folding, folded = Folding(self), -1
            while folded != (folded := folding.fold()):
                pass
            return folded
        finally:
            self.store.unlock_writer()

    def _lock_writer(self) -> None:
        if not self._may_write:
            raise BookReadOnly(
                "this book was opened for reading only", where=self.store.where,
                remedy="open it for writing")
        self.store.lock_writer()

    def _make_ready(self, *, again: bool) -> Run | None:
        """The last run, once the book is whole and what others left is set apart.

        again: also where it is whole as far as this process knows, and nobody else can change it.
        """
        is_known = self._is_known_whole
        if is_known and not (again or self._set_apart):
            return self.last_run()
        breaks = [] if is_known and not again else find_breaks(self)
        if breaks:
            raise damaged(breaks, self.store.where)
        last = self.last_run()
        if last and self.store.journal.count() < last.run:  # its process ended in between
            self.store.journal.append(Line(last.run, last.chain))
        self._set_apart = self._leftovers.set_apart(last.run if last else 0)
        if self.last_run() != last:     # by a writer that has lost its lock, or never had it
            raise BookLocked(
                "another writer has committed a run meanwhile", where=self.store.where,
                expected="one writer at a time", remedy="run the same command again")
        return last

    def close(self) -> None:
        """Let go of the store; the book cannot be used after that.

        A book that was made for a run which came to nothing goes with it.
        """
        try:
            if self._is_new:
                self._discard_unused()
        finally:
            self.store.close()

    def _discard_unused(self) -> None:
        """Remove a book that this process made and nobody has committed a run to."""
        with suppress(BookError):       # what is left is an empty book, which the next run uses
            self.store.lock_writer()
            if not self.runs() and not self.store.journal.count():
                self.store.discard()

    def __enter__(self) -> Book:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the book."""
        self.close()
