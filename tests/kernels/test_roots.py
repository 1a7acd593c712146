"""Rows that a root is made of: in order, with what stands for names; what does not fit is refused.

What is made of them is held to plain Python in tests/book/test_closed_windows_have_roots.py.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ext.records import TAP
from ext.store.roots import ALWAYS, NOT_ZERO, lay_out, order_rows

pytestmark = pytest.mark.kernels

Array = np.ndarray[Any, Any]
BY = ("card_seq", "tapped_at", "kind")
NAMES = np.arange(5 * 16, dtype=np.uint8).reshape(5, 16)


def bytes_of(records: Array) -> Array:
    return records.view(np.uint8).reshape(len(records), records.itemsize)


def int64s(*numbers: int) -> Array:
    return np.array(numbers, np.int64)


def offsets(*names: str) -> list[int]:
    assert TAP.fields is not None
    return [TAP.fields[name][1] for name in names]


def ordered(taps: Array) -> tuple[list[int], list[bool]]:
    order, differs = np.empty(len(taps), np.uint32), np.empty(len(taps), np.uint8)
    order_rows(bytes_of(taps), int64s(*offsets(*BY)), int64s(4, 4, 1),
               np.empty(6 * len(taps), np.uint64), order, differs)
    return order.tolist(), differs.astype(bool).tolist()


@pytest.mark.parametrize("rows", [0, 1, 2, 17, 400])
@pytest.mark.parametrize("cards", [1, 3, 1_000])
def test_rows_stand_by_card_and_fields_and_then_as_they_came(rows: int, cards: int) -> None:
    draw, taps = np.random.default_rng(rows), np.zeros(rows, TAP)
    taps["card_hi"], taps["card_lo"] = draw.integers(0, 2, rows), draw.integers(0, cards, rows)
    for name in BY:
        taps[name] = draw.integers(0, 3, rows) * 100 + 2**8 * (name != "kind")
    keys = [tuple(int(tap[name]) for name in ("card_hi", "card_lo", *BY)) for tap in taps]
    order, differs = ordered(taps)
    assert order == sorted(range(rows), key=lambda row: (keys[row], row))
    assert differs == [place == 0 or keys[row] != keys[order[place - 1]]
                       for place, row in enumerate(order)]


def laid_out(taps: Array, *fields: tuple[int, ...], width: int = 24) -> tuple[Array, list[int]]:
    rows, told = np.full((len(taps), width), 0xEE, np.uint8), np.zeros(len(taps), np.uint32)
    lay_out(bytes_of(taps), np.arange(len(taps), dtype=np.uint32)[::-1].copy(),
            np.array(fields, np.int64), NAMES, rows, told)
    return rows, told.tolist()


def test_fields_stand_in_their_places_and_names_for_numbers() -> None:
    taps = np.zeros(70, TAP)
    taps["stop"], taps["operator"] = np.arange(70), np.arange(70) % 7
    (stop, operator) = offsets("stop", "operator")
    rows, told = laid_out(taps, (stop, 4, 20, -1, 0, ALWAYS, 0, 0),
                          (operator, 2, 1, 2, 3, ALWAYS, 0, 0))
    for row, number in zip(rows, range(69, -1, -1), strict=True):
        name = NAMES[2 + min(number % 7, 2)].tobytes()      # the last one is of no name's number
        assert row.tobytes() == b"\xee" + name + b"\xee" * 3 + number.to_bytes(4, "little")
    assert told == [0] * 70


def test_what_is_not_said_is_nothing_and_has_no_bit() -> None:
    taps = np.zeros(4, TAP)
    taps["paid"], taps["line"], taps["flags"] = 7, [0, 1, 0, 1], [2, 0, 0, 3]
    (paid, line, flags) = offsets("paid", "line", "flags")
    rows, told = laid_out(taps, (paid, 8, 0, -1, 0, flags, 2, 0),
                          (line, 4, 8, 0, 2, NOT_ZERO, 0, 0))
    assert told == [3, 0, 2, 1]
    assert [row[:8].any() for row in rows] == [True, False, False, True]
    assert [row[8:].tobytes() for row in rows[1:3]] == [bytes(16), NAMES[1].tobytes()]
    _, told = laid_out(taps, (paid, 8, 0, -1, 0, flags, 2, 1))
    assert told == [0, 1, 1, 0], "the other way round"


@pytest.mark.parametrize(("field", "words"), [
    ((125, 4, 0, -1, 0, ALWAYS, 0, 0), "field 0 does not lie in records"),
    ((-1, 4, 0, -1, 0, ALWAYS, 0, 0), "field 0 does not lie in records"),
    ((0, 0, 0, -1, 0, ALWAYS, 0, 0), "field 0 does not lie in records"),
    ((0, 4, 21, -1, 0, ALWAYS, 0, 0), "rows of 24"),
    ((0, 2, 9, 0, 1, ALWAYS, 0, 0), "rows of 24"),
    ((0, 4, 0, -1, 0, 200, 1, 0), "field 0 does not lie in records"),
    ((0, 9, 0, -1, 0, NOT_ZERO, 0, 0), "field 0 does not lie in records"),
    ((0, 4, 0, 3, 3, ALWAYS, 0, 0), "names 3 to 6 of 5"),
    ((0, 4, 0, 3, 0, ALWAYS, 0, 0), "names 3 to 3 of 5"),
    ((0, 8, 0, 0, 1, ALWAYS, 0, 0), "numbers of 8 bytes"),
])
def test_a_field_that_does_not_fit_is_refused(field: tuple[int, ...], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        laid_out(np.zeros(3, TAP), field)


def test_memory_that_does_not_fit_is_refused() -> None:
    taps, order = bytes_of(np.zeros(3, TAP)), np.zeros(3, np.uint32)
    rows, told, fields = np.zeros((3, 24), np.uint8), np.zeros(3, np.uint32), int64s()
    with pytest.raises(ValueError, match="2 places, 3 rows"):
        lay_out(taps, order[:2], fields.reshape(0, 8), NAMES, rows, told)
    with pytest.raises(ValueError, match="7 numbers a field, 16 bytes a name"):
        lay_out(taps, order, fields.reshape(0, 7), NAMES, rows, told)
    with pytest.raises(ValueError, match="32 fields can be blank"):
        lay_out(taps, order, np.array([[0, 4, 0, -1, 0, NOT_ZERO, 0, 0]] * 32), NAMES, rows, told)
    marks, numbers = np.zeros(3, np.uint8), np.zeros(18, np.uint64)
    with pytest.raises(ValueError, match="17 numbers"):
        order_rows(taps, fields, fields, numbers[1:], order, marks)
    with pytest.raises(ValueError, match="1 offsets, 0 widths"):
        order_rows(taps, int64s(4), fields, numbers, order, marks)
    with pytest.raises(ValueError, match="field 0 is 5 bytes at 0"):
        order_rows(taps, int64s(0), int64s(5), numbers, order, marks)
