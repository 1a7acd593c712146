"""Which generation of its number a tap is of: by its own time and the register's rows alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ext.clearing.register import MARGIN, CardRegister, read_cards
from ext.codes import TapKind
from ext.records import CARD_ROW, TAP, Records
from network.cards import card_bits
from tests.kernels.cases import records_of, reserved_is_zero, rows_of

pytestmark = pytest.mark.kernels

ALWAYS, LAST = 0, (1 << 32) - 1
CARDS = ((0, 0), (0, 5), (1 << 63, 0), ((1 << 64) - 1, (1 << 64) - 1))


def register_of(rows: list[tuple[int, int, int]]) -> CardRegister:
    """Of (card_hi, card_lo, valid_from), sorted, with the place of each among its card's."""
    made = np.zeros(len(rows), CARD_ROW)
    for place, (high, low, at) in enumerate(rows):
        generation = sum(row[:2] == (high, low) for row in rows[:place + 1])
        made[place] = (high, low, at, 0, 0, generation, 0, 0, 0, 0)
    return CardRegister(made)


def stamped(register: CardRegister, taps: Records) -> list[int]:
    taps["generation"] = 7      # of a run before
    register.stamp(taps)
    generations: list[int] = taps["generation"].tolist()
    return generations


def test_the_last_row_that_holds_decides() -> None:
    register = register_of([(0, 5, ALWAYS), (0, 5, 100), (0, 5, 200), (0, 9, 150)])
    cases = rows_of("""
        #  card  tapped_at  in_at  kind    generation
           5            1      0  SINGLE           1
           5           99      0  SINGLE           1
           5          100      0  SINGLE           2
           5          199      0  IN               2
           5          200      0  OUT              3
           5   4294967295      0  SINGLE           3
           5          250    150  RIDE             2
           5          250      0  RIDE             3
           5          250    150  SINGLE           3
           9          149      0  SINGLE           0
           9          150      0  SINGLE           1
           4          150      0  SINGLE           0
           6          150      0  TOP_UP           0
    """)
    taps = records_of([{"card_lo": int(row["card"]), "tapped_at": int(row["tapped_at"]),
                        "in_at": int(row["in_at"]), "kind": TapKind[row["kind"]]}
                       for row in cases], TAP)
    assert stamped(register, taps) == [int(row["generation"]) for row in cases]


def test_nothing_is_in_an_empty_register() -> None:
    register = register_of([])
    assert len(register) == 0
    assert stamped(register, np.zeros(1, TAP)) == [0]
    assert stamped(register_of([(0, 0, LAST)]), np.zeros(0, TAP)) == []


@given(st.sets(st.tuples(st.sampled_from(CARDS), st.sampled_from([0, 1, 99, 100, LAST]))),
       st.lists(st.tuples(st.sampled_from(CARDS), st.sampled_from([0, 1, 50, 100, LAST]))))
def test_it_counts_the_rows_that_hold(rows: set[tuple[tuple[int, int], int]],
                                      asked: list[tuple[tuple[int, int], int]]) -> None:
    register = register_of([(*card, at) for card, at in sorted(rows)])
    taps = records_of([{"card_hi": card[0], "card_lo": card[1], "tapped_at": at}
                       for card, at in asked], TAP)
    assert stamped(register, taps) == [sum(row[0] == card and row[1] <= at for row in rows)
                                       for card, at in asked]
    assert reserved_is_zero(register.rows)


@pytest.mark.parametrize("rows", [[(0, 5, 1), (0, 5, 1)], [(0, 5, 2), (0, 5, 1)],
                                  [(0, 6, 1), (0, 5, 2)], [(1, 0, 1), (0, 5, 2)]])
def test_rows_that_are_not_in_order_are_refused(rows: list[tuple[int, int, int]]) -> None:
    with pytest.raises(ValueError, match="row 1 of the register is not behind the one before it"):
        register_of(rows)


@pytest.mark.parametrize(("numbers", "read"), [
    ([], 0), (["0"], 1), (["00000000000000000001", "99999999999999999999", "ABCDEFGHIJKLMNOP"], 3),
    (["1", "100000000000000000000"], 1), (["1", "", "2"], 1), (["1", "ABCDEFGHIJKLMNOPQ"], 1),
    (["12 3"], 0), (["1.8E+14"], 0)])
def test_card_numbers_are_read_up_to_one_that_is_none(numbers: list[str], read: int) -> None:
    text = "".join(f"{number}\n" for number in numbers).encode() + bytes(MARGIN)
    cards = np.zeros((len(numbers), 2), np.uint64)
    assert read_cards(np.frombuffer(text, np.uint8), cards) == read
    assert cards[:read].tolist() == [list(card_bits(number)) for number in numbers[:read]]


def test_a_text_without_a_margin_is_refused() -> None:
    with pytest.raises(ValueError, match="expected 32 bytes behind the text"):
        read_cards(np.zeros(MARGIN - 1, np.uint8), np.zeros((1, 2), np.uint64))
