"""Which format a file has, and what its header says."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain

import msgspec
import numpy as np
import numpy.typing as npt

from clearing.intake.blocks import Block, FileReader, OddLine
from clearing.intake.formats.adapt import Adapter, Records
from clearing.intake.formats.canonical import (
    FORMAT,
    HeaderInvalid,
    Shape,
    is_canonical,
    place_columns,
    read_header,
    split_header,
)
from clearing.intake.formats.control import Control
from clearing.intake.formats.notes import CODE, REASON, has_note
from clearing.intake.formats.objects import ObjectAdapter, find_objects
from clearing.intake.formats.records import (
    BadLength,
    BinaryAdapter,
    FixedAdapter,
    place_records,
)
from clearing.intake.formats.text import (
    CANONICAL,
    TEXT_BYTES,
    UTF_16,
    NotText,
    make_text,
    needs_text,
)
from clearing.intake.layout_model import Layout
from ext.codes import Code
from ext.intake.decode import LONGEST_LINE, LONGEST_RAW, MOST_COLUMNS
from network.civil import Clock
from network.language import Phrase, joined

Piece = Block | OddLine | Records

NUL_IN_HEADER = ("the header has NUL bytes or the mark of UTF-16, so the file is not text by "
                 "lines")
RECORDS = 10_000            # of JSON or bytes, that are decoded together
# A zip archive whose first file is one of a workbook's.
WORKBOOK = re.compile(rb"PK\x03\x04.{26}(?:\[Content_Types\]|_rels/|docProps/|xl/)", re.DOTALL)
ARCHIVES = {b"\x1f\x8b": "gzip", b"PK\x03\x04": "zip", b"\x28\xb5\x2f\xfd": "zstd",
            b"\xfd7zXZ\0": "xz", b"BZh": "bzip2", b"7z\xbc\xaf\x27\x1c": "7z", b"Rar!": "rar"}
TAR_AT, TAR = 257, b"ustar"


@dataclass(frozen=True)
class FileRefused(Exception):
    """A file that is refused as a whole; its lines are still counted."""

    code: Code
    reason: str


@dataclass(frozen=True)
class DetectedFormat:
    """A file whose records can be read."""

    layout: str
    columns: tuple[str, ...]    # Refusal.field counts these
    shape: Shape                # of the text that the decoder sees
    pieces: Iterator[Piece]
    adapter: Adapter | None = None
    control: Control | None = None      # what rows around the records say
    read_by: Layout | None = None       # None: onecard-taps/1


def detect_format(reader: FileReader, layout: Layout | None, clock: Clock) -> DetectedFormat:
    """Find a file's format: onecard-taps/1 where its header has the columns, else the layout.

    Raises FileRefused.
    """
    peeked = reader.peeked
    if not peeked.removeprefix(codecs.BOM_UTF8):
        raise FileRefused(Code.FILE_EMPTY, "the file holds nothing")
    end = peeked.find(b"\n") + 1
    try:
        columns = split_header(peeked[:end])
    except (HeaderInvalid, UnicodeDecodeError):
        columns = ()
    if end and is_canonical(columns):
        if needs_text(peeked, CANONICAL):
            reader.read_as(make_text(_read_whole(reader), CANONICAL))
            end = reader.peeked.find(b"\n") + 1
            columns = split_header(reader.peeked[:end])
        shape = _shape_of(columns)
        reader.take_header(end)
        return DetectedFormat(FORMAT, shape.columns, shape, reader.pieces())
    if layout is None or not (layout.format == "binary" or needs_text(peeked, layout)):
        _check_archive(peeked)
    if layout is None:
        raise _explain_header(peeked, end)
    if needs_text(peeked, layout):
        try:
            reader.read_as(make_text(_read_whole(reader), layout))
        except NotText as error:
            raise FileRefused(error.code, error.reason) from None
    if layout.format != "binary" and reader.peeked.startswith(codecs.BOM_UTF8):
        layout = msgspec.structs.replace(layout, encoding="utf-8")  # the mark knows better
    reader.takes_last_line = True
    detect = {"fixed": _detect_fixed, "json": _detect_json, "jsonl": _detect_json_lines,
              "msgpack": _detect_json_lines,
              "binary": _detect_binary}.get(layout.format, _detect_csv)
    return detect(reader, layout, clock)


def _read_whole(reader: FileReader) -> bytes:
    """A file that is held in memory."""
    if reader.size > TEXT_BYTES:
        raise FileRefused(Code.FILE_STRUCTURE, Phrase("{size} bytes, at most {most} of a "
                                                      "file of this kind can be held; split the "
                                                      "file", size=reader.size,
                                                      most=TEXT_BYTES))
    reader.take_header(0)
    return reader.read_all()


def _mark_bytes(reader: FileReader) -> int:
    return len(codecs.BOM_UTF8) if reader.peeked.startswith(codecs.BOM_UTF8) else 0


def _check_archive(peeked: bytes) -> None:
    """Refuse what only holds other files: nobody knows how large these are."""
    if WORKBOOK.match(peeked) is not None:
        raise FileRefused(Code.ARCHIVE, "the file is a workbook, and the layout that it is read "
                          "by is not of workbooks; write one: onecard layouts guess FILE")
    found = next((kind for mark, kind in ARCHIVES.items() if peeked.startswith(mark)),
                 "tar" if peeked[TAR_AT:].startswith(TAR) else None)
    if found is not None:
        raise FileRefused(Code.ARCHIVE, Phrase("the file is a {found} archive; unpack it, and "
                                               "send what is in it", found=found))


def _shape_of(columns: tuple[str, ...]) -> Shape:
    try:
        return read_header(columns)
    except HeaderInvalid as error:
        raise FileRefused(Code.HEADER_INVALID, str(error)) from None


def _explain_header(peeked: bytes, end: int) -> FileRefused:
    """Say why a file is not one of the format."""
    _check_plain(peeked, end)
    try:
        read_header(split_header(peeked[:end]))
    except UnicodeDecodeError:
        return FileRefused(Code.FILE_ENCODING, "the file is not UTF-8: its header cannot be read")
    except HeaderInvalid as error:
        return FileRefused(Code.HEADER_INVALID, str(error))
    raise AssertionError("a header with every column is canonical")


def _check_plain(peeked: bytes, end: int) -> None:
    """Refuse what has no header line that could be read."""
    if peeked.startswith(UTF_16) or b"\0" in peeked[:end or LONGEST_LINE]:
        raise FileRefused(Code.FILE_ENCODING, NUL_IN_HEADER)
    if end == 0:
        raise FileRefused(Code.HEADER_INVALID, Phrase("the header row does not end with a "
                                                      "newline in {bytes} bytes",
                                                      bytes=len(peeked)))


def _take_rows(reader: FileReader, layout: Layout, names: int) -> tuple[list[bytes], int]:
    """The rows before the records, `names` of them the header's, and where the records begin."""
    peeked, end = reader.peeked, _mark_bytes(reader)
    rows: list[bytes] = []
    while len(rows) < layout.head_rows + names:
        start, end = end, peeked.find(b"\n", end) + 1
        if end == 0:
            raise FileRefused(
                Code.HEADER_INVALID, Phrase("row {number}, which layout {name!r} has before the "
                                            "records, does not end with a newline in the first "
                                            "{bytes} bytes", number=len(rows) + 1,
                                            name=layout.name, bytes=len(peeked)))
        rows.append(peeked[start:end].rstrip(b"\n").removesuffix(b"\r"))
    return rows, end


