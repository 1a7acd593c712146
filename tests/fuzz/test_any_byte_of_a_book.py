"""Whatever byte of a book's folder is another: it is told in words, or the ledger is what it was.

Which file is changed is said by its place in the book, so that a failure names what to try again.
"""

from __future__ import annotations

import fnmatch
import os
import re
import shutil
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from clearing.cli import FAULT
from tests.fuzz.kept import CORPUS
from tests.run.command import REPOSITORY, Outcome, accepted, onecard

# `make` tries these few, of some seconds each; more are asked for by ONECARD_FUZZ.
FUZZ = settings(max_examples=int(os.environ.get("ONECARD_FUZZ", "8")), deadline=None,
                phases=[Phase.explicit, Phase.generate], suppress_health_check=list(HealthCheck))
EXAMPLES = REPOSITORY / "examples"
TABLE = re.compile(r"UUID '([0-9a-f-]{36})'")
# Beside the ledger: what senders and members were given.
ANSWERS = ("acknowledgements", "settlement")

Change = Callable[[bytes, int], bytes]
CHANGES: dict[str, Change] = {
    "a bit": lambda data, at: data[:at] + bytes([data[at] ^ 1 << at % 8]) + data[at + 1:],
    "a byte": lambda data, at: data[:at] + bytes([255 - data[at]]) + data[at + 1:],
    "a byte more": lambda data, at: data[:at] + b"0" + data[at:],
    "a byte less": lambda data, at: data[:at] + data[at + 1:],
    "cut off": lambda data, at: data[:at],
    "swapped ends": lambda data, at: data[at:] + data[:at],
}


@cache
def made() -> tuple[Path, dict[str, Path]]:
    """A book of closed windows, folded runs and others; its files by their place in it."""
    book = Path(tempfile.mkdtemp(prefix="onecard-fuzz-")) / "book"
    zs, hk = sorted(EXAMPLES.glob("taps/zs-*.csv")), sorted(EXAMPLES.glob("taps/hk-*.csv"))
    header, *records, _ = hk[0].read_bytes().splitlines(keepends=True)      # and a trailer
    (book.parent / "soon.csv").write_bytes(header + b"".join(records[:2]))
    (book.parent / "late.csv").write_bytes(header + b"".join(records[2:]))
    accepted("clear", *zs, "--network", EXAMPLES / "network", "--book", book)
    accepted("settle", "--yes", "--empty", "--book", book, "--window", "2024-11-24")
    accepted("book", "fold", "--book", book)
    accepted("clear", book.parent / "soon.csv", "--book", book)
    accepted("settle", "--yes", "--book", book, "--window", "2024-11-25")
    tables = {match[1]: path.stem for path in book.rglob("*.sql")
              if (match := TABLE.search(path.read_text("utf-8")))}
    files = {}
    for path in sorted(book.rglob("*")):
        place = path.relative_to(book)
        if path.is_file() and not path.is_symlink() and place.parts[0] not in ANSWERS and (
                path.stat().st_size):
            files["/".join(tables.get(part, part) for part in place.parts
                           if len(part) != 3 or part in tables)] = place
    return book, dict(sorted(files.items()))


def ask(book: Path) -> list[Outcome]:
    """What is said of a book, and what is made of it."""
    entries = ("show", "entries", "--csv", "--cards", "full", "--book", book)
    return [onecard("verify", "--all", "--book", book), onecard(*entries),
            onecard("clear", made()[0].parent / "late.csv", "--book", book), onecard(*entries)]


@cache
def expected() -> list[Outcome]:
    with tempfile.TemporaryDirectory() as folder:
        return ask(Path(shutil.copytree(made()[0], Path(folder, "book"), symlinks=True)))


def check(name: str, at: int, change: str) -> None:
    """Change one of the book's files, and hold what is said to what was said before."""
    book, files = made()
    data = (book / files[name]).read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(shutil.copytree(book, Path(folder, "book"), symlinks=True))
        (copy / files[name]).write_bytes(CHANGES[change](data, at % len(data)))
        said = ask(copy)
    where = f"{change} at {at % len(data)} of {name}"
    for one in said:
        assert one.code != FAULT, (where, one.err)
        assert one.code in (0, 1, 2), (where, one)
        assert "Traceback" not in one.err, (where, one)
        assert one.code != 2 or one.err.startswith("onecard: "), (where, one)
    for one, before in ((said[1], expected()[1]), (said[3], expected()[3])):
        is_cleared = one is said[1] or said[2].code in (0, 1)
        assert one.code != 0 or one.out == (before.out if is_cleared else expected()[1].out), where


def test_a_book_that_nobody_changed() -> None:
    assert [one.code for one in expected()] == [0, 0, 1, 0]    # one late record is refused
    assert expected()[1].out != expected()[3].out


@FUZZ
@given(number=st.integers(0, 10**6), at=st.integers(0, 10**6), change=st.sampled_from(
    sorted(CHANGES)))
def test_any_byte(number: int, at: int, change: str) -> None:
    check(list(made()[1])[number % len(made()[1])], at, change)


def test_changes_that_are_kept() -> None:
    """What was told wrong once, or is looked at by us alone: the last file of each name."""
    for line in (CORPUS / "changes.txt").read_text("utf-8").splitlines():
        read = re.fullmatch("(.+) at ([0-9]+) of (.+)", line)
        assert read is not None, line
        check(fnmatch.filter(made()[1], read[3])[-1], int(read[2]), read[1])
