"""A dictionary of which some is looked up in the book is the same as one that is read whole.

A million device codes once made every later command take seconds and a gigabyte.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.book import Book, kept_codes, open_book, queries
from clearing.book.kept_codes import KeptCodes
from network.names import Codes, Key, Name
from tests.run.command import REPOSITORY, accepted, contents, shown

KEYS = [(scope, code) for scope in ("bus", "rail") for code in ("", "1", "'", "\\", "站", "a\"b")]
EXAMPLES = REPOSITORY / "examples"


class Kept:
    """What a book has of a kind, and how often it is asked."""

    def __init__(self, keys: list[Key]) -> None:
        self.names = [Name("device", number, *key) for number, key in enumerate(keys, 1)]
        self.asked = 0

    def ask(self, where: str) -> list[Name]:
        """As the store does: either by numbers, or by codes."""
        self.asked += 1
        if where.startswith("number"):
            first, end = (int(part.split()[-1]) for part in where.split(" AND "))
            return [name for name in self.names if first <= name.number < end]
        return [name for name in self.names
                if f"('{name.scope.encode().hex().upper()}', "
                   f"'{name.code.encode().hex().upper()}')" in where]


@given(st.lists(st.sampled_from(KEYS), unique=True), st.lists(st.tuples(
    st.sampled_from(["find", "add", "at", "since"]), st.lists(st.sampled_from(KEYS)))),
    st.sampled_from([1, 2, 100]))
def test_kept_codes_are_codes(stored: list[Key], steps: list[tuple[str, list[Key]]],
                              page: int) -> None:
    whole = Codes()
    for key in stored:
        whole.add(key)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept_codes, "PAGE_CODES", page)
        patch.setattr(kept_codes, "_WANTED", page)
        kept = KeptCodes(Kept(stored).ask, len(whole))
        for step, keys in steps:
            if step == "add":
                for key in keys:
                    if whole.find([key]) == [0]:
                        assert kept.find([key]) == [0]
                        assert kept.add(key) == whole.add(key)
            elif step == "find":
                assert kept.find(keys) == whole.find(keys)
            else:
                number = len(keys) % len(whole)
                assert (kept.at(number), kept.since(number)) == (
                    whole.at(number), whole.since(number))
            assert len(kept) == len(whole)


def test_what_was_found_is_not_asked_for_again() -> None:
    book = Kept(KEYS)
    kept = KeptCodes(book.ask, len(KEYS) + 1)
    for _ in range(2):
        kept.find([*KEYS, ("bus", "new")])
        assert [kept.at(number) for number in range(1, len(KEYS) + 1)] == KEYS
    assert book.asked == 2


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A book of one run, and the files of the next."""
    folder = tmp_path_factory.mktemp("names")
    first, *later = sorted(EXAMPLES.glob("taps/*.csv"))
    accepted("clear", first, "--network", EXAMPLES / "network", "--book", folder / "book")
    for path in later:
        shutil.copy(path, folder)
    return folder


def clear_rest(place: Path, book: Path) -> None:
    shutil.copytree(place / "book", book, symlinks=True)
    accepted("clear", *sorted(place.glob("*.csv")), "--book", book)
    accepted("settle", "--yes", "--window", "2024-11-25", "--book", book)


def test_a_book_is_the_same_however_its_names_are_read(
        place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clear_rest(place, place / "whole")
    whole = contents(place / "whole"), shown("rides", place / "whole")
    monkeypatch.setattr(kept_codes, "PAGE_CODES", 2)
    monkeypatch.setattr(queries, "PAGE_CODES", 2)
    asked: list[str] = []
    names_of = Book._names_of

    def ask(book: Book, until: int | None, kind: str, where: str) -> list[Name]:
        asked.append(kind)
        return names_of(book, until, kind, where)

    monkeypatch.setattr(Book, "_names_of", ask)
    clear_rest(place, place / "looked-up")
    assert set(asked) >= {"device", "line", "stop"}
    assert (contents(place / "looked-up"), shown("rides", place / "looked-up")) == whole
    assert accepted("verify", "--all", "--book", place / "looked-up").code == 0


def test_a_question_reads_only_what_it_names(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object) -> list[Name]:
        raise AssertionError("nobody asked for a name")

    monkeypatch.setattr(queries, "PAGE_CODES", 2)
    monkeypatch.setattr(Book, "_names_of", never)
    with open_book(str(place / "book"), create=False, read_only=True) as book:
        names = book.dictionary()
        assert names.count("device") == 1 + sum(name.kind == "device" for name in book.names())
        assert names.unstored() == []
        with pytest.raises(AssertionError, match="nobody"):
            names.code("device", 1)
