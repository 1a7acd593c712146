"""Cells of many rows are laid out without XlsxWriter, and are what it would make of them."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import openpyxl
from xlsxwriter import Workbook

from clearing.answers.documents.row_sheet import RowSheet

HEAD = ("text", "number", "amount")
TEXTS = ("海口公交", "", " before", "behind\n", "a & b < c > d \"e\"", "\x00\x1f\x7f",
         "_x0000_", "\ufffe\uffff", "a" * 32_767, "a" * 32_768, "0001", "\u00a0", "line\nline")


def sheet_of(path: Path, kind: type[Any] | None) -> str:
    """The sheet of a workbook that has the texts below a head, as it is packed."""
    book = Workbook(str(path), {"constant_memory": True})
    amount = book.add_format({"num_format": "#,##0.00"})
    sheet = book.add_worksheet("rows", kind)
    for column, word in enumerate(HEAD):
        sheet.write_string(0, column, word)
    rows: list[tuple[Any, ...]] = [(text, number, "" if number == 3 else 100 * number - 200)
                                   for number, text in enumerate(TEXTS)]
    if kind is None:
        for row, (text, number, money) in enumerate(rows, 1):
            if text:
                sheet.write_string(row, 0, text)
            sheet.write_number(row, 1, number)
            if money != "":
                sheet.write_number(row, 2, Exact(money // 100), amount)
    else:
        sheet.write_rows(1, rows[:5], frozenset([2]), amount, 2)
        sheet.write_rows(6, rows[5:], frozenset([2]), amount, 2)
    book.close()
    with zipfile.ZipFile(path) as packed:
        return packed.read("xl/worksheets/sheet1.xml").decode()


class Exact(int):
    """Written with two decimals."""

    def __format__(self, _: str) -> str:
        return f"{int(self)}.00"


def test_cells_are_as_xlsxwriter_has_them(tmp_path: Path) -> None:
    own = sheet_of(tmp_path / "own.xlsx", RowSheet)
    assert own == sheet_of(tmp_path / "plain.xlsx", None)


def test_a_text_that_looks_like_a_rich_one_is_text(tmp_path: Path) -> None:
    """XlsxWriter would take it for the inside of a cell."""
    path = tmp_path / "rows.xlsx"
    book = Workbook(str(path), {"constant_memory": True})
    book.add_worksheet("rows", RowSheet).write_rows(0, [("<r>a</r>",)], frozenset(),
                                                    book.add_format(), 2)
    book.close()
    assert openpyxl.load_workbook(path)["rows"]["A1"].value == "<r>a</r>"
