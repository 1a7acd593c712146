"""A card is in exactly one partition, and every row of it is listed there once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clearing.engine.partition import filter_of
from clearing.intake.spill import narrowed
from ext.clearing.partition import (
    MOST_PARTITIONS,
    add_to_card_filter,
    list_by_partition,
    list_in_card_filter,
    list_mixes_in_card_filter,
    mix_cards,
)

pytestmark = pytest.mark.kernels

CARDS = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


def listed(cards: Any, partitions: int) -> list[list[int]]:
    """The rows of every partition."""
    rows = np.array(cards, np.uint64).reshape(-1, 2).view(np.uint8)
    found, offsets = np.empty(len(rows), np.uint32), np.empty(partitions + 1, np.int64)
    list_by_partition(rows, partitions, found, offsets)
    assert (offsets[0], offsets[-1]) == (0, len(rows))
    return [found[start:end].tolist()
            for start, end in zip(offsets[:-1].tolist(), offsets[1:].tolist(), strict=True)]


@settings(max_examples=200, deadline=None)
@given(st.lists(CARDS, max_size=40), st.sampled_from([1, 2, 16, 4096]))
def test_every_row_is_listed_once_in_its_old_order(cards: list[tuple[int, int]],
                                                   partitions: int) -> None:
    parts = listed(cards, partitions)
    assert sorted(row for part in parts for row in part) == list(range(len(cards)))
    assert all(part == sorted(part) for part in parts)
    homes = {card: {place for place, part in enumerate(parts) for row in part
                    if cards[row] == card} for card in cards}
    assert all(len(found) == 1 for found in homes.values())


def test_partitions_are_of_like_size() -> None:
    low = np.arange(3100000000000000, 3100000000100000, dtype=np.uint64)
    counts = [len(part) for part in listed(
        np.column_stack([np.full(len(low), 16 << 56, np.uint64), low]), 64)]
    assert min(counts) > 1300
    assert max(counts) < 1850


def test_where_a_card_goes_never_changes() -> None:
    """Partitions are spread over machines: two builds have to agree."""
    parts = listed([(0, 0), (1, 1), (16 << 56, 3100000000000001), (2**64 - 1, 2**64 - 1)], 4096)
    assert [[place for place, part in enumerate(parts) if row in part] for row in range(4)] == [
        [0], [3661], [2007], [3388]]


@pytest.mark.parametrize(("partitions", "width", "found", "offsets", "words"), [
    (3,    16, 2, 4,    "partitions: 3, expected a power of two from 1 to 4096"),
    (0,    16, 2, 1,    "partitions: 0"),
    (8192, 16, 2, 8193, "partitions: 8192"),
    (4,    15, 2, 5,    "rows: 2 of 15 bytes"),
    (4,    16, 3, 5,    "rows: 2, listed: 3"),
    (4,    16, 2, 4,    "offsets: 4 for 4 partitions"),
])
def test_wrong_calls(partitions: int, width: int, found: int, offsets: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        list_by_partition(np.zeros((2, width), np.uint8), partitions,
                          np.zeros(found, np.uint32), np.zeros(offsets, np.int64))
    assert MOST_PARTITIONS == 4096


def test_marked_cards_are_found_and_few_others() -> None:
    cards = np.random.default_rng(3).integers(0, 2**64, (40_000, 2), np.uint64).view(np.uint8)
    card_filter, listed = np.zeros(1 << 12, np.uint64), np.empty(len(cards), np.uint32)
    add_to_card_filter(cards[:10_000], card_filter)
    found = listed[:list_in_card_filter(cards, card_filter, listed)].tolist()
    assert found[:10_000] == list(range(10_000))
    # 10,000 of 262,144 bits are set: about 4 % of the others share one.
    assert 900 < len(found) - 10_000 < 1_400
    assert list_in_card_filter(cards[:0], card_filter, listed) == 0


@pytest.mark.parametrize("words", [1, 1 << 6, 1 << 12])
def test_mixes_find_what_cards_do(words: int) -> None:
    cards = np.random.default_rng(5).integers(0, 2**64, (4_000, 2), np.uint64).view(np.uint8)
    card_filter, mixes = np.zeros(words, np.uint64), np.empty(len(cards), np.uint32)
    add_to_card_filter(cards[:900], card_filter)
    mix_cards(cards, mixes)
    by_card, by_mix = np.empty(len(cards), np.uint32), np.empty(len(cards), np.uint32)
    found = list_in_card_filter(cards, card_filter, by_card)
    assert found >= 900
    assert list_mixes_in_card_filter(mixes, card_filter, by_mix) == found
    assert np.array_equal(by_mix[:found], by_card[:found])


def test_wrong_calls_of_mixes() -> None:
    mixes, words = np.zeros(2, np.uint32), np.zeros(1, np.uint64)
    for rows in (np.zeros((3, 16), np.uint8), np.zeros((2, 15), np.uint8)):
        with pytest.raises(ValueError, match="mixes: 2; expected as many"):
            mix_cards(rows, mixes)
    for wrong in (np.zeros(3, np.uint64), words[:0]):
        with pytest.raises(ValueError, match=f"card_filter: {len(wrong)} words"):
            list_mixes_in_card_filter(mixes, wrong, mixes)
    with pytest.raises(ValueError, match="listed: 1 for 2 rows"):
        list_mixes_in_card_filter(mixes, words, mixes[:1])


def test_a_narrowed_filter_is_the_one_of_so_few_cards() -> None:
    cards = np.random.default_rng(4).integers(0, 2**64, (1_000, 2), np.uint64).view(np.uint8)
    wide, narrow = np.zeros(1 << 16, np.uint64), filter_of(1_000)
    for card_filter in (wide, narrow):
        add_to_card_filter(cards, card_filter)
    assert len(narrow) < len(wide)
    assert np.array_equal(narrowed(wide, len(narrow)), narrow)


@pytest.mark.parametrize(("words", "width", "room", "said"), [
    (3, 16, 2, "card_filter: 3 words, expected a power of two"),
    (0, 16, 2, "card_filter: 0 words"),
    (4, 8, 2, "rows: 8 bytes each, expected 16"),
    (4, 16, 1, "listed: 1 for 2 rows"),
])
def test_wrong_marks(words: int, width: int, room: int, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        list_in_card_filter(np.zeros((2, width), np.uint8), np.zeros(words, np.uint64),
                    np.zeros(room, np.uint32))
