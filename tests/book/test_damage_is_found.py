"""A book that lost something says so; nothing is removed because a row is absent.

Ten bytes cut off one file of `runs` used to make the next run drop every partition, and a lost part
of the card state paid the same taps twice, both with exit code 0.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from clearing.book import Book, open_book
from clearing.book.integrity import find_breaks, find_changed_rows
from clearing.book.schema import LEDGER
from network.errors import BookDamaged, BookError
from tests.book.beneath import change_rows
from tests.book.checks import assert_holds
from tests.book.workload import add_run

# By the second run of the workload.
WRITTEN = [table.name for table in LEDGER if table.name not in ("stored_names", "stored_networks")]


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A book of three runs, and nothing the matter with it."""
    folder = tmp_path_factory.mktemp("three") / "book"
    _make(str(folder), 3)
    with open_book(str(folder), read_only=True) as book:
        assert list(find_changed_rows(book)) == []
    return folder


def _make(location: str, runs: int = 2) -> None:
    with open_book(location) as book:
        for _ in range(runs):
            add_run(book)


def _change(location: str, *statements: str) -> None:
    with open_book(location) as book:
        book.store.let_merge()      # rows are changed as parts are merged
        for statement in statements:
            book.store.run(statement)


def _assert_read_only(location: str, *words: str) -> None:
    """It opens for reading only, and the error names what is wrong and what to do."""
    with pytest.raises(BookDamaged) as refused:
        open_book(location)
    for word in (*words, location.rpartition("/")[2], "not written", "copy of the book"):
        assert word in str(refused.value)
    with open_book(location, read_only=True) as book:
        assert any(words[0] in line for line in book.breaks)


def _rows(book: Book) -> dict[str, int]:
    return {table.name: int(book.store.columns(f"SELECT count() AS n FROM {table.name}")["n"][0])
            for table in LEDGER}


def test_nothing_goes_because_a_commit_row_is_absent(location: str) -> None:
    _make(location)
    with open_book(location) as book:
        before = _rows(book)
        book.store.run("TRUNCATE TABLE runs")
        with pytest.raises(BookDamaged, match="run 1"):
            book.begin(digest="run 3", kind="clear")
        assert _rows(book) == before
    _assert_read_only(location, "run 1", "runs")
    with open_book(location, read_only=True) as book:
        assert _rows(book) == before


def test_a_lost_partition_is_named(location: str) -> None:
    _make(location)
    for table in WRITTEN:
        with open_book(location) as book:
            book.store.run(f"ALTER TABLE {table} DETACH PARTITION 2")
            assert [line.rpartition(" ")[0] for line in find_breaks(book)] == [
                f"table {table} has 0 rows of run 2, which stored"]
            book.store.run(f"ALTER TABLE {table} ATTACH PARTITION 2")
            assert find_breaks(book) == []
    _change(location, "ALTER TABLE stored_flows DROP PARTITION 1")
    _assert_read_only(location, "table stored_flows has 0 rows of run 1, which stored 7")


#    statements                                       words
@pytest.mark.parametrize(("statement", "words"), [
    ("INSERT INTO stored_windows SELECT 1, 1, 20000", "table stored_windows has"),
    ("INSERT INTO stored_windows SELECT 9, 9, 20000", "rows of run 9, but the last run is 2"),
    ("INSERT INTO runs SELECT * FROM runs WHERE run = 2", "two rows of run 2"),
    ("DROP TABLE stored_flows", "table stored_flows is missing"),
    ("DROP TABLE rides", "table rides is missing"),
    ("DROP TABLE runs", "table runs is missing"),
    ("TRUNCATE TABLE book", "table book has no row"),
    ("ALTER TABLE stored_flows DROP COLUMN amount", "table stored_flows has other columns"),
], ids=lambda text: text[:30])
def test_what_was_put_in_or_taken_away_is_named(location: str, whole: Path, statement: str,
                                                words: str) -> None:
    if location.startswith("clickhouse://"):
        _make(location)
    else:
        shutil.copytree(whole, location, symlinks=True)
    _change(location, statement)
    with pytest.raises(BookDamaged, match=words):
        open_book(location)


def _journal(location: str) -> Path:
    return Path(location) / "journal"


def test_the_last_line_of_the_journal_is_added(tmp_path: Path) -> None:
    """A process can end between the commit row and its line, or in the middle of the line."""
    location = str(tmp_path / "book")
    _make(location)
    whole = _journal(location).read_bytes()
    line = len(whole) // 2
    for left in (line, line + 20, len(whole) - 1):
        _journal(location).write_bytes(whole[:left])
        with open_book(location) as book:
            assert_holds(book, 2)
            with book.begin(digest="run 3", kind="clear"):
                assert _journal(location).read_bytes() == whole
    _make(location, 1)
    assert _journal(location).read_bytes()[:len(whole)] == whole
    with open_book(location, read_only=True) as book:
        assert_holds(book, 3)
        assert [*book.store.journal.lines()] == [(run.run, run.chain) for run in book.runs()]


