"""The books read as debits and credits, and every entry's add up to nothing."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from clearing.book import Book, open_book
from ext.codes import Cause
from ext.records import ENTRY, RIDE_FLAGS
from tests.book.workload import add_run, commit, entries_of, names_of
from tests.kernels.cases import legs_of


def _expected(entries: Any) -> Counter[tuple[Any, ...]]:
    """The postings of entries, one by one, from the rules' words."""
    postings: Counter[tuple[Any, ...]] = Counter()
    for entry in entries:
        if entry["flags"] & RIDE_FLAGS["HELD"]:
            continue
        for cause, _, debtor, creditor, amount in legs_of(entry):
            if amount:
                for side, member in (("debit", debtor), ("credit", creditor)):
                    postings[(int(entry["card_lo"]), int(entry["card_seq"]), side, member, amount,
                              Cause(cause).name.lower())] += 1
    return postings


def _write(book: Book, entries: Any) -> None:
    with book.begin(digest="x", kind="clear") as run:
        run.write_entries(entries)
        commit(run)


def test_every_flow_is_a_debit_and_a_credit(location: str) -> None:
    entries = entries_of(1)
    with open_book(location) as book:
        _write(book, entries)
        found = book.query(
            "SELECT card_lo, card_seq, side, member, amount, cause FROM postings")
        unbalanced = book.query(
            "SELECT run, card, card_seq, out_seq, sum(if(side = 'debit', amount, -amount)) AS rest "
            "FROM postings GROUP BY run, card, card_seq, out_seq HAVING rest != 0")
    columns = [np.asarray(column).tolist() for column in found.values()]
    assert Counter(zip(*columns, strict=True)) == _expected(entries)
    assert len(unbalanced["run"]) == 0


def test_members_are_named(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        found = book.query("SELECT DISTINCT member, member_code FROM postings ORDER BY member")
    codes = {name.number: name.code for name in names_of(1) if name.kind == "member"}
    assert dict(zip(found["member"].tolist(), found["member_code"], strict=True)) == {
        0: "", **codes}


def test_held_entries_and_zero_amounts_are_left_out(location: str) -> None:
    entries = np.zeros(3, ENTRY)
    entries["card_lo"], entries["paid"] = [1, 2, 3], [200, 200, 0]
    entries["flags"] = [0, RIDE_FLAGS["HELD"], 0]
    with open_book(location) as book:
        _write(book, entries)
        found = book.query("SELECT card_lo, toInt64(amount) AS amount FROM postings")
    assert found["card_lo"].tolist() == [1, 1]
    assert found["amount"].tolist() == [200, 200]


@pytest.mark.parametrize(("high", "low", "card"), [
    (20 << 56 | 5, 99_999_999_999_999_999_999 - (5 << 64), "99999999999999999999"),
    (20 << 56, 0, "0" * 20), (20 << 56 | 1, 0, "18446744073709551616".rjust(20, "0")),
    (19 << 56, 3_104_000_000_000_000_001, "3104000000000000001"), (1 << 56, 7, "7"),
    (16 << 56, 12, "0000000000000012"),
    (int.from_bytes(b"AZ09AZ09", "big"), int.from_bytes(b"QWERTY12", "big"), "AZ09AZ09QWERTY12"),
    (int.from_bytes(b"AB\0\0\0\0\0\0", "big"), 0, "AB"),
    (int.from_bytes(b"AZ09AZ09", "big"), int.from_bytes(b"Q\0\0\0\0\0\0\0", "big"), "AZ09AZ09Q"),
])
def test_a_card_is_printed_exactly(location: str, high: int, low: int, card: str) -> None:
    entries = np.zeros(1, ENTRY)
    entries["card_hi"], entries["card_lo"] = high, low
    with open_book(location) as book:
        _write(book, entries)
        assert book.query("SELECT card FROM ledger")["card"] == [card]
