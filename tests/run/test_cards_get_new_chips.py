"""A card register: counters that start again are taken, and what cards are is known.

Without it, a counter that a number has had before makes a conflict of two honest rides.
"""

from __future__ import annotations

import itertools
import shutil
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.run.command import accepted, refused, shown
from tests.run.test_arrival_does_not_matter import (
    DAYS,
    SMALL,
    Row,
    clear,
    codes_of,
    owed,
    ride,
    rides_of,
    settle,
    tap,
)
from tests.run.test_tables_that_changed import at_once, clear_over_windows, verified

CARD = "18888"
EXCHANGED = f"card,valid_from\n{CARD},\n{CARD},2024-11-25T12:00:00\n"
# By two buses before the exchange, by two after it, with the same counters; and the next day.
RIDES = [{"card": CARD, **row} for row in (
    tap(1, "25 08:00", "bus-a"), tap(2, "25 09:30", "bus-b"),
    tap(1, "25 14:00", "bus-b"), tap(2, "25 16:00", "bus-a"), tap(3, "26 08:00", "bus-a"))]


def with_register(folder: Path, text: str) -> Path:
    """The small network with a card register, or with another one than it had."""
    network = folder / "network"
    if not network.exists():
        shutil.copytree(SMALL, network)
        toml = network / "network.toml"
        toml.write_text(toml.read_text("utf-8").replace(
            'network = "small"', 'network = "small"\ncard_register = "cards.csv"'), "utf-8")
    (network / "cards.csv").write_text(text, "utf-8")
    return network


def rider(*rows: Row, card: str = CARD) -> list[Row]:
    return [{"card": card, **row} for row in rows]


def test_counters_that_start_again_are_taken(tmp_path: Path) -> None:
    book = tmp_path / "book"
    clear(book, tmp_path, RIDES, SMALL)
    assert codes_of(book) == ["CONTESTED"] * 4
    book = tmp_path / "registered"
    clear(book, tmp_path, RIDES, with_register(tmp_path, EXCHANGED))
    assert codes_of(book) == []
    assert [row["card_seq"] for row in rides_of(book)] == [1, 2, 1, 2, 3]
    assert {row["card"] for row in rides_of(book)} == {CARD}
    assert "no differences" in verified(book)
    explained = accepted("explain", f"{CARD}/1", "--book", book).out
    assert explained.count(f"ride {CARD}/1") == 2
    assert "08:00" in explained and "14:00" in explained


def test_it_does_not_matter_when_they_come(tmp_path: Path) -> None:
    """Also where a window is closed between the two chips, or before either came."""
    network = with_register(tmp_path, EXCHANGED)
    same = at_once(tmp_path, network, RIDES, *DAYS)
    expected = rides_of(same), owed(same)
    for number, order in enumerate(itertools.islice(itertools.permutations(RIDES), 7, 120, 40)):
        book = tmp_path / f"book-{number}"
        with open_book(str(book)):
            clear_over_windows(book, tmp_path, order, network)
            assert codes_of(book) == []
            assert (rides_of(book), owed(book)) == expected
            assert "no differences" in verified(book)


def test_the_same_record_is_known_by_either_chip(tmp_path: Path, opened: Path) -> None:
    """And one that contradicts another of its own chip is in conflict with it alone."""
    network = with_register(tmp_path, EXCHANGED)
    clear(opened, tmp_path, RIDES, network)
    settle(opened, tmp_path, DAYS[0])
    clear(opened, tmp_path, RIDES[1:3], network)
    assert codes_of(opened) == ["KNOWN", "KNOWN"]
    clear(opened, tmp_path, rider(tap(1, "25 14:00", "bus-b", device="other")), network)
    assert codes_of(opened) == ["CONFLICT", "CONFLICT", "KNOWN", "KNOWN"]
    assert [row["card_seq"] for row in rides_of(opened)] == [1, 2, 2, 3]
    assert "no differences" in verified(opened)


def test_a_days_clocks_are_compared_within_a_chip(tmp_path: Path, opened: Path) -> None:
    """By the counter within each: not a conflict of clocks, and priced in that order again."""
    network = with_register(tmp_path, EXCHANGED)
    rows = rider(*ride(7, "25 08:00", "25 08:31"), tap(9, "25 08:30:10", "bus-a"),
                 tap(1, "25 14:00:30", "bus-b"), tap(2, "25 14:00", "bus-a"),
                 tap(3, "25 14:20", "bus-b"))
    clear(opened, tmp_path, rows, network)
    assert [row["card_seq"] for row in rides_of(opened)] == [7, 9, 2, 1, 3]
    assert shown("clock-conflicts", opened) == []
    assert {row["device"] for row in shown("clocks", opened)} == {"bus-a-single", "bus-b-single",
                                                                "metro-out"}
    assert "no differences" in verified(opened)
    accepted("explain", f"{CARD}/1", "--book", opened)


def test_totals_of_the_month_go_on(tmp_path: Path, opened: Path) -> None:
    """A number with a new chip is the same card: what it paid in a month counts on."""
    network = with_register(tmp_path, EXCHANGED)
    rows = rider(*(tap(seq, f"25 {7 + seq // 12:02}:{seq % 12 * 5:02}", "bus-b")
                   for seq in range(1, 40)), *ride(1, "25 13:00", "25 13:30", stops="M1 M4"))
    clear(opened, tmp_path, rows, network)
    assert "month-100" in rides_of(opened)[-1]["rule"]


