"""Records become columns to the bit, wherever a column begins and whatever was in it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearing.book.schema import CARD_STATE_PACKED
from ext.records import ENTRY, REFUSAL
from ext.store.columns import gather_records, spread_records

pytestmark = pytest.mark.kernels


def int64s(*numbers: int) -> np.ndarray[Any, Any]:
    return np.array(numbers, np.int64)


def bytes_of(records: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    return records.view(np.uint8).reshape(len(records), records.itemsize)


@pytest.mark.parametrize("dtype", [ENTRY, REFUSAL, CARD_STATE_PACKED],
                         ids=["entries", "refusals", "packed cards"])
@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 1_000])
@pytest.mark.parametrize("at", [0, 7])
def test_every_field_stands_in_its_column(dtype: np.dtype[Any], rows: int, at: int) -> None:
    """And nothing is written before or after it."""
    assert dtype.fields is not None
    records = np.frombuffer(np.random.default_rng(rows).bytes(rows * dtype.itemsize), dtype)
    widths = int64s(*(dtype[name].itemsize for name in dtype.fields))
    places = np.cumsum(widths * (rows + at + 3)) - widths * (rows + at + 3)
    memory = np.full(int((widths * (rows + at + 3)).sum()), 0xEE, np.uint8)
    spread_records(bytes_of(records), int64s(*(place for _, place in dtype.fields.values())),
                   widths, places, at, memory)
    for name, width, place in zip(dtype.fields, widths, places, strict=True):
        column = memory[place:place + (rows + at + 3) * width].tobytes()
        assert column == (b"\xee" * (at * width) + records[name].tobytes()
                          + b"\xee" * (3 * width)), name


@pytest.mark.parametrize("dtype", [ENTRY, REFUSAL, CARD_STATE_PACKED],
                         ids=["entries", "refusals", "packed cards"])
@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 1_000])
def test_columns_become_records_again(dtype: np.dtype[Any], rows: int) -> None:
    """And bytes of which there is no column stay as they are."""
    assert dtype.fields is not None
    records = np.frombuffer(np.random.default_rng(rows).bytes(rows * dtype.itemsize), dtype)
    widths = int64s(*(dtype[name].itemsize for name in dtype.fields))
    offsets = int64s(*(place for _, place in dtype.fields.values()))
    columns = [np.frombuffer(records[name].tobytes(), np.uint8) for name in dtype.fields]
    found = np.zeros(rows, dtype)
    gather_records(columns, offsets, widths, widths, bytes_of(found))
    assert found.tobytes() == records.tobytes()
    first, other = next(iter(dtype.fields)), records.copy()
    found[first] = np.zeros(rows, dtype[first])
    other[first] = np.zeros(rows, dtype[first])
    gather_records(columns[1:], offsets[1:], widths[1:], widths[1:], bytes_of(found))
    assert bytes_of(found)[:, widths[0]:].tobytes() == bytes_of(other)[:, widths[0]:].tobytes()


def test_amounts_in_32_bits_keep_their_sign() -> None:
    amounts = np.array([0, 1, -1, 2**31 - 1, -2**31] * 20, "<i4")
    found = np.zeros(100, "<i8")
    gather_records([amounts.view(np.uint8)], int64s(0), int64s(4), int64s(8), bytes_of(found))
    assert found.tolist() == amounts.tolist()


@pytest.mark.parametrize(("columns", "offsets", "widths", "sizes", "words"), [
    ([80], [0, 8], [8], [8], "1 columns, 2 offsets, 1 widths, 1 sizes"),
    ([1] * 257, [0] * 257, [1] * 257, [1] * 257, "256 at most"),
    ([0], [0], [0], [0], "values of 0 bytes"),
    ([20], [0], [2], [8], "values of 2 bytes in field 0 of 8"),
    ([80], [17], [8], [8], "field 0 ends at byte 25 of records of 24"),
    ([80], [-1], [8], [8], "field 0 ends at byte 7"),
    ([79], [0], [8], [8], "column 0 has 79 bytes for 10 values of 8"),
])
def test_columns_that_do_not_fit_are_refused(
    columns: list[int], offsets: list[int], widths: list[int], sizes: list[int], words: str
) -> None:
    records = np.zeros(10, REFUSAL)
    with pytest.raises(ValueError, match=words):
        gather_records([np.ones(size, np.uint8) for size in columns], int64s(*offsets),
                       int64s(*widths), int64s(*sizes), bytes_of(records))
    assert not bytes_of(records).any()


# offsets widths places  at   words of the refusal
@pytest.mark.parametrize(("offsets", "widths", "places", "at", "words"), [
    ([0, 8], [8], [0, 80], 0, "2 offsets, 1 widths, 2 places"),
    ([0], [0], [0], 0, "field 0 is 0 bytes wide"),
    ([0, 17], [8, 8], [0, 80], 0, "field 1 ends at byte 25 of records of 24"),
    ([-1], [8], [0], 0, "field 0 ends at byte 7"),
    ([0], [8], [21], 0, "column 0 begins at 21 and has no room for rows 0 to 10 in 100 bytes"),
    ([0], [8], [0], 3, "no room for rows 3 to 13"),
    ([0], [8], [-1], 0, "column 0 begins at -1"),
    ([0], [8], [0], -1, "no room for rows -1 to 9"),
])
def test_what_does_not_fit_is_refused(
    offsets: list[int], widths: list[int], places: list[int], at: int, words: str
) -> None:
    memory = np.zeros(100, np.uint8)
    with pytest.raises(ValueError, match=words):
        spread_records(bytes_of(np.zeros(10, REFUSAL)), int64s(*offsets), int64s(*widths),
                       int64s(*places), at, memory)
    assert not memory.any()


def test_the_last_byte_is_room() -> None:
    memory = np.zeros(100, np.uint8)
    records = np.ones(10, REFUSAL)
    spread_records(bytes_of(records), int64s(0), int64s(8), int64s(20), 0, memory)
    assert memory[20:].tobytes() == records["offset"].tobytes()
