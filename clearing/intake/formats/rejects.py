"""Refused records in the form of their own file, so that they can be given again as they are.

A reject file has the header, columns, separator, encoding and line ends of the file that its
records are from, every record byte for byte (in CSV with apostrophes before what a spreadsheet
would take for a formula, which reading it takes off again: guards.py), and behind it its code and
the reason: in two columns more, two keys more (JSON), or behind a tab (records of one length).
Whoever reads it passes over both. Where the file is in GB18030, the reason is Chinese. A line that
the file's end cut off has neither, nor an end: it is no whole record, and a cut amount must not
come to look like one. Where the reason would make a line too long, it is blank. Of a workbook or of
UTF-16 it is CSV in UTF-8, of MessagePack a JSON object to a line, both read by the same layout, and
records of bytes have no note: there is nowhere to put one.
"""

from __future__ import annotations

import codecs
import csv
import json
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from clearing.intake.formats.canonical import HEADER_BYTES
from clearing.intake.formats.guards import GuardedLines
from clearing.intake.formats.notes import (
    CODE,
    LAST_KEYS,
    LINE,
    REASON,
    behind_tab,
    last_columns,
)
from clearing.intake.formats.objects import find_objects
from clearing.intake.formats.records import split_records
from clearing.intake.formats.text import CANONICAL, open_text
from clearing.intake.layout_model import Layout
from clearing.intake.trailer import MARK
from ext.codes import Code
from ext.intake.decode import LONGEST_LINE
from network.errors import OnecardError
from network.language import Phrase, in_chinese
from network.refusals import WORDS

ENDINGS = {"csv": ".csv", "xlsx": ".csv", "json": ".json", "jsonl": ".jsonl", "msgpack": ".jsonl",
           "fixed": ".txt",
           "binary": ".bin"}
COPY_BYTES = 1 << 20
NAME_LENGTH = 64                        # of a column's name in a reason


class Rejected(NamedTuple):
    """A refused record."""

    offset: int         # of its first byte in the file
    line: int
    code: int
    field: int          # which column, from 1; 0: the record
    head: bytes         # how it begins, to be held against what is found


def write_rejects(out: BinaryIO, source: BinaryIO, layout: Layout | None,
                  rejected: Sequence[Rejected]) -> None:
    """Write a reject file.

    source: the file that the records are from, by the layout, None: onecard-taps/1; rejected: in
    the order of their places. Raises OnecardError where the source is not the file that it was.
    """
    # A line like a trailer, such as of two files joined, must not become the last one.
    rejected = sorted(rejected, key=lambda one: not one.head.startswith(MARK))
    source = open_text(source, layout)
    write = _write_csv if layout is None else {
        "json": _write_json, "jsonl": _write_json_lines, "msgpack": _write_json_lines,
        "fixed": _write_fixed, "binary": _write_binary}.get(layout.format, _write_csv)
    write(out, source, CANONICAL if layout is None else layout, rejected)


def read_columns(source: BinaryIO, layout: Layout | None) -> Sequence[str]:
    """The columns that the fields of a file's refusals count from 1, as the file calls them.

    source: the file; an empty one will do where the layout has its columns.
    """
    layout = CANONICAL if layout is None else layout
    if layout.format in ("fixed", "binary"):
        return layout.list_places()
    if layout.format not in ("csv", "xlsx"):
        return layout.sources()
    source = open_text(source, layout)
    encoding = "utf-8" if _pass_mark(source) else layout.encoding
    for _ in range(layout.head_rows):
        source.readline(HEADER_BYTES)
    return layout.header or _read_header(source, layout, encoding)[0]


def _reason(one: Rejected, columns: Sequence[str], *, is_chinese: bool = False) -> str:
    """Where the record stands, which column is wrong, and what that means."""
    name = columns[one.field - 1][:NAME_LENGTH] if one.field else ""
    shown = "".join(letter if letter.isprintable() else " " for letter in name)
    words = WORDS[Code(one.code)]
    return LINE[is_chinese].format(
        line=one.line, comma=("，" if is_chinese else ", ") * bool(name), column=shown,
        reason=in_chinese(words) if is_chinese else words)


def _write_csv(out: BinaryIO, source: BinaryIO, layout: Layout,
               rejected: Sequence[Rejected]) -> None:
    encoding = "utf-8" if _copy_mark(out, source) else layout.encoding
    with GuardedLines(out, layout.delimiter.encode(encoding)) as lines:
        _write_lines(lines, source, layout, encoding, rejected)


def _write_lines(out: GuardedLines, source: BinaryIO, layout: Layout, encoding: str,
                 rejected: Sequence[Rejected]) -> None:
    """Write the rows of a reject file of CSV, as whoever reads it again sees them."""
    delimiter = layout.delimiter

    def note(code: str, reason: str) -> bytes:
        if delimiter in reason or '"' in reason:
            reason = '"' + reason.replace('"', '""') + '"'
        return f"{delimiter}{code}{delimiter}{reason}".encode(encoding, "replace")

    _copy_rows(out, source, layout.head_rows)
    columns, again = layout.header, False
    if not columns:
        columns, header, end = _read_header(source, layout, encoding)
        again = columns[-2:] == [CODE, REASON]
        out.write(header + (b"" if again else note(CODE, REASON)) + end)
    old = last_columns(encoding, delimiter)
    for one in rejected:
        body, end = _copy_line(out, source, one)
        if again or layout.header:      # it may have been refused before
            body = old.sub(b"", body)
        out.write(body)
        if end:
            code = Code(one.code).name
            long = note(code, _reason(one, columns, is_chinese=layout.is_chinese))
            out.write((long if _has_room(body, long) else note(code, "")) + end)


