"""A benchmark or a bug report is worth something only if the same call makes the same day again."""

from __future__ import annotations

import datetime
import hashlib
from pathlib import Path

import pytest

from clearing.sample import day as sample_day
from clearing.sample.day import write_day

SMALL = 3_000


def digest(files: list[Path]) -> str:
    whole = hashlib.sha256()
    for path in files:
        whole.update(path.name.encode() + path.read_bytes())
    return whole.hexdigest()


def test_same_seed_same_bytes_on_any_number_of_threads(tmp_path, monkeypatch):
    monkeypatch.setattr(sample_day, "BLOCK_CARDS", 100)
    one = write_day(tmp_path / "one", taps=SMALL, seed=3, threads=1)
    many = write_day(tmp_path / "many", taps=SMALL, seed=3, threads=5)
    assert digest(one) == digest(many)


def test_another_seed_is_another_day(tmp_path):
    one = write_day(tmp_path / "one", taps=SMALL, seed=3)
    other = write_day(tmp_path / "other", taps=SMALL, seed=4)
    assert digest(one) != digest(other)


def test_the_next_day_has_the_same_cards_and_later_counters(tmp_path):
    days = [datetime.date(2024, 11, 25), datetime.date(2024, 11, 26)]
    highest: dict[str, int] = {}
    lowest: dict[str, int] = {}
    for day, merge in ((days[0], highest), (days[1], lowest)):
        for path in write_day(tmp_path / str(day), taps=SMALL, day=day, seed=3):
            for line in path.read_text("utf-8").splitlines()[1:-1]:
                card, seq = line.split(",")[:2]
                if card.isdigit() and seq:
                    pick = max if merge is highest else min
                    merge[card] = pick(merge.get(card, int(seq)), int(seq))
    both = highest.keys() & lowest.keys()
    assert len(both) > 0.95 * len(lowest)
    assert all(highest[card] < lowest[card] for card in both)


def test_files_of_a_day_are_never_written_over(tmp_path):
    write_day(tmp_path, taps=SMALL)
    with pytest.raises(FileExistsError):
        write_day(tmp_path, taps=SMALL)
