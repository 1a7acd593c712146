"""A tap that comes through two channels is charged once, with all that either of them says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.run.command import accepted, shown
from tests.run.test_corrections_put_right import DAY, NEXT, clear, fixed, position, settle
from tests.run.test_records_are_judged_over_runs import bus, last_codes

TAP = bus(1, f"{DAY}T08:00:00", card_kind="")
FULLER = {**TAP, "card_kind": "student"}
DEVICE = {**TAP, "line": "", "reviewed_until": "2025-01-01"}
OTHER = bus(2, f"{DAY}T12:00:00")
CHARGED = bus(1, f"{DAY}T08:00:00", medium="card", due=200, paid=200)
BACK = bus(1, f"{DAY}T11:00:00", medium="card", paid=-200, device="B9", device_seq=7)


def entries(book: str) -> list[tuple[Any, ...]]:
    """Amounts and why, of every entry."""
    return [(row["card_kind"], row["paid"], row["reason"]) for row in shown("entries", book)]


def stands(book: str) -> list[dict[str, Any]]:
    """The rides, without the run that entered them."""
    return [{name: value for name, value in ride.items() if name != "window"}
            for ride in shown("rides", book)]


@pytest.mark.parametrize("runs", [(0, 0, 1), (1, 0, 0), (0, 1, 2), (2, 1, 0)], ids=str)
def test_what_reports_say_together_depends_on_no_run(runs: tuple[int, ...], tmp_path: Path
                                                     ) -> None:
    one, many = str(tmp_path / "one"), str(tmp_path / "many")
    clear(one, tmp_path, TAP, FULLER, DEVICE, OTHER)
    for run in range(3):
        rows = [row for row, of in zip((TAP, FULLER, DEVICE), runs, strict=True) if of == run]
        clear(many, tmp_path, *rows, {**OTHER, "card_seq": 10 + run})
    first = [{**ride, "card_seq": 1} for ride in stands(many)[:1]]
    assert first == stands(one)[:1]
    assert (first[0]["card_kind"], first[0]["line"]) == ("student", "7")
    with open_book(many) as book:
        found = book.query("SELECT card_kind, line, review_day FROM records WHERE card_seq = 1")
        assert len(set(zip(*map(list, found.values()), strict=True))) in (2, 3)


def test_a_fuller_report_of_a_closed_window_posts_the_difference(book: str, tmp_path: Path
                                                                 ) -> None:
    clear(book, tmp_path, TAP)
    settle(book, DAY)
    closed = position(book, DAY)
    clear(book, tmp_path, FULLER)
    assert last_codes(book) == []
    full, reduced = (row["paid"] for row in (*shown("entries", book)[:1], *shown("rides", book)))
    assert reduced < full
    assert entries(book) == [("ordinary", full, "original"),
                             ("ordinary", -full, "late_record"),
                             ("student", reduced, "late_record")]
    assert position(book, DAY) == closed
    settle(book, NEXT)
    clear(book, tmp_path, TAP, bus(9, "2024-11-27T08:00:00"))
    assert last_codes(book) == ["KNOWN"]
    assert accepted("verify", "--all", "--book", book).code == 0


def test_what_contradicts_one_report_contradicts_all(book: str, tmp_path: Path) -> None:
    clear(book, tmp_path, TAP, FULLER)
    assert clear(book, tmp_path, {**TAP, "card_kind": "elder"}) == []
    assert last_codes(book) == ["CONFLICT"] * 3
    assert clear(book, tmp_path, fixed(FULLER)) == [f"{DAY}T08:00:00"]


@pytest.mark.parametrize("closes", [False, True])
@pytest.mark.parametrize("turn", [(CHARGED, BACK), (BACK, CHARGED)], ids=["then", "before"])
def test_a_charge_that_was_given_back_is_taken_back(turn: tuple[dict[str, Any], ...],
                                                    closes: bool, book: str, tmp_path: Path
                                                    ) -> None:
    """Whichever came first, over a closed window, too; no fee and no subsidy is left."""
    for row in turn:
        clear(book, tmp_path, row)
        if closes and row is turn[0]:
            settle(book, DAY)
    assert shown("rides", book) == []
    totals: dict[str, int] = {}
    for row in shown("positions", book):
        totals[row["member"]] = totals.get(row["member"], 0) + row["position"]
    assert set(totals.values()) <= {0}
    if turn[0] is CHARGED:
        assert entries(book)[-1] == ("ordinary", -200, "correction")
        assert last_codes(book) == []       # the charge's sender did nothing wrong
    else:
        assert last_codes(book) == ["CORRECTED"]


def test_another_operator_corrects_nothing(book: str, tmp_path: Path) -> None:
    clear(book, tmp_path, TAP)
    theirs = fixed({**TAP, "operator": "fs-bus"}, "cancel", authorised_by="gz-card")
    assert clear(book, tmp_path, theirs) == [f"{DAY}T08:00:00"]
    assert last_codes(book) == ["FOREIGN_RECORD"]
    assert clear(book, tmp_path, fixed(TAP, "cancel", authorised_by="fs-bus"), OTHER) == [
        f"{DAY}T08:00:00", f"{DAY}T12:00:00"]
    assert last_codes(book) == ["FOREIGN_AUTHORITY"]
    assert clear(book, tmp_path, fixed(TAP, "cancel", authorised_by="gz-card")) == [
        f"{DAY}T12:00:00"]


def test_it_was_another_operators_before_the_record_came(book: str, tmp_path: Path) -> None:
    """A correction whose record comes later turns out to be of another operator's."""
    theirs = fixed({**TAP, "operator": "fs-bus"}, authorised_by="gz-card")
    clear(book, tmp_path, theirs)
    assert [ride["operator"] for ride in shown("rides", book)] == ["fs-bus"]
    clear(book, tmp_path, TAP)
    assert last_codes(book) == ["FOREIGN_RECORD"]
    assert [ride["operator"] for ride in shown("rides", book)] == ["gz-bus"]
