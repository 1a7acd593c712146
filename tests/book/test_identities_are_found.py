"""Whether a tap was cleared before is asked by card and counter; an entry answers for both ends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearing.book import open_book
from clearing.book import queries as queries_module
from ext.records import ENTRY
from tests.book.workload import add_run, commit, entries_of, events_of

NONE = np.zeros(0, "<u8")


def rows_of(entries: np.ndarray[Any, Any]) -> list[bytes]:
    """Every row by itself, in an order that is theirs."""
    return sorted(entry.tobytes() for entry in entries)


def test_both_ends_of_a_ride_are_found(location: str) -> None:
    entries = np.concatenate([entries_of(1), entries_of(2)])
    with open_book(location) as book:
        add_run(book)
        add_run(book)
        wanted = entries[::9]
        for seq in ("card_seq", "out_seq"):
            found = book.find_identities(wanted["card_hi"], wanted["card_lo"], wanted[seq])
            assert rows_of(found) == rows_of(wanted)
        others = book.find_identities(
            wanted["card_hi"], wanted["card_lo"][::-1].copy(), wanted["card_seq"])
        assert set(rows_of(others)) <= set(rows_of(wanted))
        assert len(book.find_identities(NONE, NONE, NONE.astype("<u4"))) == 0


def test_events_are_found(location: str) -> None:
    events = events_of(1)
    with open_book(location) as book:
        add_run(book)
        found = book.find_events(
            events["card_hi"][:9], events["card_lo"][:9], events["card_seq"][:9])
        assert np.array_equal(np.sort(found), np.sort(events[:9]))
        assert len(book.find_events(NONE, NONE, NONE.astype("<u4"))) == 0


def test_only_what_is_asked_for_is_read(location: str) -> None:
    entries = entries_of(1)
    with open_book(location) as book:
        add_run(book)
        found = book.find_identities(
            entries["card_hi"][:3], entries["card_lo"][:3], entries["card_seq"][:3],
            ["card_lo", "paid"])
    assert sorted(found["paid"].tolist()) == sorted(entries["paid"][:3].tolist())
    assert not found["started_at"].any()


def test_uncommitted_entries_are_not_found(location: str) -> None:
    entries = entries_of(1)[:1]
    with open_book(location) as book, book.begin(digest="x", kind="clear") as run:
        run.write_entries(entries)
        assert len(book.find_identities(
            entries["card_hi"], entries["card_lo"], entries["card_seq"])) == 0
        commit(run, 1)
        assert len(book.find_identities(
            entries["card_hi"], entries["card_lo"], entries["card_seq"])) == 1


def test_many_identities_go_in_several_statements(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_module, "_WANTED", 7)
    entries = entries_of(1)
    with open_book(location) as book:
        add_run(book)
        seqs = np.concatenate([entries["card_seq"], entries["out_seq"]])
        found = book.find_identities(
            np.tile(entries["card_hi"], 2), np.tile(entries["card_lo"], 2), seqs)
    assert found.dtype == ENTRY
    assert np.array_equal(np.sort(found), np.sort(entries))     # each once, though asked for twice


def test_the_longest_statement_is_accepted(location: str) -> None:
    high = np.full(10_000, 20 << 56, "<u8")
    low = np.uint64(2**64 - 1) - np.arange(10_000, dtype="<u8")
    with open_book(location) as book:
        add_run(book)
        assert len(book.find_identities(high, low, np.full(10_000, 2**32 - 1, "<u4"))) == 0
