"""Rows as CSV that Excel opens right: UTF-8 by its mark, codes as text, no cell that is a formula.

A cell of text that looks like a number or a date has a tab behind it, which keeps all of its
digits. One that would be a formula has an apostrophe before it. Amounts are never negative here:
what is taken back stands on the other side.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from clearing.answers.documents.document import Detail, plain_amount
from network.cells import guarded


def text_cell(text: str) -> str:
    """A text that a spreadsheet shows as it is."""
    return f"{guarded(text)}\t" if text and text.isascii() else guarded(text)


class ExcelCsv:
    """A file on its way; it gets its name when it is whole."""

    def __init__(self, path: Path, detail: Detail, decimals: int) -> None:
        self._path, self._money, self._decimals = path, sorted(detail.money), decimals
        self._unfinished = path.with_name(path.name + ".unfinished")
        self._file = self._unfinished.open("w", encoding="utf-8-sig", newline="")
        self._writer = csv.writer(self._file)
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

    def drop(self) -> None:
        """Leave nothing of it."""
        self._file.close()
        self._unfinished.unlink(missing_ok=True)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
        os.replace(self._unfinished, self._path)
