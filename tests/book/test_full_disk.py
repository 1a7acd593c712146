"""A disk that fills up is said to be full, and costs the run, not the book."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

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


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 64 MB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", str(disk)], capture_output=True,
        text=True, check=False)
    if mounted.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mounted.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_folder_on_a_full_disk(small_disk: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(small_disk / "book")],
        cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=300, check=False)
    assert ended.returncode == 0, ended.stderr[-3000:]
    assert "disk of this book is full" in ended.stdout
    assert "make room" in ended.stdout
