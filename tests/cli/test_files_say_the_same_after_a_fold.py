"""Whatever is written of a book has its lines in one order, however its rows lie in the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clearing.answers.rides_behind import FIELDS, ORDER
from clearing.book import open_book, parts
from clearing.book.legs import LEG, list_legs
from tests.cli.clerk import FIRST, SECOND, make_book
from tests.run.command import accepted

FULL = ("--cards", "full")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_book(tmp_path_factory.mktemp("folds"))


def written(book: Path, folder: Path) -> dict[str, bytes]:
    """Every file that is made of a book's rows, and every list that has cards."""
    with open_book(str(book)):      # meanwhile: the embedded engine is slow to start and to stop
        _write(book, folder)
    return {str(path.relative_to(folder)): path.read_bytes()
            for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".xlsx"}


def _write(book: Path, folder: Path) -> None:
    for window in (FIRST, SECOND):
        accepted("statement", "--window", window, "--out", folder, "--centre-files",
                 "--book", book)
    accepted("export", "--audit", folder / "audit", *FULL, "--book", book)
    accepted("feed", "--member", "hk-bus", "--out", folder, *FULL, "--book", book)
    for topic in ("rides", "entries", "postings", "refusals", "files", "concessions"):
        full = FULL if topic not in ("files", "concessions") else ()
        (folder / topic).write_text(accepted(
            "show", topic, "--csv", *full, "--book", book).out, "utf-8")


def test_a_fold_between_two_exports_changes_no_byte(book: Path, tmp_path: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    before = written(book, tmp_path / "before")
    monkeypatch.setattr(parts, "RUNS_OF_A_FOLD", 2)
    with open_book(str(book)) as opened:
        assert opened.fold() > 0
    after = written(book, tmp_path / "after")
    assert list(before) == list(after)
    assert [name for name in before if before[name] != after[name]] == []
    assert len(before) > 30


def test_what_an_order_leaves_open_is_decided_by_what_is_read(book: Path) -> None:
    """The legs of one entry are alike in all that the order of a statement's rides names."""
    fields = ("service_day", *FIELDS)
    with open_book(str(book), read_only=True) as opened:
        blocks = list(list_legs(opened, fields, "1", ORDER))
    columns = {name: [value for block in blocks for value in np.asarray(block[name]).tolist()]
               for name in (*fields, *LEG)}
    by = (*ORDER.split(", "), *fields, *LEG)
    keys = list(zip(*(columns[name] for name in by), strict=True))
    assert keys == sorted(keys)
    assert len({key[:len(ORDER.split(", "))] for key in keys}) < len(keys)
