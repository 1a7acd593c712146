"""Whether a book is whole: looked at whenever one is opened, and again before one is written to.

What is absent says nothing by itself: each thing is held to a second source. Runs to the journal,
rows of tables to the last commit row, which states how many there are so far, and a commit row to
its chain. None of this reads rows; `find_changed_rows`, for `verify`, reads those of some runs, or
all.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from clearing.book import parts
from clearing.book.archived import LEAVING, NOTHING_LEFT, Left, left_by_run, left_until
from clearing.book.contents import (
    Content,
    digests_by_run,
    number_rows,
    text_of_digest,
    unpack_contents,
)
from clearing.book.journal import Line
from clearing.book.native import Column
from clearing.book.parts import ALONE, FOLDED, run_of
from clearing.book.queries import Queries
from clearing.book.runs import Run, chain_of
from clearing.book.schema import ARCHIVED, JOURNAL, LEDGER, RUNS, TABLES, Table
from clearing.book.store import Store
from clearing.book.views import VIEWS
from network.errors import BookDamaged
from network.language import Phrase, joined
from network.progress import Progress, no_progress

_NAMED = 3      # breaks that an error names
Stated = Sequence[tuple[int, Mapping[str, Content]]]    # runs, and what they have by table
NOTHING = Content(0, text_of_digest(0), 0)
_TRIES = 3      # another process may commit a run between two questions


def damaged(breaks: Sequence[str], where: str) -> BookDamaged:
    """The error that says what of a book does not hold."""
    more = Phrase("; and {more} more", more=len(breaks) - _NAMED) if len(breaks) > _NAMED else ""
    return BookDamaged(
        joined("", [joined("; ", breaks[:_NAMED]), more]), where=where,
        expected="a book with every row of every run; it can be read, with care, but not written",
        remedy="put a copy of the book in its place, or clear its files into a new one; "
               "`onecard show files` lists them as far as they can be read")


def missing_tables(found: set[str], lacking: frozenset[str]) -> list[str]:
    """Tables and views that a book has, and that are not among these.

    lacking: those that one of its version need not have.
    """
    return [Phrase("table {table} is missing", table=name)
            for name in [*(table.name for table in TABLES), *VIEWS] if name not in found | lacking]


def find_breaks(book: Queries) -> list[str]:
    """What does not hold, in words; nothing where the book is whole."""
    breaks = list[str]()
    for _ in range(_TRIES):
        breaks = _find_breaks(book)
        if not breaks:
            break
    return breaks


def _find_breaks(book: Queries) -> list[str]:
    breaks = _odd_columns(book)
    if breaks:
        return breaks
    # The journal is read first: a run that is committed meanwhile stands in `runs` before.
    journal = book.store.journal
    lines = journal.count()
    end = next(iter(journal.lines(lines)), None) if lines else None
    breaks = _odd_runs(book, lines, end)
    if breaks:
        return breaks
    last = book.last_run()
    if last is not None:
        breaks = _odd_link(book, last)
    return breaks or [*_odd_rows(book, last), *book.store.find_odd_parts()]


def _odd_columns(book: Queries) -> list[str]:
    """Tables whose columns are not those that were made."""
    found = book.store.columns(
        "SELECT table, name, type FROM system.columns WHERE database = currentDatabase()")
    columns: dict[str, list[tuple[str, str]]] = {}
    for table, *column in zip(*(_strings(found[name]) for name in ("table", "name", "type")),
                              strict=True):
        columns.setdefault(table, []).append((column[0], column[1]))
    breaks = missing_tables(set(columns), book.lacking)
    for made in TABLES:
        if made.name in columns and sorted(columns[made.name]) != sorted(made.columns):
            breaks.append(Phrase("table {table} has other columns than it was made with",
                                 table=made.name))
    return breaks


def _odd_runs(book: Queries, lines: int, end: Line | None) -> list[str]:
    """Whether runs are 1 up to the last, each once, and the journal ends with them."""
    found = book.store.columns("SELECT count() AS rows, max(run) AS last FROM runs")
    rows, last = int(found["rows"][0]), int(found["last"][0])
    named = Phrase("{journal} has {lines} lines, table {table}", journal=JOURNAL.name, lines=lines,
                   table=RUNS.name)
    if rows != last:
        return [joined(" ", [named, _first_odd(book)])]
    if last < lines:
        return [Phrase("{named} ends with run {last}: run {missing} is missing", named=named,
                       last=last, missing=last + 1)]
    if last > lines + 1:
        return [Phrase("{named} ends with run {last}: line {line} of the {journal} is missing",
                       named=named, last=last, line=lines + 1, journal=JOURNAL.name)]
    stated = book.store.columns(f"SELECT chain FROM runs WHERE run = {lines}")["chain"]
    if end is not None and Line(lines, str(stated[0])) != end:
        return [Phrase("the {journal}'s line {lines} is not of run {lines} as table {table} has it",
                       journal=JOURNAL.name, lines=lines, table=RUNS.name)]
    return []


def _first_odd(book: Queries) -> str:
    """The first run that has no commit row, or two."""
    numbers = np.asarray(book.store.columns("SELECT run FROM runs ORDER BY run")["run"])
    expected = np.arange(1, len(numbers) + 1)
    place = int(np.flatnonzero(numbers != expected)[0])
    if place and numbers[place] == numbers[place - 1]:
        return Phrase("has two rows of run {run}", run=numbers[place])
    return Phrase("has no row of run {run}", run=place + 1)


def _odd_link(book: Queries, run: Run) -> list[str]:
    """Whether a commit row is as it was stored, and belongs behind the one before it."""
    parent = book.find_run(run.parent) if run.parent else None
    if run.parent != run.run - 1 or run.chain != chain_of(run, parent):
        return [Phrase("table {table}: the row of run {run} is not as it was committed: its chain "
                       "is of other contents", table=RUNS.name, run=run.run)]
    return []


def _odd_rows(book: Queries, last: Run | None) -> list[str]:
    """Whether every table has as many rows as the runs up to the last one stored."""
    stated = unpack_contents(last.contents) if last else {}
    number = last.run if last else 0
    breaks = list[str]()
    stored, expected = stored_rows(book), [*_stated_at_fold(book), (number, stated)]
    left = left_until(book, [run for run, _ in expected]) if stored[ARCHIVED.name] else {}
    for table, by_part in stored.items():
        beyond = [run for part in by_part if (run := run_of(part) or 0) > number + 1]
        if beyond:
            breaks.append(Phrase("table {table} has rows of run {run}, but the last run is {last}",
                                 table=table, run=min(beyond), last=number))
        if not _are_all_there(table, by_part, expected, left.get(table, [0] * len(expected))):
            breaks += _by_run(book, table, by_part, number)
    return breaks


def _stated_at_fold(book: Queries) -> list[tuple[int, dict[str, Content]]]:
    """What the last run that is folded states, and the last of those that are folded next."""
    last, folded = book.span()
    runs = [run for run in (folded, folded + parts.RUNS_OF_A_FOLD) if 0 < run <= last]
    found = all_contents(book, f"run IN ({', '.join(map(str, runs))})") if runs else []
    return found if folded else [(0, {}), *found]


def _are_all_there(table: str, by_part: Mapping[int, int], stated: Stated, left: Sequence[int]
                   ) -> bool:
    """Whether a table's folded rows, and the others, are as many as runs state.

    stated: of the last run that is folded; of the last of those that a writer was about to fold,
    if there are so many; of the last run. left: what of the rows up to each is in an archive.
    """
    small = [contents.get(table, NOTHING).so_far - gone - sum(
        rows for part, rows in by_part.items() if ALONE < part <= ALONE + run)
        for (run, contents), gone in zip(stated, left, strict=True)]
    folded = sum(rows for part, rows in by_part.items() if part >= FOLDED)
    own = sum(rows for part, rows in by_part.items() if stated[0][0] < part <= stated[-1][0])
    return folded in small[:-1] and own == small[-1] - small[0]


def stored_rows(book: Queries) -> dict[str, dict[int, int]]:
    """How many rows each partition has, by table, as the store counts its parts."""
    found = book.store.columns(
        "SELECT table, partition, sum(rows) AS counted FROM system.parts "
        "WHERE active AND database = currentDatabase() "
        f"AND table IN ({', '.join(repr(table.name) for table in LEDGER)}) "
        "GROUP BY table, partition")
    brought = {parts.BROUGHT} if book.store.brought else set[int]()
    rows: dict[str, dict[int, int]] = {table.name: {} for table in LEDGER}
    for table, part, counted in zip(_strings(found["table"]), _strings(found["partition"]),
                                    np.asarray(found["counted"]).tolist(), strict=True):
        if int(part) not in brought:
            rows[table][int(part)] = int(counted)
    return rows


def _by_run(book: Queries, table: str, by_part: dict[int, int], last: int) -> Iterator[str]:
    """The runs whose rows in a table are not as many as they stored."""
    many = any(part >= FOLDED for part in by_part)
    stored, left = _rows_by_run(book, table) if many else by_part, left_by_run(book, table)
    for number, stated in all_contents(book):
        expected = stated.get(table, NOTHING).rows - left.get(number, NOTHING_LEFT).rows
        rows = stored.get(number, 0) + (0 if many else stored.get(number + ALONE, 0))
        if number <= last and rows != expected:
            yield (Phrase("table {table} has {rows} rows of run {run}, which stored {expected} "
                          "that are not archived", table=table, rows=rows, run=number,
                          expected=expected) if number in left else
                   Phrase("table {table} has {rows} rows of run {run}, which stored {expected}",
                          table=table, rows=rows, run=number, expected=expected))


def _rows_by_run(book: Queries, table: str) -> dict[int, int]:
    """How many rows of each run count, where partitions do not tell."""
    found = book.store.columns(
        f"SELECT run, count() AS rows FROM {table} WHERE {book.committed} GROUP BY run")
    return dict(zip(np.asarray(found["run"]).tolist(), np.asarray(found["rows"]).tolist(),
                    strict=True))


def all_contents(book: Queries, where: str = "1") -> list[tuple[int, dict[str, Content]]]:
    """What runs state of their rows; where: SQL, which runs."""
    found = book.store.columns(f"SELECT run, contents FROM runs WHERE {where} ORDER BY run")
    return [(int(run), unpack_contents(str(text)))
            for run, text in zip(np.asarray(found["run"]).tolist(), found["contents"],
                                 strict=True)]


class ChosenRuns(NamedTuple):
    """Some runs of a book: one of so many, chosen by a number of 64 bits."""

    one_of: int = 1     # 1: all
    seed: int = 0

    def sql(self, run: str = "run") -> str:
        """As a condition; run: SQL, a run's number."""
        return (f"intHash64(bitXor(toUInt64({run}), toUInt64({self.seed}))) % {self.one_of} = 0"
                if self.one_of > 1 else "1")


