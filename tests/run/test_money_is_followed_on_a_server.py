"""Statements, bills and traces ask a server of long ago the same as a folder, and get the same."""

from __future__ import annotations

from pathlib import Path

from tests.run.command import REPOSITORY, accepted, shown

DAY = "2024-11-25"


def test_a_book_anywhere_tells_the_same(book: str, tmp_path: Path) -> None:
    taps = sorted((REPOSITORY / "examples" / "taps").glob("*.csv"))
    accepted("clear", *taps, "--network", REPOSITORY / "examples" / "network", "--book", book)
    accepted("settle", "--yes", "--window", DAY, "--book", book)
    net = {row["member"]: row["position"] for row in shown("positions", book, "--level", "member")}
    sides = {"debit": -1, "credit": 1}
    assert sum(sides[row["side"]] * row["amount"] for row in shown(
        "postings", book, "--member", "hk-bus")) == net["hk-bus"] == 948
    assert sum(row["amount"] for row in shown("concessions", book, "--member", "hk-civil")) == 240
    assert {row["funder"]: row["billed"] for row in shown("bills", book)} == {
        "hk-civil": 240, "hk-finance": 160, "zs-finance": 400}
    out = tmp_path / "out"
    assert "positions add up to 0.00" in accepted(
        "statement", "--window", DAY, "--out", out, "--book", book).out
    assert "billed 2.40; windows settle 2.40" in accepted(
        "bill", "--funder", "hk-civil", "--month", "2024-11", "--out", out, "--book", book).out
    assert "together 9.48" in accepted(
        "trace", "--member", "hk-bus", "--window", DAY, "--book", book).out
    assert "  3105000020000000043,61,2024-11-25T09:48:00,hk-bus" in accepted(
        "trace", "3105000020000000043/61", "--book", book).out
