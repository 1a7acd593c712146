"""Two writers in one book would mix their runs: a server's book has one, and forgets a dead one."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.clickhouse import Server, running_server
from clearing.book import open_book, server_lock
from network.errors import BookError, BookLocked
from tests.book.checks import assert_holds
from tests.book.workload import add_run, commit, write

_HOLDER = """
import sys, time
from tests.book.workload import write
from clearing.book import open_book
with open_book(sys.argv[1]) as book, book.begin(digest="held", kind="clear") as run:
    write(run, run.number)
    print("writing", flush=True)
    time.sleep(60)
"""


@contextmanager
def _another_writer(location: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that is in the middle of a run."""
    with subprocess.Popen(
            [sys.executable, "-c", _HOLDER, location], cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "writing\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_writer_is_refused(
    clickhouse_server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(server_lock, "WAIT_S", 0.5)
    location = clickhouse_server.location("two_writers")
    with open_book(location) as book:
        add_run(book)
        with (_another_writer(location), caplog.at_level(logging.WARNING),
              pytest.raises(BookLocked) as refused):
            book.begin(digest="second", kind="clear")
        assert_holds(book, 1)
    assert "another process is writing a run into this book" in str(refused.value)
    assert "onecard-writer-two_writers" in str(refused.value)
    assert "waiting up to" in caplog.text


def test_readers_go_on_beside_a_writer(clickhouse_server: Server) -> None:
    location = clickhouse_server.location("readers")
    with open_book(location) as book:
        add_run(book)
    with _another_writer(location), open_book(location, read_only=True) as book:
        assert_holds(book, 1)


def test_a_killed_writer_is_forgotten_in_a_moment(clickhouse_server: Server) -> None:
    """In server_lock.WAIT_S: whoever has waited longer for it is refused."""
    location = clickhouse_server.location("killed_writer")
    with _another_writer(location) as process:
        process.kill()
        process.wait()
    with open_book(location) as book:
        add_run(book)
        assert_holds(book, 1)


def test_a_writer_waits_for_one_that_ends(clickhouse_server: Server) -> None:
    location = clickhouse_server.location("waits")
    with open_book(location) as first, open_book(location) as second:
        run = first.begin(digest="first", kind="clear")
        ends = threading.Timer(1.0, lambda: run.__exit__(None, None, None))
        ends.start()
        add_run(second)
        ends.join()
        assert_holds(second, 1)


def test_books_do_not_share_a_lock(clickhouse_server: Server) -> None:
    with (open_book(clickhouse_server.location("one")) as one,
          open_book(clickhouse_server.location("two")) as two,
          one.begin(digest="x", kind="clear"), two.begin(digest="x", kind="clear")):
        pass


def test_a_server_that_dies_costs_the_run(tmp_path: Path) -> None:
    with running_server(tmp_path) as server:
        location = server.location("restarted")
        with open_book(location) as book:
            add_run(book)
            with pytest.raises(BookError), book.begin(digest="x", kind="clear") as run:     # noqa: PT012
                write(run, 2)
                server.stop(signal.SIGKILL)
                server.start()
                commit(run)
            assert_holds(book, 1)
            add_run(book)
            assert_holds(book, 2)


def test_a_lost_lock_is_noticed_before_the_commit(tmp_path: Path) -> None:
    with running_server(tmp_path) as server, open_book(server.location("lost")) as book:
        with (pytest.raises(BookLocked, match="kept other writers out"),   # noqa: PT012
              book.begin(digest="x", kind="clear") as run):
            write(run, 1)
            book.store.run("KILL QUERY WHERE query_id = 'onecard-writer-lost' SYNC")
            commit(run)
        assert_holds(book, 0)
