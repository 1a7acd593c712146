"""A correction puts a record right whenever it comes: before or after it, window open or closed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.run.command import accepted, shown, write_csv
from tests.run.test_records_are_judged_over_runs import COLUMNS, GZ, NUMBERS, bus, last_codes

FIX = ("correction", "revision", "reason", "authorised_by")
DAY, NEXT = "2024-11-25", "2024-11-26"
TAP = bus(1, f"{DAY}T08:00:00")
OTHER = bus(2, f"{NEXT}T08:00:00")


def fixed(row: dict[str, Any], correction: str = "replace", revision: int = 1, **values: Any
          ) -> dict[str, Any]:
    """A correction of a record, by its operator."""
    return {**row, "correction": correction, "revision": revision, "reason": "wrong_time",
            "authorised_by": "gz-bus", **values}


def clear(book: str, folder: Path, *rows: dict[str, Any]) -> list[str]:
    """Clear these records in one run; when the book's rides began."""
    path = write_csv(folder / f"{next(NUMBERS)}.csv", rows, (*COLUMNS, *FIX))
    accepted("clear", path, "--network", "demo", "--book", book)
    for file in shown("files", book):
        assert file["accepted"] + file["known"] + file["refused"] == file["records"]
    return began(book)


def began(book: str) -> list[str]:
    """When the book's rides began, as they stand; the book agrees with itself."""
    assert accepted("verify", "--all", "--book", book).code == 0
    return sorted(ride["started_at"] for ride in shown("rides", book))


def settle(book: str, day: str) -> None:
    accepted("settle", "--yes", "--empty", "--window", day, "--book", book)


def position(book: str, day: str) -> dict[str, int]:
    """What each member is owed in a window; nothing where nothing is left."""
    rows = shown("positions", book, "--window", day)
    return {row["member"]: row["position"] for row in rows if row["position"]}


def reversals(book: str) -> list[tuple[str, int]]:
    """Window and reason of what takes something back."""
    return [(entry["window"], entry["reason"]) for entry in shown("entries", book)
            if entry["paid"] < 0]


def test_a_conflict_is_cured_by_a_correction(book: str, tmp_path: Path) -> None:
    assert clear(book, tmp_path, TAP, {**TAP, "tapped_at": f"{DAY}T08:00:01"}) == []
    assert last_codes(book) == ["CONFLICT", "CONFLICT"]
    assert clear(book, tmp_path, fixed(TAP)) == [f"{DAY}T08:00:00"]
    assert last_codes(book) == []
    assert clear(book, tmp_path, TAP, OTHER) == [f"{DAY}T08:00:00", f"{NEXT}T08:00:00"]
    assert last_codes(book) == ["CORRECTED"]


def test_a_ride_says_who_corrected_it(book: str, tmp_path: Path) -> None:
    clear(book, tmp_path, TAP, fixed(TAP, tapped_at=f"{DAY}T09:00:00"), OTHER)
    card = TAP["card"]
    out = accepted("explain", f"{card}/1", "--book", book).out
    assert "…, correction 1: wrong_time, authorised by gz-bus, kept as " in out
    assert "correction" not in accepted("explain", f"{card}/2", "--book", book).out
    assert {entry["card_seq"]: entry["reason"] for entry in shown("entries", book)} == {
        1: "correction", 2: "original"}


def test_a_ride_that_never_was_goes_while_its_window_is_open(book: str, tmp_path: Path) -> None:
    clear(book, tmp_path, OTHER)
    before = position(book, NEXT)
    assert len(clear(book, tmp_path, TAP)) == 2
    assert clear(book, tmp_path, fixed(TAP, "cancel")) == [f"{NEXT}T08:00:00"]
    assert last_codes(book) == []
    assert (position(book, DAY), position(book, NEXT)) == ({}, before)
    assert reversals(book) == [(DAY, "correction")]


def test_a_ride_of_a_closed_window_is_taken_back_in_the_open_one(book: str, tmp_path: Path) -> None:
    clear(book, tmp_path, TAP)
    settle(book, DAY)
    closed = position(book, DAY)
    assert clear(book, tmp_path, fixed(TAP, "cancel")) == []
    assert reversals(book) == [(NEXT, "correction")]
    assert position(book, DAY) == closed
    assert position(book, NEXT) == {member: -net for member, net in closed.items()}


