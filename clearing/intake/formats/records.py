"""Records whose columns stand at known places: lines of text, cut by bytes, and records of bytes.

What ext/intake/lines.pxd says of lines of one length holds here, too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

import msgspec
import numpy as np
import numpy.typing as npt

from clearing.intake.formats.adapt import (
    EMPTY,
    NOT_ENCODED,
    NUL,
    TOO_LONG,
    WRONG_COUNT,
    Adapter,
    BadCell,
    Records,
)
from clearing.intake.formats.plan import CELL_TYPES
from clearing.intake.formats.steps import Read
from clearing.intake.layout_model import FieldSource, Layout, Length, Place
from ext.codes import Code
from ext.intake.adapt import find_records
from ext.intake.decode import LONGEST_LINE
from network.civil import Clock
from network.language import Phrase

Cell = Callable[[bytes], str]

FILLERS = (b"\0", b"\xff", b" ")     # of which a record that says nothing is made


class BadLength(ValueError):
    """A record says that it has a length that it cannot have."""


def _with_fields(layout: Layout) -> Layout:
    """The layout, its columns being the format's own where it has no fields."""
    if layout.fields:
        return layout
    return msgspec.structs.replace(
        layout, fields={column: FieldSource(column=column) for column in layout.columns})


class FixedAdapter(Adapter):
    """Turns lines of one length into lines of the format."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        """Make ready for a file of the layout."""
        spans = {column: (place.start, place.start + place.width)
                 for column, place in layout.columns.items()}
        super().__init__(_with_fields(layout), tuple(layout.list_places()), clock)
        # All of the record in order, columns and what is between them.
        cuts = sorted({0, layout.record_bytes, *(at for span in spans.values() for at in span)})
        pieces = list(pairwise(cuts))
        self._pieces = [slice(*piece) for piece in pieces]
        self._cells = {name: (pieces.index(span), _text_cell(name, layout.columns[name]))
                       for name, span in spans.items()}
        self._read_cells = {name: self._cells[name] for name in self._layout.sources()}

    def open_record(self, line: bytes) -> Read | bytes:
        """What reads a record's columns, or the line that stands for what is wrong with it."""
        encoding, size = self._layout.encoding, self._layout.record_bytes
        if len(line) > LONGEST_LINE:
            return TOO_LONG
        if b"\0" in line:
            return NUL
        try:
            text = line.decode(encoding)
        except UnicodeDecodeError:
            return NOT_ENCODED
        if self.is_mixed(line):
            return NOT_ENCODED
        if not text.strip(" ") or (len(line) >= size and not line[:size].strip(b" ")):
            return EMPTY
        if len(line) != size and line[size:size + 1] != b"\t" and not (
                self._layout.longer and len(line) > size):
            return WRONG_COUNT
        try:
            # Of as many letters as bytes each letter is one.
            pieces = ([text[piece] for piece in self._pieces] if len(text) == len(line) else
                      [line[piece].decode(encoding) for piece in self._pieces])
        except UnicodeDecodeError:
            return NOT_ENCODED
        if not text.startswith("".join(pieces)):    # a column begins or ends within a character
            return NOT_ENCODED

        def read(name: str) -> str:
            place, cell = self._cells[name]
            return cell(pieces[place])

        return read

    def _read_columns(self, records: Sequence[bytes]) -> tuple[list[int], dict[str, list[str]]]:
        """Of lines of ASCII, where each letter is a byte."""
        text, size = b"".join(records), self._layout.record_bytes
        if not text.isascii() or b"\0" in text:
            return [], {}
        good = [number for number, record in enumerate(records)
                if size <= len(record) <= (LONGEST_LINE if self._layout.longer else size)
                and record[:size].strip(b" ")]
        lines = [records[number].decode("ascii") for number in good]
        try:
            return good, {name: list(map(cell, [line[self._pieces[place]] for line in lines]))
                          for name, (place, cell) in self._read_cells.items()}
        except BadCell:
            return [], {}


class BinaryAdapter(Adapter):
    """Turns records of bytes into lines of the format."""

    def __init__(self, layout: Layout, clock: Clock) -> None:
        """Make ready for a file of the layout."""
        super().__init__(layout, tuple(layout.list_places()), clock)
        self._cells = {name: (slice(place.start, place.start + place.width),
                              _bytes_cell(name, place, layout.encoding))
                       for name, place in layout.columns.items()}

    def open_record(self, record: bytes) -> Read | bytes:
        """What reads a record's columns, or the line that stands for what is wrong with it."""
        if len(record) < self._layout.record_bytes:
            return WRONG_COUNT
        if any(not record.strip(filler) for filler in FILLERS):
            return EMPTY

        def read(name: str) -> str:
            place, cell = self._cells[name]
            return cell(record[place])

        return read

    def _read_columns(self, records: Sequence[bytes]) -> tuple[list[int], dict[str, list[str]]]:
        good = [number for number, record in enumerate(records)
                if len(record) >= self._layout.record_bytes
                and all(record.strip(filler) for filler in FILLERS)]
        kept = [records[number] for number in good]
        try:
            return good, {name: list(map(self._cells[name][1],
                                         [record[self._cells[name][0]] for record in kept]))
                          for name in self._layout.sources()}
        except BadCell:
            return [], {}


