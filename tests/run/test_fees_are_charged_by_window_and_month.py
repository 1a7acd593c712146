"""Fees of a window or a month are flows of the run that closes it, and are worked out again.

Whoever changes them, in the network or in the book, changes nothing that was charged unseen.
"""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

from clearing.book import open_book
from tests.book.beneath import change_rows
from tests.run.command import accepted, onecard, shown, write_csv
from tests.run.paying import network_with

COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "medium")
FEES = """
[[period_fee]]
period_fee = "volume"
payers = ["hk-bus"]
payee = "cn-centre"
of = ["fare"]
per_ride = {per_ride}
lump = 1000

[[period_fee]]
period_fee = "tax"
payers = ["hk-bus"]
payee = "cn-centre"
cause = "tax"
of = ["period_fee"]
ppm = 60000
"""


def clear(folder: Path, *days: str, first: int = 1, per_ride: int = 10) -> Path:
    """A ride in Haikou by QR code on each day."""
    rows = [{"card": "3105000020000000035", "card_seq": number, "operator": "hk-bus",
             "tapped_at": f"{day}T08:00:00", "device": "P1", "device_seq": number, "mode": "bus",
             "kind": "single", "medium": "qr", "line": "19"}
            for number, day in enumerate(days, first)]
    taps = write_csv(folder / f"taps-{first}.csv", rows, COLUMNS)
    accepted("clear", taps, "--network", network_with(folder, FEES.format(per_ride=per_ride)),
             "--book", folder / "book")
    return folder / "book"


def settle(book: Path, day: str) -> None:
    accepted("settle", "--yes", "--empty", "--window", day, "--book", book)


def owed(book: Path) -> dict[str, int]:
    """What the bus company owes the centre, by cause."""
    return {row["cause"]: row["amount"] for row in shown("obligations", book)
            if (row["debtor"], row["creditor"]) == ("hk-bus", "cn-centre")}


def test_a_month_is_charged_once_with_its_last_window(tmp_path: Path) -> None:
    book = clear(tmp_path, "2024-11-28", "2024-11-29", "2024-11-30")
    settle(book, "2024-11-29")
    assert owed(book) == {}
    settle(book, "2024-11-30")
    assert owed(book) == {"period_fee": 1030, "tax": 62}        # 61.8
    with (book / "settlement" / "2024-11-30" / "period-fees.csv").open(encoding="utf-8") as file:
        working = list(csv.DictReader(file))
    assert [(row["rides"], row["base"], row["asked"], row["amount"]) for row in working] == [
        ("3", "600", "1030", "1030"), ("1", "1030", "62", "62")]
    net = {row["member"]: row["position"] for row in shown("positions", book)
           if row["level"] == "member"}
    assert net == {"hk-card": -600, "hk-bus": 600 - 1092, "cn-centre": 1092}
    assert accepted("verify", "--all", "--book", book).code == 0

    # A late ride of November is posted in December, and so is what it costs; by a new rate.
    clear(tmp_path, "2024-11-30", "2024-12-02", first=4, per_ride=50)
    settle(book, "2024-12-31")
    assert owed(book) == {"period_fee": 1030 + 1100, "tax": 62 + 66}
    assert accepted("verify", "--all", "--book", book).code == 0


def test_files_of_a_closing_come_back_as_they_were(tmp_path: Path) -> None:
    book = clear(tmp_path, "2024-11-30")
    settle(book, "2024-11-30")
    folder = book / "settlement" / "2024-11-30"
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(folder)
    clear(tmp_path, "2024-12-02", first=2, per_ride=50)
    settle(book, "2024-11-30")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_fee_that_was_changed_is_found(tmp_path: Path) -> None:
    book = clear(tmp_path, "2024-11-30")
    settle(book, "2024-11-30")
    with open_book(str(book), create=False) as opened:
        change_rows(opened, "stored_flows", "UPDATE amount = amount + 1 WHERE cause = 11")
    done = onecard("verify", "--all", "--book", book)
    assert done.code != 0
    assert "than its fees by window and month come to" in done.out + done.err


def test_a_first_closing_without_rides_charges_no_months_before_it(tmp_path: Path) -> None:
    """Whoever opens a book closes the days before the first ride, so that nothing comes of them."""
    book = clear(tmp_path, "2024-11-26")
    settle(book, "2024-11-24")
    assert owed(book) == {}
    assert accepted("verify", "--all", "--book", book).code == 0
    settle(book, "2024-11-30")
    assert owed(book) == {"period_fee": 1010, "tax": 61}        # 60.6
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_month_without_rides_is_charged_where_it_is_closed_first(tmp_path: Path) -> None:
    book = clear(tmp_path, "2024-12-01")
    settle(book, "2024-11-30")
    assert owed(book) == {"period_fee": 1000, "tax": 60}
    assert accepted("verify", "--all", "--book", book).code == 0
