"""Who reads a folder has it as after its last run, whoever writes to it, and keeps nobody out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from clearing.book import Book, open_book
from network.errors import BookLocked
from tests.book.checks import assert_holds
from tests.book.workload import add_run

_WRITER = """
import sys
from clearing.book import open_book, parts
from tests.book.workload import add_run, commit, write

parts.RUNS_OF_A_FOLD = 2
with open_book(sys.argv[1]) as book:
    print("open", flush=True)
    for line in sys.stdin:
        if line == "more\\n":
            for _ in range(12):
                add_run(book)
        with book.begin(digest="last", kind="clear") as run:
            write(run, run.number)
            print("written", flush=True)
            sys.stdin.readline()
            commit(run)
        print("committed", flush=True)
"""


@contextmanager
def writer(location: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has the book open; a line has it write a run, and the next one commit it."""
    with subprocess.Popen([sys.executable, "-c", _WRITER, location], stdin=subprocess.PIPE,
                          stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait() == 0


def say(process: subprocess.Popen[str], line: str, answer: str | None = None) -> None:
    """Have the writer go on; and wait until it says that it has."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    if answer is not None:
        assert process.stdout.readline() == f"{answer}\n"


def read(location: str) -> Book:
    """The book as others see it."""
    return open_book(location, create=False, read_only=True)


@pytest.fixture
def location(tmp_path: Path) -> str:
    """A book of one run."""
    with open_book(str(tmp_path / "book")) as book:
        add_run(book)
    return str(tmp_path / "book")


def test_what_is_not_committed_is_not_read(location: str) -> None:
    with writer(location) as process:
        say(process, "one", "written")
        with read(location) as book:
            assert book.is_beside_writer
            assert_holds(book, 1)
            say(process, "now", "committed")
            assert_holds(book, 1)       # it stays what it was
        with read(location) as book:
            assert_holds(book, 2)
    with read(location) as book:
        assert not book.is_beside_writer
        assert_holds(book, 2)
    assert list(Path(location, "snapshots").iterdir()) == []


def test_what_is_read_while_runs_are_folded_is_whole(location: str) -> None:
    runs = [1]
    with writer(location) as process:
        say(process, "more")
        while runs[-1] < 12:
            with read(location) as book:
                assert book.breaks == []
                runs.append(len(book.runs()))
                assert book.names() != []
    assert runs == sorted(runs)


def test_what_a_killed_reader_left_goes(location: str) -> None:
    left = Path(location, "snapshots", "of-a-killed-one", "clickhouse")
    left.mkdir(parents=True)
    os.utime(left.parent, (0, 0))
    with writer(location) as process:
        say(process, "one", "written")
        with read(location):
            assert not left.exists()
        say(process, "now", "committed")


def test_where_no_links_can_be_made_readers_are_told(
        location: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    with writer(location) as process:
        say(process, "one", "written")
        with pytest.raises(BookLocked, match="another process"):
            read(location)
        say(process, "now", "committed")
    assert list(Path(location, "snapshots").iterdir()) == []


def test_readers_keep_no_writer_out(location: str) -> None:
    with read(location) as book, read(location) as again:
        with writer(location) as process:
            say(process, "one", "written")
            say(process, "now", "committed")
        assert_holds(book, 1)
        assert_holds(again, 1)
    with read(location) as book:
        assert_holds(book, 2)
    assert list(Path(location, "snapshots").iterdir()) == []
