"""What an agreement's parties owe each other for some causes is settled by a cycle of its own."""

from __future__ import annotations

import csv
from pathlib import Path

from tests.run.command import accepted, shown
from tests.run.paying import WINDOW, network_with, settle_example

CYCLES = """
[[settlement_cycle]]
settlement_cycle = "daily"
cut_off_at = 15:00:00

[[settlement_cycle]]
settlement_cycle = "fees"
causes = ["clearing_fee", "issuer_fee"]
members = ["zs-bus"]
every = "month"
cut_off_at = 15:00:00
value_days = 5
"""


def rows_of(book: Path, window: str, name: str) -> list[dict[str, str]]:
    with (book / "settlement" / window / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def paid(book: Path, window: str) -> dict[str, int]:
    """What each member gets; below 0: pays."""
    return {row["member"]: int(row["amount"]) * (1 if row["action"] == "receives" else -1)
            for row in rows_of(book, window, "instructions.csv")}


def test_fees_are_settled_by_the_month_and_fares_by_the_day(tmp_path: Path) -> None:
    book = tmp_path / "book"
    settle_example(book, network_with(tmp_path, CYCLES))
    fees = {"cn-centre": 1, "hk-card": 1, "zs-bus": -2}     # of what zs-bus owes for away rides
    carried = {row["payer"] or row["payee"]: int(row["amount"]) * (-1 if row["payer"] else 1)
               for row in rows_of(book, WINDOW, "carried.csv") if row["cycle"] == "fees"}
    assert carried == fees
    positions = {row["member"]: row["position"] for row in shown("positions", book)
                 if row["level"] == "member"}
    assert paid(book, WINDOW) == {
        member: rest for member, position in positions.items()
        if (rest := position - fees.get(member, 0))}
    accepted("settle", "--yes", "--empty", "--window", "2024-11-30", "--book", book)
    assert paid(book, "2024-11-30") == fees
    assert rows_of(book, "2024-11-30", "carried.csv") == []
    assert [(row["cycle"], row["period_ends"], row["value_date"])
            for row in shown("windows", book, "--window", WINDOW)] == [
        ("daily", WINDOW, "2024-11-26"), ("fees", "2024-11-30", "2024-12-06")]
    accepted("pay", "make", "--by", "Li Na", "--on", "2024-12-06", "--book", book)
    assert accepted("verify", "--all", "--book", book).code == 0
