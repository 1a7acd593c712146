"""Files of other layouts to text of onecard-taps/1, record by record; here lines of CSV.

One record in, one line out, always: what cannot be read becomes a line that the decoder refuses
with the right code, so that all refusals come from one place. Places and raw bytes are those of
the original record.
"""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt

from clearing.intake.blocks import Block
from clearing.intake.chunks import Chunk
from clearing.intake.formats.canonical import COLUMNS, Shape, read_header
from clearing.intake.formats.plan import compile_plan
from clearing.intake.formats.steps import Read, make_column, make_step
from clearing.intake.layout_model import Layout
from ext.codes import Code
from ext.intake.adapt import ADAPTING, Plan, adapt_lines, adapt_records
from ext.intake.decode import LONGEST_LINE, LONGEST_RAW, TEXT_PAD
from network.civil import Clock

# Lines that the decoder refuses for the reason that they are named by.
TOO_LONG = b"x" * (LONGEST_LINE + 1)
NUL = b"\0"
NOT_ENCODED = b"\xff"
EMPTY = b""
BADLY_QUOTED = b'"'
WRONG_COUNT = b"x"

NEWLINE = ord("\n")

# Two or more Chinese characters of UTF-8, and no byte of another beside them: in GB18030 these
# would be three rare ones, or more.
FOREIGN = re.compile(rb"(?<![\x80-\xff])(?:[\xe4-\xe9][\x80-\xbf]{2}){2,}(?![\x80-\xff])")


@dataclass(frozen=True)
class Records:
    """Some records of a file that is held in memory: where each begins in it, and its bytes."""

    data: bytes
    starts: npt.NDArray[np.uint64]
    sizes: npt.NDArray[np.uint32]

    def split(self) -> Iterator[tuple[int, bytes]]:
        """Yield each with its offset."""
        for start, size in zip(self.starts.tolist(), self.sizes.tolist(), strict=True):
            yield start, self.data[start:start + size]


class BadCell(Exception):
    """A column of a record that cannot be read at all: its name, and why."""

    def __init__(self, column: str, code: Code) -> None:
        super().__init__(column, code)
        self.column, self.code = column, code


@dataclass(frozen=True)
class Adapted:
    """A block as canonical text, and where each of its lines came from."""

    block: Block
    offsets: npt.NDArray[np.int64]      # in the file
    lengths: npt.NDArray[np.int64]
    original: bytes | bytearray
    base: int                           # where `original` begins in the file
    fields: npt.NDArray[np.uint8]       # Refusal.field of the canonical text to the file's own
    faults: dict[int, tuple[Code, int]]     # by line: what could not even become a line, and where

    def place_taps(self, taps: npt.NDArray[Any]) -> None:
        """Let taps say where the original record is."""
        taps["source_offset"] = self.offsets[taps["source_line"]]

    def place_refusals(self, chunk: Chunk) -> None:
        """Let refusals say where the original record is, and how it reads."""
        refusals = chunk.refusals
        places = refusals["line"]
        refusals["offset"] = self.offsets[places]
        refusals["length"] = self.lengths[places]
        refusals["field"] = self.fields[refusals["field"]]
        for index, line in enumerate(places.tolist() if self.faults else ()):
            if line in self.faults:
                refusals["code"][index], refusals["field"][index] = self.faults[line]
        chunk.raw = b"".join(
            bytes(self.original[offset - self.base:offset - self.base + min(length, LONGEST_RAW)])
            for offset, length in zip(self.offsets[places].tolist(),
                                      self.lengths[places].tolist(), strict=True))


