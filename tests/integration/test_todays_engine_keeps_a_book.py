"""What is asked of a server is understood by an engine of today as by the one of 2018.

todays_engine.py says what this shows and what it cannot.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from clearing.book import open_book, server_lock
from network.errors import BookLocked, NotABook, QueryRefused
from tests.book.checks import assert_holds, exported
from tests.book.workload import add_run, write
from tests.run.command import REPOSITORY, accepted, shown

DAY = "2024-11-25"


def test_runs_are_kept_and_folded(todays_engine: str) -> None:
    location = todays_engine + "runs"
    with open_book(location) as book:
        for _ in range(2):
            add_run(book)
        assert_holds(book, 2)
    accepted("book", "fold", "--book", location)
    with open_book(location, read_only=True) as book:
        assert_holds(book, 2)
        with pytest.raises(QueryRefused, match="does not only read"):
            book.query("DROP TABLE stored_entries")


def test_a_run_without_its_commit_is_no_run(
    todays_engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_lock, "WAIT_S", 0)
    location = todays_engine + "left"
    with open_book(location) as book:
        add_run(book)
        with book.begin(digest="left", kind="clear") as run:
            write(run, run.number)
            with open_book(location) as other, pytest.raises(BookLocked):
                other.begin(digest="second", kind="clear")
        add_run(book)
        assert_holds(book, 2)


def test_a_database_that_is_not_there(todays_engine: str) -> None:
    with pytest.raises(NotABook, match="no database nothing"):
        open_book(todays_engine + "nothing", read_only=True)


def test_a_day_is_cleared_settled_and_verified(
    todays_engine: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)     # where answers for a book on a server go
    taps = sorted((REPOSITORY / "examples" / "taps").glob("*.csv"))
    books = [todays_engine + "day", str(tmp_path / "book")]
    for book in books:
        accepted("clear", *taps, "--network", REPOSITORY / "examples" / "network", "--book", book)
        accepted("settle", "--yes", "--window", DAY, "--book", book)
    server, folder = ([shown(what, book) for what in (
        "rides", "entries", "postings", "refusals", "positions", "obligations", "bills")]
        for book in books)
    assert server == folder
    accepted("verify", "--all", "--book", books[0])
    accepted("explain", "3105000020000000043/61", "--book", books[0])
    assert "together 9.48" in accepted(
        "trace", "--member", "hk-bus", "--window", DAY, "--book", books[0]).out
    with open_book(books[0]) as one, open_book(books[1]) as other:
        assert exported(one) == exported(other)
