"""A long list is read a range of cards at a time, and is the same list."""

from __future__ import annotations

import io
from unittest import mock

import numpy as np

from clearing.book import card_ranges as ranges
from clearing.book import open_book, table_files
from clearing.book.legs import list_legs
from clearing.book.queries import BY_CARD
from clearing.book.schema import ENTRIES
from tests.book.checks import same
from tests.book.workload import add_run

RUNS = 3
LEG_ORDER = f"{BY_CARD}, run, reason, leg_cause, leg_debtor, leg_creditor, leg_amount"


def test_ranges_are_the_whole_in_its_order(location: str) -> None:
    with open_book(location) as book:
        for _ in range(RUNS):
            add_run(book)
        # Cards have digits and letters: both halves of their numbers differ.
        whole = np.concatenate(list(book.entries()))
        legs = [tuple(row) for block in list_legs(book, ("card_lo", "run"), order=LEG_ORDER)
                for row in zip(*block.values(), strict=True)]
        assert len(set(whole["card_hi"].tolist())) > 1
        with (mock.patch.object(ranges, "ROWS_SORTED", 100),
              mock.patch.object(ranges, "_ONE_OF", 2)):
            found = ranges.card_ranges(book.store, book.committed, BY_CARD)
            assert len(found) > RUNS
            counts = [int(book.store.columns(
                f"SELECT count() AS rows FROM stored_entries WHERE {book.committed} AND {one}"
                )["rows"][0]) for one in found]
            assert sum(counts) == len(whole)
            assert max(counts) < len(whole) // 2
            same(np.concatenate(list(book.entries())), whole)
            assert [tuple(row) for block in list_legs(book, ("card_lo", "run"), order=LEG_ORDER)
                    for row in zip(*block.values(), strict=True)] == legs
            assert ranges.card_ranges(book.store, book.committed, "run") == ["1"]


def test_an_exported_table_is_the_same_however_many_rows_are_sorted(location: str) -> None:
    with open_book(location) as book:
        for _ in range(RUNS):
            add_run(book)
        together, apart = io.BytesIO(), io.BytesIO()
        table_files.write_rows(book, ENTRIES, together)
        with mock.patch.object(table_files, "_ROWS_SORTED", 1):
            assert [first for first, last in table_files._stretches(book, ENTRIES)
                    if first == last] == [1, 2, 3]
            table_files.write_rows(book, ENTRIES, apart)
        assert apart.getvalue() == together.getvalue()
