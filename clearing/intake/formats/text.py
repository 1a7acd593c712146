"""What is no text as it stands: UTF-16, workbooks, MessagePack, reject files, lines ended by CR.

They become CSV in UTF-8 with its mark, MessagePack a JSON object to a line, and reject files of CSV
what they are without apostrophes before what would be formulas (guards.py); held in memory.
Lines are those of the file, rows of the sheet or records; byte offsets are those in the text. A
workbook is looked at before it is unpacked: what would be more than UNPACKED_BYTES, or
UNPACKED_MOST times as much, is not.
"""

from __future__ import annotations

import codecs
import csv
import datetime
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

import msgspec

from clearing.intake.formats.canonical import FORMAT, HEADER_BYTES
from clearing.intake.formats.guards import unguard
from clearing.intake.formats.notes import delimiter_of, is_reject_file
from clearing.intake.layout_model import Layout
from ext.codes import Code
from network.language import Phrase, joined

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
ZIP = b"PK\x03\x04"
TEXT_BYTES = 512 << 20          # of a file that is held in memory whole
UNPACKED_BYTES = 256 << 20      # of a workbook
UNPACKED_MOST = 200             # bytes out of one: XML of numbers comes to 5 to 30
ROWS_MOST, COLUMNS_MOST = 1 << 20, 254
NUMBER_DIGITS = 15              # of a cell, as the spreadsheet shows it
# openpyxl tells a broken file in as many ways as there are; SyntaxError is XML's, and what it
# calls an InvalidFileException is raised for names of files only.
UNREADABLE = (zipfile.BadZipFile, KeyError, ValueError, TypeError, OSError, AttributeError,
              IndexError, SyntaxError, EOFError, NotImplementedError, zlib.error)
CANONICAL = Layout(title=FORMAT, format="csv")


class NotText(Exception):
    """A file that cannot be made into text: the code that refuses it, and why."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(code, reason)
        self.code, self.reason = code, reason


def needs_text(head: bytes, layout: Layout) -> bool:
    """Whether a file that begins so is read as the text that `make_text` makes of it."""
    if layout.format in ("csv", "xlsx") and is_reject_file(head, layout):
        return True
    if layout.format == "xlsx":
        return head.startswith((*UTF_16, ZIP))
    if layout.format == "msgpack":
        return not head.startswith((codecs.BOM_UTF8, b"{"))     # which no list begins with
    if layout.format in ("csv", "jsonl") and head.startswith(UTF_16):
        return True
    return layout.format in ("csv", "jsonl") and _ends_lines_by_returns(head)


def _ends_lines_by_returns(head: bytes) -> bool:
    return b"\r" in head.rstrip(b"\r") and b"\n" not in head


def make_text(data: bytes, layout: Layout) -> bytes:
    """A file's text in UTF-8, with its mark.

    In its own encoding that of a reject file, and of lines that returns end.
    Raises NotText.
    """
    if layout.format in ("csv", "xlsx") and is_reject_file(data[:HEADER_BYTES], layout):
        return unguard(data, delimiter_of(data, layout))
    if layout.format == "msgpack":
        return codecs.BOM_UTF8 + _write_objects(data, layout.records_at)
    if data.startswith(ZIP):
        return codecs.BOM_UTF8 + _write_csv(_read_workbook(data, layout.sheet),
                                              layout.head_rows)
    if not data.startswith(UTF_16):
        return data.replace(b"\r", b"\n")
    try:
        return codecs.BOM_UTF8 + data.decode("utf-16").encode("utf-8")
    except UnicodeDecodeError as error:
        raise NotText(Code.FILE_ENCODING, Phrase("the file has the mark of UTF-16 and is not: "
                                                 "{reason} at byte {start}", reason=error.reason,
                                                 start=error.start)) from None


def open_text(source: BinaryIO, layout: Layout | None) -> BinaryIO:
    """The text that offsets of refusals are in: the file as it stands, or what is made of it."""
    head, layout = source.read(HEADER_BYTES), layout or CANONICAL
    source.seek(0)
    if not needs_text(head, layout):
        return source
    text = io.BytesIO(make_text(source.read(), layout))
    text.name = getattr(source, "name", "")
    return text


def _write_objects(data: bytes, records_at: str) -> bytes:
    """A list of records in MessagePack, each as JSON in a line."""
    try:
        found: Any = msgspec.msgpack.decode(data)
        for key in filter(None, records_at.split(".")):
            found = found[key]
        if not isinstance(found, list):
            raise TypeError(f"it is a {type(found).__name__}")
        return b"".join(msgspec.json.encode(record) + b"\n" for record in found)
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError, ValueError,
            OverflowError, RecursionError) as error:
        raise NotText(Code.FILE_STRUCTURE, Phrase("no list of records in MessagePack at {place!r}: "
                                                  "{error}", place=records_at or "/",
                                                  error=error)[:200]) from None


def _write_csv(rows: Iterable[list[str]], head_rows: int) -> bytes:
    """Rows as CSV, each as wide as the header at least; blank ones at the end are none."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    blank = width = 0
    for number, row in enumerate(rows):
        while row and not row[-1]:
            row.pop()
        width = len(row) if number == head_rows else width
        if not row:
            blank += 1
            continue
        out.write(("," * (width - 1) + "\n") * blank)
        blank = 0
        writer.writerow(row + [""] * (width - len(row)))
    return out.getvalue().encode("utf-8")


