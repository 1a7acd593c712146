"""What a card has paid one day goes off the next one's rides, whatever came when and was closed."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clearing.book import open_book, parts
from tests.run.command import accepted, shown
from tests.run.test_arrival_does_not_matter import (
    DAYS,
    SMALL,
    Row,
    clear,
    owed,
    rides_of,
    settle,
    tap,
)
from tests.run.test_tables_that_changed import (
    at_once,
    hold_in_any_order,
    verified,
)

CARD = "18888"
# Two yuan each. Of what is paid beyond one yuan on the 25th, half is a credit for the 26th: 2.50.
RIDES: list[Row] = [{"card": CARD, **row} for row in (
    tap(1, "25 08:00", "bus-a"), tap(2, "25 10:00", "bus-a"), tap(3, "25 12:00", "bus-a"),
    tap(4, "26 08:00", "bus-a"), tap(5, "26 10:00", "bus-a"), tap(6, "26 12:00", "bus-a"))]
PAID = {1: 200, 2: 200, 3: 200, 4: 0, 5: 150, 6: 200}
CREDIT = """
[[promotion]]
rule = "yesterday"
carried_credit = {{ accumulator = "day-paid", over = 100, percent = {percent}, used = "credit" }}
funders = [{{ funder = "finance" }}]
"""


def network_of(folder: Path, percent: int = 50) -> Path:
    """The small network, where a part of a day's fares is for the next day's."""
    network = folder / f"network-{percent}"
    shutil.copytree(SMALL, network)
    toml, table = network / "network.toml", network / "bus-a.toml"
    toml.write_text(toml.read_text("utf-8").replace(
        "accumulator = [",
        'accumulator = [{ accumulator = "credit", period = "day", counts = "credit" },', 1),
        "utf-8")
    table.write_text(table.read_text("utf-8").replace(
        '["month-paid"]', '["month-paid", "day-paid"]') + CREDIT.format(percent=percent), "utf-8")
    return network


def paid(book: Path) -> dict[int, int]:
    return {row["card_seq"]: row["paid"] for row in rides_of(book)}


def test_it_does_not_matter_when_they_come(tmp_path: Path) -> None:
    """Today's rides before yesterday's, a window closed between, or both."""
    network = network_of(tmp_path)
    same = hold_in_any_order(tmp_path, network, RIDES, paid, PAID, every=286)
    told = accepted("explain", f"{CARD}/5", "--book", same).out
    assert "0.50 left of a credit of 2.50 for 2024-11-25" in told


def test_another_credit_is_asked_for_and_restated(tmp_path: Path) -> None:
    """What-if says what a book by it would hold; a restatement of the day before makes it so."""
    network, other = network_of(tmp_path), network_of(tmp_path, 100)
    same, book = at_once(tmp_path, other, RIDES, *DAYS), tmp_path / "book"
    paid_at_once, owed_at_once = paid(same), owed(same)
    with open_book(str(book)):
        clear(book, tmp_path, RIDES, network)
        for day in DAYS:
            settle(book, tmp_path, day)
        asked = ("what-if", "--network", other, "--from", DAYS[0], "--to", DAYS[1])
        told = accepted(*asked, "--csv", "--book", book).out
        assert paid(book) == PAID
        shutil.copy(other / "bus-a.toml", network)
        accepted("restate", "--since", DAYS[0], "--book", book)
        assert paid(book) == paid_at_once == PAID | {4: 0, 5: 0, 6: 100}
        assert owed(book) == owed_at_once
        assert "no differences" in verified(book)
    assert "all,,6,950,700,-250" in told


def test_folded_runs_have_counted_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The day before lies in runs that are folded together when today's rides come."""
    monkeypatch.setattr(parts, "RUNS_OF_A_FOLD", 2)
    network, book = network_of(tmp_path), tmp_path / "book"
    with open_book(str(book)) as opened:
        for row in RIDES[:3]:
            clear(book, tmp_path, [row], network)
        settle(book, tmp_path, DAYS[0])
        assert opened.fold() > 0
        clear(book, tmp_path, RIDES[4:], network)
        clear(book, tmp_path, RIDES[3:4], network)
        assert paid(book) == PAID
        assert "no differences" in verified(book)
    assert {row["rule"] for row in shown("rides", book) if row["card_seq"] == 4} == {
        "flat-2+yesterday"}
