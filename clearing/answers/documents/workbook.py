"""A document as an Excel workbook, written row by row in bounded memory.

Amounts are numbers in the currency, to the last decimal as they are in the ledger; cards and codes
are text. Rows behind the document go on in another sheet where Excel ends.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from clearing.answers.documents.document import Detail, Document, Marked, Section, plain_amount
from clearing.answers.documents.unfinished import whole_file
from network.errors import OnecardError
from network.language import Phrase

if TYPE_CHECKING:
    from xlsxwriter import Workbook

    from clearing.answers.documents.row_sheet import RowSheet

ROWS_MOST = 1_048_576       # of a sheet, by Excel's specification
_WIDTH = 16                 # of a column, in characters
_ROWS_AT_ONCE = 1_024


class _Exact(int):
    """Minor units that are written as a number of the currency, digit by digit."""

    # XlsxWriter formats a number with 16 digits, of which a float of 9.95 has none too many: its
    # last one is wrong. The text is the same that people read.
    text: str

    def __format__(self, _: str) -> str:
        return self.text


def _exact(amount: int, decimals: int) -> _Exact:
    number = _Exact(amount)
    number.text = plain_amount(amount, decimals)
    return number


@contextmanager
def open_workbook(path: Path, document: Document, detail: Detail | None = None,
                  rows_most: int = ROWS_MOST) -> Iterator[WorkbookFile]:
    """A workbook to write rows into; it gets its name when it is whole.

    detail: what rows will follow; None: none will. Raises OnecardError where it cannot be written.
    """
    # Most commands write none, and it takes long to load.
    from xlsxwriter import Workbook
    from xlsxwriter.exceptions import XlsxWriterException

    # Rows wait in files of their own until the end, which XlsxWriter leaves where there is none.
    with whole_file(path) as unfinished, TemporaryDirectory(prefix="onecard-rows-") as folder:
        book = Workbook(str(unfinished), {"constant_memory": True, "tmpdir": folder})
        yield WorkbookFile(book, document, detail, rows_most)
        try:
            book.close()
        except XlsxWriterException as error:
            os.truncate(unfinished, 0)      # what was zipped gets its end when it is forgotten
            raise OnecardError(Phrase("the workbook cannot be written: {error}",
                                      error=error), where=str(path),
                               expected="nothing stands under its name",
                               remedy="make room, or name another place for it") from None


class WorkbookFile:
    """A workbook on its way, with the document's own sheet."""

    def __init__(self, book: Workbook, document: Document, detail: Detail | None,
                 rows_most: int) -> None:
        self._book, self._detail, self._rows_most = book, detail, rows_most
        decimals = document.currency.decimals
        self._decimals = decimals
        pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
        self._amount = self._book.add_format({"num_format": pattern})
        self._head = self._book.add_format({"bold": True, "bottom": 1})
        self._bold = self._book.add_format({"bold": True})
        self._sum = self._book.add_format({"bold": True, "top": 1, "num_format": pattern})
        self._wrong = self._book.add_format({"font_color": "#C00000", "bold": True})
        self._sheet, self._row, self._sheets = self._book.add_worksheet(document.title[:31]), 0, 0
        self._rows: RowSheet        # where rows go on
        self._sheet.set_column(0, 9, _WIDTH)
        self._write_document(document)

    def _write_document(self, document: Document) -> None:
        self._put((document.title,), (), self._bold)
        for fact in document.facts:
            self._put(fact, ())
        for section in document.sections:
            self._row += 1
            self._write_section(section)

    def _write_section(self, section: Section) -> None:
        self._put((section.title,), (), self._bold)
        self._put(section.columns, (), self._head)
        for row in section.rows:
            self._put(row, section.money)
        if section.total is not None:
            self._put(section.total, section.money, self._sum)

    def begin(self) -> None:
        """Begin the rows' sheet, which is there although no row follows."""
        assert self._detail is not None, "no detail was announced"
        self._begin_sheet(self._detail)

    def add(self, rows: Iterable[Sequence[Any]]) -> None:
        """Write some of the rows behind the document: text, numbers, amounts in minor units."""
        assert self._detail is not None, "no detail was announced"
        waiting = iter(rows)
        while first := list(islice(waiting, 1)):
            if self._sheets == 0 or self._row == self._rows_most:
                self._begin_sheet(self._detail)
            some = first + list(islice(waiting, min(
                _ROWS_AT_ONCE, self._rows_most - self._row) - 1))
            self._rows.write_rows(self._row, some, self._detail.money, self._amount,
                                  self._decimals)
            self._row += len(some)

    def _begin_sheet(self, detail: Detail) -> None:
        from clearing.answers.documents.row_sheet import RowSheet

        self._sheets += 1
        self._sheet = self._rows = self._book.add_worksheet(
            f"{detail.title} {self._sheets}", RowSheet)
        self._sheet.set_column(0, len(detail.columns) - 1, _WIDTH)
        self._sheet.freeze_panes(1, 0)
        self._row = 0
        self._put(detail.columns, (), self._head)

    def _put(self, row: Sequence[Any], money: Iterable[int], form: Any = None) -> None:
        for index, value in enumerate(row):
            if index in money and value != "":
                self._sheet.write_number(self._row, index, _exact(value, self._decimals),
                                         form or self._amount)
            elif isinstance(value, int):
                self._sheet.write_number(self._row, index, value, form)
            elif isinstance(value, Marked):
                self._put_marked(index, value)
            elif value != "" or form is not None:
                self._sheet.write_string(self._row, index, value, form)
        self._row += 1

    def _put_marked(self, index: int, value: Marked) -> None:
        """A text, and in red what is wrong in it: all of it, or a part."""
        before, wrong, behind = value.parts
        if not before + behind or not wrong:
            self._sheet.write_string(self._row, index, value, self._wrong)
            return
        pieces = [before] * bool(before) + [self._wrong, wrong] + [behind] * bool(behind)
        self._sheet.write_rich_string(self._row, index, *pieces)
