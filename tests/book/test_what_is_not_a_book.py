"""A wrong path must not be written into, and says what was found, expected and to be done."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from clearing.book import SCHEMA_VERSION, open_book
from clearing.book.address import Address, parse_address
from clearing.book.server import make_client
from network.errors import BookLocked, BookReadOnly, BookTooNew, BookTooOld, NotABook
from tests.book.workload import add_run


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").write_bytes(b"")
    with pytest.raises(NotABook, match="holds other things") as refused:
        open_book(str(tmp_path))
    assert str(tmp_path) in str(refused.value)
    assert "--book" in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["holiday.jpg"]


def test_a_file_is_not_a_book(tmp_path: Path) -> None:
    (tmp_path / "book").write_bytes(b"")
    with pytest.raises(NotABook, match="this is a file"):
        open_book(str(tmp_path / "book"))


def test_reading_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotABook, match="there is no book here"):
        open_book(str(tmp_path / "book"), create=False)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_folder_becomes_a_book(tmp_path: Path) -> None:
    with open_book(str(tmp_path)) as book:
        add_run(book)
    (tmp_path / "acknowledgements").mkdir()      # a book's folder may hold more, once it is one
    with open_book(str(tmp_path)) as book:
        assert len(book.runs()) == 1


def test_a_path_below_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BookReadOnly, match="cannot be written"):
        open_book(str(tmp_path / "file" / "book"))


def test_a_newer_book_is_refused(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        book.store.run(f"INSERT INTO book SELECT {SCHEMA_VERSION + 1}, 'onecard-clearing 9'")
    with pytest.raises(BookTooNew) as refused:
        open_book(location)
    message = str(refused.value)
    assert f"schema is {SCHEMA_VERSION + 1}" in message
    assert f"\nschema {SCHEMA_VERSION}\n" in message
    assert "upgrade" in message


@pytest.mark.parametrize(("version", "remedy"), [
    (13, "clear its files into a new book"), (14, "onecard book upgrade")])
def test_an_older_book_is_refused(location: str, version: int, remedy: str) -> None:
    """Its tables lack columns: found here, and not by the first row that does not fit."""
    with open_book(location) as book:
        add_run(book)
        book.store.run("TRUNCATE TABLE book")
        book.store.run(f"INSERT INTO book SELECT {version}, 'onecard-clearing 0'")
    for read_only in (True, False):
        with pytest.raises(BookTooOld) as refused:
            open_book(location, read_only=read_only)
        message = str(refused.value)
        assert f"schema is {version}" in message
        assert remedy in message


def test_a_database_with_other_tables_is_left_alone(location: str) -> None:
    with open_book(location) as book:
        for table in ("book", "runs"):
            book.store.run(f"DROP TABLE {table}")
        book.store.run("CREATE TABLE theirs (a UInt8) ENGINE = MergeTree ORDER BY a")
    with pytest.raises(NotABook, match=r"other tables \(theirs"):
        open_book(location)


def test_one_folder_at_a_time_in_a_process(tmp_path: Path) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    with open_book(first) as book:
        add_run(book)
        with pytest.raises(BookLocked, match="another book open"):
            open_book(second)
        with open_book(first) as again:     # the same one, as often as is needed
            assert len(again.runs()) == 1
    with open_book(second) as book:
        assert book.runs() == []


def test_another_process_has_the_folder(tmp_path: Path) -> None:
    location = str(tmp_path / "book")
    script = (
        "import sys; from clearing.book import open_book; from network.errors import BookLocked\n"
        f"try: open_book({location!r})\n"
        "except BookLocked as error: print(error); sys.exit(7)")
    with open_book(location) as book:
        add_run(book)
        other = subprocess.run(
            [sys.executable, "-c", script], cwd=Path(__file__).parents[2], capture_output=True,
            text=True, check=False)
    assert other.returncode == 7, other.stderr
    assert "another process" in other.stdout
    assert location in other.stdout
    assert other.stderr == ""


def test_a_forked_child_is_told_instead_of_hanging(tmp_path: Path) -> None:
    script = (
        "import os, sys; from clearing.book import open_book\n"
        "from network.errors import BookUnavailable\n"
        f"book = open_book({str(tmp_path / 'book')!r})\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    try: book.runs()\n"
        "    except BookUnavailable as error: os._exit(9 if 'forked' in str(error) else 8)\n"
        "sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))")
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[2], timeout=60, check=False)
    assert ended.returncode == 9


@pytest.mark.parametrize(("location", "expected"), [
    ("clickhouse://host/db", Address("host", 9000, "default", "", "db")),
    ("clickhouse://me@host:1/db_2", Address("host", 1, "me", "", "db_2")),
    ("clickhouses://host/db", Address("host", 9440, "default", "", "db", True)),
    ("clickhouse://me:a%40b%3A@[::1]:9440/db", Address("::1", 9440, "me", "a@b:", "db")),
])
def test_addresses(location: str, expected: Address) -> None:
    assert parse_address(location) == expected
    assert ":a@b" not in expected.where


@pytest.mark.parametrize(("location", "found"), [
    ("clickhouse://host", "name of the database is missing"),
    ("clickhouse:///db", "host is missing"),
    ("clickhouse://host:99999/db", "no address"),
    ("clickhouse://host/a/b", "not the name of a database"),
    ("clickhouse://host/a`; DROP DATABASE x", "not the name of a database"),
    ("clickhouse://me:secret@host/db?compress=1", "more after the database"),
    ("clickhouse://me:secret/and@more@host/db", "no address"),
    ("clickhouse://me:secret@more/host/db", "not the name of a database"),
    ("clickhouses://me:secret@host:x/db", "no address"),
])
def test_wrong_addresses_are_refused_before_anything_is_asked(location: str, found: str) -> None:
    with pytest.raises(NotABook, match=found) as refused:
        open_book(location)
    assert "clickhouse[s]://[user" in str(refused.value)
    assert "secret" not in str(refused.value)


def test_a_password_comes_from_a_file_or_the_environment(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ONECARD_PASSWORD", "from the environment")
    assert parse_address("clickhouse://me@host/db").password == "from the environment"
    assert parse_address("clickhouse://me:own@host/db").password == "own"
    path = tmp_path / "password"
    path.write_text("from: a/file@\nand no more\n")
    monkeypatch.setenv("ONECARD_PASSWORD_FILE", str(path))
    assert parse_address("clickhouse://me@host/db").password == "from: a/file@"
    path.write_bytes(b"\xff\xfe")
    for name in (path, tmp_path / "missing"):
        monkeypatch.setenv("ONECARD_PASSWORD_FILE", str(name))
        with pytest.raises(NotABook, match="the password cannot be read"):
            open_book("clickhouse://me@host/db")


@pytest.mark.parametrize("variable", ["ONECARD_PASSWORD_FILE", "ONECARD_CA_FILE"])
@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/dev/stdin", "/dev/fd/0"])
def test_what_the_environment_names_is_neither_waited_for_nor_read_without_end(
        variable: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setenv(variable, str(tmp_path / name))
    with pytest.raises(NotABook, match="it is no regular file"):
        open_book("clickhouses://me@127.0.0.1:1/db")


def test_a_server_is_asked_over_tls_where_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: dict[str, object] = {}
    monkeypatch.setattr("clickhouse_driver.Client", lambda host, **more: asked.update(more))
    make_client(parse_address("clickhouses://host/db"), "db", {})
    assert (asked["secure"], asked["verify"]) == (True, True)


@pytest.mark.parametrize("location", ["clickhouse:///x".replace("click", "clik"), "http://host/db",
                                      "mysql:/host/db", "clickhouse:db", "clickhouse:/host/db"])
def test_no_folder_is_made_of_an_address(location: str) -> None:
    with pytest.raises(NotABook, match="no address that begins with"):
        open_book(location)
