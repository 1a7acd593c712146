"""Rows as CSV that Excel opens right: UTF-8 by its mark, codes as text, no cell that is a formula.

A cell of text that looks like a number or a date has a tab behind it, which keeps all of its
digits. One that would be a formula has an apostrophe before it. Amounts are never negative here:
what is taken back stands on the other side.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from clearing.answers.documents.document import Detail, plain_amount
from clearing.answers.documents.unfinished import whole_file
from network.cells import guarded


def text_cell(text: str) -> str:
    """A text that a spreadsheet shows as it is."""
    return f"{guarded(text)}\t" if text and text.isascii() else guarded(text)


@contextmanager
def open_excel_csv(path: Path, detail: Detail, decimals: int) -> Iterator[ExcelCsv]:
    """A file to write rows into; it gets its name when it is whole."""
    with (whole_file(path) as unfinished,
          unfinished.open("w", encoding="utf-8-sig", newline="") as out):
        yield ExcelCsv(out, detail, decimals)


class ExcelCsv:
    """A file on its way, with its head."""

    def __init__(self, out: TextIO, detail: Detail, decimals: int) -> None:
        self._money, self._decimals = sorted(detail.money), decimals
        self._writer = csv.writer(out)
        self._writer.writerow(detail.columns)

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write rows: text cells, numbers, amounts in minor units or blank."""
        self._writer.writerows(map(self._cells, rows))

    def _cells(self, row: Sequence[Any]) -> list[Any]:
        cells = list(row)
        for index in self._money:
            if cells[index] != "":
                cells[index] = plain_amount(cells[index], self._decimals)
        return cells