class Adapter:
    """Turns records of one file into lines of the format."""

    def __init__(self, layout: Layout, columns: tuple[str, ...], clock: Clock, *,
                 notes: bool = False) -> None:
        """Make ready for a file with these columns (of JSON: the keys that are read).

        notes: two more are behind them, which no header names (notes.py).
        """
        self._layout, self.columns, self._clock = layout, columns, clock
        self._is_gb = codecs.lookup(layout.encoding).name in ("gb18030", "gbk", "gb2312")
        self._widths = (len(columns), len(columns) + 2 * notes)
        self._places = {name: place for place, name in enumerate(columns)}
        self._names = [name for name in COLUMNS if name in layout.fields]
        self.shape: Shape = read_header(tuple(self._names))
        self._columns = [make_column(layout.list_sources(name)) for name in self._names]
        self._steps = [make_step(layout.list_sources(name)) for name in self._names]
        self._seq = (self._names.index("card_seq")
                     if layout.list_sources("card_seq")[0].from_time else None)
        self._fields = np.zeros(256, dtype=np.uint8)
        for place, name in enumerate(self._names, 1):
            read = [column for source in layout.list_sources(name) for column in source.reads()]
            if read:
                self._fields[place] = self._places[read[0]] + 1
        self._plan = compile_plan(layout, self._places, self._widths, self._names, clock)

    def is_mixed(self, data: bytes) -> bool:
        """Whether UTF-8 stands in what should be GB18030, as which it could be read, too."""
        return self._is_gb and FOREIGN.search(data) is not None

    def adapt(self, piece: Block | Records) -> Adapted:
        """Convert some of a file's records."""
        if self._plan is not None:
            return self._follow(self._plan, piece)
        if isinstance(piece, Records):
            return self._adapted(list(piece.split()), piece.data, 0)
        data = bytes(memoryview(piece.buffer)[:piece.stop])
        return self._adapted(list(split_lines(data, piece.offset)), data, piece.offset)

    def _follow(self, plan: Plan, piece: Block | Records) -> Adapted:
        """Convert records by a plan, and in Python those that are left."""
        data: bytes | bytearray
        if isinstance(piece, Records):
            data, base, rows = piece.data, 0, len(piece.starts)
            stop = int(piece.sizes.sum())
            starts, sizes = piece.starts, piece.sizes
        else:
            data, base, stop = piece.buffer, piece.offset, piece.stop
            rows = int(np.count_nonzero(np.frombuffer(data, np.uint8, stop) == NEWLINE))
            starts, sizes = np.empty(rows, dtype=np.uint64), np.empty(rows, dtype=np.uint32)
        left, places = np.empty(rows, dtype=np.uint32), np.empty(rows, dtype=np.uint64)
        progress = np.zeros(1, dtype=ADAPTING)
        text = bytearray(2 * stop + TEXT_PAD)
        arrays = starts, sizes, left, places
        while not (adapt_records(plan, data, *arrays, text, progress)
                   if isinstance(piece, Records) else
                   adapt_lines(plan, data, stop, *arrays, text, progress)):
            text.extend(bytes(len(text)))
        written, few = int(progress["written"][0]), int(progress["left"][0])
        faults: dict[int, tuple[Code, int]] = {}
        if few:
            numbers = left[:few].tolist()
            raw = [bytes(data[start:start + size]) for start, size in
                   zip(starts[left[:few]].tolist(), sizes[left[:few]].tolist(), strict=True)]
            lines = self._convert(raw, numbers, faults)
            text = _insert(text, written, places[:few].tolist(), lines)
            written = len(text) - TEXT_PAD
        return Adapted(Block(text, written, 0), starts.astype(np.int64) + base,
                       sizes.astype(np.int64), data, base, self._fields, faults)

    def _adapted(self, records: list[tuple[int, bytes]], original: bytes, base: int) -> Adapted:
        offsets, raw = zip(*records, strict=True) if records else ((), ())
        faults: dict[int, tuple[Code, int]] = {}
        lines = self._convert(raw, range(len(raw)), faults)
        text = _insert(bytearray(), 0, [0] * len(lines), lines)
        return Adapted(Block(text, len(text) - TEXT_PAD, 0), np.array(offsets, dtype=np.int64),
                       np.array(list(map(len, raw)), dtype=np.int64), original, base,
                       self._fields, faults)

    def _convert(self, raw: Sequence[bytes], numbers: Sequence[int],
                 faults: dict[int, tuple[Code, int]]) -> list[bytes]:
        """A line for each record; what could not become one is put into `faults`, by number."""
        lines = []
        for number, record, found in zip(numbers, raw, self.convert_many(raw), strict=True):
            line = found
            if line is None:
                try:
                    line = self._convert_line(record)
                except BadCell as bad:
                    faults[number] = bad.code, self._places[bad.column] + 1
                    line = WRONG_COUNT
            lines.append(line)
        return lines

    def convert_many(self, records: Sequence[bytes]) -> list[bytes | None]:
        """Many records as lines of the format, column by column; None: look at that one alone.

        The same lines as one by one, and faster by far: of whatever is not plain there is None.
        """
        lines: list[bytes | None] = [None] * len(records)
        good, columns = self._read_columns(records)
        if not good:
            return lines
        values = [column(columns.__getitem__, len(good)) for column in self._columns]
        if self._seq is not None:
            values[self._seq] = self._count_by_time(dict(zip(self._names, values, strict=True)))
        for number, line in zip(good, self._write_many(values, len(good)), strict=True):
            lines[number] = line
        return lines

    def _write_many(self, values: list[list[str]], rows: int) -> list[bytes]:
        """Lines of the format, of the values of each column."""
        text = "\n".join(map(",".join, zip(*values, strict=True)))
        if (text.count(",") == rows * (len(values) - 1) and '"' not in text
                and text.count("\n") == rows - 1 and "\r" not in text):
            with suppress(UnicodeEncodeError):
                return text.encode("utf-8").split(b"\n")
        return [self.write(list(row)) for row in zip(*values, strict=True)]

    def _read_columns(self, records: Sequence[bytes]) -> tuple[list[int], dict[str, list[str]]]:
        """Which of the records are plain, and of these each column that the layout reads."""
        joined = b"\n".join(records)
        try:
            text = joined.decode(self._layout.encoding)
        except UnicodeDecodeError:
            return [], {}
        if self.is_mixed(joined) or "\0" in text or '"' in text or "\r" in text:
            return [], {}
        rows = [line.split(self._layout.delimiter) for line in text.split("\n")]
        good = [number for number, row in enumerate(rows)
                if len(row) in self._widths and (row[0] or any(row))
                and len(records[number]) <= LONGEST_LINE]
        return good, {name: [rows[number][self._places[name]] for number in good]
                      for name in self._layout.sources()}

    def _count_by_time(self, values: Mapping[str, list[str]]) -> list[str]:
        """The counters of `_sequence`, of many records."""
        names = [name for name in ("tapped_at", "kind", "in_at") if name in values]
        found: dict[tuple[str, ...], str] = {}
        for key in set(zip(*(values[name] for name in names), strict=True)):
            found[key] = self._sequence(dict(zip(names, key, strict=True)))
        return [found[key] for key in zip(*(values[name] for name in names), strict=True)]

    def _convert_line(self, record: bytes) -> bytes:
        """One record as a line of the format."""
        found = self.open_record(record)
        return found if isinstance(found, bytes) else self.write(self.convert(found))

    def open_record(self, line: bytes) -> Read | bytes:
        """What reads a record's columns; or the line that the decoder refuses for what is wrong."""
        if len(line) > LONGEST_LINE:
            return TOO_LONG
        if b"\0" in line:
            return NUL
        try:
            text = line.decode(self._layout.encoding)
        except UnicodeDecodeError:
            return NOT_ENCODED
        if self.is_mixed(line):
            return NOT_ENCODED
        if not text.strip(self._layout.delimiter):
            return EMPTY
        try:
            row = next(csv.reader([text], delimiter=self._layout.delimiter, strict=True))
        except csv.Error:
            return BADLY_QUOTED
        if len(row) not in self._widths:
            return WRONG_COUNT
        places = self._places
        return lambda column: row[places[column]]

    def convert(self, read: Read) -> list[str]:
        """The values of a record's columns of the format, in the order of `shape`."""
        values = [step(read) for step in self._steps]
        if self._seq is not None:
            values[self._seq] = self._sequence(dict(zip(self._names, values, strict=True)))
        return values

    def write(self, values: list[str]) -> bytes:
        """A line of the format, of a value for each of its columns."""
        text = ",".join([_quoted(value) for value in values])
        if "\n" in text or "\r" in text:
            return BADLY_QUOTED
        try:
            return text.encode("utf-8")
        except UnicodeEncodeError:      # half a surrogate pair, which JSON can write
            return NOT_ENCODED

    def _sequence(self, values: Mapping[str, str]) -> str:
        """A counter for sources that have none: the record's own time in UTC seconds.

        Where the time cannot be read, any number: the decoder will refuse the time.
        """
        time = values["tapped_at"]
        if values["kind"] == "ride" and values.get("in_at"):
            time = values["in_at"]
        try:
            civil = (datetime.strptime(time, "%Y%m%d%H%M%S") if time.isdigit()
                     else datetime.fromisoformat(time))
        except ValueError:
            return "0"
        if civil.tzinfo is not None:
            return str(int(civil.timestamp()))
        return str(self._clock.utc((civil - datetime(1970, 1, 1)) // _SECOND))


_SECOND = datetime(1970, 1, 1, 0, 0, 1) - datetime(1970, 1, 1)


def _insert(text: bytearray, written: int, places: list[int], lines: list[bytes]) -> bytearray:
    """The first `written` bytes of a text, with lines put in at their places, and room behind."""
    parts: list[bytes | memoryview] = []
    done = 0
    with memoryview(text) as view:
        for place, line in zip(places, lines, strict=True):
            parts += [view[done:place], line, b"\n"]
            done = place
        parts += [view[done:written], bytes(TEXT_PAD)]
        return bytearray().join(parts)


def split_lines(data: bytes, base: int) -> Iterable[tuple[int, bytes]]:
    """Yield the lines of a block, each with its offset in the file."""
    at = 0
    while at < len(data):
        end = data.index(b"\n", at)
        yield base + at, data[at:end].removesuffix(b"\r")
        at = end + 1


def _quoted(value: str) -> str:
    """A field as RFC 4180 writes it."""
    if "," in value or '"' in value:
        return '"' + value.replace('"', '""') + '"'
    return value
