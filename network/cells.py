"""Cells of the CSV files that we write: a spreadsheet shows them, and never carries them out."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

# What spreadsheets take for the beginning of a formula, also behind the blanks that they skip.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def guarded(value: Any) -> Any:
    """A value as a cell: text that reads as a formula gets an apostrophe, as spreadsheets do it."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULAS):
        return f"'{value}"
    return value


def guarded_cells(row: Iterable[Any]) -> list[Any]:
    """A row of such cells. Numbers are numbers, also negative ones."""
    return [guarded(value) for value in row]