FACTS = f"""card,valid_from,card_kind,reviewed_until,born_on
{CARD},,elder,2024-12-31,1950-01-01
{CARD},2024-11-26,ordinary,,
"""


def test_what_a_card_is_is_known_where_records_do_not_say_it(tmp_path: Path, opened: Path) -> None:
    """From a moment on it is another; what a record says goes before."""
    rows = rider(tap(1, "25 08:00", "bus-a"), tap(2, "25 10:00", "bus-a", card_kind="ordinary"),
                 tap(3, "26 08:00", "bus-a"), tap(4, "26 10:00", "bus-a", card_kind="elder"),
                 tap(5, "26 12:00", "bus-a", card_kind="elder", reviewed_until="2024-11-25"))
    clear(opened, tmp_path, rows, with_register(tmp_path, FACTS))
    assert [row["paid"] for row in rides_of(opened)] == [0, 200, 200, 0, 200]
    assert "no differences" in verified(opened)


@pytest.mark.parametrize("restated", [False, True])
def test_a_changed_register_is_followed(tmp_path: Path, restated: bool) -> None:
    """By open windows at once, by closed ones when they are restated."""
    book, network = tmp_path / "book", with_register(tmp_path, "card\n")
    others = rider(tap(1, "25 08:00", "bus-a"), card="17777")
    clear(book, tmp_path, [*RIDES, *others], network)
    assert codes_of(book) == ["CONTESTED"] * 4
    if restated:
        for day in DAYS:
            settle(book, tmp_path, day)
    with_register(tmp_path, EXCHANGED)
    if restated:
        assert len(rides_of(book)) == 2
        accepted("restate", "--since", DAYS[0], "--book", book)
    else:
        clear(book, tmp_path, rider(tap(9, "26 09:00", "bus-b"), card="17778"), network)
        others += rider(tap(9, "26 09:00", "bus-b"), card="17778")
    same = at_once(tmp_path, network, [*RIDES, *others], *(DAYS if restated else ()))
    assert rides_of(book) == rides_of(same)
    assert owed(book) == owed(same)
    assert "no differences" in verified(book)
    posted = [row for row in shown("entries", book) if row["reason"] == "restated"]
    assert {row["card"] for row in posted} == ({CARD} if restated else set())


@pytest.mark.parametrize(("text", "line", "found"), [
    ("kard\n1\n", 1, "the header is kard"),
    ("", 1, "the header is missing"),
    ("card,card\n1,1\n", 1, "the header is card,card"),
    ("card,valid_from\n1\n", 2, "1 field, not 2"),
    ("card\n1\n12 34\n", 3, "'12 34' is not a card number"),
    ('card\n1\n"2\n3"\n', 3, "is not a card number"),
    ("card,valid_from\n1,2024-02-30\n", 2, "valid_from is '2024-02-30'"),
    ("card,valid_from\n1,\n1,20241125\n", 3, "valid_from is '20241125'"),
    ("card,valid_from\n1,2024-11-25T25:00:00\n", 2, "valid_from is '2024-11-25T25:00:00'"),
    ("card,born_on\n1,1899-12-31\n", 2, "born_on is '1899-12-31'"),
    ("card,reviewed_until\n1,soon\n", 2, "reviewed_until is 'soon'"),
    ("card,status\n1,stolen\n", 2, "status is 'stolen'"),
    ("card,valid_until\n1,2024\n", 2, "valid_until is '2024'"),
    ("card,card_kind\n1,elder\n2,elf\n", 3, "card_kind is 'elf'"),
    ("card\n1\n2\n1\n", 4, "card 1 is listed from the same moment on line 2, too"),
    ("card,valid_from\n1,2024-11-25\n1,2024-11-25T03:00:00\n", 3, "from the same moment on line 2"),
    ("card,predecessor\n1,\n2,3\n", 3, "card 2 has the predecessor 3, which the register does not"),
    ("card,predecessor\n1,1\n", 2, "card 1 is in a circle"),
    ("card,predecessor\n0,\n1,3\n2,1\n3,2\n", 3, "card 1 is in a circle"),
    ("card,predecessor,valid_from\n1,,\n2,,\n3,1,\n3,2,2024-11-25\n", 5,
     "card 3 has two predecessors: 2, and 1 on line 4"),
    ("card,predecessor\n1,\n2,1\n3,1\n", 4, "card 1 is replaced by two: 3, and 2 on line 3"),
    ("card,valid_from\n" + "".join(
        f"1,2024-11-25T{number // 3600:02}:{number // 60 % 60:02}:{number % 60:02}\n"
        for number in range(1001)), 1002, "card 1 is listed more than 1000 times"),
])
def test_a_register_that_cannot_be_is_refused(
    tmp_path: Path, text: str, line: int, found: str
) -> None:
    """With its file and line, where tables are checked and where files are cleared."""
    network = with_register(tmp_path, text)
    checked = accepted("tables", "check", network)
    assert checked.code == 1
    assert f"{network}/cards.csv:{line}: error NOT_COMPILED: " in checked.out
    assert found in checked.out
    told = refused("clear", network / "cards.csv", "--network", network, "--book",
                   tmp_path / "book")
    assert f"cards.csv:{line}: " in told.err and found in told.err


def test_a_register_that_is_not_there_is_told(tmp_path: Path) -> None:
    network = with_register(tmp_path, "")
    (network / "cards.csv").unlink()
    assert "cards.csv:1: error UNREADABLE: cannot be read" in accepted(
        "tables", "check", network).out
