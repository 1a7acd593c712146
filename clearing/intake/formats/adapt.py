"""Files of other layouts to text of onecard-taps/1, record by record.

One record in, one line out, always: what cannot be read becomes a line that the decoder refuses
with the right code, so that all refusals come from one place. Places and raw bytes are those of
the original record.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from clearing.intake.blocks import Block
from clearing.intake.chunks import Chunk
from clearing.intake.formats.canonical import COLUMNS, Shape, read_header
from clearing.intake.layout import FieldSource, Layout
from ext.intake.decode import LONGEST_LINE, LONGEST_RAW, TEXT_PAD

# Lines that the decoder refuses for the reason that they are named by.
TOO_LONG = b"x" * (LONGEST_LINE + 1)
NUL = b"\0"
NOT_ENCODED = b"\xff"
EMPTY = b""
BADLY_QUOTED = b'"'
WRONG_COUNT = b"x"

TIMES_KEPT = 100_000        # converted times and dates that are remembered

Read = Callable[[str], str]     # a file's column to its value in the record at hand


@dataclass(frozen=True)
class Objects:
    """Some of a JSON file's records, each with its offset in the file."""

    objects: list[tuple[int, bytes]]
    data: bytes


@dataclass(frozen=True)
class Adapted:
    """A block as canonical text, and where each of its lines came from."""

    block: Block
    offsets: npt.NDArray[np.int64]      # in the file
    lengths: npt.NDArray[np.int64]
    original: bytes | bytearray
    base: int                           # where `original` begins in the file
    fields: npt.NDArray[np.uint8]       # Refusal.field of the canonical text to the file's own

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
        chunk.raw = b"".join(
            bytes(self.original[offset - self.base:offset - self.base + min(length, LONGEST_RAW)])
            for offset, length in zip(self.offsets[places].tolist(),
                                      self.lengths[places].tolist(), strict=True))


