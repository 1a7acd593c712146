"""Whose book is opened, nobody knows: of its folder nothing is run, and no view is believed.

The store carries out what is written in its folder: a table can be a file or an address, a
dictionary and a function name a program. Such a folder is refused before the store sees it.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from clearing.book import open_book
from clearing.book.parts import FOLDED
from clearing.book.views import VIEWS
from network.errors import BookDamaged
from network.folder import read_contents
from tests.book.workload import add_run
from tests.run.command import accepted, onecard, refused, write_csv
from tests.run.test_records_are_judged_over_runs import COLUMNS, bus

METADATA = "clickhouse/metadata/onecard"
VIEW = "ATTACH VIEW _ UUID '11111111-1111-4111-8111-111111111111' (`a` UInt8) AS SELECT 1 AS a"

PROBE = "clickhouse_case_sensitivity_check_11111111-1111-4111-8111-111111111111"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    book = tmp_path_factory.mktemp("stranger") / "book"
    umask = os.umask(0)
    try:
        with open_book(str(book)) as opened:
            add_run(opened)
    finally:
        os.umask(umask)
    return book


@pytest.fixture
def book(made: Path, tmp_path: Path) -> Path:
    shutil.copytree(made, tmp_path / "book", symlinks=True)
    return tmp_path / "book"


def test_a_book_is_its_owners(made: Path, tmp_path: Path) -> None:
    """Also where the umask lets everybody in, or the folder was there before."""
    def modes(folder: Path) -> list[int]:
        return [stat.S_IMODE((folder / name).stat().st_mode)
                for name in (".", "clickhouse", "onecard-book", "lock")]

    assert modes(made) == [0o700, 0o700, 0o600, 0o600]
    assert stat.S_IMODE((made / "journal").stat().st_mode) == 0o600
    (tmp_path / "mine").mkdir(mode=0o755)
    with open_book(str(tmp_path / "mine")):
        assert modes(tmp_path / "mine") == [0o700, 0o700, 0o600, 0o600]


def _write(path: str, text: str) -> Callable[[Path], None]:
    def write(book: Path) -> None:
        (book / path).parent.mkdir(parents=True, exist_ok=True)
        (book / path).unlink(missing_ok=True)
        (book / path).write_text(text)
    return write


def _change(path: str, old: str, new: str) -> Callable[[Path], None]:
    def change(book: Path) -> None:
        text = (book / path).read_text()
        assert old in text
        (book / path).write_text(text.replace(old, new))
    return change


def _link(path: str, target: str) -> Callable[[Path], None]:
    def link(book: Path) -> None:
        (book / path).unlink(missing_ok=True)
        (book / path).symlink_to(target)
    return link


def _link_elsewhere(book: Path) -> None:
    """The database's statements, in a folder of somebody's choice."""
    elsewhere = book.parent / "store" / "abc" / "11111111-1111-4111-8111-111111111111"
    shutil.copytree((book / METADATA).resolve(), elsewhere)
    _link(METADATA, str(elsewhere))(book)


def _link_a_part(book: Path) -> None:
    table = next((book / "clickhouse/store").glob("*/*/1_1_1_0")).parent
    (table / "1_2_2_0").symlink_to(table / "1_1_1_0")


_TABLE = "ATTACH TABLE _ UUID '11111111-1111-4111-8111-111111111111' (`a` UInt8) ENGINE = "
FOREIGN = {
    "another database": (_write(
        "clickhouse/metadata/other.sql", "ATTACH DATABASE _ UUID "
        "'11111111-1111-4111-8111-111111111111' ENGINE = Atomic"), "metadata/other.sql"),
    "a database elsewhere": (_write(
        "clickhouse/metadata/onecard.sql", "ATTACH DATABASE _ ENGINE = "
        "PostgreSQL('example.org', 'a', 'b', 'c')"), "metadata/onecard.sql"),
    "a dictionary": (_write(
        f"{METADATA}/words.sql", "ATTACH DICTIONARY _ UUID "
        "'11111111-1111-4111-8111-111111111111' (`a` UInt64) PRIMARY KEY a "
        "SOURCE(EXECUTABLE(command 'touch /tmp/run' format 'TSV')) LAYOUT(FLAT()) LIFETIME(1)"),
        "/words.sql"),
    "a program": (_write(f"{METADATA}/runs.sql",
                         f"{_TABLE}Executable('run.sh', 'TSV')"), "/runs.sql"),
    "a file": (_write(f"{METADATA}/runs.sql", f"{_TABLE}File(TSV, '/etc/passwd')"), "/runs.sql"),
    "an address": (_write(f"{METADATA}/more.sql", f"{_TABLE}URL('http://127.0.0.1/', 'TSV')"),
                   "/more.sql"),
    "a view that works by itself": (_write(
        f"{METADATA}/rides.sql", VIEW.replace("VIEW", "MATERIALIZED VIEW")), "/rides.sql"),
    "a disk elsewhere": (_change(
        f"{METADATA}/runs.sql", "SETTINGS ", "SETTINGS disk = disk(type = 'web', "
        "endpoint = 'http://127.0.0.1/'), "), "/runs.sql"),
    "a value that is worked out": (_change(
        f"{METADATA}/runs.sql", "`chain` String",
        "`chain` String DEFAULT file('/etc/passwd')"), "/runs.sql"),
    "a function": (_write("clickhouse/user_defined/f.sql",
                          "CREATE FUNCTION f AS x -> file(x)"), "user_defined"),
    "a script": (_write("clickhouse/user_scripts/run.sh", "#!/bin/sh\n"), "user_scripts"),
    "settings": (_write("clickhouse/config.xml", "<clickhouse/>"), "config.xml"),
    "more than a killed look at the disk": (_write(f"clickhouse/{PROBE}", "x"), PROBE),
    "statements elsewhere": (_link_elsewhere, "metadata/onecard"),
    "parts elsewhere": (_link_a_part, "store/"),
    "a linked statement": (_link(f"{METADATA}/rides.sql", "/etc/passwd"), "/rides.sql"),
    "a linked folder": (_link("clickhouse/user_files", "/"), "user_files"),
}


@pytest.mark.parametrize("what", FOREIGN)
def test_what_is_no_books_is_refused_before_it_is_opened(what: str, book: Path) -> None:
    change, name = FOREIGN[what]
    change(book)
    for read_only in (True, False):
        with pytest.raises(BookDamaged, match="no book has this in its store") as refused:
            open_book(str(book), read_only=read_only)
        assert name in str(refused.value)
        assert "nothing of it was opened" in str(refused.value)
    assert not list(book.glob("snapshots/*"))


def test_a_store_that_was_killed_as_it_looked_at_the_disk_is_opened(book: Path) -> None:
    """Before its first insert it makes an empty file, which it removes, unless it is killed."""
    (book / "clickhouse" / PROBE).touch()
    with open_book(str(book)) as opened:
        add_run(opened)


@pytest.mark.parametrize("view", ["rides", "entries"])
def test_a_view_that_was_replaced_is_not_believed(view: str, location: str) -> None:
    """On a server, too: people read views, and no row has to be changed to have them read lies."""
    with open_book(location) as opened:
        add_run(opened)
        select = VIEWS[view].select
        if view == "rides":
            select += " AND (paid < 1000)"
        else:       # the same words, in other brackets
            folded = f"(part >= {FOLDED})"
            select = select.replace("WHERE (", "WHERE ((").replace(
                f"OR ({folded} AND ", f"OR {folded}) AND ")[:-1]
        opened.store.run(f"DROP TABLE {view}")
        opened.store.run(f"CREATE VIEW {view} AS {select}")
    for read_only in (True, False):
        with pytest.raises(BookDamaged, match=f"view {view} is not the one that was made"):
            open_book(location, read_only=read_only)


def clear(book: Path, seq: int = 1) -> None:
    path = write_csv(book.parent / f"{seq}.csv", [bus(seq, "2024-11-25T08:00:00")], COLUMNS)
    accepted("clear", path, "--network", "demo", "--book", book)


@pytest.mark.parametrize("name", ["../out.csv", "{}/out.csv", "layouts/../../out.csv", "layouts/..",
                                  "a/out.csv"])
def test_no_file_of_its_networks_is_written_elsewhere(
        name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who only lists a book has its network's files written, by the names that the book has."""
    book, stray = tmp_path / "book", name.format(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr("network.network.read_contents",
                        lambda *words: {**read_contents(*words), stray: b"out"})
        clear(book)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for words in (("show", "rides"), ("verify",)):
        assert "files of a network's folder" in refused(*words, "--book", book).err
    assert not list(tmp_path.rglob("out.csv"))


@pytest.mark.parametrize("strays", [
    [("a/b/x", "../.."), ("y", "a/b/x/../.."), ("y/out.csv", "")],
    [("a/x", ".."), ("a/x/out.csv", "")],
    [("a/x", ".."), ("y", "a/x/store")],
    [("x", "a/../../x")],
])
def test_nothing_of_a_backup_is_put_beyond_a_link(
        strays: list[tuple[str, str]], tmp_path: Path) -> None:
    """Links that each lead within the book lead out of it one behind the other."""
    clear(tmp_path / "book")
    accepted("book", "backup", tmp_path / "backups", "--book", tmp_path / "book")
    path, = tmp_path.glob("backups/*/*.json")
    listed, digest = json.loads(path.read_text("utf-8")), hashlib.sha256(b"out").hexdigest()
    (tmp_path / "backups" / "objects" / digest[:2]).mkdir(exist_ok=True)
    (tmp_path / "backups" / "objects" / digest[:2] / digest[2:]).write_bytes(b"out")
    listed["files"] += [{"path": place, "bytes": 0, "sha256": "" if link else digest, "link": link}
                        for place, link in strays]
    path.write_text(json.dumps(listed), "utf-8")
    again = tmp_path / "some" / "where" / "again"
    assert "a backup's list" in refused("book", "restore", tmp_path / "backups",
                                        "--book", again).err
    assert not list(tmp_path.rglob("out.csv"))
    assert not again.exists()


def test_no_answer_is_written_through_a_link(tmp_path: Path) -> None:
    """Names of files on their way are known beforehand: links can wait under them."""
    book, own = tmp_path / "book", tmp_path / "own"
    clear(book)
    own.write_text("mine")
    for name in ("acknowledgements/run-2.ack.json.unfinished", f"pseudonym.key.{os.getpid()}"):
        (book / name).symlink_to(own)
    clear(book, 2)
    assert onecard("show", "rides", "--csv", "--book", book).code == 0
    assert own.read_text() == "mine"
    assert (book / "acknowledgements" / "run-2.ack.json").is_file()
    assert stat.S_IMODE((book / "pseudonym.key").stat().st_mode) == 0o600
