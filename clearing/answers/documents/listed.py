"""Lists as spreadsheets open them right: CSV by its mark, or a workbook, row by row.

Codes and cards are text, amounts numbers in the currency.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from clearing.answers.documents.document import Detail, Document
from clearing.answers.documents.excel_csv import text_cell
from clearing.answers.documents.workbook import open_workbook
from clearing.answers.show import Listing
from network.errors import OnecardError
from network.language import Phrase
from network.money import Currency

MARK = "\ufeff"             # by which Excel knows that a CSV is UTF-8
_SHEET = "rows"


def write_excel_csv(listing: Listing, out: TextIO) -> None:
    """Print a list as CSV that Excel opens right."""
    out.write(MARK)
    writer = csv.writer(out)
    writer.writerow(listing.columns)
    writer.writerows([
        listing.currency.plain(value) if name in listing.money and listing.currency
        else value if isinstance(value, int) else text_cell(str(value))
        for name, value in zip(listing.columns, row, strict=True)] for row in listing.rows)


def write_workbook(listing: Listing, path: Path, currency: Currency) -> None:
    """Write a list as a workbook: what it is, and its rows in a sheet or several.

    currency: what its amounts are in. Raises OnecardError where it cannot be written.
    """
    if not path.parent.is_dir():
        raise OnecardError("there is no folder for the workbook", where=str(path),
                           expected="a path in a folder that is there",
                           remedy=Phrase("make {parent}, or name another path", parent=path.parent))
    money = frozenset(listing.columns.index(name) for name in listing.money
                      if name in listing.columns)
    document = Document("list", [("list", listing.title), ("money in", currency.name)], [], (),
                        "en", currency)
    with open_workbook(path, document, Detail(_SHEET, listing.columns, money)) as book:
        book.begin()
        book.add(_cells(listing))


def _cells(listing: Listing) -> Iterator[tuple[Any, ...]]:
    for row in listing.rows:
        yield tuple(value if isinstance(value, int) else str(value) for value in row)
