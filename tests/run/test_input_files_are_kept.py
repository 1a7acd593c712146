"""Input files are kept: any amount leads back to the very bytes, and what was refused to its file.

A kept file is the answer to "we never sent that", years later.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clearing.book import open_book
from tests.run.command import REPOSITORY, SCRIPT, accepted, environment, refused, shown, write_csv
from tests.run.test_what_closes_is_shown_and_asked import COLUMNS, DAY, NETWORK, tap

TAPS = sorted((REPOSITORY / "examples" / "taps").glob("*.csv"))


def given_back(book: Path, which: str, *more: str) -> bytes:
    """What `onecard kept` prints, as bytes."""
    return subprocess.run([sys.executable, *SCRIPT, "kept", which, "--book", str(book), *more],
                          env=environment(), capture_output=True, timeout=60, check=True).stdout


def kept_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def test_the_very_bytes_come_back(tmp_path: Path) -> None:
    """Blocks, a line that is too long, and a last line that was cut among them."""
    book, odd = tmp_path / "book", tmp_path / "odd.csv"
    text = TAPS[0].read_bytes()
    odd.write_bytes(text + b"x" * 3_000_000 + b"\n" + text.splitlines(keepends=True)[1] * 30_000
                    + b"cut")
    accepted("clear", odd, *TAPS, "--network", NETWORK, "--book", book)
    rows = shown("files", book)
    paths = {path.name: path for path in (odd, *TAPS)}
    assert len(rows) == len(paths) == len(kept_files(book / "kept"))
    for row in rows:
        content = paths[row["name"]].read_bytes()
        assert given_back(book, str(row["file"])) == content
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
    assert given_back(book, rows[0]["sha256"][:12]) == paths[rows[0]["name"]].read_bytes()


def test_nothing_is_kept_of_a_run_that_came_to_nothing(tmp_path: Path) -> None:
    bad, book = tmp_path / "bad.csv", tmp_path / "book"
    bad.write_text("no,header\n1,2\n")
    accepted("clear", bad, "--network", NETWORK, "--book", book)
    accepted("clear", *TAPS, "--network", NETWORK, "--book", book, "--dry-run")
    assert not (book / "kept").exists()
    accepted("clear", TAPS[0], "--network", NETWORK, "--book", book, "--keep", "nothing")
    assert not (book / "kept").exists()
    done = refused("kept", "1", "--book", book)
    assert "this file is not kept here" in done.err
    accepted("clear", TAPS[1], "--book", book, "--keep", tmp_path / "elsewhere")
    assert not (book / "kept").exists()
    assert given_back(book, "2", "--keep", str(tmp_path / "elsewhere")) == TAPS[1].read_bytes()
    for which in ("3", "0", "abc", "f" * 64):
        assert "the book has no files" in refused("kept", which, "--book", book).err


@pytest.mark.parametrize("damage", ["cut", "changed", "another"])
def test_a_damaged_file_is_told_and_kept_anew(damage: str, tmp_path: Path) -> None:
    book = tmp_path / "book"
    good = write_csv(tmp_path / "good.csv", [tap(seq, DAY) for seq in range(50)], COLUMNS)
    accepted("clear", good, "--network", NETWORK, "--book", book)
    path, = kept_files(book / "kept")
    whole = path.read_bytes()
    path.write_bytes({"cut": whole[:-9], "another": b"",
                      "changed": whole[:40] + bytes([whole[40] ^ 1]) + whole[41:]}[damage])
    done = refused("kept", "1", "--book", book)
    assert "this kept file is damaged" in done.err
    assert done.out == ""
    accepted("clear", good, "--book", book)         # as the message says
    assert given_back(book, "1") == good.read_bytes()
    assert len(shown("runs", book)) == 1


def test_what_was_refused_is_taken_from_the_kept_files(tmp_path: Path) -> None:
    """The file itself may be gone; what cannot be taken yet is no run."""
    network, book = Path(shutil.copytree(NETWORK, tmp_path / "network")), tmp_path / "book"
    path = write_csv(tmp_path / "taps.csv", [
        tap(1, DAY), tap(2, DAY, card_kind="sailor"), {**tap(3, DAY), "tapped_at": "never"}],
        (*COLUMNS, "card_kind"))
    accepted("clear", path, "--network", network, "--book", book)
    path.unlink()
    done = accepted("clear", "--retry", "--book", book)
    assert "nothing was taken: 3 records, 0 accepted, 1 known, 2 refused" in done.out
    assert len(shown("runs", book)) == 1
    toml = network / "network.toml"
    toml.write_text(toml.read_text("utf-8").replace(
        '"student"', '"student", "sailor"', 1), "utf-8")
    done = accepted("clear", "--retry", "--book", book)
    assert "run 2: 3 records, 1 accepted, 1 known, 1 refused" in done.out
    assert [row["name"] for row in shown("files", book)] == ["taps.csv"] * 2
    assert [ride["card_seq"] for ride in shown("rides", book)] == [1, 2]
    assert refused("clear", "--book", book).code == refused(
        "clear", "--retry", path, "--book", book).code == 2
    good = write_csv(tmp_path / "good.csv", [tap(9, DAY)], COLUMNS)
    accepted("clear", good, "--network", network, "--book", tmp_path / "other")
    assert "no record is waiting" in refused("clear", "--retry", "--book", tmp_path / "other").err


@pytest.fixture
def book(tmp_path: Path) -> Iterator[Path]:
    """A new book, open meanwhile."""
    with open_book(str(tmp_path / "book")):
        yield tmp_path / "book"


def test_verify_looks_at_kept_files(book: Path) -> None:
    """What is missing or damaged is told with all that it takes to mend it, and that mends it."""
    accepted("clear", *TAPS, "--network", NETWORK, "--book", book)
    done = accepted("verify", "--all", "--book", book)
    assert (done.code, "2 input files are kept, byte for byte" in done.out) == (0, True)
    first, second = shown("files", book)
    paths = {row["file"]: book / "kept" / row["sha256"][:2] / f"{row['sha256']}.zst"
             for row in (first, second)}
    paths[first["file"]].unlink()
    paths[second["file"]].write_bytes(b"")
    for scope in ("--all", "--cards=1000"):
        done = accepted("verify", scope, "--book", book)
        assert done.code == 1
        for row, what in ((first, "is missing"), (second, "is damaged")):
            assert (f"input file: file {row['file']} ({row['name']}, SHA-256 {row['sha256']}) "
                    f"{what}: {paths[row['file']]}; restore it from a copy, or clear the same "
                    "file again") in done.out
        assert "0 input files are kept" in done.out
    # A sample of no cards is from no files.
    assert accepted("verify", "--cards", "0", "--book", book).code == 0
    accepted("clear", *TAPS, "--book", book)
    assert accepted("verify", "--all", "--book", book).code == 0


def test_what_is_not_kept_is_said_and_no_fault(book: Path) -> None:
    accepted("clear", TAPS[0], "--network", NETWORK, "--book", book, "--keep", "nothing")
    done = accepted("verify", "--all", "--book", book)
    assert done.code == 0
    assert "0 input files are kept, byte for byte as they came; 1 are not kept" in done.out
    ride = shown("rides", book)[0]
    assert "which is not kept" in accepted(
        "explain", f"{ride['card']}/{ride['card_seq']}", "--book", book).out


def kept_origin(book: Path, ride: dict[str, Any]) -> tuple[int, Path]:
    """Which line of which kept file `onecard explain` says that a ride is from."""
    said = accepted("explain", f"{ride['card']}/{ride['card_seq']}", "--book", book).out
    found = re.search(r"^tap: line (\d+) of the file .*, kept as (.*)$", said, re.MULTILINE)
    assert found is not None
    return int(found[1]), Path(found[2])


def test_the_book_knows_where_files_are_kept(tmp_path: Path) -> None:
    """Elsewhere as elsewhere; in its own folder wherever that goes."""
    book, elsewhere, moved = (tmp_path / name for name in ("book", "elsewhere", "moved"))
    with open_book(str(book)):
        accepted("clear", TAPS[0], "--network", NETWORK, "--book", book)
        accepted("clear", TAPS[1], "--book", book, "--keep", elsewhere)
        assert [row["kept_in"] for row in shown("files", book)] == ["kept", str(elsewhere)]
    book.rename(moved)
    with open_book(str(moved)):
        assert "2 input files are kept" in accepted("verify", "--all", "--book", moved).out
        rides = {ride["operator"]: ride for ride in shown("rides", moved)}
        assert len(rides) == 2
        for ride in rides.values():
            line, kept = kept_origin(moved, ride)
            assert kept.is_file()
            path, = (path for path in TAPS
                     if hashlib.sha256(path.read_bytes()).hexdigest() == kept.stem)
            assert ride["card"].encode() in path.read_bytes().splitlines()[line - 1]
        both = tmp_path / "both"
        shutil.move(elsewhere, both)
        assert accepted("verify", "--all", "--book", moved).code == 1
        shutil.copytree(moved / "kept", both, dirs_exist_ok=True)
        assert accepted("verify", "--all", "--book", moved, "--keep", both).code == 0
    assert given_back(moved, "1") == TAPS[0].read_bytes()
