"""What an agreement's parties owe each other for some causes is settled by a cycle of its own."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import pytest

from tests.run.command import accepted, shown
from tests.run.paying import WINDOW, network_with, settle_example
from tests.run.test_arrival_does_not_matter import SMALL, clear, tap

BY_THE = """
[[settlement_cycle]]
settlement_cycle = "all"
every = "{period}"
cut_off_at = 15:00:00
"""

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


@pytest.mark.parametrize("closings", [
    # By the month until its last week has begun, and then by the week, which ends in the next one.
    [("month", "2024-11-20"), ("month", "2024-11-25"), ("week", "2024-11-30"),
     ("week", "2024-12-01")],
    # On a Monday with the days before it, over the end of the month.
    [("month", "2024-11-20"), ("month", "2024-12-02")],
])
def test_what_is_carried_is_paid(closings: list[tuple[str, str]], tmp_path: Path) -> None:
    """With the last of these closings, and not before."""
    network, book = tmp_path / "network", tmp_path / "book"
    shutil.copytree(SMALL, network)
    for period, day in closings:
        (network / "network.toml").write_text(
            (SMALL / "network.toml").read_text("utf-8") + BY_THE.format(period=period), "utf-8")
        if not book.exists():
            clear(book, tmp_path, [{"card": "10001", **tap(1, "20 08:00", "bus-a")}], network)
        accepted("settle", "--yes", "--empty", "--window", day, "--network", network,
                 "--book", book)
        is_last = (period, day) == closings[-1]
        assert paid(book, day) == ({"bus-a": 200, "gz-card": -200} if is_last else {})
    assert accepted("verify", "--all", "--book", book).code == 0
