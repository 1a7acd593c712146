"""Days of a book made of the rows of its first one: a year of runs in minutes.

A day was cleared run by run, and its window closed. Each later day has the same runs with other
cards, at the same times of its own day; after 31 days they come again, in another month, so that no
total adds up which no run has counted. Nothing is cleared again; but every run is written by the
code that writes any (clearing/book/commit.py), with its contents, its commit row, its chain and its
line of the journal. What it hands over is gathered, and a day of it stored at once, where a fold
would have put it. What a commit asks the store about its own rows is not asked run by run: whoever
opens the book counts them (clearing/book/integrity.py).
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol, cast

import numpy as np

from clearing.book import Book, BookFile, Counts, Run
from clearing.book.commit import OpenRun
from clearing.book.folding import Folding
from clearing.book.journal import Line
from clearing.book.leftovers import Leftovers
from clearing.book.native import ColumnData, join_records
from clearing.book.parts import folded_part
from clearing.book.roots import Closing, Root, digest_names
from clearing.book.schema import (
    ENTRIES,
    FILES,
    FLOWS,
    FOLDS,
    NAMES,
    NETWORKS,
    RECORDS,
    REFUSALS,
    RUNS,
    Table,
)
from clearing.book.state import State, records_of
from clearing.book.store import Columns, Store
from clearing.book.stored import stored_columns
from ext.records import ENTRY, FLOW, REFUSAL, TAP
from network.names import Name, Names

_DAY_S = 86_400
_OTHER_CARDS = 1_000_003        # so much higher is the card that has the same rides on the next day
_CARDS_DAYS = 31                # until a card comes again ...
_LATER_COUNTER = 1_000          # ... with a counter so much higher
_BLOCK_ROWS = 256
_DAYS = ("service_day", "window")
_TIMES = ("started_at", "ended_at", "tapped_at", "in_at")
_FILES = ("in_file", "out_file", "source_file", "file")
_COUNTERS = ("card_seq", "out_seq")


class Begin(Protocol):
    """What starts a run."""

    def __call__(self, *, digest: str, kind: str) -> OpenRun:
        """As Book.begin."""


class Cleared(NamedTuple):
    """What a run of the first day wrote."""

    row: Run
    entries: Any        # ENTRY
    records: Any        # TAP
    flows: Any          # FLOW
    refusals: Any       # REFUSAL
    raw: list[bytes]
    values: list[str]
    files: list[BookFile]
    names: list[Name]
    network: dict[str, bytes]


class FirstDay(NamedTuple):
    """A day that was cleared: its runs, the one that closed it, and the state then."""

    runs: list[Cleared]
    closing: Cleared
    state: State
    names: Names


def first_day(book: Book) -> FirstDay:
    """What a book has, whose last run closed the window of its only day."""
    *runs, closing = _read(book)
    assert closing.row.kind == "close"
    return FirstDay(runs, closing, book.load_state(closing.row.closed_through),
                    Names(book.names()))


def _read(book: Book) -> Iterator[Cleared]:
    entries, records, flows = (_by_run(book, table, dtype) for table, dtype in (
        (ENTRIES, ENTRY), (RECORDS, TAP), (FLOWS, FLOW)))
    refusals = _by_run(book, REFUSALS, REFUSAL)
    texts, files = defaultdict[int, list[Any]](list), defaultdict[int, list[BookFile]](list)
    for run, raw, value in _rows(book, REFUSALS, ["raw", "value"]):
        texts[run].append((raw.encode(), value))
    for run, *file in _rows(book, FILES, [name for name, _ in FILES.content]):
        files[run].append(BookFile(*file))
    names, networks = defaultdict[int, list[Name]](list), defaultdict[int, dict[str, bytes]](dict)
    for run, *name in _rows(book, NAMES, Name._fields):
        names[run].append(Name(*name))
    for run, path in _rows(book, NETWORKS, ["path"]):
        networks[run][path] = book.network_contents(book.runs()[0].network_digest)[path]
    for row in book.runs():
        yield Cleared(row, *(found.get(row.run, np.zeros(0, dtype)) for found, dtype in (
            (entries, ENTRY), (records, TAP), (flows, FLOW), (refusals, REFUSAL))),
            [raw for raw, _ in texts[row.run]], [value for _, value in texts[row.run]],
            files[row.run], names[row.run], networks[row.run])


def _by_run(book: Book, table: Table, dtype: np.dtype[Any]) -> dict[int, Any]:
    """Records by their runs."""
    columns = ", ".join(f"`{name}`" for name in stored_columns(dtype))
    runs, parts = [np.zeros(0, "<u4")], list[Any]()
    for block in book.store.blocks(f"SELECT run, {columns} FROM {table.name} "
                                   f"WHERE {book.committed} ORDER BY run"):
        runs.append(np.asarray(block.pop("run")))
        parts += records_of(iter([block]), dtype)
    writers, rows = np.concatenate(runs), join_records(parts, dtype)
    return {run: rows[writers == run] for run in np.unique(writers).tolist()}


def _rows(book: Book, table: Table, names: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    found = book.store.columns(f"SELECT run, {', '.join(f'`{name}`' for name in names)} "
                               f"FROM {table.name} WHERE {book.committed} ORDER BY run")
    return zip(*(column.tolist() if isinstance(column, np.ndarray) else column
                 for column in found.values()), strict=True)


def moved(records: Any, days: int, files: int) -> Any:
    """Records so many days later, of other cards and of files with numbers so much higher."""
    later = records.copy()
    times, place = divmod(days, _CARDS_DAYS)
    for names, by in ((_DAYS, days), (_TIMES, days * _DAY_S), (_FILES, files),
                      (_COUNTERS, times * _LATER_COUNTER)):
        for name in set(names) & set(records.dtype.names):
            later[name] += np.where(later[name] != 0, by, 0).astype(later[name].dtype)
    if "card_lo" in records.dtype.names:
        later["card_lo"] += np.uint64(place * _OTHER_CARDS)
    return later


def add_day(begin: Begin, first: FirstDay, days: int) -> None:
    """Write the runs of a day that is so many days after the first one, and close its window.

    days: 0: the first one itself, with the names that it brought.
    """
    cleared = [*first.runs, first.closing]
    files = days * sum(len(run.files) for run in cleared)
    rows = [_moved_runs([getattr(run, what) for run in cleared], days, files)
            for what in ("entries", "records", "flows", "refusals")]
    for run, entries, records, flows, refusals in zip(cleared, *rows, strict=True):
        row = run.row
        with begin(digest=_other(row.digest, days), kind=row.kind) as opened:
            opened.write_entries(entries)
            opened.write_records(records)
            opened.write_flows(flows)
            if not days:
                opened.write_names(run.names)
                opened.write_network(row.network_digest, run.network)
            if run.raw:
                opened.write_refusals(refusals, run.raw, run.values)
            opened.write_files([file._replace(
                file=file.file + files, sha256=_other(file.sha256, days)) for file in run.files])
            if run is first.closing:
                window, state = row.closed_through + days, first.state
                opened.write_state(window, *(moved(rows, days, files) for rows in (
                    state.cards, state.accumulators, state.open_rides)))
                opened.write_window(window, _root(first, window, days, *rows[:3]))
            opened.commit(opened.conclude(
                version=row.version, network=row.network, network_digest=row.network_digest,
                tables=json.loads(row.tables),
                counts=Counts(*(getattr(row, name) for name in Counts._fields))))


def _root(first: FirstDay, window: int, days: int, entries: list[Any], records: list[Any],
          flows: list[Any]) -> str:
    """What the window is closed with, of the rows of all runs."""
    root = Root(digest_names(first.names))
    root.add_entries(np.concatenate(entries))
    root.add_records(np.concatenate(records))
    return root.of(Closing(run=0, window=window, first=window if days else 1, after=0, root=""),
                   first.closing.row.network_digest, np.concatenate(flows))


def _moved_runs(runs: list[Any], days: int, files: int) -> list[Any]:
    ends = np.cumsum([len(rows) for rows in runs])[:-1]
    return np.split(moved(np.concatenate(runs), days, files), ends)


def _other(digest: str, days: int) -> str:
    return digest if not days else hashlib.sha256(f"{digest} {days}".encode()).hexdigest()


class Bulk:
    """Runs of a new book whose rows are gathered by the day."""

    def __init__(self, book: Book) -> None:
        self._last: Run | None = None
        self._folding = Folding(book)
        self._store, self._leftovers = Gathered(book.store), Leftovers(book.store)

    def begin(self, *, digest: str, kind: str) -> OpenRun:
        """Start a run behind the last one."""
        # What a closing asks counts up to itself.
        return _GatheredRun(
            cast(Store, self._store), self._leftovers, self._last, self._through + 1, digest,
            kind, is_large=False, written=None, committed=self._keep)

    @property
    def _through(self) -> int:
        return self._last.run if self._last else 0

    def _keep(self, run: Run) -> None:
        self._last = run

    def add_days(self, first: FirstDay, days: range) -> None:
        """Add the first day and so on, each stored when its window is closed."""
        for day in days:
            add_day(self.begin, first, day)
            self._store.commit(self._through)
            self._folding.merge()


class _GatheredRun(OpenRun):
    """A run whose rows the store does not have yet."""

    def _check_rows(self) -> None:
        self._asked_at = self._store.changes

    def _check_stored(self, row: Run) -> None:
        pass


class Gathered:
    """A store's face that keeps what is inserted until it is told to store it."""

    block_rows = _BLOCK_ROWS

    def __init__(self, store: Store) -> None:
        self._store, self.where, self.journal = store, store.where, self
        self._rows = defaultdict[Table, list[list[ColumnData]]](list)
        self._lines = list[Line]()

    changes = 0

    def insert(self, table: Table) -> GatheredRows:
        return GatheredRows(self._rows[table])

    def append(self, line: Line) -> None:
        self._lines.append(line)

    def check_writer(self) -> None:
        """Nothing: who fills a book in bulk is alone."""

    unlock_writer = check_writer

    def columns(self, sql: str) -> Columns:
        self.store_rows()
        return self._store.columns(sql)

    def blocks(self, sql: str) -> Iterator[Columns]:
        self.store_rows()
        return self._store.blocks(sql)

    def store_rows(self) -> None:
        """Store the rows of runs where a fold would have put them."""
        for table in [table for table in self._rows if table != RUNS]:
            columns = [_joined(column) for column in zip(*self._rows.pop(table), strict=True)]
            columns[1] = np.array([folded_part(run) for run in np.asarray(columns[0]).tolist()],
                                  "<u4")
            self._insert(table, columns)

    def commit(self, through: int) -> None:
        """Store what was gathered, with the commit rows of these runs, the last of them."""
        self.store_rows()
        self._insert(RUNS, [_joined(column) for column in zip(*self._rows.pop(RUNS), strict=True)])
        self._insert(FOLDS, [np.array([through], "<u4")])
        for line in self._lines:
            self._store.journal.append(line)
        self._lines.clear()

    def _insert(self, table: Table, columns: list[ColumnData]) -> None:
        inserter = self._store.insert(table)
        inserter.append(columns, len(columns[0]))
        inserter.finish()


class GatheredRows:
    """What is inserted into one table."""

    def __init__(self, rows: list[list[ColumnData]]) -> None:
        self._rows = rows

    def append(self, columns: Sequence[ColumnData], rows: int) -> None:
        self._rows.append([column.copy() if isinstance(column, np.ndarray) else list(column)
                           for column in columns])

    def finish(self) -> None:
        """Nothing: the rows are kept."""

    cancel = finish


def _joined(columns: Sequence[ColumnData]) -> ColumnData:
    if isinstance(columns[0], np.ndarray):
        return np.concatenate(columns)
    return [value for column in columns for value in column]
