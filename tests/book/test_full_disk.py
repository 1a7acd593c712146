"""A disk that fills up is said to be full, and costs the run, not the book."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.run.command import REPOSITORY, accepted, refused

_SCRIPT = """
import sys
from tests.book.workload import add_run, commit, entries_of
from tests.book.checks import assert_holds
from clearing.book import open_book
from network.errors import DiskFull

with open_book(sys.argv[1]) as book:
    add_run(book)
    entries = entries_of(2, 50_000)
    try:
        with book.begin(digest="big", kind="clear") as run:
            for _ in range(200):
                run.write_entries(entries)
            commit(run)
    except DiskFull as error:
        print(error)
    assert_holds(book, 1)
with open_book(sys.argv[1]) as book:
    assert_holds(book, 1)
    add_run(book)
    assert_holds(book, 2)
"""


@contextmanager
def mounted(disk: Path, size: str) -> Iterator[Path]:
    """A file system of that size."""
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(disk)],
                          capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB."""
    with mounted(tmp_path / "disk", "64m") as disk:
        yield disk


def test_a_folder_on_a_full_disk(small_disk: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(small_disk / "book")],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "disk of this book is full" in ended.stdout
    assert "make room" in ended.stdout


@pytest.mark.parametrize("size", ["16k", "256k"])
def test_a_book_for_which_there_was_no_room(tmp_path: Path, size: str) -> None:
    """Whoever has made room begins it again by the same command, and nothing has to be deleted."""
    examples = REPOSITORY / "examples"
    clear = ("clear", *sorted(examples.glob("taps/*.csv")), "--network", examples / "network",
             "--book", tmp_path / "disk" / "book")
    with mounted(tmp_path / "disk", size) as disk:
        assert "full" in refused(*clear).err
        assert "was stopped" in refused("show", "runs", "--book", disk / "book").err
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        accepted(*clear)
        assert accepted("verify", "--all", "--book", disk / "book").code == 0
