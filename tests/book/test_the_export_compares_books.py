"""Two books that cleared the same say so byte for byte, whatever way they came about."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from clearing.book import Book, open_book
from clearing.book.export import exported_fields, name_kind
from clearing.book.stored import fields_named, stored_fields
from ext.records import ENTRY
from network.names import Name
from tests.book.checks import exported
from tests.book.workload import (
    REVERSAL,
    add_run,
    commit,
    entries_of,
    names_of,
    standing_after,
)

# The same on every engine, machine and version. Where a field is added, so is a column here.
GOLDEN = Path(__file__).parent / "golden" / "export.csv"


def _three() -> np.ndarray:
    """Three entries with a different number in every field that is exported."""
    entries = np.zeros(3, ENTRY)
    fields = [field for field in stored_fields(ENTRY) if field.column != "replaces"]
    for place, field in enumerate(fields):
        most = 8 if name_kind(field.column) else 100
        field.of(entries)[:] = (np.arange(3) * 19 + place * 7) % most
    entries["card_hi"] = [20 << 56 | 4, 16 << 56, int.from_bytes(b"AZ09AZ09", "big")]
    entries["due"] = [-(1 << 31), 0, (1 << 31) - 1]
    entries["flags"] &= ~np.uint8(REVERSAL)
    return entries


def _write(book: Book, pieces: list[np.ndarray], names: list[Name]) -> None:
    for piece in pieces:
        with book.begin(digest="x", kind="clear") as run:
            run.write_entries(piece)
            run.write_names(names if run.number == 1 else [])
            commit(run)


def test_the_bytes_are_known(location: str) -> None:
    with open_book(location) as book:
        _write(book, [_three()], names_of(1))
        text = exported(book)
    assert text == GOLDEN.read_bytes()


def test_names_stand_for_numbers(location: str) -> None:
    with open_book(location) as book:
        _write(book, [entries_of(1)], names_of(1))
        text = exported(book)
    rows = list(csv.DictReader(io.StringIO(text.decode(), newline="")))
    assert len(rows) == len(entries_of(1))
    for row, entry in zip(rows[:50], entries_of(1), strict=False):
        for field in fields_named(ENTRY, exported_fields()):
            kind, number = name_kind(field.column), int(field.of(entry[None])[0])
            if kind is None:
                assert row[field.column] == str(number)
            else:
                scope = {"stop": "metro/", "line": "gz-bus/", "device": "gz-bus/",
                         "vehicle": "gz-bus/"}.get(kind, "")
                assert row[field.column] == (f'{scope}{kind} "{number}", 站' if number else "")


def test_split_order_and_numbers_do_not_show(location: str, tmp_path: Path) -> None:
    entries = entries_of(1)
    for name in ("in_file", "in_line", "out_file", "out_line"):
        entries[name] = 0
    entries = np.concatenate([entries, entries[:40], entries[:20]])     # ties in everything
    names = names_of(1)
    with open_book(location) as book:
        _write(book, [entries[100:], entries[:30], entries[30:100]], names)
        first = exported(book)
    # The same names under other numbers, the same rows backwards in one run.
    other = [name._replace(number=9 - name.number) for name in names]
    turned = entries[::-1].copy()
    for field in stored_fields(ENTRY):
        if name_kind(field.column) is not None:
            numbers = field.of(turned)
            numbers[numbers != 0] = 9 - numbers[numbers != 0]
    turned["in_line"] = 77
    with open_book(str(tmp_path / "other")) as book:
        _write(book, [turned], sorted(other))
        second = exported(book)
    assert first == second


def test_what_was_taken_back_does_not_show(location: str, tmp_path: Path) -> None:
    """Neither that something stands instead of it."""
    with open_book(location) as book:
        for _ in range(3):
            add_run(book)
        first = exported(book)
    standing = standing_after(3).copy()
    assert np.any(standing["replaces"] > 1)
    standing["replaces"] = 0
    with open_book(str(tmp_path / "other")) as book:
        _write(book, [standing], names_of(1))
        second = exported(book)
    assert first == second


def test_an_empty_book_exports_its_head(location: str) -> None:
    with open_book(location) as book:
        assert exported(book) == ",".join(("card", *exported_fields())).encode() + b"\n"
