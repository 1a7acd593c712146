"""A run finds what the book has received of its cards: all of it, and next to nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from clearing.book import Book, open_book
from clearing.book import queries as queries_module
from clearing.book.cards import Cards
from clearing.book.native import bytes_of
from ext.clearing.partition import add_to_card_filter
from ext.codes import Code
from ext.records import REFUSAL, TAP, TAP_FLAGS
from tests.book.workload import (
    FIRST_WINDOW,
    Rows,
    add_run,
    commit,
    records_of,
    refusals_of,
)

CARRIED = TAP_FLAGS["CARRIED"]


def rows_of(records: Rows) -> list[bytes]:
    """Every row by itself, in an order that is theirs."""
    return sorted(record.tobytes() for record in records)


def without_carried(taps: Rows) -> Rows:
    """As they were written."""
    assert np.all(taps["flags"] & CARRIED)
    taps["flags"] &= ~np.uint8(CARRIED)
    return taps


def card_filter_of(records: Rows, words: int = 1 << 12) -> Rows:
    """The cards of some records, marked; see ext.clearing.partition."""
    card_filter = np.zeros(words, np.uint64)
    add_to_card_filter(bytes_of(records.copy()), card_filter)
    return card_filter


def test_every_record_of_an_identity_is_found(location: str) -> None:
    received = np.concatenate([records_of(1), records_of(2)])
    with open_book(location) as book:
        add_run(book)
        add_run(book)
        identities = received[["card_hi", "card_lo", "card_seq"]]
        wanted = received[np.isin(identities, identities[::9])]
        found = book.find_records(received[::9])
        assert rows_of(found) == rows_of(wanted)
        others = wanted.copy()
        others["card_seq"] += 1
        assert len(book.find_records(others)) == 0
        assert len(book.find_records(wanted[:0])) == 0


def test_records_of_one_identity_are_all_found(location: str) -> None:
    """Of whatever run, kind and content: which of them count is not the book's to say."""
    first = records_of(1)[:1]
    again, other = first.copy(), first.copy()
    again["source_line"] += 1
    other["kind"], other["paid"], other["service_day"] = 5, 1, FIRST_WINDOW + 40
    with open_book(location) as book:
        add_run(book)
        with book.begin(digest="x", kind="clear") as run:
            run.write_records(np.concatenate([again, other]))
            assert rows_of(book.find_records(first)) == rows_of(first)    # not committed yet
            commit(run)
        found = book.find_records(np.repeat(first, 3))      # each once, though asked for thrice
    assert rows_of(found) == rows_of(np.concatenate([first, again, other]))


def test_many_identities_go_in_several_statements(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_module, "_WANTED", 7)
    received = records_of(1)
    with open_book(location) as book:
        add_run(book)
        found = book.find_records(np.concatenate([received, received]))
    assert found.dtype == TAP
    assert rows_of(found) == rows_of(received)


def test_the_longest_statement_is_accepted(location: str) -> None:
    wanted = np.zeros(10_000, TAP)
    wanted["card_hi"], wanted["card_seq"] = 20 << 56, 2**32 - 1
    wanted["card_lo"] = np.uint64(2**64 - 1) - np.arange(10_000, dtype="<u8")
    with open_book(location) as book:
        add_run(book)
        assert len(book.find_records(wanted)) == 0


def test_records_since_a_day(location: str) -> None:
    """Of days after it; they are flagged, so that nobody stores them again."""
    received = np.concatenate([records_of(1), records_of(2)])
    with open_book(location) as book:
        add_run(book)
        add_run(book)
        for day in (0, FIRST_WINDOW, FIRST_WINDOW + 5, FIRST_WINDOW + 100):
            found = without_carried(book.records_since(day))
            later = received[received["service_day"] > day]
            assert rows_of(found) == rows_of(later)
        some = without_carried(book.records_since(FIRST_WINDOW, until=FIRST_WINDOW + 5))
        days = received["service_day"]
        assert rows_of(some) == rows_of(
            received[(days > FIRST_WINDOW) & (days <= FIRST_WINDOW + 5)])


def test_records_of_marked_cards(location: str) -> None:
    received = np.concatenate([records_of(1), records_of(2)])
    marked = received[:20]
    cards = {record.item()[:2] for record in marked}
    with open_book(location) as book:
        add_run(book)
        add_run(book)
        found = without_carried(book.records_since(FIRST_WINDOW, card_filter_of(marked)))
        every = without_carried(book.records_since(FIRST_WINDOW, np.full(1, 2**64 - 1, "<u8")))
        none = book.records_since(FIRST_WINDOW, np.zeros(1, "<u8"))
    later = received[received["service_day"] > FIRST_WINDOW]
    own = [record for record in later if record.item()[:2] in cards]
    assert set(rows_of(own)) <= set(rows_of(found)) <= set(rows_of(later))
    assert len(own) <= len(found) < len(own) + len(later) // 10
    assert rows_of(every) == rows_of(later)
    assert (none.dtype, len(none)) == (TAP, 0)


def test_refusals_are_found_by_their_places(
    location: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries_module, "_WANTED", 3)
    told = set(refusals_of(1)[["file", "line"]].tolist())
    other = {(file, line + 1) for file, line in told} | {(line, file) for file, line in told}
    with open_book(location) as book:
        add_run(book)
        assert book.find_refusals(told | other) == told
        assert book.find_refusals(other) == book.find_refusals(set()) == set()
        with book.begin(digest="x", kind="clear") as run:
            refusals = np.zeros(2, REFUSAL)
            refusals["file"], refusals["line"] = 7, (9, 10)
            # The second could not be read then; it can have been since, from the same file.
            refusals["code"] = Code.CONFLICT, Code.UNKNOWN_OPERATOR
            run.write_refusals(refusals, [b"", b""])
            assert book.find_refusals({(7, 9)}) == set()
            commit(run)
        assert book.find_refusals({(7, 9), (7, 10)}) == {(7, 9)}


def test_records_that_a_process_still_has_are_those_that_are_read(
        location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of its first run, too, unless it is large; not of those before another process wrote."""
    with open_book(location) as book:
        for _ in range(4):
            add_run(book)
        assert book.recent_records.first_of(4) == 1
        assert_finds_the_same(location, book)
        with open_book(location) as other:
            add_run(other)
        assert book.recent_records.first_of(5) is None
        assert_finds_the_same(location, book)
        add_run(book)
        assert book.recent_records.first_of(6) == 6
        monkeypatch.setattr(book.recent_records, "most", 2 * len(records_of(1)))
        add_run(book)
        add_run(book)
        assert book.recent_records.first_of(8) == 7
        assert_finds_the_same(location, book)


def assert_finds_the_same(location: str, book: Book) -> None:
    """Another one of the same book, which has to read them, has the same records."""
    some = card_filter_of(records_of(2)[:9])
    with open_book(location, read_only=True) as other:
        for as_of in (None, 1, 3):
            book.as_of = other.as_of = as_of
            for wanted in ({}, {"card_filter": some}, {"until": FIRST_WINDOW + 5},
                           {"cards": Cards(0, 1 << 30)}):
                for day in (0, FIRST_WINDOW + 2):
                    found = [one.records_since(day, **wanted) for one in (book, other)]
                    assert rows_of(found[0]) == rows_of(found[1])
    book.as_of = None
