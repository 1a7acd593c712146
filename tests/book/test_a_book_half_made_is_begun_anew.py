"""Whoever was stopped while he made a book has made none; whoever has one never loses it by that.

The folder says that it is being made until all tables are there. What says so is begun anew, but
for one that has a run in its journal, or that is whole.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from clearing.book import folder, open_book
from clearing.book.journal import FileJournal, Line
from network.errors import NotABook
from tests.book.workload import add_run


def half_made(path: Path) -> Path:
    """A folder whose maker was stopped; what he left is in it."""
    held = folder.take(path, create=True)
    (held.store / "metadata").mkdir()
    (held.store / "metadata" / "onecard.sql").write_text("ATTACH DATA")     # cut by a full disk
    held.release()
    return path


def is_emptied(path: Path) -> bool:
    """Whether the next who may make a book finds the store's folder empty."""
    held = folder.take(path, create=True)
    try:
        return not any(held.store.iterdir())
    finally:
        held.release()


def test_the_next_writer_makes_it(tmp_path: Path) -> None:
    path = half_made(tmp_path / "book")
    with pytest.raises(NotABook, match="whoever started to make this book was stopped"):
        open_book(str(path), read_only=True)
    with pytest.raises(NotABook, match="whoever started to make this book was stopped"):
        open_book(str(path), create=False)
    with open_book(str(path)) as book:
        add_run(book)
    marker = (path / folder.MARKER).read_text()
    assert marker.startswith("This folder is a book of onecard-clearing")
    assert not is_emptied(path)


def test_one_whose_folder_was_not_made_yet(tmp_path: Path) -> None:
    path = half_made(tmp_path / "book")
    (path / folder.STORE / "metadata" / "onecard.sql").unlink()
    (path / folder.STORE / "metadata").rmdir()
    (path / folder.STORE).rmdir()
    assert is_emptied(path)


def with_a_run(path: Path) -> None:
    FileJournal(path / folder.JOURNAL).append(Line(1, "0" * 64))


def whole(path: Path) -> None:
    held = folder.take(path, create=True)
    held.say_made()
    (held.store / "ledger").write_text("rows")
    held.release()


def with_a_lost_marker(path: Path) -> None:
    """That nothing is written there is no evidence that nothing was."""
    os.truncate(path / folder.MARKER, 0)


def with_a_marker_that_was_cut(path: Path) -> None:
    os.truncate(path / folder.MARKER, 60)


def of_an_older_version(path: Path) -> None:
    (path / folder.MARKER).write_text("This folder is a book of some version.\n")


def with_a_pipe(path: Path) -> None:
    """A stranger's, who wants whoever opens it to wait for ever."""
    (path / folder.MARKER).unlink()
    os.mkfifo(path / folder.MARKER)


def with_a_link(path: Path) -> None:
    (path / folder.MARKER).rename(path / "elsewhere")
    (path / folder.MARKER).symlink_to("elsewhere")


@pytest.mark.parametrize("change", [with_a_run, whole, of_an_older_version, with_a_pipe,
                                    with_a_link, with_a_lost_marker, with_a_marker_that_was_cut])
def test_nothing_else_is_emptied(tmp_path: Path, change: Callable[[Path], None]) -> None:
    path = half_made(tmp_path / "book")
    change(path)
    assert not is_emptied(path)


def test_a_store_that_leads_elsewhere_is_left(tmp_path: Path) -> None:
    path, other = half_made(tmp_path / "book"), tmp_path / "other"
    (path / folder.STORE).rename(other)
    (path / folder.STORE).symlink_to(other)
    with pytest.raises(OSError, match="symbolic link"):
        folder.take(path, create=True)
    assert (other / "metadata" / "onecard.sql").exists()