class Adapter:
    """Turns records of one file into lines of the format."""

    def __init__(self, layout: Layout, columns: tuple[str, ...], civil_offset_s: int) -> None:
        """Make ready for a file with these columns (of a JSON file: the keys that are read)."""
        self._layout, self.columns, self._offset_s = layout, columns, civil_offset_s
        self._places = {name: place for place, name in enumerate(columns)}
        self._names = [name for name in COLUMNS if name in layout.fields]
        self.shape: Shape = read_header(tuple(self._names))
        self._steps = [_make_step(layout.fields[name]) for name in self._names]
        self._seq = (self._names.index("card_seq") if layout.fields["card_seq"].from_time
                     else None)
        self._fields = np.zeros(256, dtype=np.uint8)
        for place, name in enumerate(self._names, 1):
            column = layout.fields[name].column
            if column is not None:
                self._fields[place] = self._places[column] + 1

    def adapt(self, piece: Block | Objects) -> Adapted:
        """Convert some of a file's records."""
        if isinstance(piece, Block):
            return self._adapt_lines(piece)
        return self._adapt_objects(piece)

    def _adapt_lines(self, block: Block) -> Adapted:
        """Convert a block of CSV lines."""
        data = bytes(memoryview(block.buffer)[:block.stop])
        offsets, lengths, lines = [], [], []
        at = 0
        while at < len(data):
            end = data.index(b"\n", at)
            line = data[at:end].removesuffix(b"\r")
            lines.append(self._convert_line(line))
            offsets.append(block.offset + at)
            lengths.append(len(line))
            at = end + 1
        return self._adapted(lines, offsets, lengths, data, block.offset)

    def _adapt_objects(self, piece: Objects) -> Adapted:
        """Convert JSON objects."""
        return self._adapted([self._convert_object(text) for _, text in piece.objects],
                             [offset for offset, _ in piece.objects],
                             [len(text) for _, text in piece.objects], piece.data, 0)

    def _adapted(self, lines: list[bytes], offsets: list[int], lengths: list[int],
                 original: bytes, base: int) -> Adapted:
        text = bytearray(b"\n".join(lines) + b"\n" + bytes(TEXT_PAD))
        return Adapted(Block(text, len(text) - TEXT_PAD, 0), np.array(offsets, dtype=np.int64),
                       np.array(lengths, dtype=np.int64), original, base, self._fields)

    def _convert_line(self, line: bytes) -> bytes:
        """One line of CSV as a line of the format."""
        if len(line) > LONGEST_LINE:
            return TOO_LONG
        if b"\0" in line:
            return NUL
        try:
            text = line.decode(self._layout.encoding)
        except UnicodeDecodeError:
            return NOT_ENCODED
        if not text.strip(self._layout.delimiter):
            return EMPTY
        try:
            row = next(csv.reader([text], delimiter=self._layout.delimiter, strict=True))
        except csv.Error:
            return BADLY_QUOTED
        if len(row) != len(self.columns):
            return WRONG_COUNT
        places = self._places
        return self._convert(lambda column: row[places[column]])

    def _convert_object(self, text: bytes) -> bytes:
        """One JSON object as a line of the format."""
        if len(text) > LONGEST_LINE:
            return TOO_LONG
        try:
            record = _JSON.decode(text)
        except (msgspec.DecodeError, UnicodeDecodeError):   # a string in it is not UTF-8
            return NOT_ENCODED
        except RecursionError:          # lists in lists in lists
            return WRONG_COUNT
        if not isinstance(record, dict):
            return WRONG_COUNT
        if not any(_as_text(value) for value in record.values()):
            return EMPTY
        return self._convert(lambda column: _as_text(record.get(column)))

    def _convert(self, read: Read) -> bytes:
        """Every column of the format, one behind the other."""
        values = [step(read) for step in self._steps]
        if self._seq is not None:
            values[self._seq] = self._sequence(dict(zip(self._names, values, strict=True)))
        return self._write(values)

    def _write(self, values: list[str]) -> bytes:
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
        return str((civil - datetime(1970, 1, 1)) // _SECOND - self._offset_s)


class FixedAdapter(Adapter):
    """Turns records of one length that are not UTF-8 into lines of the format.

    What ext/intake/lines.pxd says of such records holds here, too.
    """

    def __init__(self, layout: Layout, civil_offset_s: int) -> None:
        """Make ready for a file of the layout."""
        spans = {column: (place.start, place.start + place.width)
                 for column, place in layout.columns.items()}
        columns = tuple(sorted(spans, key=spans.__getitem__))
        super().__init__(msgspec.structs.replace(
            layout, fields={column: FieldSource(column=column) for column in columns}),
            columns, civil_offset_s)
        # All of the record in order, columns and what is between them.
        cuts = sorted({0, layout.record_bytes, *(at for span in spans.values() for at in span)})
        pieces = list(pairwise(cuts))
        self._pieces = [slice(*piece) for piece in pieces]
        self._wanted = [pieces.index(spans[name]) for name in self._names]

    def _convert_line(self, line: bytes) -> bytes:
        """One record as a line of the format."""
        encoding, size = self._layout.encoding, self._layout.record_bytes
        if len(line) > LONGEST_LINE:
            return TOO_LONG
        if b"\0" in line:
            return NUL
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            return NOT_ENCODED
        if not text.strip(" ") or (len(line) >= size and not line[:size].strip(b" ")):
            return EMPTY
        if len(line) != size and line[size:size + 1] != b"\t":
            return WRONG_COUNT
        try:
            # Of as many letters as bytes each letter is one.
            pieces = ([text[piece] for piece in self._pieces] if len(text) == len(line) else
                      [line[piece].decode(encoding) for piece in self._pieces])
        except UnicodeDecodeError:
            return NOT_ENCODED
        if not text.startswith("".join(pieces)):    # a column begins or ends within a character
            return NOT_ENCODED
        return self._write([pieces[place].strip(" ") for place in self._wanted])


_SECOND = datetime(1970, 1, 1, 0, 0, 1) - datetime(1970, 1, 1)
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[{}\[\]]', re.DOTALL)
_JSON = msgspec.json.Decoder(float_hook=str)    # a number's text as it is written


def _as_text(value: object) -> str:
    """A JSON value as CSV would have it."""
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value)


def _quoted(value: str) -> str:
    """A field as RFC 4180 writes it."""
    if "," in value or '"' in value:
        return '"' + value.replace('"', '""') + '"'
    return value