@pytest.mark.parametrize(("left", "words"), [
    (0, "journal has 0 lines"), (1, "journal has 1 line"), (-1, "the journal's line 3 is not"),
])
def test_a_journal_that_says_something_else(tmp_path: Path, three: Path, left: int, words: str
                                            ) -> None:
    location = str(shutil.copytree(three, tmp_path / "book", symlinks=True))
    lines = _journal(location).read_bytes().splitlines(keepends=True)
    lines = lines[:left] if left >= 0 else [*lines[:2], lines[1]]
    _journal(location).write_bytes(b"".join(lines))
    _assert_read_only(location, words)


def test_a_journal_without_its_store(tmp_path: Path) -> None:
    """Half of a copy is no new book."""
    location = str(tmp_path / "book")
    _make(location)
    shutil.rmtree(tmp_path / "book" / "clickhouse")
    for read_only in (True, False):
        with pytest.raises(BookError):
            open_book(location, read_only=read_only)


def test_leftovers_are_set_apart_until_they_are_nobodys(tmp_path: Path) -> None:
    """Rows behind the last run go out of their tables, and stay until their number is used."""
    location = str(tmp_path / "book")
    _make(location)
    with open_book(location) as book:
        book.store.run("INSERT INTO stored_windows SELECT 3, 3, 20000")
    with open_book(location) as book:
        with book.begin(digest="run 3", kind="clear"):
            assert _detached(book) == ["3"]
            assert _rows(book)["stored_windows"] == len(book.closed_windows())
        add_run(book)
        assert _detached(book) == ["3"]
        with book.begin(digest="run 4", kind="clear"):
            assert _detached(book) == []
        assert_holds(book, 3)


def _detached(book: Book) -> list[str]:
    return [str(partition) for partition in book.store.columns(
        "SELECT ifNull(partition_id, '') AS run FROM system.detached_parts")["run"]]


@pytest.mark.parametrize(("change", "words"), [
    ("stored_entries UPDATE paid = paid + 1 WHERE card_seq = "
     "(SELECT min(card_seq) FROM stored_entries WHERE run = 1) AND run = 1",
     "table stored_entries.*run 1"),
    ("stored_flows UPDATE amount = amount + 1 WHERE run = 2",
     "table stored_flows.*run 2"),
    ("stored_names UPDATE code = concat(code, 'x') WHERE number = 3",
     "table stored_names.*run 1"),
    ("stored_refusals UPDATE raw = 'mended' WHERE run = 2",
     "table stored_refusals.*run 2"),
    ("runs UPDATE paid = paid + 1 WHERE run = 1", "runs: the row of run 1"),
    ("stored_cards UPDATE record = reverse(record) WHERE run = 2",
     "table stored_cards.*run 2"),
])
def test_rows_that_were_changed_are_found(tmp_path: Path, three: Path, change: str, words: str
                                          ) -> None:
    """As many rows as there were, and other ones: only who reads them all can tell."""
    location = str(shutil.copytree(three, tmp_path / "book", symlinks=True))
    with open_book(location) as book:
        change_rows(book, *change.split(" ", 1))
    with open_book(location, read_only=True) as book:
        assert book.breaks == []
        found = list(find_changed_rows(book))
    assert re.search(words, found[0])
    assert len(found) == 1, found


def test_rows_read_back_are_those_that_were_written(location: str) -> None:
    _make(location, 3)
    with open_book(location, read_only=True) as book:
        assert list(find_changed_rows(book)) == []


# ----------------------------------------------------------------- every kind of file of a folder

def _flip(data: bytes) -> bytes:
    place = len(data) * 7 // 10
    return data[:place] + bytes([data[place] ^ 4]) + data[place + 1:]


FAULTS = {"a bit flipped": _flip, "ten bytes short": lambda data: data[:-10],
          "empty": lambda data: b"", "missing": None}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole") / "book"
    _make(str(folder))
    return folder


def _files(book: Path, share: int) -> Iterator[tuple[Path, str]]:
    """Files, each with a fault: of every table and kind of file one, the faults in turn."""
    seen = set[tuple[str, str]]()
    for path in sorted(book.rglob("*")):
        if not path.is_file() or path.name in ("lock", "onecard-book"):
            continue
        # A table's folder is named by chance, its parts by their runs: the first of a kind.
        kind = path.parents[1].name if path.parent.name.endswith("_0") else path.parent.name, (
            path.name)
        if kind not in seen and path.stat().st_size:
            seen.add(kind)
            yield path.relative_to(book), list(FAULTS)[(len(seen) + share) % len(FAULTS)]


@pytest.mark.long
@pytest.mark.parametrize("share", range(len(FAULTS)))
def test_no_damage_makes_a_wrong_ledger(tmp_path: Path, whole: Path, share: int) -> None:
    """Whatever happens to a file: a run is refused in words, or comes out right."""
    refused = 0
    for place, (path, fault) in enumerate(_files(whole, share)):
        if place % len(FAULTS) != share:
            continue
        book = tmp_path / "book"
        shutil.copytree(whole, book, symlinks=True)
        change = FAULTS[fault]
        if change is None:
            (book / path).unlink()
        else:
            (book / path).write_bytes(change((book / path).read_bytes()))
        try:
            with open_book(str(book)) as opened:
                add_run(opened)
                assert_holds(opened, 3)
        except BookError:
            refused += 1
        except AssertionError as error:
            raise AssertionError(f"{path}, {fault}") from error
        shutil.rmtree(book)
    assert refused > 10
