"""`show clocks`: whose clock is off, and by how much, from records beside other devices'."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.run.command import accepted, onecard, refused, shown
from tests.run.test_arrival_does_not_matter import SMALL, Row, clear, ride, tap


def bus(seq: int, at: str, device: str, **more: str) -> Row:
    return tap(seq, at, "bus-a", **more) | {"device": device}


def rows_of(*cards: list[Row]) -> list[Row]:
    return [{"card": f"1{number:04}", **row} for number, rows in enumerate(cards)
            for row in rows]


# Bus D is ten minutes behind: what it calls 08:21 was 08:31. A, B and C are right.
BEHIND = rows_of(
    [bus(1, "25 08:30", "A"), bus(2, "25 08:21", "D"), bus(3, "25 08:40", "B")],
    [bus(1, "25 09:00", "B"), bus(2, "25 08:57", "D"), bus(3, "25 09:30", "A")],
    [bus(1, "25 10:00", "C"), bus(2, "25 09:55", "D")],
    [bus(1, "25 11:00", "A"), bus(2, "25 11:30", "D"), bus(3, "25 11:50", "C")],
    [bus(1, "25 12:00", "A"), bus(2, "25 12:02", "B"), bus(3, "25 12:04", "C"),
     bus(4, "25 12:06", "A")])


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return tmp_path / "book"


def test_the_device_that_many_contradict_is_off(book: Path, tmp_path: Path) -> None:
    clear(book, tmp_path, BEHIND, SMALL)
    assert shown("clocks", book) == [
        {"operator": "bus-a", "device": "D", "off_s": -300, "records": 3, "compared": 7}]
    assert shown("clocks", book, "--operator", "bus-a") == shown("clocks", book)
    assert shown("clocks", book, "--operator", "bus-b") == []
    assert "there is no operator" in refused(
        "show", "clocks", "--operator", "x", "--book", book).err
    assert shown("clock-conflicts", book) == [
        {"card": "10000", "day": "2024-11-25", "apart_s": 540, "records": 3},
        {"card": "10001", "day": "2024-11-25", "apart_s": 180, "records": 3},
        {"card": "10002", "day": "2024-11-25", "apart_s": 300, "records": 2}]


def test_a_clock_can_be_ahead(book: Path, tmp_path: Path) -> None:
    """A whole day, too: its record then stands on the next day, beside that one's records."""
    clear(book, tmp_path, rows_of(
        [bus(1, "25 08:00", "A"), bus(2, "26 08:30", "D"), bus(3, "25 09:00", "B")],
        [bus(1, "25 08:00", "C"), bus(2, "26 09:30", "D"), bus(3, "25 09:40", "B"),
         bus(4, "25 10:00", "A")],
        [bus(minute, f"25 08:{minute}", "AB"[minute % 2]) for minute in range(10, 40)]), SMALL)
    assert shown("clocks", book) == [{"operator": "bus-a", "device": "D", "off_s": 84_600,
                                      "records": 2, "compared": 4}]
    assert shown("clock-conflicts", book) == []


def test_of_two_that_nobody_else_met_both_are_told(book: Path, tmp_path: Path) -> None:
    clear(book, tmp_path, rows_of([bus(1, "25 08:00:20", "A"), bus(2, "25 08:00", "B")]), SMALL)
    assert [(row["device"], row["off_s"]) for row in shown("clocks", book)] == [
        ("A", 20), ("B", -20)]
    assert shown("clock-conflicts", book) == []     # within the tolerance


def test_records_that_count_no_more_tell_nothing(book: Path, tmp_path: Path) -> None:
    """A contradicted one, one that was corrected, what is no boarding and no exit."""
    clear(book, tmp_path, rows_of(
        [bus(1, "25 08:00", "A"), bus(2, "25 07:00", "D"), bus(2, "25 07:01", "D")],
        [bus(1, "25 08:00", "A"), bus(2, "25 07:00", "D", kind="top_up")],
        [bus(1, "25 08:00", "A"), bus(2, "25 07:59", "A")]), SMALL)
    assert shown("clocks", book) == []


def test_only_one_day_or_one_card(book: Path, tmp_path: Path) -> None:
    later = [{**row, "tapped_at": row["tapped_at"].replace("-25T", "-26T"),
              "card_seq": row["card_seq"] + 10} for row in BEHIND[:3]]
    clear(book, tmp_path, [*BEHIND, *later], SMALL)

    def told(*wanted: str) -> list[tuple[Any, ...]]:
        return [(row["device"], row["records"], row["off_s"])
                for row in shown("clocks", book, *wanted)]

    assert told()[0] == ("D", 4, -540)
    assert told("--window", "2024-11-26") == [("A", 1, 540), ("D", 1, -540)]
    assert told("--card", "10001") == [("B", 1, 180), ("D", 1, -180)]
    assert [row["card"] for row in shown("clock-conflicts", book, "--window", "2024-11-26")] == [
        "10000"]


def test_a_card_over_several_blocks_is_one_card(book: Path, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    """The store hands records over in blocks that end where they end."""
    clear(book, tmp_path, BEHIND, SMALL)
    with open_book(str(book), create=False, read_only=True) as opened:
        whole = [block for block in opened.taps_by_counter() if len(block)]
        blocks = opened.store.blocks

        def one_by_one(sql: str) -> Any:
            for block in blocks(sql):
                count = len(next(iter(block.values())))
                for place in range(count):
                    yield {name: column[place:place + 1] for name, column in block.items()}

        monkeypatch.setattr(opened.store, "blocks", one_by_one)
        cards = [block for block in opened.taps_by_counter() if len(block)]
    assert [len(block) for block in cards] == [3, 3, 2, 3, 4]
    assert b"".join(block.tobytes() for block in cards) == b"".join(
        block.tobytes() for block in whole)


def test_a_book_without_contradictions(book: Path, tmp_path: Path) -> None:
    clear(book, tmp_path, rows_of(ride(1, "25 08:00", "25 08:20")), SMALL)
    assert onecard("show", "clocks", "--book", book).code == 0
    assert shown("clocks", book) == shown("clock-conflicts", book) == []
    assert accepted("show", "clock-conflicts", "--book", book).out.startswith(
        "CLOCK_CONFLICT: clocks over 120 s apart")
