"""Of a large book some runs and windows are looked at, others each time: in the end all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from clearing.answers import sampled
from clearing.answers.sampled import Sample
from clearing.book import Book, open_book
from clearing.book.closed import closings, find_changed_windows
from clearing.book.integrity import find_changed_rows
from network.names import Names
from tests.book.beneath import change_rows
from tests.book.workload import add_run

RUNS = 12


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Book]:
    """A book of some runs, of which some close windows."""
    with open_book(str(tmp_path_factory.mktemp("sampled") / "book")) as opened:
        for _ in range(RUNS):
            add_run(opened)
        yield opened


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A book is large from a row on."""
    monkeypatch.setattr(sampled, "ROWS_MOST", 1)


def test_a_small_book_is_looked_at_whole(book: Book) -> None:
    sample = Sample(10, 7)
    assert sample.runs(book).sql() == "1"
    assert sample.closings(book) == closings(book)


def test_all_is_all(book: Book, small: None) -> None:
    sample = Sample(None, 7)
    assert sample.runs(book).sql() == sample.cards_sql(book) == "1"
    assert sample.closings(book) == closings(book)


@pytest.mark.usefixtures("small")
def test_each_run_is_looked_at_by_some_number(book: Book) -> None:
    assert Sample(10, 0).runs(book).one_of == RUNS // sampled.RUNS_LEAST
    for table, changed in (("runs", "paid = paid + 1"), ("stored_refusals", "raw = 'another'")):
        # Of a copy, whose row of one run after the other is another one.
        book.store.run(f"CREATE TABLE spare AS {table}")
        book.store.run(f"INSERT INTO spare SELECT * FROM {table}")
        change_rows(book, table, f"UPDATE {changed} WHERE 1")
        found = [{int(run) for line in find_changed_rows(book, chosen=Sample(10, seed).runs(book))
                  for run in re.findall(r"run (\d+)", line)} for seed in range(40)]
        book.store.run(f"TRUNCATE TABLE {table}")
        book.store.run(f"INSERT INTO {table} SELECT * FROM spare")
        book.store.run("DROP TABLE spare")
        stored = {run.run for run in book.runs("refused > 0" if table != "runs" else "1")}
        assert set().union(*found) == stored
        assert all(len(one) < len(stored) for one in found)
        assert len(set(map(frozenset, found))) > 20, "others each time"
    assert list(find_changed_rows(book)) == []


@pytest.mark.usefixtures("small")
def test_each_window_is_looked_at_by_some_number(book: Book) -> None:
    listed = closings(book)
    assert len(listed) > 2
    stretches = [Sample(10, seed).closings(book) for seed in range(len(listed))]
    assert sorted({one for stretch in stretches for one in stretch}) == listed
    assert all(len(stretch) < len(listed) for stretch in stretches)
    # A part of them comes to what the same windows come to among all: here roots are made up.
    names = Names(book.names())
    every = list(find_changed_windows(book, names, listed))
    part = [line for stretch in stretches
            for line in find_changed_windows(book, names, stretch)]
    assert sorted(set(part)) == sorted(every)