def _copy_mark(out: BinaryIO, source: BinaryIO) -> bool:
    """Whether the file begins with the mark of UTF-8, which is copied."""
    has_mark = _pass_mark(source)
    if has_mark:
        out.write(codecs.BOM_UTF8)
    return has_mark


def _pass_mark(source: BinaryIO) -> bool:
    """Whether the file begins with the mark of UTF-8, which is passed over."""
    has_mark = source.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8
    if not has_mark:
        source.seek(0)
    return has_mark


def _read_header(source: BinaryIO, layout: Layout, encoding: str
                 ) -> tuple[list[str], bytes, bytes]:
    """The columns of a header, its line, and that line's end."""
    header, end = _split_end(source.readline(HEADER_BYTES))
    columns = next(csv.reader([header.decode(encoding)], delimiter=layout.delimiter), [])
    return columns, header, end


def _copy_rows(out: BinaryIO | GuardedLines, source: BinaryIO, rows: int) -> None:
    """Copy the rows before the header, so that it stands where the layout says."""
    for _ in range(rows):
        out.write(source.readline(HEADER_BYTES))


def _has_room(body: bytes, note: bytes) -> bool:
    """Whether a line is not made too long by its note: it is not, or was too long before."""
    return len(body) > LONGEST_LINE or len(body) + len(note) <= LONGEST_LINE


def _write_fixed(out: BinaryIO, source: BinaryIO, layout: Layout,
                 rejected: Sequence[Rejected]) -> None:
    columns = layout.list_places()
    encoding = "utf-8" if _copy_mark(out, source) else layout.encoding
    old = behind_tab(encoding)
    _copy_rows(out, source, layout.head_rows)
    for one in rejected:
        body, end = _copy_line(out, source, one)
        body = old.sub(b"", body)
        out.write(body)
        if end:
            reason = _reason(one, columns, is_chinese=layout.is_chinese)
            note = f"\t{Code(one.code).name} {reason}".encode(encoding, "replace")
            out.write((note if _has_room(body, note) else b"") + end)


def _write_json_lines(out: BinaryIO, source: BinaryIO, layout: Layout,
                      rejected: Sequence[Rejected]) -> None:
    columns = layout.sources()
    _copy_mark(out, source)
    for one in rejected:
        body, end = _copy_line(out, source, one)
        out.write(_add_keys(body, one, columns) + end)


def _write_binary(out: BinaryIO, source: BinaryIO, layout: Layout,
                  rejected: Sequence[Rejected]) -> None:
    """The records alone: there is nowhere to put a word beside them."""
    records = dict(split_records(source.read(), layout))
    for one in sorted(rejected, key=lambda one: one.offset):    # one that was cut off is the last
        _check_head(source, records[one.offset], one)
        out.write(records[one.offset])


def _copy_line(out: BinaryIO | GuardedLines, source: BinaryIO, one: Rejected
               ) -> tuple[bytes, bytes]:
    """A line and its end, b"" where the file ends in it; of a long one the first part is copied."""
    source.seek(one.offset)
    part = source.readline(COPY_BYTES)
    _check_head(source, part, one)
    while not part.endswith(b"\n"):
        more = source.readline(COPY_BYTES)
        if not more:        # of a canonical file it may be cut off, of others it is a record
            return part, b"" if one.code == Code.TRUNCATED_LINE else b"\n"
        out.write(part[:-1])
        part = part[-1:] + more
    return _split_end(part)


def _split_end(line: bytes) -> tuple[bytes, bytes]:
    body = line.removesuffix(b"\n").removesuffix(b"\r")
    return body, line[len(body):]


def _write_json(out: BinaryIO, source: BinaryIO, layout: Layout,
                rejected: Sequence[Rejected]) -> None:
    columns = layout.sources()
    data = source.read()
    text = data.removeprefix(codecs.BOM_UTF8)
    lead = len(data) - len(text)
    records = {offset + lead: record for offset, record in find_objects(text, layout.records_at)}
    keys = list(filter(None, layout.records_at.split(".")))
    out.write("".join(f"{{{json.dumps(key, ensure_ascii=False)}: " for key in keys).encode()
              + b"[\n" + b",\n".join(_objects(source, records, columns, rejected))
              + b"\n]" + b"}" * len(keys) + b"\n")


def _objects(source: BinaryIO, records: dict[int, bytes], columns: Sequence[str],
             rejected: Sequence[Rejected]) -> Iterator[bytes]:
    """JSON records, each with two keys more; what is no object has no room for them."""
    for one in rejected:
        record = records.get(one.offset, b"")
        _check_head(source, record, one)
        yield _add_keys(record, one, columns)


def _add_keys(record: bytes, one: Rejected, columns: Sequence[str]) -> bytes:
    """A JSON record with its code and reason, where it is an object that has room."""
    if not (record.startswith(b"{") and record.endswith(b"}")):
        return record
    body = LAST_KEYS.sub(b"", record[:-1])
    note = json.dumps({CODE: Code(one.code).name, REASON: _reason(one, columns)},
                      ensure_ascii=False).encode()[1:-1]
    long = body + b", " * (body.rstrip() != b"{") + note + b"}"
    return long if _has_room(record, long[len(record):]) else record


def _check_head(source: BinaryIO, record: bytes, one: Rejected) -> None:
    """Raise OnecardError where a record does not begin as it did when it was refused."""
    size = min(len(record), len(one.head))
    if not record or record[:size] != one.head[:size]:
        raise OnecardError(
            Phrase("line {line} is not what it was when it was refused", line=one.line),
            where=str(source.name),
            expected="the file that was cleared; the run is committed and stays so",
            remedy="give the file as it was again: its reject file is written then")
