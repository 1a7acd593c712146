"""A book that is filled by the day is the one that the same runs make one by one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from benchmarks.arrivals import SERVICE_DAY, cut
from benchmarks.day import RECEIVED_AT, Day, prepare
from benchmarks.years_in_bulk import Bulk, add_day, first_day
from clearing.book import open_book
from clearing.book.closed import closings, find_changed_windows
from clearing.book.integrity import find_changed_rows
from clearing.engine.run import clear_files, close_window
from network.civil import day_number

DAYS = range(3)


def test_in_bulk_and_one_by_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    # A commit row says when.
    monkeypatch.setattr("clearing.book.commit.time", SimpleNamespace(time=lambda: 1_732_600_000))
    day = Day(90, 1)
    prepare(day)
    with open_book("cleared") as book:
        for path in cut(day, Path("files"), 3, 0):
            clear_files([path], "demo", book, threads=1, received_at=RECEIVED_AT)
        close_window(day_number(SERVICE_DAY), "demo", book)
        cleared, first = [run.contents for run in book.runs()], first_day(book)
    with open_book("single") as book:
        for days in DAYS:
            add_day(book.begin, first, days)
        chains = [run.chain for run in book.runs()]
        assert list(find_changed_rows(book)) == []
        assert list(find_changed_windows(book, first.names, closings(book))) == []
    with open_book("bulk") as book:
        Bulk(book).add_days(first, DAYS)
    with open_book("bulk") as book:
        assert [run.chain for run in book.runs()] == chains
        assert [run.contents for run in book.runs()][:len(cleared)] == cleared
        assert book.span().folded == len(chains) == len(cleared) * len(DAYS)
        assert list(find_changed_rows(book)) == []
