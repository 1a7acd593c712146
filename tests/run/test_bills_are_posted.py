"""What a month's bill differs by from what its windows settled is posted with the last of them.

Its flows are in positions and statements under a cause of their own, are the same whoever closes
the window again, and nothing that is changed later changes them.
"""

from __future__ import annotations

import csv
import shutil
from datetime import date
from pathlib import Path

import pytest

from clearing.answers.session import open_session
from clearing.book import open_book
from clearing.engine import run as engine
from clearing.engine.bills import bill_closing
from network.civil import number_of
from network.errors import OnecardError
from tests.book.beneath import change_rows
from tests.run.command import accepted, contents, onecard, refused, shown, write_csv
from tests.run.paying import network_with

COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "medium", "card_kind", "paid")
HOME, AWAY = "3105000020000000027", "3104870500000000058"
# A free ride of 2.00 in Haikou: civil affairs owe 1.20 of it as it is settled, the bureau 0.80.
TERMS = """
[[bill]]
bill = "civil"
funder = "hk-civil"
basis = "unit_price"
amount = 150
ceiling = {ceiling}
above = "carried"
difference = "posted"
in_force_from = 2024-11-01
"""
# The bureau pays for the cards of its own city.
BUREAU = """
[[bill]]
bill = "finance"
funder = "hk-finance"
recognises = "city"
ceiling = {ceiling}
difference = "posted"
in_force_from = 2024-11-01
"""
RIDES = ((HOME, 1, "2024-11-28"), (HOME, 2, "2024-11-29"), (HOME, 3, "2024-11-30"),
         (AWAY, 1, "2024-11-30"))


def clear(folder: Path, name: str, *rides: tuple[str, int, str], ceiling: int = 400,
          terms: str | None = None) -> Path:
    """Students' rides in Haikou, each a card, its counter and a day, also with another's card."""
    rows = [{"card": card, "card_seq": seq, "tapped_at": f"{day}T08:{seq:02}:00",
             "operator": "hk-bus", "device": "P1", "device_seq": seq, "mode": "bus",
             "kind": "single", "stop": "龙华总站", "line": "19", "medium": "card",
             "card_kind": "student", "paid": 0} for card, seq, day in rides]
    network = network_with(folder, terms or TERMS.format(ceiling=ceiling) + BUREAU.format(
        ceiling="1000\nceiling_per = 'year'"))
    table = network / "haikou-bus.toml"
    table.write_text(table.read_text("utf-8").replace('cards = "home"\npays_amount', "pays_amount"),
                     "utf-8")
    accepted("clear", write_csv(folder / f"{name}.csv", rows, COLUMNS), "--network", network,
             "--book", folder / "book")
    return folder / "book"


def november(folder: Path) -> Path:
    """Three rides at home and one of somebody else's card: 4 x 1.20 and 4 x 0.80 are settled."""
    return clear(folder, "november", *RIDES)


def settle(book: Path, day: str) -> str:
    return accepted("settle", "--yes", "--empty", "--window", day, "--book", book).out


def posted(book: Path, *where: str) -> dict[str, int]:
    """What each funder owes the bus company beside what its rides fell short."""
    rows = [row for row in shown("obligations", book, *where) if row["cause"] == "bill_difference"]
    assert all(row["creditor"] == "hk-bus" for row in rows)
    return {row["debtor"]: row["amount"] for row in rows}


def test_a_month_is_billed_with_its_last_window(tmp_path: Path) -> None:
    book = november(tmp_path)
    settle(book, "2024-11-29")
    assert posted(book) == {}
    said = settle(book, "2024-11-30")
    assert "civil     hk-civil     hk-bus     2024-11       4" in said
    # 4 x 1.50 are 6.00, of which 4.00 are billed; the bureau does not pay the other city's card.
    assert posted(book) == {"hk-civil": 400 - 480, "hk-finance": 3 * 80 - 4 * 80}
    with (book / "settlement" / "2024-11-30" / "bills.csv").open(encoding="utf-8") as file:
        assert [(row["funder"], row["rides"], row["settled"], row["base"], row["billed"],
                 row["above"], row["amount"]) for row in csv.DictReader(file)] == [
            ("hk-civil", "4", "480", "600", "400", "200", "-80"),
            ("hk-finance", "4", "320", "240", "240", "0", "-80")]
    net = {row["member"]: row["position"] for row in shown("positions", book)
           if row["level"] == "member"}
    assert (net["hk-civil"], net["hk-finance"], net["hk-bus"]) == (-400, -240, 640)
    assert accepted("verify", "--all", "--book", book).code == 0
    traced = accepted("trace", "--member", "hk-civil", "--window", "2024-11-30", "--book", book)
    assert "bill_difference" in traced.out
    assert "together -1.60" in traced.out       # of the window: 2 x -1.20 + 0.80
    bill = accepted("bill", "--funder", "hk-civil", "--month", "2024-11", "--out", tmp_path / "out",
                    "--book", book)
    assert "the difference of -0.80 is posted in window 2024-11-30" in bill.out
    accepted("statement", "--member", "hk-civil", "--month", "2024-11", "--out", tmp_path / "out",
             "--book", book)
    page = (tmp_path / "out" / "statement-hk-civil-2024-11.html").read_text("utf-8")
    assert "账单差额" in page
    assert "-4.00 元" in page


