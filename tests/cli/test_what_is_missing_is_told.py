"""Records that never came leave gaps in the counters of validators and cards: every one is told.

And none is made up: not by files in another order, copies, corrections, a counter that was set
back, clocks a few seconds apart, or records that have no counters.
"""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from clearing.book import open_book
from tests.run.command import onecard
from tests.run.test_arrival_does_not_matter import Row, clear, tap

VALIDATORS = ("A", "B", "C")
CARDS = 8
RECORDS = 60


def day_of(day: int, first: int) -> list[Row]:
    """Sixty records of three validators and eight cards, each numbered from `first` on.

    Cards have 19 digits, of which the first 18 are the same: more than a float can tell apart.
    """
    rows = []
    seen = dict.fromkeys((*VALIDATORS, *map(str, range(CARDS))), first)
    for number in range(RECORDS):
        device, card = VALIDATORS[number % 3], str(number * 5 % CARDS)
        rows.append({"card": f"100000000000000000{card}",
                     **tap(seen[card], f"{day} {8 + number // 30:02}:{number % 30:02}", "bus-a"),
                     "device": device, "device_seq": seen[device]})
        seen[device] += 1
        seen[card] += 1
    return rows


def told(book: Path, window: str = "2024-11-25") -> dict[str, Any]:
    done = onecard("completeness", "--window", window, "--book", book, "--json")
    found: dict[str, Any] = json.loads(done.out)
    assert done.code == (0 if found["is_complete"] else 1), done.err
    return found


def gaps(side: dict[str, Any]) -> dict[str, tuple[str, str, int]]:
    """What is missing, repeated, set back, by the last part of a name."""
    return {one["of"][-1]: (one["missing_numbers"], one["repeated_numbers"], one["set_back"])
            for one in side["gaps"]}


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "book"


def test_all_is_there(book: Path, tmp_path: Path) -> None:
    """In several runs, in another order, with copies."""
    first = day_of(25, 101)
    random.Random(1).shuffle(first)
    with open_book(str(book)):
        clear(book, tmp_path, first[:40])
        clear(book, tmp_path, first[20:])
        found = told(book)
        assert found["is_complete"]
        assert found["devices"] | {"gaps": []} == {
            "counted": 3, "uncounted": 0, "expected": 60, "found": 60, "missing": 0,
            "repeated": 0, "set_back": 0, "gaps": []}
        assert (found["cards"]["counted"], found["cards"]["found"]) == (8, 60)
        out = onecard("completeness", "--window", "2024-11-25", "--book", book).out
        assert " validators         3         60      60         0          0          0" in out
        done = onecard("completeness", "--window", "2024-11-24", "--book", book)
        assert (done.code, "window 2024-11-24" in done.err) == (2, True)


def test_each_fault_is_told_once(book: Path, tmp_path: Path) -> None:
    rows = day_of(25, 101)
    before = [{**rows[0], "tapped_at": "2024-11-24T20:00:00", "card": "10200", "device_seq": 95,
               "card_seq": 1}]
    lost = [rows[5], rows[8], rows[11], rows[40]]       # C: 102, 103, 104; B: 114
    twice = {**rows[30], "card": "10300", "card_seq": 7}            # A: 111, of another card
    back = [{**rows[0], "card": "10400", "card_seq": 50 + number, "device": "D",
             "device_seq": seq, "tapped_at": f"2024-11-25T10:{number:02}:00"}
            for number, seq in enumerate((900, 901, 903, 1, 2, 4))]
    clockless = [{**rows[0], "card": f"1050{number}", "device": "E", "device_seq": 0,
                  "tapped_at": f"2024-11-25T11:{number:02}:00"} for number in range(3)]
    kept = [row for row in rows if row not in lost]
    with open_book(str(book)):
        clear(book, tmp_path, [*before, *kept, twice, *back, *clockless])
        found = told(book)
        assert gaps(found["devices"]) == {
            "A": ("96-100", "111", 0), "B": ("114", "", 0), "C": ("102-104", "", 0),
            "D": ("902, 3", "", 1)}
        assert found["devices"]["uncounted"] == 3
        assert (found["devices"]["missing"], found["devices"]["repeated"]) == (11, 1)
        missed = {row["card"]: row["card_seq"] for row in lost}
        assert {card: numbers for card, (numbers, _, _) in gaps(found["cards"]).items()} == {
            card: ", ".join(str(row["card_seq"]) for row in lost if row["card"] == card)
            for card in missed if card in gaps(found["cards"])}
        out = onecard("completeness", "--window", "2024-11-25", "--book", book).out
        assert "validators with gaps" in out
        clear(book, tmp_path, lost)             # they come after all
        assert "B" not in gaps(told(book)["devices"])


def test_times_for_counters_are_not_judged(book: Path, tmp_path: Path) -> None:
    """As layouts have it that say from_time: neither card nor validator counts."""
    rows = day_of(25, 101)
    with open_book(str(book)):
        clear(book, tmp_path, [{**row, "device_seq": 0,
                                "card_seq": 1732492800 + 60 * (number + number // 30 * 30)}
                               for number, row in enumerate(rows)])
        found = told(book)
        assert found["is_complete"]
        assert (found["devices"]["uncounted"], found["cards"]["uncounted"]) == (60, 60)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("missing")


@settings(max_examples=8, deadline=None, phases=[Phase.generate])
@given(data=st.data())
def test_whatever_is_lost(folder: Path, data: st.DataObject) -> None:
    """Numbers that are lost between the first and the last of each are missing, and no others."""
    rows = day_of(25, 101)
    lost = data.draw(st.sets(st.integers(0, RECORDS - 1), max_size=12))
    kept = [row for number, row in enumerate(rows) if number not in lost]
    data.draw(st.randoms(use_true_random=False)).shuffle(kept)
    own = folder / str(len(list(folder.iterdir())))
    own.mkdir()
    book = own / "book"
    with open_book(str(book)):
        clear(book, own, kept)
        found = told(book)
    for side, key, counter in (("devices", "device", "device_seq"), ("cards", "card", "card_seq")):
        wanted = 0
        for name in {row[key] for row in kept}:
            numbers = {row[counter] for row in kept if row[key] == name}
            wanted += len(set(range(min(numbers), max(numbers))) - numbers)
        assert found[side]["missing"] == wanted
        assert found[side]["found"] == len(kept)
        assert found[side]["repeated"] == found[side]["set_back"] == 0
