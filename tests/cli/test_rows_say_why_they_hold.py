"""Rows for some operators, after some rides, by what the day has seen: a book explains each."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.test_a_ride_of_a_book_is_explained import COLUMNS, SMALL, tap
from tests.run.command import accepted, onecard, write_csv

ACCUMULATOR = """accumulator = [
    { accumulator = "dear-day", period = "day", counts = "rides" },"""
BUSES = """
table = "buses"
title = "公交"
city = "5810"
operators = ["bus-a", "bus-b"]
legal_basis = "a test"
source = "made up"
in_force_from = 2020-01-01
counts_to = ["month-paid", "day-paid"]

[[timeframe]]
timeframe = "night"
since = 22:00:00

[[fare]]
rule = "not-cleared-here"
exit_timeframes = ["night"]
basis = "none"

[[fare]]
rule = "flat-3"
operators = ["bus-b"]
basis = "flat"
amount = 300
counts_to = ["dear-day"]
outside_chain = true

[[fare]]
rule = "flat-2"
basis = "flat"
amount = 200

[[transfer]]
rule = "change"
not_from_operators = ["bus-b"]
within_s = 3600
pays_percent = 10
pays_at_least = 50
same_line = true
funders = [{ funder = "operator" }]

[[cap]]
rule = "day-4"
accumulator = "day-paid"
amount = 400
counted = { accumulator = "dear-day", at_least = 0, below = 1 }
funders = [{ funder = "finance" }]

[[cap]]
rule = "day-6"
accumulator = "day-paid"
amount = 600
unless = ["cap"]
funders = [{ funder = "finance" }]
"""
TAPS = [tap("06:00:00", "bus-a"), tap("06:20:00", "bus-b"), tap("06:40:00", "bus-a"),
        tap("08:00:00", "bus-a"), tap("22:00:00", "bus-a")]
#        paid  row           why it did or did not apply
EXPLAINED = [
    (200, "flat-3", "not for operator bus-a"),
    (300, "change", "a ride by flat-3 is outside the transfer chain"),
    (50, "change", "pays 10 %, at least 0.50"),
    (50, "day-4", "with this ride 1 counted in 2024-11-25, not below 1"),
]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small network with one table of both buses, and a day of one card."""
    folder = tmp_path_factory.mktemp("rows")
    network = shutil.copytree(SMALL, folder / "network")
    (network / "bus-a.toml").write_text(BUSES, "utf-8")
    (network / "bus-b.toml").unlink()
    text = (network / "network.toml").read_text("utf-8")
    assert text.count("accumulator = [") == 1
    (network / "network.toml").write_text(text.replace("accumulator = [", ACCUMULATOR), "utf-8")
    rows = [{**row, "card_seq": str(number), "device_seq": str(number)}
            for number, row in enumerate(TAPS, 1)]
    done = onecard("clear", write_csv(folder / "taps.csv", rows, COLUMNS), "--network", network,
                   "--book", folder / "book")
    assert done.code == 1, done
    assert "1 refused" in done.out and "NO_FARE" in done.out     # the one at night, on purpose
    return folder / "book"


@pytest.mark.parametrize(("counter", "expected"), list(enumerate(EXPLAINED, 1)))
def test_each_row_says_why(book: Path, counter: int, expected: tuple[int, str, str]) -> None:
    done = accepted("explain", f"1001/{counter}", "--book", book, "--json")
    one, = json.loads(done.out)
    paid, rule, why = expected
    assert one["paid"] == paid
    assert [tried["why"] for tried in one["rows_tried"] if tried["rule"] == rule] == [why]


def test_the_plain_engine_prices_them_alike(book: Path) -> None:
    assert "4 rides priced again by the plain engine: no differences" in accepted(
        "verify", "--all", "--book", book).out
