"""What a server refuses, or cannot do, is told in words that name the server and the way out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.clickhouse import BINARY, Server, free_ports, running_server
from clearing.book import open_book
from network.errors import BookReadOnly, BookUnavailable, DiskFull, NotABook, QueryRefused
from tests.book.checks import assert_holds
from tests.book.workload import add_run, commit, entries_of


def test_nobody_answers() -> None:
    (port,) = free_ports(1)
    with pytest.raises(BookUnavailable, match="does not answer") as refused:
        open_book(f"clickhouse://127.0.0.1:{port}/book")
    assert f"clickhouse://127.0.0.1:{port}/book" in str(refused.value)
    assert "often 9000" in str(refused.value)


def test_a_wrong_password_is_not_repeated(clickhouse_server: Server) -> None:
    with pytest.raises(BookUnavailable, match="does not let this user in") as refused:
        open_book(clickhouse_server.location("book", "reader:guessed@"))
    assert "guessed" not in str(refused.value)


def test_a_database_that_is_not_there(clickhouse_server: Server) -> None:
    with pytest.raises(NotABook, match="no database nothing"):
        open_book(clickhouse_server.location("nothing"), read_only=True)


def test_a_user_who_may_only_read(clickhouse_server: Server) -> None:
    with open_book(clickhouse_server.location("for_reader")) as book:
        add_run(book)
    location = clickhouse_server.location("for_reader", "reader:see%20only@")
    for read_only in (True, False):
        with open_book(location, read_only=read_only) as book:
            assert_holds(book, 1)
            with pytest.raises(QueryRefused, match="does not only read"):
                book.query("DROP TABLE stored_entries")
            with pytest.raises(BookReadOnly), book.begin(digest="x", kind="clear") as run:
                commit(run)
            assert_holds(book, 1)


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


@pytest.mark.skipif(BINARY is None, reason="no clickhouse-server on this machine")
def test_a_full_disk_costs_the_run(tmp_path: Path, small_disk: Path) -> None:
    entries = entries_of(2, 50_000)
    with running_server(tmp_path / "server", small_disk / "data") as server:
        with open_book(server.location("full")) as book:
            add_run(book)
            with (pytest.raises(DiskFull, match="disk of this book is full"),  # noqa: PT012
                  book.begin(digest="big", kind="clear") as run):
                for _ in range(200):
                    run.write_entries(entries)
                commit(run)
            assert_holds(book, 1)
        with open_book(server.location("full")) as book:
            add_run(book)
            assert_holds(book, 2)
