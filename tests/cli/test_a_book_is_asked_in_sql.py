"""Whoever knows SQL asks a book what no list answers; nothing is changed, and cards are masked."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import openpyxl
import pytest

from tests.cli.clerk import COLUMNS, FIRST, clerks_network, tap
from tests.cli.conftest import Demo
from tests.run.command import accepted, onecard, refused, shown, write_csv


def test_an_answer_is_printed_as_lists_are(demo: Demo, tmp_path: Path) -> None:
    rides = shown("rides", demo.book)
    sql = "SELECT operator, count() AS rides, sum(paid) AS money FROM rides GROUP BY operator"
    listed = list(csv.DictReader(io.StringIO(
        accepted("sql", sql, "--csv", "--book", demo.book).out)))
    assert sum(int(row["rides"]) for row in listed) == len(rides)
    assert sum(int(row["money"]) for row in listed) == sum(row["paid"] for row in rides)
    rows = json.loads(accepted("sql", sql, "--json", "--book", demo.book).out)
    assert [{name: str(value) for name, value in row.items()} for row in rows] == listed
    path = tmp_path / "answer.xlsx"
    accepted("sql", sql, "--xlsx", path, "--columns", "money,rides", "--book", demo.book)
    head, *cells = openpyxl.load_workbook(path)["rows 1"].iter_rows(values_only=True)
    assert head == ("money", "rides")
    assert [list(map(str, row)) for row in cells] == [
        [row["money"], row["rides"]] for row in listed]
    assert accepted("sql", "SELECT 1 AS one, toDate(1) AS day", "--book", demo.book).out == (
        "the answer\n\n one   day\n ────────────────\n   1   1970-01-02\n\n")


def test_cards_are_masked_whatever_they_are_called(demo: Demo) -> None:
    card = next(row["card"] for row in shown("rides", demo.book) if len(row["card"]) == 19)
    sql = (f"SELECT card AS x, concat('no. ', card) AS y, card_lo AS z, paid FROM rides "
           f"WHERE card = '{card}' LIMIT 1")
    for form in ((), ("--csv",), ("--json",), ("--excel",)):
        masked = accepted("sql", sql, *form, "--book", demo.book).out
        assert card not in masked
        assert f"{card[:6]}…{card[-4:]}" in masked
    [full] = json.loads(accepted("sql", sql, "--cards", "full", "--json", "--book", demo.book).out)
    assert (full["x"], full["y"], full["z"]) == (card, f"no. {card}", int(card))


def test_a_network_that_masks_cards_does_so_here(tmp_path: Path) -> None:
    network = clerks_network(tmp_path / "network")
    path = network / "network.toml"
    path.write_text('card_numbers = "masked"\n' + path.read_text("utf-8"), "utf-8")
    accepted("clear", write_csv(tmp_path / "taps.csv", [tap("3105000020000000043", 1, FIRST)],
                                COLUMNS), "--network", network, "--book", tmp_path / "book")
    words = ("sql", "SELECT card AS x FROM rides", "--book", tmp_path / "book")
    assert "310500…0043" in accepted(*words).out
    assert "card numbers are not listed in full" in refused(*words, "--cards", "full").err


@pytest.mark.parametrize(("sql", "words"), [
    ("DROP TABLE stored_names", "does not only read"),
    ("INSERT INTO stored_names (kind) VALUES ('x')", "does not only read"),
    ("SELECT nothing FROM rides", "names a column that is not there\nUnknown"),
    ("SELECT paid FROM ridez", "names a table or view that is not there\nUnknown"),
    ("SELECT no_such(paid) FROM rides", "names a function that the store does not have\n"),
    ("SELECT", "is not written as SQL is\n"),
    ("SELECT paid FROM rides WHERE issuer = 'hk-card'",
     "views called named_… have codes and names"),
    ("SELECT operator, sum(paid) FROM rides", "neither in GROUP BY nor in a function"),
    ("SELECT paid FROM rides FORMAT CSV", "leave FORMAT out; --csv"),
    ("SELECT paid FROM rides format Vertical;", "leave FORMAT out; --csv"),
    ("SELECT groupArray(operator) FROM rides", "Array(UInt16), which is not listed\n"
     "wrap it in toString()"),
])
def test_what_is_no_question_is_told(demo: Demo, sql: str, words: str) -> None:
    before = shown("runs", demo.book)
    assert words in refused("sql", sql, "--book", demo.book).err
    assert shown("runs", demo.book) == before


def test_an_empty_answer_has_its_columns(demo: Demo) -> None:
    assert accepted("sql", "SELECT run, due FROM rides WHERE run = 99", "--csv",
                    "--book", demo.book).out == "run,due\n"


@pytest.mark.parametrize(("sql", "words"), [
    ("SELECT nothing FROM rides", "查询所用的列不存在\nUnknown"),
    ("SELECT paid FROM ridez", "查询所用的表或视图不存在\nUnknown"),
    ("SELECT count( FROM rides", "查询不合 SQL 语法\nSyntax error"),
    ("SELECT 1 FORMAT CSV", "查询指定了输出格式 CSV\n"),
    ("SELECT [1] AS a", "结果中有一列的类型是 Array(UInt8)，无法列出\n请用 toString() 转换"),
])
def test_it_is_told_in_chinese_beside_the_stores_words(demo: Demo, sql: str, words: str) -> None:
    assert words in onecard("--lang", "zh", "sql", sql, "--book", demo.book).err
