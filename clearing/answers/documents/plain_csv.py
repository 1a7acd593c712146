"""Rows as lines of CSV, for files that machines read and people open."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any

from network.cells import guarded_cells


def csv_lines(columns: tuple[str, ...], rows: Iterable[tuple[Any, ...]]) -> Iterator[bytes]:
    """Each row as a line, behind one of the columns."""
    cell = _Line()
    writer = csv.writer(cell, lineterminator="\n")
    for row in chain([columns], map(guarded_cells, rows)):
        writer.writerow(row)
        yield cell.text.encode()


class _Line:
    """Takes what a CSV writer writes of one row."""

    text = ""

    def write(self, text: str) -> int:
        """Take it."""
        self.text = text
        return len(text)
