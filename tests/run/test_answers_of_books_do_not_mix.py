"""What a book answers stands in a folder of its own: `run-1` of another would take its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from clearing.book.folder import MARKER
from clearing.engine import run
from tests.run.command import REPOSITORY, accepted, onecard, refused, shown

EXAMPLES = REPOSITORY / "examples"
TAPS = sorted((EXAMPLES / "taps").glob("*.csv"))
DAY = "2024-11-25"


def test_a_folder_is_one_books(tmp_path: Path) -> None:
    books, out = [tmp_path / name for name in ("one", "two")], tmp_path / "out"
    for number, book in enumerate(books):
        words = ("clear", TAPS[number], "--network", EXAMPLES / "network", "--book", book)
        own = ("--acknowledgements", out) if number == 0 else ()
        accepted(*words, *own)
    before = (out / "run-1.ack.json").read_bytes()
    said = [json.loads(path.read_bytes())["book"] for path in (
        out / "run-1.ack.json", books[1] / "acknowledgements" / "run-1.ack.json")]
    assert said == [shown("runs", book)[0]["chain"] for book in books]
    assert len({*said}) == 2
    for words in (("clear", TAPS[0], "--acknowledgements", out),
                  ("settle", "--window", DAY, "--yes", "--out", out)):
        done = refused(*words, "--book", books[1])
        assert "the answers of another book" in done.err
        assert "name another folder" in done.err
    assert len(shown("runs", books[1])) == 1        # nothing was cleared, and nothing closed
    assert (out / "run-1.ack.json").read_bytes() == before
    accepted("clear", TAPS[1], "--acknowledgements", out, "--book", books[0])
    accepted("settle", "--window", DAY, "--yes", "--out", out, "--book", books[0])


@pytest.mark.parametrize("place", ["", "acknowledgements", "a/b"])
def test_nothing_is_written_into_another_books_folder(tmp_path: Path, place: str) -> None:
    """It would stand in the way of what that book answers later."""
    other, book = tmp_path / "other", tmp_path / "book"
    other.mkdir()
    (other / MARKER).touch()        # as every book has it
    (tmp_path / "link").symlink_to(other)
    for folder in (other / place, tmp_path / "link" / place):
        done = refused("clear", TAPS[0], "--network", EXAMPLES / "network", "--book", book,
                       "--acknowledgements", folder)
        assert f"the folder is of the book {other}" in done.err
    assert [one.name for one in other.iterdir()] == [MARKER]
    assert not book.exists()


def test_a_window_does_not_take_anothers_files(tmp_path: Path) -> None:
    """As where a script names the same folder every day."""
    book, out = tmp_path / "book", tmp_path / "out"
    accepted("clear", *TAPS, "--network", EXAMPLES / "network", "--book", book)
    close = ("settle", "--yes", "--empty", "--book", book, "--out", out, "--window")
    accepted(*close, DAY)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    done = refused(*close, "2024-11-26")
    assert "has the files of another window" in done.err
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert len(shown("runs", book)) == 2        # and nothing is closed


def test_no_other_file_is_read_by_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between reading a file and quoting what was refused of it, another one takes its name."""
    secret, path = tmp_path / "secret", tmp_path / "taps.csv"
    secret.write_text("a password of somebody\n" * 100, "utf-8")
    path.write_bytes(TAPS[0].read_bytes())
    finish = run._finish

    def swap(*arguments: Any) -> Any:
        path.unlink()
        path.symlink_to(secret)
        return finish(*arguments)

    monkeypatch.setattr(run, "_finish", swap)
    done = onecard("clear", path, "--network", EXAMPLES / "network", "--book", tmp_path / "book")
    assert done.code == 2
    assert "is a symbolic link" in done.err
    told = [one.read_text("utf-8", "replace") for one in (tmp_path / "book").rglob("*.rejects.*")]
    assert not any("password" in text for text in told)
