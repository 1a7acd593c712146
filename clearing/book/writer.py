"""Rows of a run on their way into one table, gathered into blocks of a useful size."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

import numpy as np

from clearing.book.engine import Engine, Inserter
from clearing.book.native import Array, ColumnData, copy_columns
from clearing.book.schema import Table, record_fields


class TableWriter:
    """Columns of one run into one table. Any thread may write, one at a time does."""

    def __init__(self, engine: Engine, table: Table, run: int) -> None:
        self._engine, self.table, self._run = engine, table, run
        self._inserter: Inserter | None = None
        self._lock = threading.Lock()
        self.rows = 0

    def write(self, columns: Sequence[ColumnData]) -> None:
        """Hand over rows as the table's columns without `run`."""
        rows = len(columns[0])
        with self._lock:
            self._append([np.full(rows, self._run, "<u4"), *columns], rows)

    def _append(self, columns: Sequence[ColumnData], rows: int) -> None:
        if rows == 0:
            return
        if self._inserter is None:
            self._inserter = self._engine.insert(self.table)
        self._inserter.append(columns, rows)
        self.rows += rows

    def finish(self) -> None:
        """Return when all rows are stored."""
        with self._lock:
            inserter, self._inserter = self._inserter, None
            if inserter is not None:
                inserter.finish()

    def cancel(self) -> None:
        """Give up. Never raises."""
        inserter, self._inserter = self._inserter, None
        if inserter is not None:
            inserter.cancel()


class RecordWriter(TableWriter):
    """Records of one dtype into their table. What is handed over is copied at once."""

    def __init__(self, engine: Engine, table: Table, run: int, dtype: np.dtype[Any]) -> None:
        super().__init__(engine, table, run)
        self._dtype = dtype
        self._fields = record_fields(dtype)
        self._block: list[Array] = []
        self._filled = 0

    def write_records(self, records: Array) -> None:
        """Hand over records."""
        if records.dtype != self._dtype:
            raise TypeError(
                f"{self.table.name}: records of {records.dtype}; expected {self._dtype}")
        size = self._engine.block_rows
        with self._lock:
            if len(records) and not self._block:
                self._block = [np.full(size, self._run, "<u4")]
                self._block += [np.empty(size, self._dtype[name]) for name in self._fields]
            start = 0
            while start < len(records):
                piece = records[start:start + size - self._filled]
                copy_columns(piece, self._block[1:], self._fields, self._filled)
                self._filled += len(piece)
                start += len(piece)
                if self._filled == size:
                    self._flush()

    def _flush(self) -> None:
        filled, self._filled = self._filled, 0
        self._append([column[:filled] for column in self._block], filled)

    def finish(self) -> None:
        """Return when all records are stored."""
        with self._lock:
            if self._filled:
                self._flush()
            self._block = []
        super().finish()


class PackedWriter(RecordWriter):
    """Records of cards into a table that holds them packed: see `schema.packed`."""

    def __init__(self, engine: Engine, table: Table, run: int, dtype: np.dtype[Any],
                 stored: np.dtype[Any]) -> None:
        super().__init__(engine, table, run, stored)
        self._whole = dtype

    def write_records(self, records: Array) -> None:
        """Hand over records."""
        if records.dtype != self._whole:
            raise TypeError(
                f"{self.table.name}: records of {records.dtype}; expected {self._whole}")
        super().write_records(records.view(self._dtype))
