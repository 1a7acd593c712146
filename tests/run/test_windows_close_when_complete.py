"""Where a network asks for it, no window closes with gaps, unless a person says why: it is kept."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.run.command import Outcome, accepted, onecard, shown
from tests.run.test_arrival_does_not_matter import SMALL, Row, clear, tap

WINDOW = "2024-11-25"
ASKING = '\n[[approver]]\ncode = "li.wei"\nname = "李伟"\n\n[completeness]\n'
Settle = Callable[..., Outcome]


def taps(*seqs: int, day: int = 25) -> list[Row]:
    """Of one validator, each by a card of its own."""
    return [{**tap(1, f"{day} 08:{seq:02}", "bus-a"), "card": f"100000000000000{seq:02}{day}",
             "device": "A", "device_seq": seq} for seq in seqs]


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "book"


@pytest.fixture
def network(tmp_path: Path) -> Callable[[str], Path]:
    """The small network, asking for completeness in these words."""
    def make(asking: str) -> Path:
        folder = tmp_path / "network"
        shutil.copytree(SMALL, folder)
        with (folder / "network.toml").open("a", encoding="utf-8") as file:
            file.write(ASKING + asking + "\n")
        return folder
    return make


def settle(book: Path, *more: str, window: str = WINDOW) -> Outcome:
    return onecard("settle", "--yes", "--window", window, "--book", book, *more)


def certificates(book: Path) -> list[tuple[object, ...]]:
    """What is stored: of whom, expected, missing, repeated, why, by whom."""
    with open_book(str(book), create=False, read_only=True) as opened:
        found = opened.query('SELECT counters, expected, missing, repeated, reason, named_by '
                             'FROM certificates ORDER BY window, counters')
    return list(zip(*found.values(), strict=True))


def test_gaps_are_named_by_an_approver(book: Path, tmp_path: Path,
                                       network: Callable[[str], Path]) -> None:
    clear(book, tmp_path, taps(1, 2, 5), network('gaps = "named"'))
    done = settle(book)
    assert done.code == 2
    assert "records missing: 2; there twice: 0" in done.err
    assert f"onecard completeness --window {WINDOW}" in done.err
    for wrong, said in (((("--gaps", "lost")), "--by"), (("--gaps", "lost", "--by", "eve"), "eve")):
        done = settle(book, *wrong)
        assert (done.code, said in done.err) == (2, True)
    with open_book(str(book), create=False, read_only=True) as opened:
        assert opened.closed_through is None
    done = settle(book, "--gaps", "depot burnt down", "--by", "li.wei")
    assert done.code == 0, done.err
    assert certificates(book) == [("validators", 5, 2, 0, "depot burnt down", "li.wei")]
    [row] = [row for row in shown("windows", book) if row["window"] == WINDOW]
    assert row["completeness"] == "2 missing, 0 repeated: depot burnt down (li.wei)"
    # What comes later changes nothing of that, and is of the next window.
    clear(book, tmp_path, taps(3, 4), tmp_path / "network")
    assert certificates(book) == [("validators", 5, 2, 0, "depot burnt down", "li.wei")]
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_day_without_gaps_closes_by_itself(book: Path, tmp_path: Path,
                                             network: Callable[[str], Path]) -> None:
    folder = network('gaps = "none"\nof = ["cards", "validators"]')
    clear(book, tmp_path, taps(1, 2, 4), folder)
    assert settle(book).code == 2
    done = settle(book, "--gaps", "lost", "--by", "li.wei")
    assert (done.code, "lets no window with gaps close" in done.err) == (2, True)
    clear(book, tmp_path, taps(3), folder)
    clear(book, tmp_path, taps(6, day=26), folder)
    assert settle(book).code == 0       # what a later day lacks is not asked of this one
    assert certificates(book) == [("cards", 4, 0, 0, "", ""), ("validators", 4, 0, 0, "", "")]
    [row] = [row for row in shown("windows", book) if row["window"] == WINDOW]
    assert row["completeness"] == "complete"
    done = settle(book, window="2024-11-26")
    assert done.code == 2
    assert "2024-11-26: records missing: 1;" in done.err


def test_every_day_that_closes_is_looked_at(book: Path, tmp_path: Path,
                                            network: Callable[[str], Path]) -> None:
    folder = network('gaps = "none"')
    clear(book, tmp_path, [*taps(1, 3), *taps(4, day=26)], folder)
    done = settle(book, window="2024-11-26")
    assert (done.code, f"onecard: {WINDOW}: " in done.err) == (2, True), done.err


def test_a_network_that_asks_nothing(book: Path, tmp_path: Path) -> None:
    clear(book, tmp_path, taps(1, 3))
    done = settle(book, "--gaps", "lost", "--by", "li.wei")
    assert (done.code, "does not ask for completeness" in done.err) == (2, True)
    assert settle(book).code == 0
    assert certificates(book) == []
    [row] = [row for row in shown("windows", book) if row["window"] == WINDOW]
    assert row["completeness"] == ""
