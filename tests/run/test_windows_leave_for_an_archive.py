"""Old windows leave a book for an archive: what is asked of them is answered, and money stays."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from clearing.answers.brought import bring_back, find_changed_archives
from clearing.answers.session import Session
from clearing.book import changing, open_book, parts
from clearing.book.archived import LEAVING
from clearing.book.integrity import find_breaks, find_changed_rows
from network.errors import BookDamaged
from tests.book.beneath import change_rows
from tests.run.command import REPOSITORY, accepted, contents, refused, shown
from tests.run.test_arrival_does_not_matter import (
    CARDS,
    DAYS,
    clear,
    owed,
    positions,
    rides_of,
    roots_of,
    rows_of,
    settle,
    tap,
)

Row = dict[str, Any]
ARCHIVED, KEPT = DAYS           # windows
TAKEN_FROM = "2024-12-27"       # a month behind the first window that cards can be cleared from
LISTS = ("rides", "entries", "postings", "refusals", "variances", "clock-conflicts")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a book of two days in several runs, some records late; a month is closed."""
    folder = tmp_path_factory.mktemp("made")
    book, rows = folder / "book", rows_of()
    random.Random(3).shuffle(rows)
    with open_book(str(book)):
        for part in range(3):
            clear(book, folder, rows[part:-20:3])
        settle(book, folder, ARCHIVED)
        clear(book, folder, rows[-20:])
        for day in (KEPT, "2024-11-28", "2024-12-31"):
            settle(book, folder, day)
    return folder


def copy_of(folder: Path, to: Path) -> Path:
    shutil.copytree(folder, to, symlinks=True)
    return to


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """The same, for a test to change."""
    return copy_of(made, tmp_path / "own")