def _hold_to_rows(reader: FileReader, layout: Layout, rows: list[bytes], *, again: bool) -> Control:
    """What the rows before the records say, and the one behind them has to."""
    control = Control(layout, again=again)
    reason = control.read_head(rows[:layout.head_rows])
    if reason:
        raise FileRefused(Code.HEADER_INVALID, reason)
    reader.is_tail = control.is_tail
    return control


def _has_notes(reader: FileReader, layout: Layout, end: int) -> bool:
    """Whether the first record says why it was refused, so that it is of a reject file."""
    line = reader.peeked[end:].partition(b"\n")[0].removesuffix(b"\r")
    return has_note(line, layout)


def _detect_fixed(reader: FileReader, layout: Layout, clock: Clock) -> DetectedFormat:
    """Open a file of lines of one length: behind the rows at its top each is a record."""
    rows, end = _take_rows(reader, layout, 0)
    control = _hold_to_rows(reader, layout, rows, again=_has_notes(reader, layout, end))
    reader.take_header(end, lines=len(rows))
    if layout.is_utf_8 and layout.is_canonical and not layout.longer:
        shape = place_columns({column: (place.start, place.width)
                               for column, place in layout.columns.items()}, layout.record_bytes)
        return DetectedFormat(layout.name, shape.columns, shape, reader.pieces(),
                              control=control, read_by=layout)
    adapter = FixedAdapter(layout, clock)
    return DetectedFormat(layout.name, adapter.columns, adapter.shape, reader.pieces(),
                          adapter, control, layout)


