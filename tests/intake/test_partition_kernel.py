"""Every tap comes out of exactly one partition, and a card's taps out of one and the same."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext.partition import MOST_PARTITIONS, REMAP, SOURCE, Shelf, group_by_card, partitions_of
from ext.records import TAP

pytestmark = pytest.mark.kernels

CARDS = st.tuples(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))


def taps_of(cards: list[tuple[int, int]]) -> Any:
    """Taps of these cards, numbered by card_seq."""
    taps = np.zeros(len(cards), TAP)
    for row, (high, low) in enumerate(cards):
        taps["card_hi"][row], taps["card_lo"][row], taps["card_seq"][row] = high, low, row
    return taps


def group(taps: Any, partitions: int) -> tuple[Any, Any]:
    """Taps grouped, and their offsets."""
    grouped, offsets = np.empty_like(taps), np.empty(partitions + 1, np.int64)
    group_by_card(taps, partitions, grouped, offsets, np.empty(len(taps), np.uint16))
    return grouped, offsets


@settings(max_examples=200, deadline=None)
@given(st.lists(CARDS, max_size=40), st.sampled_from([1, 2, 16, 4096]))
def test_grouping_is_a_stable_permutation(cards: list[tuple[int, int]], partitions: int) -> None:
    taps = taps_of(cards)
    grouped, offsets = group(taps, partitions)
    assert sorted(grouped.tolist()) == sorted(taps.tolist())
    assert (offsets[0], offsets[-1]) == (0, len(taps))
    parts = np.empty(len(taps), np.uint16)
    partitions_of(taps["card_hi"].copy(), taps["card_lo"].copy(), partitions, parts)
    for part in range(partitions):
        mine = grouped[offsets[part]:offsets[part + 1]]
        assert mine.tolist() == taps[parts == part].tolist()


def test_partitions_are_of_like_size() -> None:
    low = np.arange(3100000000000000, 3100000000100000, dtype=np.uint64)
    parts = np.empty(len(low), np.uint16)
    partitions_of(np.full(len(low), 16 << 56, np.uint64), low, 64, parts)
    counts = np.bincount(parts, minlength=64)
    assert counts.min() > 1300
    assert counts.max() < 1850


def test_where_a_card_goes_never_changes() -> None:
    """Partitions are spread over machines: two builds have to agree."""
    parts = np.empty(4, np.uint16)
    partitions_of(np.array([0, 1, 16 << 56, 2**64 - 1], np.uint64),
                  np.array([0, 1, 3100000000000001, 2**64 - 1], np.uint64), 4096, parts)
    assert parts.tolist() == [0, 3661, 2007, 3388]


@pytest.mark.parametrize(("partitions", "grouped", "offsets", "scratch", "words"), [
    (3,    2, 4,    2, "partitions: 3, expected a power of two from 1 to 4096"),
    (0,    2, 1,    2, "partitions: 0"),
    (8192, 2, 8193, 2, "partitions: 8192"),
    (4,    1, 5,    2, "taps: 2 rows, grouped: 1"),
    (4,    2, 5,    3, "scratch: 3"),
    (4,    2, 4,    2, "offsets: 4, expected 5"),
])
def test_wrong_calls(partitions: int, grouped: int, offsets: int, scratch: int,
                     words: str) -> None:
    with pytest.raises(ValueError, match=words):
        group_by_card(np.zeros(2, TAP), partitions, np.zeros(grouped, TAP),
                      np.zeros(offsets, np.int64), np.zeros(scratch, np.uint16))


def shelf_of(chunks: list[Any], partitions: int = 2, **changes: Any) -> Shelf:
    """A shelf of chunks that two workers decoded in turn."""
    sources = np.zeros(len(chunks), SOURCE)
    sources["keep"], sources["file"] = 1, np.arange(len(chunks)) + 10
    sources["worker"] = np.arange(len(chunks)) % 2
    sources["first_line"] = 100
    for name, value in changes.items():
        sources[name] = value
    remaps = np.array([(0, 2, 4, 6), (8, 10, 12, 14)], REMAP)
    numbers = np.arange(100, 116, dtype=np.uint32)
    return Shelf([group(chunk, partitions) for chunk in chunks], partitions, sources, remaps,
                 numbers)


def test_gathering_gives_book_numbers() -> None:
    chunks = [taps_of([(n, n) for n in range(50)]) for _ in range(3)]
    for chunk in chunks:
        chunk["stop"], chunk["device"], chunk["source_line"] = 1, 1, np.arange(50)
    shelf = shelf_of(chunks)
    seen = []
    for part in range(2):
        taps = np.empty(shelf.count(part), TAP)
        shelf.gather(part, taps)
        seen.append(taps)
        for place in range(3):
            mine = taps[taps["source_file"] == 10 + place]
            assert set(mine["stop"].tolist()) == {109 if place == 1 else 101}
            assert set(mine["device"].tolist()) == {115 if place == 1 else 107}
            assert set(mine["line"].tolist()) == {110 if place == 1 else 102}
            assert mine["source_line"].tolist() == (mine["card_seq"] + 100).tolist()
    assert sum(map(len, seen)) == 150


def test_files_that_are_not_kept() -> None:
    shelf = shelf_of([taps_of([(1, 1)]), taps_of([(1, 1)])], keep=[0, 1])
    assert shelf.count(0) + shelf.count(1) == 1


def test_no_chunks_and_empty_chunks() -> None:
    assert shelf_of([]).count(0) == 0
    shelf = shelf_of([taps_of([])])
    shelf.gather(1, np.empty(0, TAP))


def test_wrong_shelves() -> None:
    taps = np.zeros(3, TAP)
    with pytest.raises(ValueError, match="worker 2 of 2"):
        shelf_of([taps], worker=2)
    with pytest.raises(ValueError, match="sources: 0, chunks: 1"):
        Shelf([group(taps, 2)], 2, np.zeros(0, SOURCE), np.zeros(1, REMAP), np.zeros(1, np.uint32))
    for offsets in ([0, 3], [0, 1, 2], [0, 4, 3]):
        with pytest.raises(ValueError, match="chunk 0"):
            Shelf([(taps, np.array(offsets))], 2, np.zeros(1, SOURCE), np.zeros(1, REMAP),
                  np.zeros(1, np.uint32))
    shelf = shelf_of([taps])
    with pytest.raises(ValueError, match="partition: 2, expected 0 to 1"):
        shelf.count(2)
    with pytest.raises(ValueError, match="taps: 9 rows, expected"):
        shelf.gather(0, np.zeros(9, TAP))
    assert MOST_PARTITIONS == 4096
