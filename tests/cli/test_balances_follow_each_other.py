"""A card's balance is what its record before left, or it is told what moved in between."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.run.command import accepted, onecard, write_csv
from tests.run.test_arrival_does_not_matter import COLUMNS, SMALL, Row, tap

WITH_BALANCE = (*COLUMNS, "balance_before")
DAY = "2024-11-25"


def record(seq: int, at: str, balance: int | None, paid: int | None, **more: Any) -> Row:
    return {**tap(seq, at, "bus-a", **more), "device_seq": 0, "paid": paid,
            "balance_before": balance}


# By card: its records, and of its breaks counter after, counter, missing, left, found.
CARDS: dict[str, tuple[list[Row], list[tuple[int, ...]]]] = {
    "all there": ([record(7, "25 08:00", 1000, 200), record(8, "25 09:00", 800, 150),
                   record(9, "25 10:00", 650, 0), record(10, "25 11:00", 650, 650)], []),
    "one is missing": ([record(7, "25 08:00", 1000, 200), record(9, "25 09:00", 500, 100)],
                       [(7, 9, 1, 800, 500)]),
    "one is missing that was free": ([record(7, "25 08:00", 1000, 200),
                                      record(9, "25 09:00", 800, 100)], []),
    "money beside the counter": ([record(7, "25 08:00", 1000, 200),
                                  record(8, "25 09:00", 900, 100)], [(7, 8, 0, 800, 900)]),
    "loaded": ([record(7, "25 08:00", 100, 100),
                record(8, "25 09:00", 0, 5000, kind="top_up"),
                record(9, "25 10:00", 5000, 200), record(10, "25 11:00", 4800, 1)], []),
    "loaded by a record that did not come": (
        [record(7, "25 08:00", 100, 100), record(9, "25 10:00", 5000, 200)],
        [(7, 9, 1, 0, 5000)]),
    "given back": ([record(7, "25 08:00", 1000, 200), record(8, "25 09:00", 800, -200),
                    record(9, "25 10:00", 1000, 0)], []),
    "from the day before": ([record(3, "24 08:00", 900, 100), record(4, "24 09:00", 800, 100),
                             record(5, "25 09:00", 600, 100)], [(4, 5, 0, 700, 600)]),
    "of the day before alone": ([record(3, "24 08:00", 900, 100),
                                 record(4, "24 09:00", 100, 100)], []),
    "clocks that are apart": ([record(8, "25 08:00:10", 800, 200),
                               record(7, "25 08:00:40", 1000, 200)], []),
    "set back": ([record(900, "25 08:00", 1000, 200), record(1, "25 12:00", 50, 10),
                  record(2, "25 13:00", 40, 10)], []),
    "who does not say it": ([record(7, "25 08:00", None, 200), record(8, "25 09:00", 800, None),
                             record(9, "25 10:00", 5, 1)], []),
    "the time for a counter": ([record(1732492800, "25 08:00", 1000, 200),
                                record(1732496400, "25 09:00", 10, 10)], []),
    "a counter twice": ([record(7, "25 08:00", 1000, 200), record(7, "25 08:00", 990, 200),
                         record(8, "25 09:00", 5, 1)], []),
}


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("balances")
    rows = [{"card": f"1888{number:04}", **row}
            for number, (own, _) in enumerate(CARDS.values()) for row in own]
    random.Random(4).shuffle(rows)
    path = write_csv(folder / "taps.csv", rows, WITH_BALANCE)
    with open_book(str(folder / "book")):
        onecard("clear", path, "--network", SMALL, "--book", folder / "book")
        yield folder / "book"


def told(book: Path) -> dict[str, list[tuple[int, ...]]]:
    done = onecard("completeness", "--window", DAY, "--book", book, "--json")
    found: dict[str, list[tuple[int, ...]]] = {}
    for one in json.loads(done.out)["balances"]:
        assert one["unexplained"] == one["found"] - one["left"]
        found.setdefault(one["card"], []).append(
            (one["after"], one["counter"], one["missing"], one["left"], one["found"]))
    return found


@pytest.mark.parametrize("name", CARDS)
def test_each_break_is_told_and_none_invented(book: Path, name: str) -> None:
    card = f"1888{[*CARDS].index(name):04}"
    assert told(book).get(card, []) == CARDS[name][1]


def test_it_is_said_in_words(book: Path) -> None:
    done = onecard("completeness", "--window", DAY, "--book", book)
    assert done.code == 1
    assert "balances that do not follow each other" in done.out
    assert "-300" in done.out


def test_no_record_is_refused_for_it(book: Path) -> None:
    assert "CONFLICT" in accepted("show", "refusals", "--book", book, "--csv").out
    assert accepted("show", "refusals", "--book", book, "--csv").out.count("\n") == 3
