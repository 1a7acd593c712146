"""Blocks of ClickHouse's Native format, straight from NumPy columns and back.

A block is: how many columns, how many rows, then per column its name, its type, and its values as
they lie in memory. Only the types that a book uses, and those that simple queries return, are
understood; anything else is refused by name.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import compress
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
# As read: numbers, times and bytes of a fixed width as arrays, text as a list.
Column = Array | list[str]
ColumnData = Array | Sequence[bytes]    # as written

# Rows that are copied at a time from columns to records: as many as stay in the cache. On whole
# arrays every column would walk over all the records again, which is 5 to 8 times slower.
_STEP = 4_096
_PIECE_BYTES = 1 << 20

_PLAIN = {
    "UInt8": "<u1", "UInt16": "<u2", "UInt32": "<u4", "UInt64": "<u8",
    "Int8": "<i1", "Int16": "<i2", "Int32": "<i4", "Int64": "<i8",
    "Float32": "<f4", "Float64": "<f8", "Bool": "?",
}
_ZONE = re.compile(r"DateTime\('([^']+)'\)")
_QUARTER_S = 900


class NativeError(ValueError):
    """A block holds a type that is not understood here."""

    def __init__(self, type_: str) -> None:
        """Say which one."""
        super().__init__(f"a column of type {type_} is not understood; wrap it in toString()")
        self.type_ = type_


def varint(number: int) -> bytes:
    """A number in groups of seven bits, lowest first, as the format counts."""
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _text(value: str) -> bytes:
    encoded = value.encode()
    return varint(len(encoded)) + encoded


def column_head(name: str, type_: str) -> bytes:
    """What stands before a column's values."""
    return _text(name) + _text(type_)


def pack_block(
    heads: Sequence[bytes], columns: Sequence[ColumnData], rows: int
) -> Iterator[bytes]:
    """One block, ready to insert, in pieces; heads are from `column_head`, in the columns' order.

    The pieces are small enough for their memory to be used again and again: a block in one piece
    has its 27 MB zeroed anew by the system, up to three times.
    """
    parts: list[Any] = [varint(len(columns)), varint(rows)]
    size = 0
    for head, column in zip(heads, columns, strict=True):
        parts.append(head)
        if isinstance(column, np.ndarray):
            parts.append(np.ascontiguousarray(column))
            size += column.nbytes
        else:
            for value in column:
                parts += (varint(len(value)), value)
                size += len(value)
        if size >= _PIECE_BYTES:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)


def fill_records(records: Array, columns: dict[str, Column]) -> None:
    """Write columns into the fields of the same names."""
    fill_fields([records[name] for name in columns], list(columns.values()))


def fill_fields(fields: Sequence[Array], columns: Sequence[Column]) -> None:
    """Write columns into fields of records, as views of them."""
    for start in range(0, len(columns[0]), _STEP):
        stop = start + _STEP
        for field, values in zip(fields, columns, strict=True):
            field[start:stop] = values[start:stop]


def raw_of(records: Array) -> Array:
    """Records seen as so many bytes each: moved as they are, several times as fast as by field."""
    return records.view(np.dtype((np.void, records.itemsize)))


def choose(records: Array, chosen: Array) -> Array:
    """Some of the records, by their numbers or by a mark on each: themselves, where all are."""
    if chosen.dtype == np.bool_ and chosen.all():
        return records
    return raw_of(records)[chosen].view(records.dtype)


def bytes_of(records: Array) -> Array:
    """Records seen as a row of bytes each, as kernels take those of any layout."""
    return records.view(np.uint8).reshape(len(records), records.itemsize)


def join_records(parts: Sequence[Array], dtype: np.dtype[Any]) -> Array:
    """Records one behind the other; np.concatenate would compare the fields of all parts first."""
    return np.concatenate([raw_of(part) for part in (np.zeros(0, dtype), *parts)]).view(dtype)