def test_what_comes_later_counts_in_a_later_bill(tmp_path: Path) -> None:
    """A late ride, what was carried, a year's ceiling; and terms that somebody changes."""
    book = november(tmp_path)
    settle(book, "2024-11-30")
    first = posted(book)
    clear(tmp_path, "december", (HOME, 4, "2024-11-30"), (HOME, 5, "2024-12-02"),
          *((HOME, seq, "2024-12-03") for seq in range(6, 18)), ceiling=3000)
    settle(book, "2025-01-01")      # with December's last window
    # By 14 rides: 21.00 and 2.00 carried; and 11.20, of which the year has room for 10.00 - 2.40.
    assert posted(book, "--from", "2024-12-01") == {"hk-civil": 2300 - 14 * 120,
                                                    "hk-finance": 760 - 14 * 80}
    assert posted(book, "--to", "2024-11-30") == first
    assert {(row["funder"], row["month"]): (row["billed"], row["posted"])
            for row in shown("bills", book, "--to", "2024-12-31")} == {
        ("hk-civil", "2024-11"): (400, -80), ("hk-civil", "2024-12"): (2300, 620),
        ("hk-finance", "2024-11"): (240, -80), ("hk-finance", "2024-12"): (760, -360)}
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_bill_goes_by_rides_that_have_left(tmp_path: Path) -> None:
    """Whose cards rode in a month that is archived is read where it was archived, or moved to."""
    carried, folder = BUREAU.format(ceiling="230\nabove = 'carried'"), tmp_path / "archive"
    book = clear(tmp_path, "november", *RIDES, terms=carried)
    settle(book, "2024-11-30")
    clear(tmp_path, "december", *((HOME, seq, "2024-12-03") for seq in range(6, 11)), terms=carried)
    settle(book, "2024-12-05")
    settle(book, "2025-01-10")      # with December, and a month behind what follows November
    accepted("book", "archive", "--before", "2024-12-01", "--to", folder, "--book", book)
    moved = folder.rename(tmp_path / "moved")
    january = ("settle", "--yes", "--empty", "--window", "2025-02-01", "--book", book)
    said = refused(*january).err
    assert str(folder) in said
    assert "name it with --archive" in said
    accepted(*january, "--archive", moved)
    # 3 x 0.80 less 2.30 are carried, and of 5 x 0.80 with it 2.30 are billed, too.
    assert posted(book, "--from", "2025-01-11") == {"hk-finance": 240 - 230 + 400 - 230}
    with open_session(str(book)) as session, pytest.raises(OnecardError, match="are archived"):
        bill_closing(session.book, session.numbered(), number_of(date(2025, 1, 11)),
                     number_of(date(2025, 2, 1)))
    assert accepted("verify", "--all", "--book", book, "--archive", moved).code == 0


def test_a_closing_that_was_stopped_posts_the_same(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("book", "whole"):
        (tmp_path / name).mkdir()
    book, whole = november(tmp_path / "book"), november(tmp_path / "whole")
    settle(whole, "2024-11-30")

    def stop(*_: object) -> None:
        raise RuntimeError("the power is gone")

    with monkeypatch.context() as patched:
        patched.setattr(engine, "_charge_fees", stop)       # when bills are posted
        done = onecard("settle", "--yes", "--window", "2024-11-30", "--book", book)
    assert "the power is gone" in done.err
    assert posted(book) == {}
    settle(book, "2024-11-30")
    assert contents(book, with_refusals=False) == contents(whole, with_refusals=False)
    files = book / "settlement" / "2024-11-30"
    before = {path.name: path.read_bytes() for path in files.iterdir()}
    shutil.rmtree(files)
    settle(book, "2024-11-30")
    assert {path.name: path.read_bytes() for path in files.iterdir()} == before


def test_a_difference_that_was_changed_is_found(tmp_path: Path) -> None:
    book = november(tmp_path)
    settle(book, "2024-11-30")
    with open_book(str(book), create=False) as opened:
        change_rows(opened, "stored_flows", "UPDATE amount = amount + 1 WHERE cause = 16")
    done = onecard("verify", "--all", "--book", book)
    assert done.code == 1
    assert "hk-civil was charged 1 fen more than its bill comes to, for hk-bus" in done.out