def test_a_correction_can_come_before_its_record(book: str, tmp_path: Path) -> None:
    assert clear(book, tmp_path, fixed(TAP, tapped_at=f"{DAY}T09:00:00")) == [f"{DAY}T09:00:00"]
    settle(book, DAY)
    assert clear(book, tmp_path, TAP) == [f"{DAY}T09:00:00"]
    assert last_codes(book) == ["CORRECTED"]
    assert clear(book, tmp_path, fixed(OTHER, "cancel")) == [f"{DAY}T09:00:00"]
    assert clear(book, tmp_path, OTHER) == [f"{DAY}T09:00:00"]
    assert last_codes(book) == ["CORRECTED"]


def test_a_correction_that_comes_twice_is_a_duplicate(book: str, tmp_path: Path) -> None:
    late = fixed(TAP, tapped_at=f"{DAY}T09:00:00")
    clear(book, tmp_path, TAP, late)
    assert last_codes(book) == ["CORRECTED"]
    assert clear(book, tmp_path, late, OTHER) == [f"{DAY}T09:00:00", f"{NEXT}T08:00:00"]
    assert last_codes(book) == ["KNOWN"]
    settle(book, DAY)
    clear(book, tmp_path, late, fixed(OTHER, "cancel"), fixed(OTHER, "cancel"))
    assert last_codes(book) == ["KNOWN", "KNOWN"]


@pytest.mark.parametrize("closes", [False, True])
def test_the_highest_revision_counts_in_any_order(closes: bool, tmp_path: Path) -> None:
    """Also in one run, and where the time is corrected into another day, window closed or not.

    The three records of each card come in another order.
    """
    turns = [(0, 1, 2), (0, 2, 1), (2, 1, 0), (1, 2, 0)]
    by_card = [[{**row, "card": f"{GZ[:-1]}{number}"} for row in (
        TAP, fixed(TAP, tapped_at=f"{NEXT}T09:00:00"),
        fixed(TAP, revision=2, tapped_at=f"{DAY}T07:00:00"))] for number in range(len(turns))]
    ends = [f"{DAY}T07:00:00"] * len(turns)
    one, book = str(tmp_path / "one"), str(tmp_path / "book")
    with open_book(one):
        assert clear(one, tmp_path, *(row for rows in by_card for row in rows)) == ends
        assert last_codes(one) == ["CORRECTED"] * 2 * len(turns)
    with open_book(book):
        for place in range(3):
            rides = clear(book, tmp_path, *(rows[turn[place]] for turn, rows in zip(
                turns, by_card, strict=True)))
            if closes and place == 0:
                settle(book, DAY)
        assert rides == ends
        # The cards are cleared again, from the end of the closed window.
        later = [f"{NEXT}T08:00:00"] * len(turns)
        others = [{**OTHER, "card": rows[0]["card"]} for rows in by_card]
        assert clear(book, tmp_path, *others) == [*ends, *later]
        settle(book, NEXT)
        assert began(book) == [*ends, *later]


def test_a_record_corrected_out_of_the_open_window_stays_out(book: str, tmp_path: Path) -> None:
    """The correction is of a closed window, what it corrects is not: they are never seen apart."""
    clear(book, tmp_path, bus(5, f"{DAY}T10:00:00"))
    settle(book, DAY)
    clear(book, tmp_path, OTHER)
    early = [f"{DAY}T08:00:00", f"{DAY}T10:00:00"]
    assert clear(book, tmp_path, fixed(OTHER, tapped_at=f"{DAY}T08:00:00")) == early
    later = [*early, f"{NEXT}T12:00:00"]
    assert clear(book, tmp_path, bus(6, f"{NEXT}T12:00:00")) == later
    settle(book, NEXT)
    assert began(book) == later


def test_two_stories_of_two_windows_are_never_believed_one_by_one(book: str, tmp_path: Path
                                                                  ) -> None:
    clear(book, tmp_path, TAP)
    settle(book, DAY)
    assert clear(book, tmp_path, {**TAP, "tapped_at": f"{NEXT}T07:00:00"}) == []
    assert last_codes(book) == ["CONFLICT", "CONFLICT"]
    assert clear(book, tmp_path, OTHER) == [f"{NEXT}T08:00:00"]
    settle(book, NEXT)
    assert began(book) == [f"{NEXT}T08:00:00"]


def test_who_corrects_has_to_say_why_and_who_allowed_it(book: str, tmp_path: Path) -> None:
    assert clear(book, tmp_path, fixed(TAP, reason=""), fixed(TAP, authorised_by="nobody"),
                 fixed(TAP, reason="whim"), fixed(TAP, correction="undo")) == []
    assert sorted(last_codes(book)) == ["MISSING_VALUE", "UNKNOWN_AUTHORITY",
                                        "UNKNOWN_CORRECTION", "UNKNOWN_REASON"]
