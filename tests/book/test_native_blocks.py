"""Columns go to the engine and come back as they lie in memory, to the bit."""

from __future__ import annotations

import numpy as np
import pytest

from clearing.book.native import (
    NativeError,
    column_head,
    copy_columns,
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
    block = pack_block(heads, [numbers, money, text], 3)
    first, second = unpack_blocks(block + block)
    assert first["n"].tolist() == numbers.tolist()
    assert first["m"].tolist() == money.tolist()
    assert first["t"] == ["", "地铁", "a\x00\\xff"]
    assert second["t"] == first["t"]
    assert len(join_blocks([first, second])["n"]) == 6
    assert join_blocks([]) == {}


def test_a_strided_column_is_packed_whole() -> None:
    every_second = np.arange(10, dtype="<u4")[::2]
    (block,) = unpack_blocks(pack_block([column_head("n", "UInt32")], [every_second], 5))
    assert block["n"].tolist() == [0, 2, 4, 6, 8]


@pytest.mark.parametrize("rows", [0, 1, 4_095, 4_096, 4_097, 9_000])
def test_records_to_columns_and_back(rows: int) -> None:
    rng = np.random.default_rng(rows)
    records = np.frombuffer(rng.bytes(rows * ENTRY.itemsize), ENTRY)
    assert ENTRY.names is not None
    columns = [np.empty(rows + 7, ENTRY[name]) for name in ENTRY.names]
    copy_columns(records, columns, ENTRY.names, 3)
    copied = np.zeros(rows, ENTRY)
    fill_records(copied, {
        name: column[3:rows + 3] for name, column in zip(ENTRY.names, columns, strict=True)})
    assert copied.tobytes() == records.tobytes()


def test_a_type_that_is_not_known_is_refused_by_name() -> None:
    block = pack_block([column_head("n", "Decimal(9, 2)")], [np.zeros(1, "<i4")], 1)
    with pytest.raises(NativeError, match=r"Decimal\(9, 2\) is not understood; wrap it"):
        list(unpack_blocks(block))