@pytest.fixture(scope="module")
def archived(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same, with the first day archived beside the book; tests only read it."""
    folder = copy_of(made, tmp_path_factory.mktemp("archived") / "own")
    told = archive(folder)
    assert told.startswith(f"windows up to {ARCHIVED} are in {folder / 'archive'}: ")
    assert f"records of days before {TAKEN_FROM} are refused from now on\n" in told
    return folder


def archive(folder: Path, before: str = KEPT) -> str:
    return accepted("book", "archive", "--before", before, "--to", folder / "archive",
                    "--book", folder / "book").out


def said_by(folder: Path, out: Path) -> dict[str, Any]:
    """All that is asked of rows which leave, and of what stays."""
    book = folder / "book"
    with open_book(str(book), read_only=True):
        said: dict[str, Any] = {what: shown(what, book) for what in LISTS}
        ride = next(row for row in said["rides"] if row["window"] == ARCHIVED)
        for command in ("explain", "trace"):
            said[command] = accepted(command, f"{ride['card']}/{ride['card_seq']}",
                                     "--book", book).out
        said["rides of a day"] = shown("rides", book, "--window", ARCHIVED)
        accepted("statement", "--window", ARCHIVED, "--out", out, "--book", book)
        said["statements"] = {path.name: path.read_bytes() for path in sorted(out.rglob("*.csv"))}
        accepted("report", "day", "--window", ARCHIVED, "--xlsx", out / "day.xlsx",
                 "--book", book)
        said |= {"positions": positions(book, *DAYS), "roots": roots_of(book), "owed": owed(book)}
    assert said["statements"]
    return {name: str(value).replace(str(folder), "") for name, value in said.items()}


def test_all_is_answered_as_before(made: Path, archived: Path, tmp_path: Path) -> None:
    with open_book(str(archived / "book"), read_only=True) as opened:
        for table in LEAVING:
            left = opened.query(f"SELECT count() AS rows FROM {table.name}")
            assert int(left["rows"][0]) > 0, "a window stays, and what it holds"
        gone = opened.archives()[0].window
        assert int(opened.query("SELECT min(window) AS first FROM entries")["first"][0]) > gone
        assert list(find_changed_rows(opened)) == []
        assert positions(archived / "book", ARCHIVED)[1], "for totals nothing is brought back"
        assert opened.store.brought == set()
    assert {path.name for path in (archived / "archive" / ARCHIVED).iterdir()} == {
        "entries.parquet", "records.parquet", "refusals.parquet", "manifest.json"}
    assert said_by(archived, tmp_path / "after") == said_by(made, tmp_path / "before")
    done = accepted("verify", "--all", "--book", archived / "book")
    assert (done.code, "rides priced again by the plain engine: no differences" in done.out) == (
        0, True)


def test_an_auditor_gets_what_has_left_too(archived: Path, made: Path, tmp_path: Path) -> None:
    """The lists are those of the whole book, and its prices are tried again without it."""
    for folder, audit in ((made, "whole"), (archived, "parted")):
        told = accepted("export", "--audit", tmp_path / audit, "--cards", "full",
                        "--book", folder / "book").out
    for name in ("entries.csv", "postings.csv", "positions.csv"):
        assert (tmp_path / "parted" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    with open_book(str(archived / "book"), read_only=True) as opened:
        rows = int(opened.query("SELECT count() AS rows FROM entries")["rows"][0])
    assert len((tmp_path / "parted/tables/entries.jsonl").read_bytes().splitlines()) == rows + 1
    elsewhere = (tmp_path / "parted").rename(tmp_path / "elsewhere")
    archive_of_book = (archived / "archive").rename(tmp_path / "away")
    try:
        checked = ("verify", elsewhere, "--all", "--seal", told.split("seal ")[1].strip())
        done = accepted(*checked)
        assert done.code == 0, done.out
        assert "rides priced again by the plain engine: no differences" in done.out
        entries = elsewhere / "archive" / ARCHIVED / "entries.parquet"
        entries.write_bytes(entries.read_bytes()[:-1])
        done = accepted(*checked)
        assert done.code == 1
        assert f"archive/{ARCHIVED}/entries.parquet is not the file that was sealed" in done.out
        export = ("export", "--audit", tmp_path / "none", "--cards", "full", "--book",
                  archived / "book")
        assert "a file of the archive cannot be read" in refused(*export).err
        assert not (tmp_path / "none").exists()
        accepted(*export, "--archive", archive_of_book)
    finally:
        archive_of_book.rename(archived / "archive")


def test_where_it_is_not_there_the_folder_is_named(archived: Path, tmp_path: Path) -> None:
    book, missing = archived / "book", archived / "archive"
    moved = missing.rename(tmp_path / "moved")
    try:
        with open_book(str(book), read_only=True):
            for asked in (("show", "rides"), ("show", "rides", "--window", ARCHIVED),
                          ("explain", "10000/1"), ("trace", "10000/1"),
                          ("report", "day", "--window", ARCHIVED)):
                said = refused(*asked, "--book", book).err
                assert str(missing) in said
                assert "--archive" in said
            done = accepted("verify", "--all", "--book", book)
            assert done.code == 0
            assert f"not there, and not looked at: the archive {missing};" in done.out
            assert "\n0 rides priced again" in done.out
            rides = shown("rides", book, "--from", KEPT)
            found = shown("rides", book, "--archive", str(moved))
            assert [row for row in found if row["window"] >= KEPT] == rides
            assert len(found) > len(rides) > 0
    finally:
        moved.rename(missing)


def test_what_was_changed_or_is_missing_is_named(archived: Path, tmp_path: Path) -> None:
    with open_book(str(archived / "book"), read_only=True) as book:
        for name in ("manifest.json", "entries.parquet", "records.parquet", "refusals.parquet"):
            for change in ("a byte", "the end", "missing"):
                copy = copy_of(archived / "archive", tmp_path / f"{change} {name}")
                path = copy / ARCHIVED / name
                whole = path.read_bytes()
                path.write_bytes(whole[:-9] if change == "the end" else
                                 whole[:-9] + bytes([whole[-9] ^ 1]) + whole[-8:])
                if change == "missing":
                    path.unlink()
                (found,), absent = find_changed_archives(Session(book, archive=copy))
                assert found.startswith(f"{path}: a file of the archive ")
                assert absent == []
                with pytest.raises(BookDamaged, match="a file of the archive"):
                    bring_back(book, book.archives(), copy)
        assert book.store.brought == set()
        assert find_changed_archives(Session(book)) == ([], [])
        assert book.store.brought == {book.archives()[0].window}


@pytest.mark.parametrize("loss", ["stored_entries DELETE WHERE card_seq = 2",
                                  "stored_archived DELETE WHERE name = 'stored_records'"])
def test_a_loss_does_not_pass_for_archived(loss: str, archived: Path, tmp_path: Path) -> None:
    book = copy_of(archived / "book", tmp_path / "book")
    with open_book(str(book)) as opened:
        change_rows(opened, *loss.split(" ", 1))
    with pytest.raises(BookDamaged, match="table stored_"):
        open_book(str(book), create=False)


def moved_to_january(rows: list[Row]) -> list[Row]:
    """Rides of the same cards two months later, by higher counters."""
    return [{**row, "card_seq": row["card_seq"] + 100, "device_seq": row["device_seq"] + 100,
             "tapped_at": row["tapped_at"].replace("2024-11-", "2025-01-")} for row in rows]


def two_months_later(folder: Path) -> list[Any]:
    """The same days again, some records late: who is owed what, and the roots of all windows."""
    book = folder / "book"
    late = {name: rows[1:2] for name, rows in CARDS.items()}
    in_time = {name: [*rows[:1], *rows[2:]] for name, rows in CARDS.items()}
    with open_book(str(book)):
        clear(book, folder, moved_to_january(rows_of(in_time)))
        settle(book, folder, "2025-01-25")
        clear(book, folder, moved_to_january(rows_of(late)))
        settle(book, folder, "2025-01-26")
        return [owed(book), positions(book, *DAYS, "2025-01-25"), roots_of(book)]


def test_later_records_come_to_what_they_come_to_anyway(made: Path, archived: Path, tmp_path: Path
                                                        ) -> None:
    own, beside = copy_of(archived, tmp_path / "own"), copy_of(made, tmp_path / "beside")
    assert two_months_later(own) == two_months_later(beside)
    assert rides_of(own / "book") == rides_of(beside / "book")
    assert accepted("verify", "--all", "--book", own / "book").code == 0


def test_records_that_could_change_what_left_are_refused(archived: Path, tmp_path: Path) -> None:
    folder = copy_of(archived, tmp_path / "own")
    book, card = folder / "book", {"card": "10000"}
    before = rides_of(book)
    seq = next(row["card_seq"] for row in before if row["card"] == "10000")

    def at(day: str, counter: int) -> Row:
        return {**card, **tap(counter, "25 08:00", "bus-a"), "tapped_at": f"{day}T08:00:00"}

    with open_book(str(book)):
        clear(book, folder, [at(ARCHIVED, 77), at("2024-12-26", 78), at("2025-01-05", seq),
                             at("2025-01-05", 79), at(TAKEN_FROM, 80)])
        # One of an archived day; one too near; one that contradicts an archived one; and the line
        # that cannot be read.
        assert [row["code"] for row in shown("refusals", book, "--since-run", "10")] == [
            "TIME_TOO_EARLY", "TIME_TOO_EARLY", "CONFLICT", "MISSING_VALUE"]
        assert accepted("restate", "--dry-run", "--since", "2024-11-27", "--book", book).code == 0
        assert "reaches into archived windows" in refused(
            "restate", "--dry-run", "--since", KEPT, "--book", book).err
    assert [row["card_seq"] for row in rides_of(book) if row not in before] == [80, 79]
    assert accepted("verify", "--all", "--book", book).code == 0


def test_a_second_archive_and_folders_of_others(archived: Path, tmp_path: Path) -> None:
    folder = copy_of(archived, tmp_path / "own")
    book, rides = folder / "book", rides_of(folder / "book")

    def refuse(before: str, to: Path) -> str:
        return refused("book", "archive", "--before", before, "--to", to, "--book", book).err

    said = refuse("2024-12-31", folder / "archive")
    assert "records of open days can still change window 2024-11-28" in said
    assert "name 2024-11-27 or an earlier day with --before" in said
    assert f"no window before {KEPT} is closed and still in the book" in refuse(KEPT, folder)
    for name, text in (("letter.txt", ""), ("manifest.json", (
            archived / "archive" / ARCHIVED / "manifest.json").read_text())):
        (folder / name / KEPT).mkdir(parents=True)
        (folder / name / KEPT / name).write_text(text)
        assert "something else, or a window of another book" in refuse(
            "2024-11-27", folder / name)
    archive(folder, before="2024-11-27")
    with open_book(str(book), read_only=True) as opened:
        assert [Path(one.folder).parent for one in opened.archives()] == [archived, folder]
        assert rides_of(book) == rides
        assert accepted("verify", "--all", "--book", book).code == 0


def test_what_fails_half_way_leaves_all_where_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch
                                                     ) -> None:
    book = folder / "book"
    before = contents(book)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    for owner, name, value, said in (
            (os, "fsync", full, "make room"), (os, "link", full, "file system with hard links"),
            (changing, "_EXCHANGE", 1 << 30, "two folders cannot change places here")):
        with monkeypatch.context() as patched:
            patched.setattr(owner, name, value)
            assert said in refused("book", "archive", "--before", KEPT, "--to",
                                   folder / "archive", "--book", book).err
    assert contents(book) == before
    assert not (book / "changing").exists()
    # What was left of the files is taken over.
    archive(folder)


def test_killed_at_any_step_it_has_left_or_not(folder: Path) -> None:
    done = subprocess.run([sys.executable, "-m", "tests.run.killed_archive", folder / "book", KEPT,
                           folder / "archive"], cwd=REPOSITORY, capture_output=True, text=True,
                          timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    killed, left = map(int, done.stdout.split())
    assert left == 2
    assert killed > 3
    assert accepted("verify", "--all", "--book", folder / "book").code == 0


def test_what_waits_for_a_decision_stays(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clearing.answers.archive.HELD", "card_seq = 40")   # as if these were
    said = refused("book", "archive", "--before", KEPT, "--to", folder / "archive",
                   "--book", folder / "book").err
    assert f"1 ride of windows up to {ARCHIVED} is held" in said


def test_files_of_what_left_are_not_written_again(archived: Path, tmp_path: Path) -> None:
    book = copy_of(archived / "book", tmp_path / "book")
    with open_book(str(book)):
        asked = ("settle", "--yes", "--empty", "--book", book, "--out", tmp_path / "settled")
        for day in (ARCHIVED, "2024-11-28"):        # and of their month
            assert "are archived" in refused(*asked, "--window", day).err
        accepted(*asked, "--window", "2025-01-02")


def test_a_book_on_a_server_is_refused(tmp_path: Path) -> None:
    assert "windows of a book on a server are not archived" in refused(
        "book", "archive", "--before", KEPT, "--to", tmp_path, "--book",
        "clickhouse://localhost/nothing").err


def test_runs_are_folded_behind_those_that_have_left(archived: Path, tmp_path: Path,
                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    folder = copy_of(archived, tmp_path / "own")
    clear(folder / "book", folder, moved_to_january(rows_of()))
    monkeypatch.setattr(parts, "RUNS_OF_A_FOLD", 1)
    with open_book(str(folder / "book")) as book:
        before, last = book.span().folded, book.last
        assert before < book.fold() == last
        assert find_breaks(book) == []
        assert list(find_changed_rows(book)) == []
