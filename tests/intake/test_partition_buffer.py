"""What is put into a buffer comes out whole, from exactly one partition, with a book's numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext.clearing.partition import add_to_card_filter
from ext.intake.buffer import PAGE_BYTES, REMAP, SOURCE, Origins, PartitionBuffer, mark_used
from ext.records import TAP

pytestmark = pytest.mark.kernels

ARENA_BYTES = 256 * PAGE_BYTES
ARENA = np.empty(ARENA_BYTES, np.uint8)     # no two buffers here are used at a time
CODES = 4                                   # of each kind; numbers are 0 to 3
RARE = ("in_at", "in_stop", "distance_m", "tac", "born_day", "review_day", "key_version",
        "algorithm", "correction", "revision", "correction_reason", "authority")
UNSET = ("service_day", "first_code", "generation")


def buffer_of(taps: Any, partitions: int, block: int = 0) -> PartitionBuffer:
    buffer = PartitionBuffer(partitions)
    buffer.add(ARENA)
    latest = int(np.maximum(taps["tapped_at"], taps["in_at"]).max(initial=0))
    assert buffer.put(taps, 0, block) == (len(taps), latest)
    return buffer


def origins_of(blocks: int = 1, keep: Any = 1, first_line: int = 0) -> Origins:
    """One worker; what it called n is 100 + n for stops, 200 + n for lines, and so on."""
    sources = np.zeros(blocks, SOURCE)
    sources["keep"], sources["first_line"], sources["file"] = keep, first_line, 7
    numbers = np.concatenate([np.arange(100 * kind, 100 * kind + CODES) for kind in range(1, 5)])
    return Origins(sources, np.array([(0, 4, 8, 12)], REMAP), numbers.astype(np.uint32))


def off(buffer: PartitionBuffer, origins: Origins, partitions: int) -> list[Any]:
    """Every partition's taps, off the buffer and by way of packed rows."""
    found = []
    for part in range(partitions):
        taps = np.empty(buffer.count(part), TAP)
        taps = taps[:buffer.gather(part, origins, taps, 0)]
        rows = np.empty(buffer.size(part), np.uint8)
        assert buffer.drain(part, rows, 0) == len(rows)
        again = np.empty(buffer.count(part), TAP)
        assert again[:origins.unpack(rows, len(rows), again, 0)].tolist() == taps.tolist()
        found.append(taps)
    return found


def random_taps(count: int, seed: int, rare: bool) -> Any:
    """Taps of any content that the decoder lets through."""
    draw = np.random.default_rng(seed)
    taps = np.frombuffer(draw.bytes(count * TAP.itemsize), TAP).copy()
    for name in ("due", "paid", "balance_before"):
        taps[name] = draw.integers(-2_000_000_000, 2_000_000_001, count)
    taps["source_offset"] >>= 16
    taps["source_file"] = 0
    taps["flags"] &= 31
    taps["direction"] %= 3
    for name in UNSET:
        taps[name] = 0
    taps["correction"] = taps["correction"] % 2 + 1     # what else is said of one needs it
    taps["service_day"] = taps["first_code"] = 0
    for name in ("stop", "line", "vehicle", "device", "in_stop"):
        taps[name] %= CODES
    if not rare:
        for name in RARE:
            taps[name] = 0
    return taps


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 300), st.integers(0, 2**32), st.sampled_from([1, 2, 16]), st.booleans())
def test_every_field_comes_back(count: int, seed: int, partitions: int, rare: bool) -> None:
    taps = random_taps(count, seed, rare)
    if rare and count:      # both sorts of rows on one page
        for name in RARE:
            taps[name][::3] = 0
    found = np.concatenate(off(buffer_of(taps, partitions), origins_of(first_line=5), partitions))
    wanted = taps.copy()
    wanted["source_file"], wanted["source_line"] = 7, taps["source_line"] + np.uint32(5)
    for kind, names in enumerate((("stop", "in_stop"), ("line",), ("vehicle",), ("device",)), 1):
        for name in names:
            wanted[name] += 100 * kind
    assert sorted(found.tolist()) == sorted(wanted.tolist())


