"""Columns go to the engine and come back as they lie in memory, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from clearing.book.native import (
    NativeError,
    column_head,
    fill_records,
    join_blocks,
    pack_block,
    unpack_blocks,
    varint,
)
from ext.records import ENTRY


@pytest.mark.parametrize(("number", "expected"), [
    (0, b"\x00"), (127, b"\x7f"), (128, b"\x80\x01"), (16_383, b"\xff\x7f"),
    (65_536, b"\x80\x80\x04"), (1 << 32, b"\x80\x80\x80\x80\x10"),
])
def test_varint(number: int, expected: bytes) -> None:
    assert varint(number) == expected


def test_what_is_packed_is_unpacked() -> None:
    numbers = np.array([0, 1, 2**64 - 1], "<u8")
    money = np.array([-(2**63), 0, 2**63 - 1], "<i8")
    text = [b"", "地铁".encode(), b"a\x00\xff"]
    heads = [column_head("n", "UInt64"), column_head("m", "Int64"), column_head("t", "String")]
    block = b"".join(pack_block(heads, [numbers, money, text], 3))
    first, second = unpack_blocks(block + block)
    assert first["n"].tolist() == numbers.tolist()
    assert first["m"].tolist() == money.tolist()
    assert first["t"] == ["", "地铁", "a\x00\\xff"]
    assert second["t"] == first["t"]
    assert len(join_blocks([first, second])["n"]) == 6
    assert join_blocks([]) == {}


def test_a_strided_column_is_packed_whole() -> None:
    every_second = np.arange(10, dtype="<u4")[::2]
    packed = b"".join(pack_block([column_head("n", "UInt32")], [every_second], 5))
    (block,) = unpack_blocks(packed)
    assert block["n"].tolist() == [0, 2, 4, 6, 8]


def test_a_large_block_comes_in_pieces() -> None:
    """A long column is a piece of its own, short ones go together, text counts by its length."""
    columns = [np.arange(300_000, dtype="<u4"), np.arange(300_000, dtype="<u1"),
               np.arange(300_000, dtype="<u2"), [b"x" * 7] * 300_000]
    heads = [column_head(name, type_) for name, type_ in (
        ("a", "UInt32"), ("b", "UInt8"), ("c", "UInt16"), ("d", "String"))]
    pieces = list(pack_block(heads, columns, 300_000))
    assert [len(piece) >> 20 for piece in pieces] == [1, 3]
    (block,) = unpack_blocks(b"".join(pieces))
    assert [block[name].tolist() for name in "abc"] == [
        column.tolist() for column in columns[:3]]
    assert block["d"] == ["x" * 7] * 300_000


@pytest.mark.parametrize("rows", [0, 1, 4_095, 4_096, 4_097, 9_000])
def test_columns_fill_records(rows: int) -> None:
    rng = np.random.default_rng(rows)
    records = np.frombuffer(rng.bytes(rows * ENTRY.itemsize), ENTRY)
    assert ENTRY.names is not None
    copied = np.zeros(rows, ENTRY)
    fill_records(copied, {name: np.ascontiguousarray(records[name]) for name in ENTRY.names})
    assert copied.tobytes() == records.tobytes()


def test_a_type_that_is_not_known_is_refused_by_name() -> None:
    block = b"".join(pack_block([column_head("n", "Decimal(9, 2)")], [np.zeros(1, "<i4")], 1))
    with pytest.raises(NativeError, match=r"Decimal\(9, 2\) is not understood; wrap it"):
        list(unpack_blocks(block))