ALL_RUNS = ChosenRuns()


def find_changed_rows(book: Queries, progress: Progress = no_progress,
                      chosen: ChosenRuns = ALL_RUNS) -> Iterator[str]:
    """What was changed since it was committed, in words: commit rows, and every row of these runs.

    The files of a folder are held to the store's own checksums where all runs are looked at; what
    is read of them is so in any case.
    """
    yield from _odd_chain(book, chosen)
    if chosen == ALL_RUNS:
        yield from book.store.check_files()
    until = book.last
    contents = all_contents(book, f"run <= {until} AND {chosen.sql()}")
    stored = stored_rows(book)
    for done, table in enumerate(LEDGER):
        progress("tables", done, len(LEDGER))
        if table.name in book.lacking or not _has_rows(table, stored, contents):
            continue
        yield from changed_in(book, table, contents, f"{book.span(until).sql} AND {chosen.sql()}")
    progress("tables", len(LEDGER), len(LEDGER))


def _has_rows(table: Table, stored: Mapping[str, Mapping[int, int]], stated: Stated) -> bool:
    """Whether a table has rows, or ever had some: of most tables a book has none."""
    has_left = table in LEAVING and stored[ARCHIVED.name]
    return bool(stored[table.name] or has_left) or any(
        contents.get(table.name, NOTHING)[:2] != NOTHING[:2] for _, contents in stated)