class _Reader:
    """A position in a block's bytes."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def varint(self) -> int:
        number = shift = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:
                return number
            shift += 7

    def text(self) -> str:
        length = self.varint()
        self.at += length
        return self.data[self.at - length:self.at].decode(errors="backslashreplace")

    def texts(self, rows: int) -> list[str]:
        """So many texts; written out for short ones, of which a dictionary has thousands."""
        data, at, found = self.data, self.at, []
        for _ in range(rows):
            length = data[at]
            if length < 0x80:
                end = at + 1 + length
                found.append(data[at + 1:end].decode(errors="backslashreplace"))
            else:
                self.at = at
                found.append(self.text())
                end = self.at
            at = end
        self.at = at
        return found

    def array(self, dtype: str, rows: int) -> Array:
        values = np.frombuffer(self.data, dtype, rows, self.at)
        self.at += values.nbytes
        return values

    def column(self, type_: str, rows: int) -> Column:
        plain = _PLAIN.get(type_)
        if plain is not None:
            return self.array(plain, rows)
        if type_ == "String":
            return self.texts(rows)
        if type_ == "DateTime" or type_.startswith("DateTime("):
            return civil_times(self.array("<u4", rows).astype("M8[s]"), type_)
        if type_ == "Date":
            return self.array("<u2", rows).astype("M8[D]")
        if type_.startswith("Enum8("):
            return _enum_words(type_, self.array("<i1", rows))
        if type_.startswith("FixedString("):
            return self.array(f"V{int(type_[12:-1])}", rows)
        if type_.startswith("Nullable("):
            is_blank = self.array("?", rows)
            values = self.column(type_[9:-1], rows)
            return with_blanks(is_blank.tolist(), values[~is_blank] if isinstance(
                values, np.ndarray) else [*compress(values, ~is_blank)])
        raise NativeError(type_)


def civil_times(times: Array, type_: str) -> Array:
    """UTC times as the clocks of a DateTime's time zone show them; without one, as they are."""
    zone = _ZONE.fullmatch(type_)
    if zone is None or zone[1] == "UTC":
        return times
    clock, seconds = ZoneInfo(zone[1]), times.astype(np.int64)
    # Clocks are changed on a quarter of an hour.
    quarters, places = np.unique(seconds // _QUARTER_S, return_inverse=True)
    offsets_s = [int((datetime.datetime.fromtimestamp(quarter * _QUARTER_S, clock).utcoffset()
                      or datetime.timedelta()).total_seconds()) for quarter in quarters.tolist()]
    civil: Array = (seconds + np.array(offsets_s, np.int64)[places]).astype("M8[s]")
    return civil


def with_blanks(is_blank: Sequence[bool], values: Column) -> list[str]:
    """A column that can have no value in a row, as text.

    values: of all other rows.
    """
    some = iter(values.astype(str).tolist() if isinstance(values, np.ndarray) else values)
    return ["" if blank else next(some) for blank in is_blank]


def _enum_words(type_: str, values: Array) -> list[str]:
    words = {int(number): word for word, number in re.findall(r"'([^']*)' = (-?\d+)", type_)}
    return [words[value] for value in values.tolist()]


def unpack_blocks(data: bytes) -> Iterator[dict[str, Column]]:
    """The blocks in some bytes, each as columns by name. Blocks without rows come, too."""
    reader = _Reader(data)
    while reader.at < len(data):
        columns, rows = reader.varint(), reader.varint()
        block: dict[str, Column] = {}
        for _ in range(columns):
            name, type_ = reader.text(), reader.text()
            block[name] = reader.column(type_, rows)
        yield block


def join_blocks(blocks: Iterable[dict[str, Column]]) -> dict[str, Column]:
    """Blocks of the same columns, one below the other."""
    held = list(blocks)
    if len(held) <= 1:
        return held[0] if held else {}
    joined: dict[str, Column] = {}
    for name, first in held[0].items():
        if isinstance(first, np.ndarray):
            joined[name] = np.concatenate([block[name] for block in held])
        else:
            joined[name] = [value for block in held for value in block[name]]
    return joined