def test_a_cards_taps_are_in_one_partition_in_their_order() -> None:
    taps = np.zeros(9_000, TAP)
    taps["card_lo"], taps["source_line"] = np.arange(9_000) % 50, np.arange(9_000)
    buffer = buffer_of(taps, 16)
    homes: dict[int, int] = {}
    for part, some in enumerate(off(buffer, origins_of(), 16)):
        assert some["source_line"].tolist() == sorted(some["source_line"].tolist())
        for card in set(some["card_lo"].tolist()):
            assert homes.setdefault(card, part) == part
    assert len(homes) == 50
    assert len(set(homes.values())) > 8


def test_files_that_are_not_kept() -> None:
    buffer = buffer_of(random_taps(5, 1, rare=False), 1, block=0)
    buffer.put(random_taps(3, 2, rare=False), 0, 1)
    [taps] = off(buffer, origins_of(2, keep=[0, 1]), 1)
    assert (len(taps), buffer.count(0)) == (3, 8)


def test_a_full_buffer_says_where_it_stopped() -> None:
    taps = np.zeros(ARENA_BYTES // PAGE_BYTES * 51 + 10, TAP)
    taps["source_line"] = np.arange(len(taps))
    buffer = PartitionBuffer(1)
    assert buffer.put(taps[:1], 0, 0) == (0, 0)
    buffer.add(ARENA)
    stop, _ = buffer.put(taps, 0, 0)
    assert stop == len(taps) - 10
    buffer.add(np.empty(ARENA_BYTES, np.uint8))
    assert buffer.put(taps, stop, 0)[0] == len(taps)
    [found] = off(buffer, origins_of(), 1)
    assert found["source_line"].tolist() == list(range(len(taps)))
    buffer.forget()
    assert (buffer.count(0), buffer.size(0)) == (0, 0)
    buffer.put(taps[:7], 0, 0)
    assert len(off(buffer, origins_of(), 1)[0]) == 7


def test_marks_of_the_codes_that_wanted_taps_have() -> None:
    taps = np.zeros(2, TAP)
    for place, name in enumerate(("stop", "in_stop", "line", "vehicle", "device")):
        taps[name] = place % CODES
    buffer = buffer_of(taps[:1], 1, block=1)
    taps["line"] = 3
    buffer.put(taps[1:], 0, 0)
    rows = np.empty(buffer.size(0), np.uint8)
    buffer.drain(0, rows, 0)
    marks = np.zeros((4, CODES), np.uint8)
    mark_used(rows, len(rows), np.array([0, 1], np.uint8), *marks)
    assert marks.tolist() == [[1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]]


def test_a_buffer_marks_its_cards() -> None:
    taps = random_taps(500, 4, rare=True)
    taps["tac"][::2] = 0
    found, wanted = np.zeros((2, 1 << 6), np.uint64)
    buffer_of(taps, 16).mark(found)
    add_to_card_filter(taps.view(np.uint8).reshape(len(taps), -1), wanted)
    assert found.tolist() == wanted.tolist()
    assert any(wanted)


def test_wrong_calls() -> None:
    buffer = buffer_of(np.zeros(3, TAP), 2)
    with pytest.raises(ValueError, match="card_filter: 3 words"):
        buffer.mark(np.zeros(3, np.uint64))
    with pytest.raises(ValueError, match="arena: 4 bytes, expected a multiple of 4096"):
        buffer.add(np.empty(4, np.uint8))
    with pytest.raises(ValueError, match="partition: 2, expected 0 to 1"):
        buffer.count(2)
    with pytest.raises(ValueError, match="first: 4 of 3"):
        buffer.put(np.zeros(3, TAP), 4, 0)
    with pytest.raises(ValueError, match="taps: 2 rows are too few"):
        buffer.gather(0, origins_of(), np.zeros(2, TAP), 0)
    with pytest.raises(ValueError, match="rows: 10 bytes from 0 on, expected 240"):
        buffer.drain(0, np.zeros(10, np.uint8), 0)
    with pytest.raises(ValueError, match="rows: 10 bytes, not 80"):
        origins_of().unpack(np.zeros(10, np.uint8), 80, np.zeros(1, TAP), 0)
    with pytest.raises(ValueError, match="block 0: worker 1 of 1"):
        Origins(np.array([(0, 0, 1, 1)], SOURCE), np.zeros(1, REMAP), np.zeros(1, np.uint32))
    with pytest.raises(ValueError, match="partitions: 3"):
        PartitionBuffer(3)
