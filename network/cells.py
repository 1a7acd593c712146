"""Cells of the CSV files that we write: a spreadsheet shows them, and never carries them out."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

# What spreadsheets take for the beginning of a formula, also behind the blanks that they skip.
FORMULAS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


# A carriage return that no quotes are around begins another row, and with it another cell.
CONTROLS = {number: chr(number).encode("unicode_escape").decode() for number in range(32)}


@lru_cache(maxsize=1 << 14)     # columns say the same again and again: codes, days, a card's rows
def guarded(text: str) -> str:
    """A text as a cell: what reads as a formula gets an apostrophe, as spreadsheets do it."""
    text = text.translate(CONTROLS)
    return f"'{text}" if text.lstrip(" ").startswith(FORMULAS) else text


def guarded_cells(row: Iterable[Any]) -> list[Any]:
    """A row of such cells. Numbers are numbers, also negative ones."""
    return [guarded(value) if isinstance(value, str) else value for value in row]
