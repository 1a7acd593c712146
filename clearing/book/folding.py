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
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from clearing.book import parts
from clearing.book.archived import left_by_run, left_until
from clearing.book.integrity import (
    NOTHING,
    Stated,
    all_contents,
    damaged,
    list_changed,
    read_digests,
    stored_rows,
)
from clearing.book.parts import ALONE, FOLDED, folded_part
from clearing.book.queries import Queries
from clearing.book.schema import ARCHIVED, FOLDS, LARGE_PART_BYTES, LEDGER, Table
from network.language import Phrase

# A fold's rows are one part, where they are not very many: by itself the store ends one at some
# 200,000 rows. They are sorted in it, which is cheaper than to put those of runs in order first.
_ONE_PART = "SETTINGS min_insert_block_size_rows = 524288"
_SIDE_BY_SIDE = 6       # tables, as many as runs write: they mostly wait for the disk
MERGED = 4              # parts, of any size: opening one costs every command 2 ms of a processor
# Of larger parts so many wait to be merged that this costs no more than to have opened them: it
# goes at 30 MB a second. What has become large stays, so that no run merges more than that.
_BYTES_OF_OPENING = 1 << 20


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
        contents = dict(all_contents(self._book, f"run BETWEEN {span.folded} AND {through}"))
        before = contents.pop(span.folded, {})
        stated = [(run, tables) for run, tables in contents.items() if run not in large]
        has_archives = bool(by_table[ARCHIVED.name])
        left = left_until(self._book, [span.folded]) if has_archives else {}

        def fold(table: Table) -> None:
            by_part = by_table[table.name]
            self._drop_folded(table, by_part, span.folded)
            own = sum(rows for part, rows in by_part.items() if span.folded < part <= through)
            so_far = before.get(table.name, NOTHING).so_far - sum(left.get(table.name, []))
            if own and not self._is_taken(table, by_part, span.folded, own, so_far):
                self._take(table, span.folded, through, stated, has_archives=has_archives)

        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            list(pool.map(fold, LEDGER))
        inserter = self._store.insert(FOLDS)
        inserter.append([np.array([through], "<u4")], 1)
        inserter.finish()
        if self._book.span().folded != through:
            raise self._store.last_fault() or damaged(
                [Phrase("table {table} has no row of the runs up to {through}", table=FOLDS.name,
                        through=through)], self._store.where)
        self.merge()
        return through

    def merge(self) -> None:
        """Merge the small parts of many runs, in tables that have too many of them."""
        found = self._store.columns(
            "SELECT table, count() AS parts, sum(bytes_on_disk) AS bytes FROM system.parts "
            "WHERE active AND database = currentDatabase() AND (partition = 'tuple()' "
            f"OR toUInt32OrZero(partition) >= {FOLDED}) AND bytes_on_disk < {LARGE_PART_BYTES} "
            f"GROUP BY table, partition HAVING parts > {MERGED} AND (bytes >= {LARGE_PART_BYTES} "
            f"OR bytes <= parts * parts * {_BYTES_OF_OPENING})")
        with ThreadPoolExecutor(_SIDE_BY_SIDE) as pool:
            list(pool.map(self._store.merge, sorted(set(map(str, found["table"])))))

    def _drop_folded(self, table: Table, by_part: Mapping[int, int], folded: int) -> None:
        """Drop the partitions of runs that were folded before."""
        old = sorted(part for part in by_part if part <= folded)
        if old:
            self._store.run(f"ALTER TABLE {table.name} "
                            + ", ".join(f"DROP PARTITION {part}" for part in old))

    def _is_taken(self, table: Table, by_part: Mapping[int, int], folded: int, own: int,
                  so_far: int) -> bool:
        """Whether a writer before this one had these rows taken in already, and was stopped.

        own: how many they are; so_far: those of all runs up to the last that is folded, but
        for what is in an archive.
        """
        before = so_far - sum(rows for part, rows in by_part.items()
                              if ALONE < part <= ALONE + folded)
        rows = sum(rows for part, rows in by_part.items() if part >= FOLDED) - before
        if rows not in (0, own):
            raise damaged([Phrase("table {table} has {rows} folded rows of the runs after "
                                  "{folded}, which stored {stored}", table=table.name, rows=rows,
                                  folded=folded, stored=own)], self._store.where)
        return rows > 0

    def _take(self, table: Table, folded: int, through: int, stated: Stated, *,
              has_archives: bool) -> None:
        """Copy the rows of some runs, prove that they are what was stored, and take them in."""
        beside = table._replace(name=f"folding_{table.name}")
        part = folded_part(through)
        columns = ", ".join(f"`{name}`" for name, _ in table.content)
        self._store.drop_table(beside.name)
        self._store.run(beside.create(self._store.table_settings()))
        self._store.run(
            f"INSERT INTO {beside.name} SELECT run, toUInt32({part}), {columns} FROM {table.name} "
            f"WHERE part > {folded} AND part <= {through} {_ONE_PART}")
        found = read_digests(self._store, table, f"part = {part}", beside.name)
        left = left_by_run(self._book, table.name, f"of_run BETWEEN {folded + 1} AND {through}"
                           ) if has_archives else {}
        wrong = list_changed(table, found, stated, left)
        if wrong:
            raise damaged(wrong, self._store.where)
        self._store.run(f"ALTER TABLE {table.name} ATTACH PARTITION {part} FROM {beside.name}")
        self._store.drop_table(beside.name)
