"""A card's memory of counters: a record of a closed window must not be charged again."""

from __future__ import annotations

import numpy as np
import pytest

from ext import records
from ext.clearing.order import SCRATCH_BYTES, find_seen, open_states, order_taps, remember_taps
from ext.codes import TapKind
from tests.kernels.cases import UTC, Records, dirty, records_of

pytestmark = pytest.mark.kernels

UINT32_MAX = 2**32 - 1
NO_STATE = np.zeros(0, records.CARD_STATE)


def taps_of(*seqs: int, kind: TapKind = TapKind.SINGLE, card: int = 1) -> Records:
    """Taps of one card, one per counter, a second after the other."""
    return records_of(({"card_lo": card, "card_seq": seq, "kind": kind, "tapped_at": 100 + place,
                        "source_line": 2 + place} for place, seq in enumerate(seqs)), records.TAP)


def ordered(taps: Records) -> Records:
    order = np.empty(len(taps), np.uint32)
    codes = np.empty(len(taps), np.uint16)
    return order[:order_taps(taps, order, codes, np.empty(len(taps) * SCRATCH_BYTES, np.uint8),
                             clock_tolerance_s=0, civil_offsets=UTC, day_starts_s=0)]


def after(taps: Records, before: Records = NO_STATE) -> Records:
    """The states of the cards once these taps are in the book, whatever became of them."""
    by_card = np.lexsort([taps["card_lo"], taps["card_hi"]]).astype(np.uint32)
    opened = dirty(len(by_card), records.CARD_STATE)
    states = opened[:open_states(taps, by_card, before, opened)]
    remember_taps(taps, by_card, states)
    return states


def maybe_seen(taps: Records, states: Records) -> list[int]:
    """The counters that the book may have."""
    order = ordered(taps)
    found = np.empty(len(order), np.uint32)
    return [int(taps["card_seq"][place]) for place in found[:find_seen(taps, order, states, found)]]


@pytest.mark.parametrize(("seen", "asked", "maybe"), [
    # Seen counters    asked       may be in the book
    ([100],            100,        True),
    ([100],            101,        False),
    ([100],            99,         False),
    ([100],            37,         False),      # 63 back: the last one that the bitmap tells
    ([100],            36,         True),       # 64 back: beyond it, so the ledger is asked
    ([100],            0,          True),
    ([37, 100],        37,         True),
    ([36, 100],        36,         True),
    ([0],              0,          True),
    ([0],              1,          False),
    ([0, 63],          0,          True),
    ([63],             0,          False),
    ([64],             0,          True),
    ([UINT32_MAX],     UINT32_MAX, True),
    ([UINT32_MAX],     UINT32_MAX - 63, False),
    ([UINT32_MAX],     UINT32_MAX - 64, True),
    ([0, UINT32_MAX],  UINT32_MAX - 1,  False),
])
def test_the_bitmap_tells_what_it_can(seen: list[int], asked: int, maybe: bool) -> None:
    assert maybe_seen(taps_of(asked), after(taps_of(*seen))) == ([asked] if maybe else [])


@pytest.mark.parametrize("ahead", [1, 62, 63, 64, 65, UINT32_MAX - 1])
def test_the_bitmap_slides(ahead: int) -> None:
    """A shift by 64 or more empties the bitmap; in C it would do anything."""
    state = after(taps_of(1 + ahead), after(taps_of(1)))
    assert state["highest_seq"].tolist() == [1 + ahead]
    expected = 1 | (1 << ahead if ahead < 64 else 0)
    assert state["seen_boardings"].tolist() == [expected]


def test_classes_have_a_bitmap_each() -> None:
    state = after(taps_of(7, kind=TapKind.IN))
    state = after(taps_of(8, kind=TapKind.OUT), state)
    state = after(taps_of(10, kind=TapKind.LOCK), state)
    names = ("highest_seq", "seen_boardings", "seen_exits", "seen_events")
    assert [int(state[name][0]) for name in names] == [10, 0b1000, 0b100, 0b1]
    assert maybe_seen(taps_of(7, kind=TapKind.RIDE), state) == [7]
    assert maybe_seen(taps_of(7, kind=TapKind.OUT), state) == []
    assert maybe_seen(taps_of(10, kind=TapKind.TOP_UP), state) == [10]


def test_a_refused_tap_is_remembered() -> None:
    """The book has it: another one with its counter is its copy, or contradicts it."""
    taps = taps_of(7, 7, 8)     # 7 twice, at two times: a conflict
    assert len(ordered(taps)) == 1
    state = after(taps)
    assert state["seen_boardings"].tolist() == [0b11]
    assert maybe_seen(taps_of(7, 8), state) == [7, 8]


def test_a_carried_tap_was_not_seen_before() -> None:
    """It is of the book: that the book has it says nothing."""
    taps = taps_of(7, kind=TapKind.IN)
    state = after(taps)
    taps["flags"] = records.TAP_FLAGS["CARRIED"]
    assert maybe_seen(taps, state) == []


def test_each_card_has_its_own_memory() -> None:
    """States lie sorted by card; cards without taps and taps without states are passed over."""
    states = after(np.concatenate([taps_of(5, card=1), taps_of(5, card=3), taps_of(5, card=5)]))
    assert states["card_lo"].tolist() == [1, 3, 5]
    both = np.concatenate([taps_of(5, card=2), taps_of(5, card=3), taps_of(6, card=5)])
    assert maybe_seen(both, states) == [5]
    moved = after(both, states)
    assert moved["card_lo"].tolist() == [2, 3, 5]
    assert moved["seen_boardings"].tolist() == [1, 1, 0b11]


def test_a_new_state_has_nothing_to_transfer_from() -> None:
    state = after(taps_of(1))
    assert state["transfers"].tolist() == [255]
    for name in ("chain", "chain_due", "last_from_stop"):
        assert state[name].tolist() == [0]


def test_nothing_is_nothing() -> None:
    assert len(after(taps_of())) == 0
    assert maybe_seen(taps_of(), NO_STATE) == []
    assert maybe_seen(taps_of(1), NO_STATE) == []


def test_wrong_memory_is_a_value_error() -> None:
    taps, order = taps_of(1, 2), np.array([0, 1], np.uint32)
    with pytest.raises(ValueError, match="maybe_seen has 1 rows for 2"):
        find_seen(taps, order, NO_STATE, np.empty(1, np.uint32))
    with pytest.raises(ValueError, match="opened has 1 rows for 2"):
        open_states(taps, order, NO_STATE, np.empty(1, records.CARD_STATE))
