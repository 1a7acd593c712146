"""Small runs folded together, so that a book costs the same after a hundred thousand runs.

For the writer only, while it holds its lock. The rows of the oldest small runs are copied into a
table beside, read back and held to what these runs stated of them; then they are taken into their
table as one part; then a row in `folds` says so, and from then on they are read there. Their own
partitions are dropped when the next runs are folded: until then a question that was begun before
finds them. Whoever is killed in between leaves rows that do not count, and the next writer goes on
from there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from clearing.book import parts
from clearing.book.integrity import (
    Stated,
    all_contents,
    damaged,
    list_changed,
    read_digests,
    stored_rows,
)
from clearing.book.parts import ALONE, FOLDED, folded_part
from clearing.book.queries import Queries
from clearing.book.schema import FOLDS, LEDGER, RUNS, Table

MERGED = 4      # folds, of each of which tables have a part; opening one costs 2 ms of a processor


class Folding:
    """The small runs of a book, on their way into partitions of many."""

    def __init__(self, book: Queries) -> None:
        self._book, self._store = book, book.store

    def is_due(self) -> bool:
        """Whether as many runs are waiting as are folded at a time."""
        span = self._book.span()
        return span.last - span.folded >= parts.RUNS_OF_A_FOLD

    def fold(self) -> int:
        """Fold the oldest runs that are not folded yet; the last run that is."""
        span = self._book.span()
        through = span.folded + parts.RUNS_OF_A_FOLD
        if through > span.last:
            return span.folded
        by_table = stored_rows(self._book)
        large = {part - ALONE for by_part in by_table.values() for part in by_part
                 if ALONE < part < FOLDED}
        stated = [(run, contents) for run, contents in all_contents(
            self._book, f"run BETWEEN {span.folded + 1} AND {through}") if run not in large]
        self._drop_folded(by_table, span.folded)
        for table in LEDGER:
            own = {part: rows for part, rows in by_table[table.name].items()
                   if span.folded < part <= through}
            if own and not self._is_taken(table, span.folded, own):
                self._take(table, span.folded, through, stated)
        inserter = self._store.insert(FOLDS)
        inserter.append([np.array([through], "<u4")], 1)
        inserter.finish()
        if self._book.span().folded != through:
            raise self._store.last_fault() or damaged(
                [f"table {FOLDS.name} has no row of the runs up to {through}"], self._store.where)
        self._store.merge(RUNS.name)        # of which every run makes a part
        if through // parts.RUNS_OF_A_FOLD % MERGED == 0:
            for name in (FOLDS.name, *(name for name, by_part in by_table.items() if by_part)):
                self._store.merge(name)
        return through

    def _drop_folded(self, by_table: Mapping[str, Mapping[int, int]], folded: int) -> None:
        """Drop the partitions of runs that were folded before."""
        for name, by_part in by_table.items():
            old = sorted(part for part in by_part if part <= folded)
            if old:
                self._store.run(f"ALTER TABLE {name} "
                                + ", ".join(f"DROP PARTITION {part}" for part in old))

    def _is_taken(self, table: Table, folded: int, own: Mapping[int, int]) -> bool:
        """Whether a writer before this one had these rows taken in already, and was stopped."""
        found = self._store.columns(f"SELECT count() AS rows FROM {table.name} "
                                    f"WHERE part >= {FOLDED} AND run > {folded}")
        rows = int(found["rows"][0])
        if rows not in (0, sum(own.values())):
            raise damaged([f"table {table.name} has {rows} folded rows of the runs after {folded}, "
                           f"which stored {sum(own.values())}"], self._store.where)
        return rows > 0

    def _take(self, table: Table, folded: int, through: int, stated: Stated) -> None:
        """Copy the rows of some runs, prove that they are what was stored, and take them in."""
        beside = table._replace(name=f"folding_{table.name}")
        part = folded_part(through)
        columns = ", ".join(f"`{name}`" for name, _ in table.content)
        self._store.drop_table(beside.name)
        self._store.run(beside.create(self._store.table_settings()))
        self._store.run(
            f"INSERT INTO {beside.name} SELECT run, toUInt32({part}), {columns} FROM {table.name} "
            f"WHERE part > {folded} AND part <= {through} ORDER BY {', '.join(table.order)}")
        found = read_digests(self._store, table, f"part = {part}", beside.name)
        wrong = list_changed(table, found, stated)
        if wrong:
            raise damaged(wrong, self._store.where)
        self._store.run(f"ALTER TABLE {table.name} ATTACH PARTITION {part} FROM {beside.name}")
        self._store.drop_table(beside.name)