def _detect_csv(reader: FileReader, layout: Layout, clock: Clock) -> DetectedFormat:
    """Open a file of CSV of another layout, or what a workbook says."""
    rows, end = _take_rows(reader, layout, 0 if layout.header else 1)
    if any(b"\0" in row for row in rows):
        raise FileRefused(Code.FILE_ENCODING, NUL_IN_HEADER)
    columns = tuple(layout.header) or _split_names(rows[-1], layout)
    again = (_has_notes(reader, layout, end) if layout.header
             else columns[-2:] == (CODE, REASON))
    wanted = layout.sources()
    if not set(wanted) <= set(columns):     # names but for spaces and capitals are the same names
        named = {name.casefold(): name for name in wanted}
        columns = tuple(named.get(name.strip().casefold(), name) for name in columns)
    missing = [name for name in wanted if name not in columns]
    repeated = [name for name in wanted if columns.count(name) > 1]
    if missing or repeated or len(columns) >= MOST_COLUMNS:
        faults = [Phrase("{fault} columns: {names}", fault=fault,
                         names=joined(", ", map(repr, names[:8]))) for fault, names in
                  (("missing", missing), ("repeated", repeated)) if names]
        raise FileRefused(Code.HEADER_INVALID,
                          Phrase("the header is neither that of {format} nor of layout {name!r} "
                                 "({faults})", format=FORMAT, name=layout.name,
                                 faults=joined("; ", faults or [Phrase("too many columns")])))
    control = _hold_to_rows(reader, layout, rows, again=again)
    adapter = Adapter(layout, columns, clock, notes=again and bool(layout.header))
    reader.take_header(end, lines=len(rows))
    return DetectedFormat(layout.name, columns, adapter.shape, reader.pieces(), adapter, control,
                          layout)


def _split_names(line: bytes, layout: Layout) -> tuple[str, ...]:
    """The columns that a header row names."""
    try:
        return tuple(next(csv.reader([line.decode(layout.encoding)], strict=True,
                                     delimiter=layout.delimiter), ()))
    except UnicodeDecodeError:
        raise FileRefused(Code.FILE_ENCODING, Phrase("the header is not in {encoding}, which "
                                                     "layout {name!r} expects",
                                                     encoding=layout.encoding,
                                                     name=layout.name)) from None
    except csv.Error as error:
        raise FileRefused(Code.HEADER_INVALID, Phrase("the header row is badly quoted ({error})",
                                                      error=error)
                          ) from None


def _detect_json_lines(reader: FileReader, layout: Layout, clock: Clock) -> DetectedFormat:
    """Open a file with a JSON object to a line."""
    adapter = ObjectAdapter(layout, tuple(layout.sources()), clock)
    reader.take_header(_mark_bytes(reader), lines=0)
    return DetectedFormat(layout.name, adapter.columns, adapter.shape, reader.pieces(), adapter,
                          read_by=layout)


def _detect_json(reader: FileReader, layout: Layout, clock: Clock) -> DetectedFormat:
    """Open a JSON file of another layout."""
    data = _read_whole(reader)
    text = data.removeprefix(codecs.BOM_UTF8)
    lead = len(data) - len(text)
    try:
        objects = [(offset + lead, record) for offset, record
                   in find_objects(text, layout.records_at)]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError) as error:
        raise FileRefused(Code.FILE_STRUCTURE, Phrase("no list of records at {place!r}: {error}",
                                                      place=layout.records_at or "/",
                                                      error=error)) from None
    adapter = ObjectAdapter(layout, tuple(layout.sources()), clock)
    starts = np.array([start for start, _ in objects], dtype=np.uint64)
    sizes = np.array([len(record) for _, record in objects], dtype=np.uint32)
    return DetectedFormat(layout.name, adapter.columns, adapter.shape,
                          _in_parts(data, starts, sizes), adapter, read_by=layout)


def _detect_binary(reader: FileReader, layout: Layout, clock: Clock) -> DetectedFormat:
    """Open a file of records of bytes."""
    data = _read_whole(reader)
    reader.first_line = 1
    try:
        starts, sizes = place_records(data, layout)
    except BadLength as error:
        raise FileRefused(Code.FILE_STRUCTURE, str(error)) from None
    odd: list[Piece] = []
    if len(sizes) and sizes[-1] < layout.record_bytes:
        offset = int(starts[-1])
        odd = [OddLine(offset, int(sizes[-1]), data[offset:][:LONGEST_RAW], Code.TRUNCATED_LINE)]
        starts, sizes = starts[:-1], sizes[:-1]
    adapter = BinaryAdapter(layout, clock)
    return DetectedFormat(layout.name, adapter.columns, adapter.shape,
                          chain(_in_parts(data, starts, sizes), odd), adapter, read_by=layout)


def _in_parts(data: bytes, starts: npt.NDArray[np.uint64], sizes: npt.NDArray[np.uint32]
              ) -> Iterator[Records]:
    """Yield the records a few thousand at a time."""
    for first in range(0, len(starts), RECORDS):
        yield Records(data, starts[first:first + RECORDS], sizes[first:first + RECORDS])
