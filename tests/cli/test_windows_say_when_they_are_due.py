"""`show windows`: a clerk sees what is closed, what is late, and when money moves."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.run.command import REPOSITORY, accepted, refused, shown

TAPS = sorted((REPOSITORY / "examples" / "taps").glob("*.csv"))
CYCLES = """
[[settlement_cycle]]
settlement_cycle = "weekly"
members = ["zs-finance", "hk-finance", "hk-civil"]
every = "week"
cut_off_at = 15:00:00
value_days = 2

[[settlement_cycle]]
settlement_cycle = "daily"
cut_off_at = 15:00:00
"""


def network_with(folder: Path, text: str) -> Path:
    network = shutil.copytree(REPOSITORY / "examples" / "network", folder / "network")
    own = (network / "network.toml").read_text("utf-8")
    head, mark, rest = own.partition("[[operator]]")
    (network / "network.toml").write_text(f'{head}calendar = "mainland"\n{mark}{rest}{text}',
                                          "utf-8")
    return network


@pytest.fixture
def book(tmp_path: Path) -> Path:
    network = network_with(tmp_path, CYCLES)
    accepted("clear", *TAPS, "--network", network, "--book", tmp_path / "book")
    return tmp_path / "book"


def test_windows_are_listed_with_their_dates(book: Path) -> None:
    due = {"cut_off": "2024-11-26 15:00", "window": "2024-11-25"}
    rows = [{**due, "cycle": "weekly", "period_ends": "2024-12-01", "value_date": "2024-12-03"},
            {**due, "cycle": "daily", "period_ends": "2024-11-25", "value_date": "2024-11-26"}]
    assert shown("windows", book) == [
        {**row, "state": "closing", "completeness": "", "root": ""} for row in rows]
    said = accepted("settle", "--yes", "--window", "2024-11-25", "--book", book).out
    root = said.partition("root of window 2024-11-25: ")[2].partition("\n")[0]
    assert shown("windows", book) == [
        {**row, "state": "closed", "completeness": "", "root": root} for row in rows]


def test_without_cycles_there_are_no_dates(tmp_path: Path) -> None:
    book = tmp_path / "book"
    accepted("clear", *TAPS, "--network", REPOSITORY / "examples" / "network", "--book", book)
    assert [(row["window"], row["state"], row["cut_off"]) for row in shown("windows", book)] == [
        ("2024-11-25", "open", "")]


def test_a_year_whose_holidays_nobody_knows_is_told(book: Path, monkeypatch: pytest.MonkeyPatch
                                                    ) -> None:
    monkeypatch.setattr("network.calendars.mainland_years", lambda: range(2020, 2024))
    said = refused("show", "windows", "--book", book).err
    assert "the mainland's holidays of 2024 are not known" in said
    assert "pip install --upgrade chinesecalendar" in said