def _make_step(source: FieldSource) -> Callable[[Read], str]:
    """Compile a source to the function that reads it."""
    if source.from_time:
        return lambda read: ""          # set once the times are known
    if source.constant is not None:
        constant, column = source.constant, None
    else:
        constant, column = "", source.column
    changes = _list_changes(source)
    conditions = [(name, frozenset(values)) for name, values in source.when.items()]

    def step(read: Read) -> str:
        for name, values in conditions:
            if read(name) not in values:
                return ""
        if column is None:
            return constant
        value = read(column)
        for change in changes:
            if not value:
                break
            value = change(value)
        return value

    return step


def _list_changes(source: FieldSource) -> list[Callable[[str], str]]:
    """List what a source does to a value, in order."""
    changes: list[Callable[[str], str]] = []
    if source.strip:
        changes.append(str.strip)
    if source.blank:
        blank = frozenset(source.blank)
        changes.append(lambda value: "" if value in blank else value)
    if source.drop_suffix:
        changes.append(lambda value: value.removesuffix(source.drop_suffix))
    if source.slice is not None:
        start, stop = source.slice
        changes.append(lambda value: value[start:stop])
    if source.time:
        changes.append(_time_change(source.time, _write_moment))
    if source.date:
        changes.append(_time_change(source.date, _write_day))
    if source.map or source.prefix:
        prefixes = sorted(source.prefix, key=len, reverse=True)

        def look_up(value: str) -> str:
            if value in source.map:
                return source.map[value]
            for prefix in prefixes:
                if value.startswith(prefix):
                    return source.prefix[prefix]
            # What is padded is refused as that, and not taken for something else.
            is_padded = value != value.strip()
            return value if source.default is None or is_padded else source.default

        changes.append(look_up)
    if source.decimals is not None:
        changes.append(_scale_change(source.decimals))
    return changes


def _scale_change(decimals: int) -> Callable[[str], str]:
    """Amounts as 2.00 to minor units; what has more decimals stays as it is, to be refused."""
    shape = re.compile(rf"(-?[0-9]+)(?:\.([0-9]{{1,{decimals}}}))?" if decimals
                       else "(-?[0-9]+)()")

    def change(value: str) -> str:
        found = shape.fullmatch(value)
        return value if found is None else found[1] + (found[2] or "").ljust(decimals, "0")

    return change


def _write_moment(moment: datetime) -> str:
    return f"{moment:%Y%m%d%H%M%S}".rjust(14, "0")


def _write_day(moment: datetime) -> str:
    return moment.date().isoformat()


def _time_change(formats: list[str], write: Callable[[datetime], str]) -> Callable[[str], str]:
    """Convert times of the first format that fits; others stay as they are, to be refused."""
    kept: dict[str, str] = {}

    def change(value: str) -> str:
        found = kept.get(value)
        if found is not None:
            return found
        if len(kept) >= TIMES_KEPT:
            kept.clear()
        kept[value] = value
        for form in formats:
            try:
                kept[value] = write(datetime.strptime(value, form))
            except ValueError:
                continue
            break
        return kept[value]

    return change


def find_objects(data: bytes, records_at: str) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a JSON file, each with its offset.

    Raises msgspec.DecodeError, UnicodeDecodeError, RecursionError and KeyError where the file is
    not built that way.
    """
    found = msgspec.Raw(data)
    for key in filter(None, records_at.split(".")):
        found = msgspec.json.decode(found, type=dict[str, msgspec.Raw])[key]
    base = _address(data)
    for record in msgspec.json.decode(found, type=list[msgspec.Raw]):
        yield _address(record) - base, bytes(record)


def object_at(data: bytes) -> bytes:
    """The JSON object that the text begins with; all of it where that goes on behind it."""
    depth = 0
    for found in _TOKENS.finditer(data):
        depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(found[0], 0)
        if depth == 0:
            return data[:found.end()]
    return data


def _address(data: bytes | msgspec.Raw) -> int:
    """Where the bytes lie in memory: a Raw is a window on the text that it was decoded from."""
    return int(np.frombuffer(data, dtype=np.uint8).__array_interface__["data"][0])
