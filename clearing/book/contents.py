"""What the rows of a run are, as one number for each table: the commit row states it.

The numbers are made of what the run hands over, before the store has it, and of what is read back
by whoever checks: see ext/store/contents.pyx. So they hold the store to what it was given.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from clearing.book.native import Array, Column, ColumnData
from clearing.book.schema import Table
from ext.store.contents import add_columns, finish_rows

_WIDTHS = {"UInt8": 1, "UInt16": 2, "UInt32": 4, "UInt64": 8, "Int8": 1, "Int16": 2, "Int32": 4,
           "Int64": 8}
_TEXT_BYTES = 8     # what stands for a text


class Content(NamedTuple):
    """What a run has in one table."""

    rows: int
    digest: str     # the sum of the rows' numbers, in hex
    so_far: int     # rows of all runs up to it


def digest_of(numbers: Array) -> int:
    """What stands for some rows together."""
    return int(numbers.sum(dtype=np.uint64))


def digests_by_run(runs: Array, numbers: Array) -> Iterator[tuple[int, int]]:
    """The runs that rows are of, and what stands for the rows of each together."""
    if len(runs) == 0:
        return
    first = int(runs.min())
    places = runs.astype(np.intp) - first
    sums = np.zeros(int(places.max()) + 1, np.uint64)
    np.add.at(sums, places, numbers)        # a twentieth of what it takes to sort them
    for place in np.flatnonzero(np.bincount(places)).tolist():
        yield first + place, int(sums[place])


def text_of_digest(number: int) -> str:
    """A sum of digests as it is stored."""
    return f"{number % (1 << 64):016x}"


def pack_contents(contents: Mapping[str, Content]) -> str:
    """What a run has, by table, as its commit row states it."""
    return json.dumps(contents, sort_keys=True, separators=(",", ":"))


def unpack_contents(text: str) -> dict[str, Content]:
    """What a commit row states, by table."""
    return {str(table): Content(*content) for table, content in json.loads(text).items()}


@cache
def layout(table: Table) -> tuple[Array, Array]:
    """The widths of what a table's rows are about, and the keys of their words."""
    widths = np.array([_width(type_) for _, type_ in table.content], np.int64)
    keys = [_key(f"{table.name}.{name}.{word}")
            for (name, _), width in zip(table.content, widths.tolist(), strict=True)
            for word in range(-(-width // 8))]
    return widths, np.array(keys, np.uint64)


def _width(type_: str) -> int:
    if type_.startswith("FixedString("):
        return int(type_[12:-1])
    return _WIDTHS.get(type_, _TEXT_BYTES)


def _key(name: str) -> int:
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest()) | 1


def number_rows(table: Table, columns: Sequence[ColumnData | Column]) -> Array:
    """What stands for each row, of the columns of its content, written or read."""
    widths, _ = layout(table)
    parts = [_bytes(column, int(width)) for column, width in zip(columns, widths, strict=True)]
    ends = np.cumsum([len(part) for part in parts])
    return number_places(table, np.concatenate(parts), ends - [len(part) for part in parts],
                         len(columns[0]))


def number_places(table: Table, memory: Array, places: Array, rows: int) -> Array:
    """The same, of columns that lie in one memory."""
    widths, keys = layout(table)
    numbers = np.zeros(rows, np.uint64)
    add_columns(memory, np.asarray(places, np.int64), widths, keys, numbers)
    finish_rows(numbers)
    return numbers


def _bytes(column: ColumnData | Column, width: int) -> Array:
    if not isinstance(column, np.ndarray):
        values = b"".join(hashlib.blake2b(_as_read(value), digest_size=_TEXT_BYTES).digest()
                          for value in column)
        return np.frombuffer(values, np.uint8)
    assert column.dtype.itemsize == width, f"{column.dtype} in a column of {width} bytes"
    return np.ascontiguousarray(column).view(np.uint8)


def _as_read(value: bytes | str) -> bytes:
    """A text as whoever reads it gets it: bytes that are none are written out.

    The driver of a server gives no zeros at its end back.
    """
    if isinstance(value, bytes):
        value = value.decode(errors="backslashreplace")
    return value.rstrip("\0").encode()
