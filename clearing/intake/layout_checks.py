"""What a layout must not say: each refused with the line of its file, and what to write instead."""

from __future__ import annotations

import codecs
import re
from datetime import datetime
from typing import NoReturn

from clearing.intake.formats.canonical import COLUMNS, REQUIRED
from clearing.intake.layout_model import FieldSource, Layout, Place
from clearing.intake.patterns import Pattern, PatternInvalid
from ext.codes import Code
from ext.intake.decode import LONGEST_LINE
from network.errors import TableError
from network.files import TomlFile
from network.language import Phrase, joined
from network.locations import KeyPath

AMOUNTS = ("due", "paid", "balance_before")
DECIMALS_MOST = 4
UNIT_MOST = 1024
STATED = ("records", "due", "paid")     # what head and tail may name
EVERY = {"title", "format", "fields", "name"}
BY_ROWS = {"head_rows", "head", "tail"}
KEYS = {
    "csv": {"encoding", "delimiter", "header", *BY_ROWS},
    "xlsx": {"sheet", *BY_ROWS},
    "json": {"records_at", "encoding", "delimiter"},
    "jsonl": set[str](),
    "msgpack": {"records_at"},
    "fixed": {"columns", "record_bytes", "longer", "encoding", "answers", "fate",
              *BY_ROWS},
    "binary": {"columns", "record_bytes", "length"},
}
ASCII = "".join(map(chr, range(128)))


def check_layout(file: TomlFile, layout: Layout) -> None:
    """Pass a layout by which records can be read.

    Raises TableError.
    """
    _Check(file, layout).run()


