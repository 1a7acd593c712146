"""`show` and users ask in SQL; a question cannot change a book, and a wrong one is told so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from clearing.book import open_book
from network.errors import QueryRefused
from tests.book.checks import assert_holds
from tests.book.workload import add_run, ledger_of


def test_columns_come_as_arrays_and_lists(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        found = book.query(
            "SELECT toUInt64(18446744073709551615) AS u, toInt64(-9007199254740993) AS i, "
            "'卡' AS s, toDate('2026-01-02') AS d, toDateTime('2026-01-02 03:04:05', 'UTC') AS t, "
            "CAST('b', 'Enum8(\\'a\\' = 1, \\'b\\' = 2)') AS e, 0.5 AS f, "
            "toFixedString('x', 1) AS x")
    assert found["u"].tolist() == [18446744073709551615]
    assert found["i"].tolist() == [-9007199254740993]
    assert found["d"].tolist()[0].isoformat() == "2026-01-02"
    assert np.datetime64("2026-01-02T03:04:05") == found["t"][0]
    assert (found["s"], found["e"], found["x"]) == (["卡"], ["b"], ["x"])
    assert found["f"].tolist() == [0.5]


def test_no_rows_still_have_columns(location: str) -> None:
    with open_book(location) as book:
        found = book.query("SELECT run, card FROM ledger WHERE 0;")
    assert {name: len(column) for name, column in found.items()} == {"run": 0, "card": 0}


@pytest.mark.parametrize("sql", [
    "DROP TABLE stored_entries", "TRUNCATE TABLE entries", "ALTER TABLE runs DELETE WHERE 1",
    "INSERT INTO stored_windows SELECT 1, 1", "CREATE TABLE mine (a UInt8) ENGINE = Memory",
    "SELECT 1; DROP TABLE stored_entries", "SELECT 1 INTO OUTFILE 'found.csv'",
    "INSERT INTO FUNCTION file('found.csv', 'CSV', 'a UInt8') SELECT 1",
    "SELECT 1); INSERT INTO FUNCTION file('found.csv', 'CSV', 'a UInt8') SELECT (1",
    "/* SELECT */ KILL QUERY WHERE 1", "-- SELECT\nKILL QUERY WHERE 1",
])
def test_a_question_changes_nothing(location: str, sql: str, tmp_path: Path,
                                    monkeypatch: pytest.MonkeyPatch) -> None:
    """No row, and no file beside the book."""
    monkeypatch.chdir(tmp_path)
    with open_book(location) as book:
        add_run(book)
        with pytest.raises(QueryRefused):
            book.query(sql)
        assert_holds(book, 1)
    assert not list(tmp_path.rglob("found.csv"))


@pytest.mark.parametrize("sql", [
    "SELECT 1 AS one", "-- how many\n/* one */ WITH 1 AS a SELECT a AS one;\n", "(SELECT 1 AS one)",
])
def test_a_question_may_have_comments(location: str, sql: str) -> None:
    with open_book(location) as book:
        assert book.query(sql)["one"].tolist() == [1]


def test_a_wrong_question_is_told_so(location: str) -> None:
    with open_book(location) as book:
        with pytest.raises(QueryRefused, match="nonsense"):
            book.query("SELECT nonsense FROM ledger")
        with pytest.raises(QueryRefused):
            book.query("SELEKT 1")
        assert book.query("SELECT 1 AS one")["one"].tolist() == [1]


def test_entries_come_in_blocks(location: str) -> None:
    with open_book(location) as book:
        add_run(book)
        add_run(book)
        some = np.concatenate([entries[:0] for entries in book.entries()] + list(
            book.entries("operator = 3", "due DESC")))
        abandoned = book.entries()
        next(abandoned)
        abandoned.close()
        assert sum(len(block) for block in book.entries()) == len(ledger_of(1)) + len(ledger_of(2))
    assert set(some["operator"].tolist()) == {3}
    assert np.all(np.diff(some["due"]) <= 0)


def test_numbers_are_looked_up_by_names_as_anyone_would(tmp_path: Path) -> None:
    with open_book(str(tmp_path / "book")) as book:
        add_run(book)
        found = book.query(
            "SELECT countIf(issuer IN (SELECT number FROM names "
            "WHERE kind = 'member')) AS named FROM rides")
        joined = book.query("SELECT count() AS rides FROM rides INNER JOIN names "
                            "ON names.number = rides.issuer WHERE names.kind = 'member'")
    assert found["named"][0] == joined["rides"][0] > 0
