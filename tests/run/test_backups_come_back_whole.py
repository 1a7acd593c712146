"""A backup is the book after a run, each file once, and comes back as it was or not at all."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.run.command import REPOSITORY, accepted, contents, process, refused, shown

NETWORK = REPOSITORY / "examples" / "network"
TAPS = sorted((REPOSITORY / "examples" / "taps").glob("*.csv"))


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book with one run."""
    accepted("clear", TAPS[0], "--network", NETWORK, "--book", tmp_path / "book")
    return tmp_path / "book"


def objects(backups: Path) -> set[Path]:
    """The files that were backed up."""
    return {path for path in (backups / "objects").rglob("*") if path.is_file()}


def test_each_run_can_come_back(book: Path, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    after_one = contents(book)
    done = accepted("book", "backup", backups, "--book", book)
    assert done.out.startswith("the book after run 1: ")
    first = objects(backups)
    accepted("clear", TAPS[1], "--book", book)
    after_two = contents(book)
    accepted("book", "backup", backups, "--book", book)
    new = objects(backups) - first
    assert first <= objects(backups)
    assert 0 < len(new) < len(first), "a backup costs what has changed"
    assert accepted("book", "check", backups).out == "backups after runs 1, 2: whole\n"
    accepted("book", "restore", backups, "--book", tmp_path / "newest")
    assert contents(tmp_path / "newest") == after_two
    accepted("book", "restore", backups, "--run", "1", "--book", tmp_path / "one")
    assert contents(tmp_path / "one") == after_one
    # It goes on from there as the first one did; what was kept beside it is there, too.
    accepted("clear", TAPS[1], "--book", tmp_path / "one")
    assert contents(tmp_path / "one") == after_two
    assert accepted("verify", "--all", "--book", tmp_path / "one").code == 0
    # What came after run 1 has other chains here: when it ran is in them.
    assert "another book" in refused("book", "backup", backups, "--book", tmp_path / "one").err


def test_a_book_is_backed_up_while_a_run_goes_on(book: Path, tmp_path: Path) -> None:
    before = contents(book)
    with open_book(str(book)) as opened, opened.begin(digest="under way", kind="clear") as run:
        run.write_window(20_000, "")
        done = process("book", "backup", tmp_path / "backups", "--book", book)
        assert done.code == 0, done
    accepted("book", "restore", tmp_path / "backups", "--book", tmp_path / "again")
    assert contents(tmp_path / "again") == before


def test_what_was_damaged_is_named_and_can_be_mended(book: Path, tmp_path: Path) -> None:
    backups, again = tmp_path / "backups", tmp_path / "again"
    accepted("book", "backup", backups, "--book", book)
    one, other = sorted(objects(backups))[:2]
    one.write_bytes(one.read_bytes()[:-1] + b"?")
    other.unlink()
    done = accepted("book", "check", backups)
    assert done.code == 1
    lines = done.out.splitlines()
    assert len(lines) == 3
    assert any(one.name in line and "is not as it was written" in line for line in lines)
    assert any(other.name in line and "is missing" in line for line in lines)
    assert "book check" in refused("book", "restore", backups, "--book", again).err
    assert not again.exists()
    one.unlink()        # as is said: what the book still has comes back
    assert "remove what is named" in lines[-1]
    accepted("book", "backup", backups, "--book", book)
    assert accepted("book", "check", backups).code == 0
    accepted("book", "restore", backups, "--book", again)
    assert contents(again) == contents(book)


def test_a_list_that_leads_elsewhere_is_not_followed(book: Path, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    accepted("book", "backup", backups, "--book", book)
    made = next((backups / "lists").glob("*.json"))
    text = made.read_text()
    for wrong in (text.replace('"journal"', '"../journal"'), text.replace('"journal"', '"/tmp/j"'),
                  text.replace('"link":"../../store', '"link":"../../../../../store', 1),
                  text[:-9], text.replace('"run":1', '"run":"1"')):
        assert wrong != text
        made.write_text(wrong)
        refused("book", "restore", backups, "--book", tmp_path / "again")
        assert not (tmp_path / "again").exists()


def test_other_places_are_refused(book: Path, tmp_path: Path) -> None:
    backups, other = tmp_path / "backups", tmp_path / "other"
    accepted("book", "backup", backups, "--book", book)
    accepted("clear", TAPS[1], "--network", NETWORK, "--book", other)
    assert "another book" in refused("book", "backup", backups, "--book", other).err
    assert "other things" in refused("book", "backup", book, "--book", book).err
    assert "something already" in refused("book", "restore", backups, "--book", other).err
    assert "no backup after run 7" in refused(
        "book", "restore", backups, "--run", "7", "--book", tmp_path / "again").err
    assert "no backup here" in refused("book", "check", tmp_path).err
    assert "ClickHouse" in refused("book", "backup", backups, "--book", "clickhouse://there/b").err
    assert "there is no book here" in refused("book", "backup", backups, "--book",
                                              tmp_path / "none").err


def test_a_book_that_is_not_whole_is_not_backed_up(book: Path, tmp_path: Path) -> None:
    backups = tmp_path / "backups"
    accepted("book", "backup", backups, "--book", book)
    before = objects(backups)
    lost = next(path for path in (book / "clickhouse" / "store").rglob("1_*") if path.is_dir())
    shutil.rmtree(lost)
    refused("book", "backup", backups, "--book", book)
    assert objects(backups) == before
    accepted("book", "restore", backups, "--book", tmp_path / "again")
    assert len(shown("runs", tmp_path / "again")) == 1
