"""A list opens in Excel as it is: digits of cards whole, amounts that add up, names to be read."""

from __future__ import annotations

import csv
import io
import os
from pathlib import Path

import openpyxl
import pytest

from clearing.answers.documents.listed import MARK
from network.money import Currency
from tests.cli.conftest import Demo
from tests.run.command import accepted, refused, shown

YUAN = Currency("yuan", "fen", 2)
TOPICS = ("rides", "concessions", "files")
FULL = ("--cards", "full")


def test_csv_has_its_mark_text_as_text_and_yuan(demo: Demo) -> None:
    out = accepted("show", "rides", "--excel", *FULL, "--book", demo.book).out
    assert out.startswith(f"{MARK}card,")
    rows = list(csv.DictReader(io.StringIO(out.removeprefix(MARK))))
    every = shown("rides", demo.book)
    assert len(rows) == len(every)
    for row, one in zip(rows, every, strict=True):
        assert row["card"] == f"{one['card']}\t"        # no number that loses its last digits
        assert row["paid"] == YUAN.plain(one["paid"])
        assert row["operator_name"] == one["operator_name"]


@pytest.mark.parametrize("topic", TOPICS)
def test_a_workbook_has_every_row(topic: str, demo: Demo, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    full = FULL if topic == "rides" else ()
    done = accepted("show", topic, "--xlsx", path, *full, "--book", demo.book)
    assert done.out.startswith(f"written: {path}\nrows: {len(shown(topic, demo.book)):,}")
    book = openpyxl.load_workbook(path, read_only=True)
    head, *rows = book["rows 1"].iter_rows(values_only=True)
    every = shown(topic, demo.book)
    assert head == tuple(every[0])
    assert len(rows) == len(every)
    if topic == "rides":
        assert [row[0] for row in rows] == [one["card"] for one in every]
        paid = head.index("paid")
        assert [round(row[paid] * 100) for row in rows] == [one["paid"] for one in every]
    book.close()


def test_a_list_of_nothing_is_a_workbook_too(demo: Demo, tmp_path: Path) -> None:
    path = tmp_path / "list.xlsx"
    accepted("show", "rides", "--late", "--xlsx", path, "--book", demo.book)
    assert openpyxl.load_workbook(path)["rows 1"].max_row == 1


def test_what_cannot_be_written_leaves_nothing(demo: Demo, tmp_path: Path) -> None:
    words = ("show", "rides", "--book", demo.book, "--xlsx")
    done = refused(*words, tmp_path / "nowhere" / "list.xlsx")
    assert "there is no folder for the workbook" in done.err
    assert "choose one" in refused(*words, tmp_path / "list.xlsx", "--excel").err
    assert "--wide does not apply" in refused(*words, tmp_path / "list.xlsx", "--wide").err
    assert "no column" in refused(*words, tmp_path / "list.xlsx", "--columns", "x").err
    assert os.listdir(tmp_path) == []
