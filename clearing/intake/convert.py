"""A file's records one by one, as text: as they stand, and as onecard-taps/1 has them.

Nothing is judged here but whether a record can be read at all; whether it is good is the decoder's
business, and it says the same of what is converted as of what was sent.
"""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from clearing.intake.blocks import BLOCK_BYTES, Buffers, FileReader, OddLine
from clearing.intake.formats import adapt
from clearing.intake.formats.adapt import Adapter, BadCell, Records
from clearing.intake.formats.canonical import COLUMNS, FORMAT
from clearing.intake.formats.detect import DetectedFormat, FileRefused, Piece, detect_format
from clearing.intake.formats.records import FixedAdapter
from clearing.intake.layout_model import FieldSource, Layout
from ext.codes import Code
from network.civil import Clock
from network.errors import OnecardError
from network.refusals import WORDS

REFUSED = {adapt.TOO_LONG: Code.LINE_TOO_LONG, adapt.NUL: Code.NUL_BYTE,
           adapt.NOT_ENCODED: Code.BAD_ENCODING, adapt.EMPTY: Code.EMPTY_RECORD,
           adapt.BADLY_QUOTED: Code.BAD_QUOTING, adapt.WRONG_COUNT: Code.COLUMN_COUNT}


class Converted(NamedTuple):
    """One record."""

    line: int                   # of the file, or the record's number
    offset: int
    raw: bytes                  # as it stands
    written: dict[str, str]     # by column of the file, as far as it can be read
    values: dict[str, str]      # by column of onecard-taps/1; none where it cannot be read
    code: Code                  # why it cannot; OK


@dataclass(frozen=True)
class OpenFile:
    """A file whose format is known."""

    reader: FileReader
    detected: DetectedFormat
    adapter: Adapter

    def records(self, lines: Container[int] | None = None) -> Iterator[Converted]:
        """Yield its records in their order, those of some lines; None: of all."""
        line = self.reader.first_line
        for piece in self.detected.pieces:
            for offset, raw, cut in _split(piece):
                if lines is None or line in lines:
                    yield self._convert(line, offset, raw, cut)
                line += 1

    def _convert(self, line: int, offset: int, raw: bytes, cut: Code) -> Converted:
        """cut: why it is no whole line; OK."""
        found = self.adapter.open_record(raw) if cut == Code.OK else raw
        if isinstance(found, bytes):
            return Converted(line, offset, raw, {}, {}, cut or REFUSED[found])
        written = {}
        for column in self.adapter.columns:
            with suppress(BadCell):     # it may be one that nobody reads
                written[column] = found(column)
        try:
            values = self.adapter.convert(found)
        except BadCell as bad:
            return Converted(line, offset, raw, written, {}, bad.code)
        text = self.adapter.write(values)
        if text in REFUSED:
            return Converted(line, offset, raw, written, {}, REFUSED[text])
        names = self.adapter.shape.columns
        return Converted(line, offset, raw, written, dict(zip(names, values, strict=True)), Code.OK)


def _split(piece: Piece) -> Iterator[tuple[int, bytes, Code]]:
    if isinstance(piece, OddLine):
        yield piece.offset, piece.head, piece.code
    elif isinstance(piece, Records):
        yield from ((offset, record, Code.OK) for offset, record in piece.split())
    else:
        data = bytes(memoryview(piece.buffer)[:piece.stop])
        yield from ((offset, line, Code.OK)
                    for offset, line in adapt.split_lines(data, piece.offset))


@contextmanager
def open_file(path: Path, layout: Layout | None, clock: Clock,
              block_bytes: int = BLOCK_BYTES) -> Iterator[OpenFile]:
    """A file, read by a layout where it is not onecard-taps/1.

    Raises FileUnreadable, and OnecardError where its format is not the layout's.
    """
    with FileReader(path, block_bytes, Buffers()) as reader:
        try:
            detected = detect_format(reader, layout, clock)
        except FileRefused as refused:
            raise OnecardError(f"{refused.reason} [{refused.code.name}]", where=str(path),
                               remedy=WORDS[refused.code].partition("; ")[2]) from None
        yield OpenFile(reader, detected, detected.adapter
                       or _adapter_of(detected, layout, clock))


def _adapter_of(detected: DetectedFormat, layout: Layout | None, clock: Clock) -> Adapter:
    """What reads a file in Python that the kernel reads as it stands."""
    if detected.layout != FORMAT:
        assert layout is not None
        return FixedAdapter(layout, clock)
    named = [column for column in detected.columns if column in COLUMNS]
    same = Layout(title=FORMAT, format="csv",
                  fields={column: FieldSource(column=column) for column in named})
    return Adapter(same, detected.columns, clock)
