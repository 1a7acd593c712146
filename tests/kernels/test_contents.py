"""What stands for rows is another number wherever a bit of them is another, in whatever order."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearing.book.contents import digest_of, layout, number_rows
from clearing.book.schema import CARD_STATES, ENTRIES, FILES, FLOWS, Table
from ext.store.contents import add_columns, finish_rows

pytestmark = pytest.mark.kernels

ROWS = 1_100    # more than two stretches


def columns_of(table: Table, rows: int) -> list[Any]:
    """Some values of every column of a table's content."""
    rng = np.random.default_rng(7)
    columns: list[Any] = []
    for (_, type_), width in zip(table.content, layout(table)[0].tolist(), strict=True):
        if type_ == "String":
            columns.append([str(number).encode() for number in range(rows)])
        else:
            kind = "V" if type_.startswith("Fixed") else "u"
            columns.append(np.frombuffer(rng.bytes(rows * width), f"{kind}{width}").copy())
    return columns


def plain_number(values: list[tuple[bytes, int]]) -> int:
    """A row's number by the rule: words times their keys, mixed at the end."""
    most = (1 << 64) - 1
    total = sum(int.from_bytes(word, "little") * key for word, key in values)
    mixed = (total + 0x9E3779B97F4A7C15) & most
    mixed = (mixed ^ mixed >> 33) * 0xFF51AFD7ED558CCD & most
    mixed = (mixed ^ mixed >> 33) * 0xC4CEB9FE1A85EC53 & most
    return mixed ^ mixed >> 33


@pytest.mark.parametrize("table", [ENTRIES, CARD_STATES, FLOWS], ids=lambda table: table.name)
def test_a_row_has_its_number_by_the_rule(table: Table) -> None:
    columns = columns_of(table, ROWS)
    widths, keys = layout(table)
    numbers = number_rows(table, columns)
    for row in (0, 511, 512, ROWS - 1):
        words = [column[row].tobytes()[start:start + 8]
                 for column, width in zip(columns, widths.tolist(), strict=True)
                 for start in range(0, width, 8)]
        assert int(numbers[row]) == plain_number(list(zip(words, keys.tolist(), strict=True)))


@pytest.mark.parametrize("table", [ENTRIES, CARD_STATES, FLOWS, FILES], ids=lambda one: one.name)
def test_every_column_counts(table: Table) -> None:
    columns = columns_of(table, 3)
    before = digest_of(number_rows(table, columns))
    for place, column in enumerate(columns):
        changed = list(columns)
        if isinstance(column, list):
            changed[place] = [*column[:-1], column[-1] + b"x"]
        else:
            bytes_ = bytearray(column.tobytes())
            bytes_[-1] ^= 128
            changed[place] = np.frombuffer(bytes(bytes_), column.dtype)
        assert digest_of(number_rows(table, changed)) != before, table.content[place]


def test_order_does_not_count_but_who_has_what_does() -> None:
    columns = columns_of(FLOWS, 2)
    whole = digest_of(number_rows(FLOWS, columns))
    assert whole == digest_of(number_rows(FLOWS, [column[::-1] for column in columns]))
    assert whole != digest_of(number_rows(FLOWS, [columns[0][::-1], *columns[1:]]))
    parts = [digest_of(number_rows(FLOWS, [column[row:row + 1] for column in columns]))
             for row in range(2)]
    assert whole == sum(parts) % (1 << 64)


def test_no_rows_have_nothing() -> None:
    assert digest_of(number_rows(FLOWS, columns_of(FLOWS, 0))) == 0


def int64s(*numbers: int) -> np.ndarray[Any, Any]:
    return np.array(numbers, np.int64)


#   places  widths  keys  words of the refusal
@pytest.mark.parametrize(("places", "widths", "keys", "words"), [
    ([0, 8], [8], 1, "2 places, 1 widths"),
    ([0], [0], 1, "column 0 of 3 values of 0 bytes"),
    ([1], [8], 1, "does not lie in 24 bytes"),
    ([-1], [4], 1, "from -1 on"),
    ([0], [8], 2, "2 keys for 1 times eight bytes"),
    ([0], [1], 0, "0 keys for 1 times"),
])
def test_what_does_not_fit_is_refused(
    places: list[int], widths: list[int], keys: int, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        add_columns(np.zeros(24, np.uint8), int64s(*places), int64s(*widths),
                    np.ones(keys, np.uint64), np.zeros(3, np.uint64))


def test_a_row_of_zeros_is_not_nothing() -> None:
    numbers = np.zeros(1, np.uint64)
    finish_rows(numbers)
    assert int(numbers[0]) == plain_number([]) != 0
