"""Rows of a run on their way into one table, gathered into blocks of a useful size."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from clearing.book.contents import digest_of, number_places, number_rows
from clearing.book.native import Array, ColumnData, bytes_of
from clearing.book.schema import Column, Table
from clearing.book.store import Inserter, Store
from clearing.book.stored import stored_columns, stored_fields
from ext.store.columns import spread_records

_ROWS_ALIGNED = 64      # so that each column of a block begins where a cache line does
_GROWTH = 8             # of a block: what a large run copies of its first one is little


class TableWriter:
    """Columns of one run into one table. Any thread may write."""

    def __init__(self, store: Store, table: Table, run: int, part: int) -> None:
        self._store, self.table, self._run, self._part = store, table, run, part
        self._inserter: Inserter | None = None
        self._lock = threading.Lock()
        self.rows = 0
        self.digest = 0     # of what was handed over: see contents.py

    def write(self, columns: Sequence[ColumnData]) -> None:
        """Hand over rows as the columns of the table's content."""
        rows = len(columns[0])
        if rows:
            self._append([*_place(rows, self._run, self._part), *columns], rows,
                         digest_of(number_rows(self.table, columns)))

    def _append(self, columns: Sequence[ColumnData], rows: int, digest: int) -> None:
        if rows == 0:
            return
        with self._lock:
            if self._inserter is None:
                self._inserter = self._store.insert(self.table)
            inserter = self._inserter
            self.rows += rows
            self.digest += digest
        # Rows of a writer that was thought dead would come among another one's.
        self._store.check_writer()
        inserter.append(columns, rows)

    def finish(self) -> None:
        """Return when all rows are stored. No thread writes any more."""
        if self._inserter is not None:
            self._store.check_writer()
        inserter, self._inserter = self._inserter, None
        if inserter is not None:
            inserter.finish()

    def cancel(self) -> None:
        """Give up. Never raises."""
        inserter, self._inserter = self._inserter, None
        if inserter is not None:
            inserter.cancel()


class RecordWriter(TableWriter):
    """Records of one dtype into their table. What is handed over is copied at once.

    Each thread fills a block of its own, so that threads do not wait for one another, and that what
    a thread hands over in the order of the table's key stays in it: sorting blocks would cost the
    store half as much again as all else that it does with them (0.57 for 0.35 µs a row).
    """

    def __init__(self, store: Store, table: Table, run: int, part: int, dtype: np.dtype[Any],
                 totals: Sequence[str] = ()) -> None:
        super().__init__(store, table, run, part)
        self._dtype = dtype
        self.totals = dict.fromkeys(totals, 0)  # of these columns, over all rows
        self._blocks: dict[int, _Block] = {}    # by thread

    def write_records(self, records: Array) -> None:
        """Hand over records."""
        if records.dtype != self._dtype:
            raise TypeError(
                f"{self.table.name}: records of {records.dtype}; expected {self._dtype}")
        if len(records) == 0:
            return
        thread = threading.get_ident()
        block = self._blocks.get(thread)
        if block is None:
            block = _Block(self._dtype, self._store.block_rows, self._run, self._part)
            self._blocks[thread] = block
        while len(records):
            records = block.fill(records)
            if block.filled == block.size:
                self._flush(block)

    def _flush(self, block: _Block) -> None:
        columns = block.columns()
        sums = block.sums(self.totals)
        with self._lock:
            for name, amount in sums.items():
                self.totals[name] += amount
        self._append(columns, block.filled, digest_of(block.numbers(self.table)))
        block.filled = 0

    def finish(self) -> None:
        """Return when all records are stored. No thread writes any more."""
        for block in self._blocks.values():
            self._flush(block)
        self._blocks = {}
        super().finish()


class PackedWriter(RecordWriter):
    """Records of cards into a table that holds them packed: see `schema.packed`."""

    def __init__(self, store: Store, table: Table, run: int, part: int, dtype: np.dtype[Any],
                 stored: np.dtype[Any]) -> None:
        super().__init__(store, table, run, part, stored)
        self._whole = dtype

    def write_records(self, records: Array) -> None:
        """Hand over records."""
        if records.dtype != self._whole:
            raise TypeError(
                f"{self.table.name}: records of {records.dtype}; expected {self._whole}")
        super().write_records(records.view(self._dtype))


class _Block:
    """The columns of so many records, in one memory that grows with them.

    A small run has a few records for each table, and fresh memory for a block's costs more than all
    else that is done with those: of each of 30 columns the system clears a page of 2 MB.
    """

    def __init__(self, dtype: np.dtype[Any], size: int, run: int, part: int) -> None:
        self._fields = stored_fields(dtype)
        self._names = stored_columns(dtype)
        self.size, self.filled, self._room = size, 0, 0
        self._run, self._part = run, part
        self._offsets = np.array([field.offset for field in self._fields], np.int64)
        # Of a field that is stored narrower, the low bytes: all that is set is in them.
        self._widths = np.array([field.width for field in self._fields], np.int64)
        self._columns = list[Array]()

    def _make_room(self, rows: int) -> None:
        """Have room for so many records at least, and for many times as many as before."""
        if rows <= self._room:
            return
        rows = max(rows, _GROWTH * self._room)
        self._room = min(self.size, -(-rows // _ROWS_ALIGNED) * _ROWS_ALIGNED)
        ends = np.cumsum(self._widths * self._room)
        self._places = ends - self._widths * self._room
        self._memory = np.empty(int(ends[-1]), np.uint8)
        before, self._columns = self._columns, [
            self._memory[place:end].view(field.dtype)
            for field, place, end in zip(self._fields, self._places, ends, strict=True)]
        for column, filled in zip(self._columns, before, strict=False):   # none at first
            column[:self.filled] = filled[:self.filled]

    def fill(self, records: Array) -> Array:
        """Copy as many records as there is room for; the rest."""
        fit = np.ascontiguousarray(records[:self.size - self.filled])
        self._make_room(self.filled + len(fit))
        spread_records(
            bytes_of(fit), self._offsets, self._widths,
            self._places, self.filled, self._memory)
        self.filled += len(fit)
        return records[len(fit):]

    def columns(self) -> list[ColumnData]:
        """What was filled, in the table's order."""
        return [*_place(self.filled, self._run, self._part),
                *(column[:self.filled] for column in self._columns)]

    def numbers(self, table: Table) -> Array:
        """What stands for each row that was filled."""
        return number_places(table, self._memory, self._places, self.filled)

    def sums(self, fields: Iterable[str]) -> dict[str, int]:
        """The sum of each of these columns."""
        return {name: int(self._columns[self._names.index(name)][:self.filled].sum())
                for name in fields}


def _place(rows: int, run: int, part: int) -> list[Array]:
    """The columns that say which run rows are of, and where they lie."""
    return [np.full(rows, run, "<u4"), np.full(rows, part, "<u4")]


def columns_of_rows(names: Sequence[Column], rows: Sequence[tuple[object, ...]]
                    ) -> list[ColumnData]:
    """Rows of Python values as columns of these types."""
    columns: list[ColumnData] = []
    for index, (_, type_) in enumerate(names):
        values = [row[index] for row in rows]
        if type_ == "String":
            columns.append([str(value).encode() for value in values])
        elif type_.startswith("DateTime"):
            columns.append(np.array(values, "<u4"))
        else:
            columns.append(integers_of(type_, values))
    return columns


def integers_of(type_: str, values: Sequence[Any]) -> Array:
    """Values as a column of a type of whole numbers."""
    kind = "u" if type_.startswith("UInt") else "i"
    return np.array(values, f"<{kind}{int(type_.lstrip('UInt')) // 8}")
