"""Windows of a network with levels: who pays whom re-adds to the positions, day after day.

What is carried forward is paid later, and what a crash left out of the files is written again as
it would have been, whatever has been closed, or changed in the network, since.
"""

from __future__ import annotations

import csv
import shutil
from collections import Counter
from pathlib import Path

import pytest

from tests.run.command import accepted, onecard, shown, write_csv
from tests.run.paying import network_with

DAYS = ("2024-11-25", "2024-11-26", "2024-11-27")
COLUMNS = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
           "stop", "line", "medium")
LEVELS = """
[[centre]]
code = "gd-centre"
name = ""
province = "44"

[[netting]]
netting = "guangdong"
provinces = ["44"]
centre = "gd-centre"
through = "nation"
pay_from = {pay_from}

[[netting]]
netting = "nation"

[[debit_limit]]
member = "hk-card"
debit_cap = 399
"""


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """Each day a Haikou card rides in Zhongshan by QR code, for 2.00, and one at home."""
    rows = [{"card": f"31050000200000000{card}", "card_seq": number, "operator": operator,
             "tapped_at": f"{day}T08:0{number}:00", "device": operator, "device_seq": number,
             "mode": "bus", "kind": "single", "medium": "qr", "line": line}
            for number, day in enumerate(DAYS, 1)
            for card, operator, line in (("35", "zs-bus", "12"), ("43", "hk-bus", "19"))]
    taps = write_csv(tmp_path / "taps.csv", rows, COLUMNS)
    book = tmp_path / "book"
    accepted("clear", taps, "--network", network_with(tmp_path, LEVELS.format(pay_from=300)),
             "--book", book)
    return book


def rows_of(book: Path, day: str, name: str) -> list[dict[str, str]]:
    with (book / "settlement" / day / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def paid_by(book: Path, day: str) -> Counter[str]:
    """What everybody has more, or less, once a window is paid."""
    cash = Counter[str]()
    for row in rows_of(book, day, "instructions.csv"):
        sign = 1 if row["action"] == "receives" else -1
        cash[row["member"]] += sign * int(row["amount"])
        cash[row["counterparty"]] -= sign * int(row["amount"])
    return cash


def settle(book: Path, day: str) -> str:
    """What closing a window says, without its lines and spaces."""
    said = accepted("settle", "--yes", "--window", day, "--book", book).out
    return " ".join(said.replace("─", "").split())


def test_days_are_paid_and_carried_and_re_add_to_the_positions(book: Path, tmp_path: Path) -> None:
    said = [settle(book, day) for day in DAYS]
    # 2.00 less 0.3 % and 0.5 % of it, which are 1 fen each: 1.98 a day, and 3.00 at least.
    assert "carried forward, not paid yet, in yuan netting payer payee cycle amount guangdong " \
           "gd-centre zs-bus 1.98" in said[0]
    assert "guangdong gd-centre zs-bus 3.96" in said[1]
    assert "carried forward" not in said[1]
    assert [row["amount"] for row in rows_of(book, DAYS[2], "carried.csv")] == ["198"]
    cash = Counter[str]()
    for day in DAYS:
        cash.update(paid_by(book, day))
    for row in rows_of(book, DAYS[2], "carried.csv"):
        cash[row["payer"]] -= int(row["amount"])
        cash[row["payee"]] += int(row["amount"])
    assert {code: amount for code, amount in cash.items() if amount} == {
        row["member"]: row["position"] for row in shown("positions", book)
        if row["level"] == "member"}
    _files_come_back(book, tmp_path)


def _files_come_back(book: Path, tmp_path: Path) -> None:
    """As they were, though the network has another minimum by now."""
    folder = book / "settlement" / DAYS[1]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    shutil.rmtree(folder)
    accepted("settle", "--yes", "--window", DAYS[1], "--book", book, "--network",
             network_with(tmp_path, LEVELS.format(pay_from=0)))
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_member_that_moves_is_paid_from_where_it_was(book: Path, tmp_path: Path) -> None:
    """A bus company whose city was written wrong, say: of what is closed, nothing is paid anew."""
    for day in DAYS[:2]:
        settle(book, day)
    asked = (("pay", "list"), ("show", "positions", "--window", DAYS[1]),
             ("show", "positions", "--to", DAYS[1]))
    before = [accepted(*one, "--json", "--book", book).out for one in asked]
    folder = book / "settlement" / DAYS[1]
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    network = network_with(tmp_path, LEVELS.format(pay_from=300))
    model = network / "network.toml"
    model.write_text(model.read_text("utf-8").replace(
        'name = "中山公交"\ncity = "6030"', 'name = "中山公交"\ncity = "6410"'), "utf-8")
    row = {"card": "3105000020000000043", "card_seq": 9, "operator": "hk-bus", "mode": "bus",
           "tapped_at": f"{DAYS[2]}T09:00:00", "device": "hk-bus", "device_seq": 9,
           "kind": "single", "medium": "qr", "line": "19"}
    accepted("clear", write_csv(tmp_path / "more.csv", [row], COLUMNS), "--network", network,
             "--book", book)
    assert [accepted(*one, "--json", "--book", book).out for one in asked] == before
    shutil.rmtree(folder)
    settle(book, DAYS[1])
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_limits_are_reported_where_they_are_exceeded(book: Path) -> None:
    assert "limits exceeded" not in settle(book, DAYS[0])   # it owes 4.00, and gets a fee of 0.01
    assert "nation hk-card debit_cap 7.98 3.99 3.99" in settle(book, DAYS[2])


def test_a_limit_that_stops_keeps_the_window_open(book: Path, tmp_path: Path) -> None:
    """Once the member may owe more, the same command closes the window."""
    def stopping(cap: int) -> Path:
        return network_with(tmp_path, LEVELS.format(pay_from=0).replace(
            "debit_cap = 399", f"debit_cap = {cap}\nstops = true"))

    settle(book, DAYS[0])
    runs = len(shown("runs", book))
    done = onecard("settle", "--yes", "--window", DAYS[1], "--book", book, "--network",
                   stopping(398))
    assert done.code == 2, done
    assert "hk-card would owe 3.99 in nation, 0.01 above its debit_cap" in done.err
    assert len(shown("runs", book)) == runs
    accepted("settle", "--yes", "--window", DAYS[1], "--book", book, "--network", stopping(399))