def _read_workbook(data: bytes, sheet: str) -> Iterator[list[str]]:
    """Yield the rows of a workbook's sheet, as text."""
    from openpyxl import load_workbook  # a third of a second, for those who have workbooks

    _check_size(data)
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        with_rows = [one for one in book.worksheets if _has_rows(one)]
        names = [one.title for one in with_rows]
        if sheet not in ("", *names) or (not sheet and len(names) != 1):
            sheets = joined(", ", map(repr, names[:8])) if names else Phrase("no sheet")
            raise NotText(Code.FILE_STRUCTURE, Phrase(
                "the workbook has rows in {sheets}, and the layout says sheet = {sheet!r}",
                sheets=sheets, sheet=sheet) if sheet else Phrase(
                "the workbook has rows in {sheets}, and the layout names no `sheet`",
                sheets=sheets))
        chosen = with_rows[names.index(sheet) if sheet else 0]
        for number, row in enumerate(chosen.iter_rows(), 1):
            if number > ROWS_MOST or len(row) > COLUMNS_MOST:
                raise NotText(Code.FILE_STRUCTURE, Phrase("row {number} of the sheet has "
                                                          "{columns} columns; at most "
                                                          "{most} rows of {columns_most} "
                                                          "are read", number=number,
                                                          columns=len(row), most=ROWS_MOST,
                                                          columns_most=COLUMNS_MOST))
            yield [_as_text(cell) for cell in row]
    except NotText:
        raise
    except UNREADABLE as error:
        raise NotText(Code.FILE_STRUCTURE, Phrase("the workbook cannot be read: {name}: {error}",
                                                  name=type(error).__name__,
                                                  error=error)[:200]) from None


def list_sheets(data: bytes) -> list[str]:
    """The names of a workbook's sheets that have rows; none where it cannot be read."""
    from openpyxl import load_workbook

    try:
        _check_size(data)
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        return [one.title for one in book.worksheets if _has_rows(one)]
    except (NotText, *UNREADABLE):
        return []


def _has_rows(sheet: Any) -> bool:
    """Whether a sheet has a cell with a value."""
    if not hasattr(sheet, "iter_rows"):     # a sheet that is a picture
        return False
    sheet.reset_dimensions()        # what a file says of its size need not be so
    rows = islice(sheet.iter_rows(values_only=True), ROWS_MOST)     # a row can say any number
    return any(len(row) > COLUMNS_MOST or any(value is not None for value in row) for row in rows)


def _check_size(data: bytes) -> None:
    """Refuse a workbook that would unpack to more than memory is meant for."""
    try:
        entries = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise NotText(Code.FILE_STRUCTURE, Phrase("the workbook cannot be unpacked: {error}",
                                                  error=error)) from None
    size = sum(entry.file_size for entry in entries)
    if size > min(UNPACKED_BYTES, max(UNPACKED_MOST * len(data), 1 << 20)):
        raise NotText(Code.FILE_STRUCTURE, Phrase("the workbook's {bytes} bytes unpack to "
                                                  "{size}, at most {times} times as "
                                                  "many and {most} are read; export "
                                                  "the sheet as CSV", bytes=len(data), size=size,
                                                  times=UNPACKED_MOST,
                                                  most=UNPACKED_BYTES))


def _as_text(cell: Any) -> str:
    """A cell as its spreadsheet shows it, but for dates, which are written as 2024-11-25."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return " ".join(value.splitlines()) if "\n" in value else value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime):
        timed = "h" in str(cell.number_format).lower()
        return f"{value:%Y-%m-%d %H:%M:%S}" if timed else f"{value:%Y-%m-%d}"
    if isinstance(value, int):
        return str(value)
    return str(value) if isinstance(value, datetime.time) else _show_number(value)


def _show_number(value: Any) -> str:
    """A number of 15 digits, which is what a spreadsheet keeps; 3.1E+18 where it has more."""
    return f"{value:.{NUMBER_DIGITS}G}" if hasattr(value, "is_integer") else str(value)