class _Check:
    def __init__(self, file: TomlFile, layout: Layout) -> None:
        self._file, self._layout = file, layout

    def run(self) -> None:
        layout = self._layout
        for key in self._file.keys:
            if key not in EVERY | KEYS[layout.format]:
                self._refuse(Phrase("{key} says nothing of {format}", key=key,
                                    format=layout.format),
                             Phrase("leave it out; what does: {keys}", keys=joined(
                                 ", ", sorted(EVERY - {"name"} | KEYS[layout.format]))), key)
        self._check_text()
        self._check_rows()
        if layout.format in ("fixed", "binary"):
            self._check_places()
        for column in layout.fields:
            self._check_field(column)
        self._check_required()
        self._check_fate()

    def _refuse(self, found: str, expected: str, *key: str | int) -> NoReturn:
        raise self._error(found, expected, key)

    def _error(self, found: str, expected: str, key: KeyPath) -> TableError:
        return self._file.refuse(found, expected, "VALUE_INVALID", key)

    def _check_text(self) -> None:
        """Refuse what lines and records cannot be told apart by."""
        layout = self._layout
        try:
            keeps = ASCII.encode(layout.encoding) == ASCII.encode()
            codecs.lookup(layout.encoding)
        except UnicodeError:
            keeps = False
        except LookupError:
            self._refuse(Phrase("there is no encoding {encoding!r}", encoding=layout.encoding),
                         "write a name that Python knows, such as gb18030", "encoding")
        if not keeps or (layout.format == "json" and not layout.is_utf_8):
            self._refuse(
                Phrase("the encoding {encoding!r} cannot be read by lines",
                       encoding=layout.encoding),
                "JSON is UTF-8: leave it out" if layout.format == "json" else
                "have the records written in gb18030 or UTF-8, each of one length in bytes"
                if layout.format == "fixed" else "write one that keeps ASCII as it is; a file "
                "with the mark of UTF-16 is read as that whatever stands here", "encoding")
        if len(layout.delimiter) != 1 or layout.delimiter in "\"'\r\n":
            self._refuse(Phrase("the delimiter is {delimiter!r}", delimiter=layout.delimiter),
                         "expected one character that is no quote", "delimiter")

    def _check_places(self) -> None:
        """Refuse columns that are not in the record, or in each other."""
        layout = self._layout
        if not 1 <= layout.record_bytes <= LONGEST_LINE:
            self._refuse(Phrase("a {format} layout has record_bytes = {record_bytes}",
                                format=layout.format, record_bytes=layout.record_bytes),
                         Phrase("expected 1 to {longest_line} bytes", longest_line=LONGEST_LINE),
                         "record_bytes")
        end, before = 0, Phrase("")
        for column in layout.list_places():
            place = layout.columns[column]
            if layout.is_canonical and column not in COLUMNS and layout.fate is None:
                self._refuse(Phrase("columns.{column} is not a column of the format",
                                    column=column),
                             Phrase("expected {names}, or fields that say what comes from where",
                                    names=joined(", ", COLUMNS)), "columns", column)
            if place.start < end or place.width < 1:
                self._refuse(Phrase("columns.{column} has {width} bytes from {start} on",
                                    column=column, width=place.width, start=place.start),
                             Phrase("expected 1 or more, from {end} on{before}", end=end,
                                    before=before), "columns", column)
            self._check_type(column, place)
            end = place.start + place.width
            before = Phrase(", where {column} ends", column=column)
            if end > layout.record_bytes:
                self._refuse(Phrase("the columns end at byte {end}, a record at {record_bytes}",
                                    end=end, record_bytes=layout.record_bytes),
                             "correct record_bytes, or the columns", "columns", column)
        self._check_length()

    def _check_type(self, column: str, place: Place) -> None:
        if self._layout.is_canonical and self._layout.format == "fixed" and (
                place.type != "text" or place.pad):
            self._refuse(Phrase("columns.{column} is not plain text", column=column),
                         "write fields that say which column of the format comes from it",
                         "columns", column)
        if len(place.pad) > 1 or not place.pad.isascii() or (
                place.pad and place.type not in ("text", "bcd", "hex")):
            self._refuse(Phrase("columns.{column} has pad = {pad!r}, of {type}", column=column,
                                pad=place.pad, type=place.type),
                         "expected one ASCII character, and for text, bcd, hex only",
                         "columns", column)
        if place.type in ("big_endian", "little_endian") and place.width > 8:
            self._refuse(Phrase("columns.{column} is a number of {width} bytes", column=column,
                                width=place.width),
                         "expected 8 at most; longer ones are bcd, or hex", "columns", column)

    def _check_length(self) -> None:
        length, layout = self._layout.length, self._layout
        if length is None:
            return
        if not (length.start >= 0 and 1 <= length.width <= 4
                and length.start + length.width <= layout.record_bytes):
            self._refuse(Phrase("length has {width} bytes from {start} on", width=length.width,
                                start=length.start),
                         Phrase("expected 1 to 4, within the {record_bytes} of record_bytes",
                                record_bytes=layout.record_bytes),
                         "length")
        if not (1 <= length.unit <= UNIT_MOST and 0 <= length.besides <= LONGEST_LINE):
            self._refuse(Phrase("length has unit = {unit} and besides = {besides}",
                                unit=length.unit, besides=length.besides),
                         Phrase("expected 1 to {unit_most}, and 0 to {longest_line}",
                                unit_most=UNIT_MOST, longest_line=LONGEST_LINE), "length")

    def _check_field(self, column: str) -> None:
        """Refuse sources that say nothing, or too much."""
        if column not in COLUMNS:
            self._refuse(Phrase("fields.{column} is not a column of the format", column=column),
                         Phrase("expected {names}", names=joined(", ", COLUMNS)), "fields", column)
        sources = self._layout.list_sources(column)
        if not sources:
            self._refuse(Phrase("fields.{column} is an empty list", column=column),
                         "expected a source or several", "fields", column)
        for index, source in enumerate(sources):
            written = self._file.keys["fields"][column]
            self._check_source(column, source, ("fields", column) if isinstance(written, dict)
                               else ("fields", column, index))
            if source.from_time and len(sources) > 1:
                self._refuse(Phrase("fields.{column} is from_time among others", column=column),
                             "expected it alone: the time is no blank", "fields", column)

    def _check_source(self, column: str, source: FieldSource, key: KeyPath) -> None:
        given = [source.column is not None, bool(source.columns), source.constant is not None,
                 source.from_time]
        if sum(given) != 1:
            raise self._error(Phrase("fields.{column} names {number} sources", column=column,
                                     number=sum(given)),
                              "expected one of column, columns, constant, from_time", key)
        if source.from_time and column != "card_seq":
            raise self._error(Phrase("fields.{column} is from_time", column=column),
                              "expected from_time for card_seq only", key)
        if source.decimals is not None and not (
                column in AMOUNTS and 0 <= source.decimals <= DECIMALS_MOST):
            raise self._error(Phrase("fields.{column} has decimals = {decimals}", column=column,
                                     decimals=source.decimals),
                              Phrase("expected 0 to {decimals_most}, and for {names} only",
                                     decimals_most=DECIMALS_MOST, names=joined(", ", AMOUNTS)),
                              key)
        if source.utc and not source.time:
            raise self._error(Phrase("fields.{column} is utc and has no time", column=column),
                              "expected the formats of `time` beside it", key)
        self._check_changes(column, source, key)
        known = self._names()
        missing = [name for name in (*source.reads(), *source.when) if name not in known]
        if known and missing:
            raise self._error(Phrase("fields.{column} reads {name!r}, which no column is called",
                                     column=column, name=missing[0]),
                              Phrase("expected {names}", names=joined(", ", known)), key)

    def _check_changes(self, column: str, source: FieldSource, key: KeyPath) -> None:
        """Refuse what no value could be changed by."""
        if source.slice is not None and not 0 <= source.slice[0] < source.slice[1]:
            raise self._error(Phrase("fields.{column} has slice = {slice}", column=column,
                                     slice=list(source.slice)),
                              "expected characters from, counted from 0, and up to but not "
                              "including, such as [0, 6]", key)
        for form in (*source.time, *source.date):
            try:
                datetime.strptime("", form)
            except (ValueError, re.error) as error:
                if "does not match" not in str(error):
                    raise self._error(Phrase("fields.{column} has the time format {form!r}: "
                                             "{error}", column=column, form=form, error=error),
                                      "write it as Python's strptime has them, such as "
                                      "%Y-%m-%d %H:%M:%S", key) from None

    def _names(self) -> list[str]:
        """The file's columns, where the layout names them."""
        return list(self._layout.columns) or self._layout.header

    def _check_required(self) -> None:
        if self._layout.fate is not None and self._layout.fate.of == "file":
            return      # it holds no taps
        canonical = self._layout.is_canonical and self._layout.columns
        given = self._layout.columns if canonical else self._layout.fields
        missing = [column for column in REQUIRED if column not in given]
        if missing:
            table = "columns" if canonical else "fields"
            self._refuse(Phrase("{table} has no {names}", table=table, names=joined(", ", missing)),
                         "say where each comes from, or give it a constant", table)
        if canonical and self._layout.format == "binary":
            self._refuse("a binary layout has no fields", "say which column of the format comes "
                         "from which of the record", "columns")

    def _check_fate(self) -> None:
        """Refuse an answer that has no room for what it says."""
        layout, fate = self._layout, self._layout.fate
        if fate is None:
            return
        for key in ("code", "words", *(["file_name"] if fate.of == "file" else [])):
            name = getattr(fate, key)
            if name not in layout.columns:
                self._refuse(Phrase("fate.{key} is {name!r}, which no column is called", key=key,
                                    name=name),
                             Phrase("expected {names}", names=joined(", ", layout.columns)), "fate",
                             key)
        if not layout.record_bytes <= fate.line_bytes <= LONGEST_LINE:
            self._refuse(Phrase("fate.line_bytes is {line_bytes}", line_bytes=fate.line_bytes),
                         Phrase("expected {record_bytes}, as record_bytes, to {longest_line}",
                                record_bytes=layout.record_bytes, longest_line=LONGEST_LINE),
                         "fate", "line_bytes")
        unknown = [name for name in fate.codes if name not in Code.__members__]
        if unknown:
            self._refuse(Phrase("fate.codes has {code!r}", code=unknown[0]),
                         "expected codes as docs/tap-file.md lists them", "fate", "codes")
        width = layout.columns[fate.code].width
        for told in (fate.accepted, fate.refused, *fate.codes.values()):
            if not 1 <= len(told.partition(" ")[0].encode(layout.encoding)) <= width:
                self._refuse(Phrase("fate says {told!r}", told=told),
                             Phrase("expected a code of up to {width} bytes, a space, and what "
                                    "it means", width=width), "fate")
        try:
            fate.head.format(records=0, day="20241125", receiver="")
        except (ValueError, LookupError, AttributeError) as error:
            self._refuse(Phrase("fate.head cannot be filled in: {error}", error=error),
                         "expected text with {records}, {day} and {receiver}", "fate", "head")

    def _check_rows(self) -> None:
        """Refuse rows around the records that cannot be found, or say nothing."""
        layout = self._layout
        if not 0 <= layout.head_rows <= 100:
            self._refuse(Phrase("head_rows is {head_rows}", head_rows=layout.head_rows),
                         "expected 0 to 100", "head_rows")
        if layout.head and not layout.head_rows:
            self._refuse("head says what rows before the records read like, and there is none",
                         "expected head_rows = 1 or more", "head")
        if len(set(layout.header)) < len(layout.header):
            self._refuse("header names a column twice", "expected a name for each column of the "
                         "file, in its order", "header")
        for key, pattern in (("head", layout.head), ("tail", layout.tail)):
            try:
                names = Pattern(pattern).names
            except PatternInvalid as error:
                self._refuse(Phrase("{key} is no pattern: {error}", key=key, error=error),
                             "write a regular expression, as RE2 has them: "
                             "without looks ahead, looks back and references", key)
            if not names <= set(STATED):
                self._refuse(Phrase("{key} names {names}", key=key,
                                    names=joined(", ", sorted(names - set(STATED)))),
                             Phrase("expected (?P<NAME>…) of {names} only",
                                    names=joined(", ", STATED)), key)
