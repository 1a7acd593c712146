"""Two writers, of which one has lost its lock: one commits, the other is told, nothing is lost."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from clearing.book import Book, OpenRun, open_book
from clearing.book.integrity import find_changed_rows
from network.errors import BookDamaged, BookLocked
from tests.book.checks import assert_holds
from tests.book.workload import add_run, commit, write


def _begin(book: Book, number: int) -> OpenRun:
    """A run with all of its rows, whose writer's lock is lost then."""
    run = book.begin(digest=f"run {number}", kind="clear")
    write(run, number)
    book.store.unlock_writer()
    return run


def test_who_comes_second_is_told(location: str) -> None:
    """As where a connection broke, or a machine stood still, and another writer took over."""
    with open_book(location) as book:
        add_run(book)
        with _begin(book, 2) as run:
            with open_book(location) as other:
                add_run(other)
            with pytest.raises(BookLocked, match="nothing of"):
                commit(run)
        assert_holds(book, 2)       # leaving the lost run took nothing of the other's
        assert list(find_changed_rows(book)) == []
        add_run(book)
        assert_holds(book, 3)


def test_who_is_alone_again_is_told_that_its_rows_are_gone(location: str) -> None:
    """The other one set them apart, and gave up."""
    with open_book(location) as book:
        add_run(book)
        with _begin(book, 2) as run:
            with open_book(location) as other, other.begin(digest="other", kind="clear"):
                pass
            with pytest.raises(BookLocked, match="nothing of"):
                commit(run)
        assert_holds(book, 1)
        add_run(book)
        assert_holds(book, 2)


@pytest.mark.parametrize("is_begun", [False, True])
def test_who_has_a_book_open_that_was_exchanged_is_told(is_begun: bool, tmp_path: Path) -> None:
    """Its lock went with the old folder: whoever opens the new one is not kept out by it."""
    path, moved = tmp_path / "book", tmp_path / "moved"
    with open_book(str(path)) as book:
        add_run(book)
        with ExitStack() as left:
            finish = partial(add_run, book)
            if is_begun:
                run = left.enter_context(book.begin(digest="run 2", kind="clear"))
                write(run, 2)
                finish = partial(commit, run)
            path.rename(moved)
            shutil.copytree(moved, path, symlinks=True)
            with pytest.raises(BookLocked, match="not there any more"):
                finish()
    for place in (path, moved):
        with open_book(str(place)) as book:
            assert_holds(book, 1)


def test_a_commit_row_that_is_not_alone_is_told(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        with book.begin(digest="run 2", kind="clear") as run:
            write(run, 2)
            insert = book.store.insert

            def twice(table: object) -> object:
                if getattr(table, "name", "") == "runs":
                    book.store.run("INSERT INTO runs (run, chain) SELECT 2, 'another'")
                return insert(table)    # type: ignore[arg-type]

            book.store.insert = twice   # type: ignore[method-assign, assignment]
            with pytest.raises(BookDamaged, match="2 rows of run 2"):
                commit(run)
    with pytest.raises(BookDamaged, match="two rows of run 2"):
        open_book(location)