def changed_in(book: Queries, table: Table, stated: Stated, where: str) -> list[str]:
    """The runs whose rows in a table are not what they state, in words; where: SQL, their rows."""
    digests = read_digests(book.store, table, where)
    return list_changed(table, digests, stated,
                        left_by_run(book, table.name) if table in LEAVING else {})


def list_changed(table: Table, digests: Mapping[int, int], stated: Stated,
                 left: Mapping[int, Left]) -> list[str]:
    """The runs whose rows in a table, by what stands for them, are not what the runs state.

    left: what of them is in an archive.
    """
    return [Phrase("table {table}: the rows of run {run} are not those that it stored",
                   table=table.name, run=run)
            for run, contents in stated
            if text_of_digest(digests.get(run, 0) + left.get(run, NOTHING_LEFT).digest) != (
                contents.get(table.name, NOTHING).digest)]


def _odd_chain(book: Queries, chosen: ChosenRuns) -> Iterator[str]:
    """Commit rows that are not as they were stored, and lines of the journal that say otherwise."""
    lines = {line.run: line.chain for line in book.store.journal.lines()}
    before: Run | None = None
    for run in book.runs(f"{chosen.sql()} OR {chosen.sql('run + 1')}"):
        parent = before if before and before.run == run.run - 1 else None
        before = run
        if parent is None and run.run > 1:
            continue        # read for the chain of the next one
        if run.chain != chain_of(run, parent):
            yield Phrase("table {table}: the row of run {run} is not as it was committed",
                         table=RUNS.name, run=run.run)
        elif lines.get(run.run, run.chain) != run.chain:
            yield Phrase("the {journal}'s line of run {run} is not of its row",
                         journal=JOURNAL.name, run=run.run)


def read_digests(store: Store, table: Table, where: str, name: str = "") -> dict[int, int]:
    """What stands for the rows of each run in a table, as they are now.

    where: SQL, which rows; name: of a table like it that is read instead.
    """
    names = [name for name, _ in table.content]
    columns = ", ".join(f"`{name}`" for name in ("run", *names))
    digests = dict[int, int]()
    for block in store.blocks(f"SELECT {columns} FROM {name or table.name} WHERE {where}"):
        runs = np.asarray(block["run"])
        numbers = number_rows(table, [block[name] for name in names])
        for run, digest in digests_by_run(runs, numbers):
            digests[run] = digests.get(run, 0) + digest
    return digests


def _strings(column: Column) -> list[str]:
    return [str(value) for value in column]
