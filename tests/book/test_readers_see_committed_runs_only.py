"""A run is all or nothing: who reads a book sees all of it or none, also while it is written."""

from __future__ import annotations

from contextlib import suppress

import pytest

from clearing.book import open_book
from clearing.book.schema import LEDGER
from network.errors import BookLocked, BookReadOnly, NotABook, RunNotOpen
from tests.book.checks import assert_holds, exported
from tests.book.workload import ROWS, add_run, closed_by, commit, write


def test_what_was_written_comes_back(location: str) -> None:
    with open_book(location) as book:
        assert_holds(book, 0)
        first = add_run(book)
        assert (first.run, first.parent, first.digest, first.entries) == (1, 0, "run 1", ROWS)
        assert first == book.last_run()
        assert_holds(book, 1)
    with open_book(location, create=False) as book:
        add_run(book)
        assert_holds(book, 2)
    with open_book(location, read_only=True) as book:
        assert_holds(book, 2)


def test_totals_are_the_sums_of_the_entries(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        run = add_run(book)     # with reversals among its rows
        sums = book.query("SELECT sum(due), sum(paid), sum(due) - sum(price), sum(leg2_amount "
                          "+ leg3_amount + leg4_amount + leg5_amount + leg6_amount + leg7_amount) "
                          "FROM ledger WHERE run = 2")
    due, paid, discounts, legs = (int(column[0]) for column in sums.values())
    assert [due, paid, discounts, legs] == [
        run.due, run.paid, run.discounts, run.discounts + run.fees]


def test_a_run_in_progress_is_not_seen(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        before = exported(book)
        with book.begin(digest="run 2", kind="clear") as run:
            write(run, 2)
            assert_holds(book, 1)
            assert exported(book) == before


def test_leaving_a_run_without_commit_removes_it(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        with suppress(ZeroDivisionError), book.begin(digest="x", kind="clear") as run:
            write(run, 3)
            raise ZeroDivisionError
        assert_holds(book, 1)
        for table in LEDGER:
            runs = book.query(f"SELECT DISTINCT run FROM {table.name}")["run"]
            assert list(runs) in ([], [1]), table.name
        add_run(book)
        assert_holds(book, 2)


def test_a_run_without_rows_can_be_committed(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        add_run(book)
        with book.begin(digest="nothing", kind="close") as run:
            row = commit(run)
        assert (row.entries, row.paid, row.state_base, row.closed_through) == (
            0, 0, closed_by(2), closed_by(2))
        assert len(book.load_state(row.state_base).cards) > 0


def test_a_committed_run_takes_no_more(location: str) -> None:
    with open_book(location) as book, book.begin(digest="x", kind="clear") as run:
        commit(run)
        with pytest.raises(RunNotOpen, match="run 1 is committed"):
            run.write_window(3, "")
        with pytest.raises(RunNotOpen):
            commit(run)


def test_one_run_at_a_time_in_a_process(location: str) -> None:
    with open_book(location) as book:
        with (book.begin(digest="x", kind="clear"),
              pytest.raises(BookLocked, match="already writing")):
            book.begin(digest="y", kind="clear")
        add_run(book)
        assert_holds(book, 1)


def test_a_book_for_reading_does_not_write(location: str) -> None:
    with pytest.raises(NotABook), open_book(location, read_only=True):
        pass
    with pytest.raises(NotABook), open_book(location, create=False):
        pass
    with open_book(location) as book:
        add_run(book)
    with open_book(location, read_only=True) as book, pytest.raises(BookReadOnly):
        book.begin(digest="x", kind="clear")
