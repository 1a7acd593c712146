"""What memory may not hold waits on the disk, and comes back as if it had not."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearing.intake import spill
from network.errors import OnecardError
from network.names import Names
from tests.intake.sender import all_taps, file_of, line_of, read

ROWS = 40_000
ARENA_BYTES = 2 << 20       # here: fewer taps fill it


@pytest.fixture(scope="module")
def content() -> bytes:
    first, last = line_of(card="31CARD", device="DEVICE", tac="0123ABCD").split("CARD")
    before, after = last.split("DEVICE")
    return file_of(f"{first}{n % 9_999:08}{before}D{n % 77}{after}" for n in range(ROWS))


@pytest.fixture(autouse=True)
def small_arenas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "ARENA_BYTES", ARENA_BYTES)


def outcome(folder: Path, content: bytes, **options: Any) -> tuple[bytes, int]:
    names = Names()
    intake = read(folder, content, content, names=names, partitions=16, **options)
    taps = all_taps(intake, names, {0: 1})
    segments = len(intake._spill.segments)
    intake.close()
    return taps.tobytes(), segments


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_taps(tmp_path: Path, content: bytes, threads: int) -> None:
    """The second file does not count, so codes are looked for in what was written, too."""
    wanted, none = outcome(tmp_path, content)
    found, segments = outcome(tmp_path, content, threads=threads, memory_bytes=ARENA_BYTES)
    assert none == 0
    assert segments >= 2
    assert found == wanted


def test_cards_are_marked_before_their_taps_go_to_the_disk(tmp_path: Path, content: bytes) -> None:
    marks = []
    for options in ({}, {"memory_bytes": ARENA_BYTES}):
        intake = read(tmp_path, content, partitions=16, **options)
        marks.append(intake.card_filter(1 << 12))
        intake.close()
    assert marks[0].any()
    assert np.array_equal(*marks)


def test_cards_that_nobody_asks_for_are_not_marked(tmp_path: Path, content: bytes) -> None:
    intake = read(tmp_path, content, partitions=16, memory_bytes=ARENA_BYTES, mark_cards=False)
    assert intake._spill._marked is None
    with pytest.raises(AssertionError, match="nobody asks"):
        intake.card_filter(1 << 12)
    intake.close()


def test_pieces_smaller_than_a_partition(tmp_path: Path, content: bytes,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spill, "WRITE_BYTES", 1)
    assert outcome(tmp_path, content, memory_bytes=1)[0] == outcome(tmp_path, content)[0]


def test_writes_and_reads_that_are_cut_short(tmp_path: Path, content: bytes,
                                             monkeypatch: pytest.MonkeyPatch) -> None:
    wanted, _ = outcome(tmp_path, content)
    write, read_some = os.pwrite, os.preadv
    monkeypatch.setattr(os, "pwrite", lambda file, rows, at: write(file, rows[:70_001], at))
    monkeypatch.setattr(os, "preadv", lambda file, rows, at: read_some(
        file, [rows[0][:50_001]], at))
    assert outcome(tmp_path, content, memory_bytes=1)[0] == wanted


def test_a_full_disk_is_said_in_words(tmp_path: Path, content: bytes,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "pwrite", full)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with pytest.raises(OnecardError, match="No space left") as caught:
        outcome(tmp_path, content, memory_bytes=1)
    assert "TMPDIR" in str(caught.value)
    assert str(tmp_path) in str(caught.value)


def test_nothing_is_left_on_the_disk(tmp_path: Path, content: bytes,
                                     monkeypatch: pytest.MonkeyPatch) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    monkeypatch.setenv("TMPDIR", str(disk))
    assert outcome(tmp_path, content, memory_bytes=1)[1]
    assert list(disk.iterdir()) == []


def test_shares_of_memory() -> None:
    assert spill.arenas_within(1 << 30, 2) == (1 << 29) // ARENA_BYTES
    assert spill.arenas_within(1, 2) == 1
    assert np.diff([spill.arenas_within(size << 24, 1) for size in range(1, 9)]).min() > 0
