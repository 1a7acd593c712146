"""A sheet of many rows, whose cells are laid out here: XlsxWriter takes ten times as long for them.

It makes an object of each cell and looks through its text four times; the rows behind a statement
have 19 cells, and most of these texts were there in the row before. What is written is the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from clearing.answers.documents.document import plain_amount

_TEXTS_KEPT = 1 << 15
_TEXT_MOST = 32_767     # characters of a cell, by Excel's specification


class RowSheet(Worksheet):      # type: ignore[misc]  # it comes without types
    """A sheet of a workbook in constant memory."""

    def write_rows(self, first: int, rows: Sequence[Sequence[Any]], money: frozenset[int],
                   amount: Format, decimals: int) -> None:
        """Write rows of text, numbers, and amounts in minor units, which are in columns of `money`.

        first: the row of the sheet, from 0, below all that was written before. "" is no cell.
        """
        self._write_single_row(first)       # what waits to be written, above these
        style = f' s="{amount._get_xf_index()}"'
        columns = [(xl_col_to_name(column), column in money)
                   for column in range(max(map(len, rows), default=0))]
        written = list[str]()
        for number, row in enumerate(rows, first + 1):
            written.append(f'<row r="{number}">')
            for (column, is_money), value in zip(columns, row, strict=False):
                if value == "":
                    continue
                if is_money:
                    cell = f"{style}><v>{plain_amount(value, decimals)}</v></c>"
                elif isinstance(value, int):
                    cell = f"><v>{value}</v></c>"
                else:
                    cell = _text_cell(value)
                written.append(f'<c r="{column}{number}"{cell}')
            written.append("</row>")
        self.row_data_fh.write("".join(written))
        if rows:
            self._check_dimensions(first + len(rows) - 1, len(columns) - 1)
        self.previous_row = first + len(rows)


@lru_cache(_TEXTS_KEPT)
def _text_cell(text: str) -> str:
    """A cell of a text, behind where it is."""
    text = text[:_TEXT_MOST]
    kept = ' xml:space="preserve"' if text != text.strip() else ""
    text = RowSheet._escape_control_characters(text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return f' t="inlineStr"><is><t{kept}>{text}</t></is></c>'