def _text_cell(name: str, place: Place) -> Callable[[str], str]:
    """How a column of a line reads."""
    def read(text: str) -> str:
        return text.rstrip(place.pad).strip(" ") if place.pad else text.strip(" ")

    def read_hex(text: str) -> str:
        text = text.strip(" ")
        try:
            return str(int(text, 16)) if text.isalnum() else text
        except ValueError:
            raise BadCell(name, Code.NUMBER_INVALID) from None

    return read_hex if place.type == "hex_number" else read


def _bytes_cell(name: str, place: Place, encoding: str) -> Cell:
    """How a column of a record of bytes reads."""
    text = _text_cell(name, place)
    pad = place.pad.lower()

    def read_text(data: bytes) -> str:
        try:
            return text(data.decode(encoding))
        except UnicodeDecodeError:
            raise BadCell(name, Code.BAD_ENCODING) from None

    def read_digits(data: bytes) -> str:
        digits = data.hex().rstrip(pad) if pad else data.hex()
        if not digits.isdigit() and digits:
            raise BadCell(name, Code.NUMBER_INVALID)
        return digits

    def read_hex(data: bytes) -> str:
        return (data.hex().rstrip(pad) if pad else data.hex()).upper()

    return {
        "text": read_text, "hex_number": read_text, "bcd": read_digits, "hex": read_hex,
        "big_endian": lambda data: str(int.from_bytes(data, "big")),
        "little_endian": lambda data: str(int.from_bytes(data, "little")),
    }[place.type]


def split_records(data: bytes, layout: Layout) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a file of bytes, each with its offset. Raises BadLength."""
    yield from Records(data, *place_records(data, layout)).split()


def place_records(data: bytes, layout: Layout
                  ) -> tuple[npt.NDArray[np.uint64], npt.NDArray[np.uint32]]:
    """Where the records of a file of bytes begin, and how many bytes they have.

    The last one may be cut off where all have one length. Raises BadLength where a record says
    that it has another length than it can have.
    """
    length, record = layout.length, layout.record_bytes
    if length is None:
        starts = np.arange(0, len(data), record, dtype=np.uint64)
        sizes = np.full(len(starts), record, dtype=np.uint32)
        sizes[-1:] = (len(data) - 1) % record + 1
        return starts, sizes
    most = len(data) // record + 1
    starts, sizes = np.empty(most, dtype=np.uint64), np.empty(most, dtype=np.uint32)
    found = find_records(data, record, length.start, length.width, CELL_TYPES[length.type],
                         length.unit, length.besides, starts, sizes)
    starts, sizes = starts[:found].copy(), sizes[:found].copy()
    end = int(starts[-1]) + int(sizes[-1]) if found else 0
    if end < len(data):
        raise _explain_length(data, end, found + 1, layout, length)
    return starts, sizes


def _explain_length(data: bytes, at: int, number: int, layout: Layout, length: Length
                    ) -> BadLength:
    """Say why a record cannot have the length that it says."""
    start = at + length.start
    found = data[start:start + length.width]
    where = Phrase("record {number} at byte {at}", number=number, at=at)
    if len(found) < length.width:
        return BadLength(Phrase("{where} is cut off: {left} bytes are left, a record has "
                                "{least} at least", where=where, left=len(data) - at,
                                least=layout.record_bytes))
    if length.type == "bcd" and not found.hex().isdigit():
        return BadLength(Phrase("{where} says its length in BCD as {length}, expected digits",
                                where=where, length=found.hex().upper()))
    said = int(found.hex()) if length.type == "bcd" else int.from_bytes(
        found, "big" if length.type == "big_endian" else "little")
    size = said * length.unit + length.besides
    if not layout.record_bytes <= size <= LONGEST_LINE:
        return BadLength(Phrase("{where} says that it has {size} bytes, expected {least} "
                                "to {most}", where=where, size=size,
                                least=layout.record_bytes, most=LONGEST_LINE))
    assert at + size > len(data)
    return BadLength(Phrase("{where} says that it has {size} bytes, and {left} are left",
                            where=where, size=size, left=len(data) - at))
