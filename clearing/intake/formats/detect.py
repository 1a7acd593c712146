"""Which format a file has, and what its header says."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec

from clearing.intake.blocks import Block, FileReader, OddLine
from clearing.intake.formats.adapt import Adapter, FixedAdapter, Objects, find_objects
from clearing.intake.formats.canonical import (
    FORMAT,
    HeaderInvalid,
    Shape,
    is_canonical,
    place_columns,
    read_header,
    split_header,
)
from clearing.intake.layout import Layout
from ext.codes import Code
from ext.intake.decode import LONGEST_LINE, MOST_COLUMNS

Piece = Block | OddLine | Objects

UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
JSON_BYTES = 512 << 20      # a JSON file is held in memory whole
OBJECTS = 10_000            # JSON records that are decoded together


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
    by_lines: bool = True       # else its records are JSON objects


def detect_format(reader: FileReader, layout: Layout | None, civil_offset_s: int) -> DetectedFormat:
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
        shape = _shape_of(columns)
        reader.take_header(end)
        return DetectedFormat(FORMAT, shape.columns, shape, reader.pieces())
    if layout is None:
        raise _explain_header(peeked, end)
    if layout.format == "fixed":
        return _detect_fixed(reader, layout, civil_offset_s)
    if layout.format == "json":
        return _detect_json(reader, layout, civil_offset_s)
    return _detect_csv(reader, layout, end, civil_offset_s)


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
        raise FileRefused(Code.FILE_ENCODING, "the header has NUL bytes or the mark of UTF-16, "
                          "so the file is not text by lines")
    if end == 0:
        raise FileRefused(Code.HEADER_INVALID, "the header row does not end with a newline "
                          f"in {len(peeked)} bytes")


def _detect_fixed(reader: FileReader, layout: Layout, civil_offset_s: int) -> DetectedFormat:
    """Open a file of records of one length: they begin with the first line."""
    if not layout.is_utf_8:
        adapter = FixedAdapter(layout, civil_offset_s)
        reader.take_header(0, lines=0)
        return DetectedFormat(layout.name, adapter.columns, adapter.shape, reader.pieces(),
                              adapter)
    has_mark = reader.peeked.startswith(codecs.BOM_UTF8)
    reader.take_header(len(codecs.BOM_UTF8) if has_mark else 0, lines=0)
    shape = place_columns({column: (place.start, place.width)
                           for column, place in layout.columns.items()}, layout.record_bytes)
    return DetectedFormat(layout.name, shape.columns, shape, reader.pieces())


def _detect_csv(reader: FileReader, layout: Layout, end: int,
                civil_offset_s: int) -> DetectedFormat:
    """Open a CSV file of another layout."""
    _check_plain(reader.peeked, end)
    line = reader.peeked[:end].removeprefix(codecs.BOM_UTF8).rstrip(b"\n").removesuffix(b"\r")
    try:
        columns = tuple(next(csv.reader([line.decode(layout.encoding)], strict=True,
                                        delimiter=layout.delimiter), ()))
    except UnicodeDecodeError:
        raise FileRefused(Code.FILE_ENCODING, f"the header is not in {layout.encoding}, which "
                          f"layout {layout.name!r} expects") from None
    except csv.Error as error:
        raise FileRefused(Code.HEADER_INVALID, f"the header row is badly quoted ({error})"
                          ) from None
    wanted = layout.sources()
    missing = [name for name in wanted if name not in columns]
    repeated = [name for name in wanted if columns.count(name) > 1]
    if missing or repeated or len(columns) >= MOST_COLUMNS:
        faults = [f"{fault} columns: {', '.join(map(repr, names[:8]))}" for fault, names in
                  (("missing", missing), ("repeated", repeated)) if names]
        raise FileRefused(Code.HEADER_INVALID,
                          f"the header is neither that of {FORMAT} nor of layout "
                          f"{layout.name!r} ({'; '.join(faults) or 'too many columns'})")
    adapter = Adapter(layout, columns, civil_offset_s)
    reader.take_header(end)
    return DetectedFormat(layout.name, columns, adapter.shape, reader.pieces(), adapter)


def _detect_json(reader: FileReader, layout: Layout, civil_offset_s: int) -> DetectedFormat:
    """Open a JSON file of another layout."""
    if reader.size > JSON_BYTES:
        raise FileRefused(Code.FILE_STRUCTURE, f"{reader.size} bytes of JSON, at most "
                          f"{JSON_BYTES} can be held; split the file")
    reader.take_header(0)
    data = reader.read_all()
    text = data.removeprefix(codecs.BOM_UTF8)
    lead = len(data) - len(text)
    try:
        objects = [(offset + lead, record) for offset, record
                   in find_objects(text, layout.records_at)]
    except (msgspec.DecodeError, UnicodeDecodeError, KeyError, RecursionError) as error:
        raise FileRefused(Code.FILE_STRUCTURE, f"no list of records at "
                          f"{layout.records_at or 'the top'!r}: {error}") from None
    adapter = Adapter(layout, tuple(layout.sources()), civil_offset_s)
    pieces = (Objects(part, data) for part in _in_parts(iter(objects)))
    return DetectedFormat(layout.name, adapter.columns, adapter.shape, pieces, adapter,
                          by_lines=False)


def _in_parts(objects: Iterator[tuple[int, bytes]]) -> Iterator[list[tuple[int, bytes]]]:
    """Yield the records a few thousand at a time."""
    while part := list(islice(objects, OBJECTS)):
        yield part
