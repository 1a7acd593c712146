"""Layouts compiled to decode plans, which ext/intake/adapt follows without the interpreter's lock.

A plan says the same as steps.py and adapt.py do, of records that are plain. What it cannot say of
a whole layout makes that there is none: then all of its records are converted in Python.
"""

from __future__ import annotations

import codecs
import functools
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from clearing.intake.formats.steps import plain_form
from clearing.intake.layout_model import FieldSource, Layout
from ext.intake.adapt import (
    CELL,
    CHANGE,
    CONDITION,
    MOMENT_BYTES,
    MOST_CELLS,
    PAIRS_MOST,
    RULES,
    SOURCE,
    TEXT,
    CellType,
    ChangeType,
    Encoding,
    Plan,
)
from ext.intake.decode import TEXT_PAD
from network.civil import Clock

PAIRED = ("gb18030", "gbk", "gb2312")   # encodings in which two bytes are a character
MOST_TEXTS = 2048                       # they are looked through one by one
MOST_LETTERS = 65_535                   # of a slice, of which no line has as many
CELL_TYPES = {
    "text": CellType.CHARACTERS, "hex_number": CellType.HEX_NUMBER, "bcd": CellType.BCD,
    "hex": CellType.HEX, "big_endian": CellType.BIG_ENDIAN,
    "little_endian": CellType.LITTLE_ENDIAN,
}
# Which bytes of 20241125073000, counted from 1, the digits of a part of a time are.
PLACES = {"%Y": "\1\2\3\4", "%m": "\5\6", "%d": "\7\x08", "%H": "\t\n", "%M": "\x0b\x0c",
          "%S": "\r\x0e"}


class Unplanned(Exception):
    """A plan cannot say what the layout says."""


def compile_plan(layout: Layout, places: Mapping[str, int], widths: tuple[int, int],
                 names: Sequence[str], clock: Clock) -> Plan | None:
    """What a kernel does to write the columns `names` of a file's records; None: Python has to.

    places: of each column of the file; widths: how many a line has, and with a reject file's notes.
    """
    try:
        return _Compiler(layout, names).compile(places, widths, clock)
    except Unplanned:
        return None


class _Compiler:
    def __init__(self, layout: Layout, names: Sequence[str]) -> None:
        self._layout, self._names = layout, names
        self._is_json = layout.format in ("json", "jsonl", "msgpack")
        self._wanted = layout.sources()
        self._texts, self._bytes = [(0, 0, 0)], bytearray()
        self._reads: list[int] = []
        self._conditions: list[tuple[int, ...]] = []
        self._changes: list[dict[str, int]] = []

    def compile(self, places: Mapping[str, int], widths: tuple[int, int], clock: Clock
                ) -> Plan:
        """The layout's plan. Raises Unplanned."""
        names, layout = self._names, self._layout
        cells = self._write_cells(places)
        sources = [self._write_source(column, source) for column, name in enumerate(names)
                   for source in layout.list_sources(name)]
        if len(self._texts) > MOST_TEXTS or len(cells) > MOST_CELLS:
            raise Unplanned
        rules = np.zeros(1, dtype=RULES)
        rules["written"] = len(names)
        for name in ("tapped_at", "kind", "in_at"):
            rules[name] = names.index(name) if name in names else len(names)
        rules["lines"] = layout.format not in ("binary", "json")
        if self._is_json:
            rules["objects"] = True
        else:
            rules["encoding"] = self._find_encoding()
        if layout.columns:
            rules["record"] = layout.record_bytes
            rules["longer"] = layout.longer or layout.format == "binary"
        elif not self._is_json:
            rules["delimiter"] = self._find_delimiter()
            rules["columns"], rules["columns_noted"] = widths
        letters = np.zeros(0, dtype=np.uint32)
        if rules["encoding"] == Encoding.PAIRS:
            letters = _list_letters(codecs.lookup(layout.encoding).name)
        changes = np.zeros(len(self._changes), dtype=CHANGE)
        for row, change in zip(changes, self._changes, strict=True):
            for key, value in change.items():
                row[key] = value
        return Plan(rules, clock.offsets, cells, np.array(sources, dtype=SOURCE),
                    np.array(self._reads, dtype=np.uint16),
                    np.array(self._conditions, dtype=CONDITION), changes,
                    np.array(self._texts, dtype=TEXT),
                    np.frombuffer(self._bytes + bytes(TEXT_PAD), dtype=np.uint8), letters,
                    self._write_cuts())

    def _find_delimiter(self) -> int:
        delimiter = self._layout.delimiter
        if not delimiter.isascii() or delimiter == "\0":
            raise Unplanned
        return ord(delimiter)

    def _find_encoding(self) -> Encoding:
        if self._layout.is_utf_8:
            return Encoding.UTF_8
        if codecs.lookup(self._layout.encoding).name in PAIRED:
            return Encoding.PAIRS
        if self._layout.columns:
            return Encoding.ASCII
        raise Unplanned

    def _write_cuts(self) -> npt.NDArray[np.uint64]:
        """Bit by byte of a record, whether a column begins or ends there."""
        bits = np.zeros((self._layout.record_bytes // 64 + 1) * 64, dtype=np.uint8)
        bits[self._layout.record_bytes] = 1
        for place in self._layout.columns.values():
            bits[[place.start, place.start + place.width]] = 1
        return np.packbits(bits, bitorder="little").view("<u8").astype(np.uint64)

    def _write_cells(self, places: Mapping[str, int]) -> npt.NDArray[Any]:
        """Where the columns that are read stand."""
        cells = np.zeros(len(self._wanted), dtype=CELL)
        for cell, name in zip(cells, self._wanted, strict=True):
            if self._is_json:
                cell["start"] = self._add_texts([name])
                continue
            if not self._layout.columns:
                cell["start"] = places[name]
                continue
            place = self._layout.columns[name]
            cell["start"], cell["width"] = place.start, place.width
            cell["type"], cell["pad"] = CELL_TYPES[place.type], ord(place.pad or "\0")
        return cells

    def _add_texts(self, texts: Sequence[str]) -> int:
        """Write texts one behind the other: the number of the first."""
        first = len(self._texts)
        for text in texts:
            data = text.encode("utf-8")
            word = int.from_bytes(data[:8], "little")
            self._texts.append((len(self._bytes), len(data), word))
            self._bytes += data
        return first

    def _add_written(self, texts: Sequence[str]) -> int:
        """The same of texts that are written: none of them may need quotes."""
        if any(set(text) & set(',"\r\n\0') for text in texts):
            raise Unplanned
        return self._add_texts(texts)

    def _write_source(self, column: int, source: FieldSource) -> tuple[int, ...]:
        first_read, first_condition = len(self._reads), len(self._conditions)
        first_change = len(self._changes)
        self._reads += [self._wanted.index(name) for name in source.reads()]
        constant = 0 if source.constant is None else self._add_written([source.constant])
        for name, values in source.when.items():
            self._conditions.append((self._wanted.index(name), self._add_texts(values),
                                     len(values), 0))
        if source.reads():
            self._add_changes(source)
        return (column, source.from_time, constant, first_read, len(source.reads()),
                first_condition, len(self._conditions) - first_condition, first_change,
                len(self._changes) - first_change)

    def _add(self, kind: ChangeType, **values: int) -> None:
        self._changes.append({"type": kind, **values})

    def _add_changes(self, source: FieldSource) -> None:
        """What a source does to a value, in the order of steps.py."""
        if source.tidy or source.drop:
            raise Unplanned
        if source.strip:
            self._add(ChangeType.STRIP)
        if source.blank:
            self._add(ChangeType.BLANK, first_text=self._add_texts(source.blank),
                      texts=len(source.blank))
        if source.drop_suffix:
            self._add(ChangeType.DROP_SUFFIX, first_text=self._add_texts([source.drop_suffix]))
        if source.slice is not None:
            first, last = (min(place, MOST_LETTERS) for place in source.slice)
            self._add(ChangeType.SLICE, first=first, last=last)
        # Of several formats a value of the first is plain; whether another fits, Python tells.
        if source.time:
            self._add(ChangeType.UTC_TIME if source.utc else ChangeType.TIME,
                      first_text=self._add_pattern(source.time[0]))
        if source.date:
            self._add(ChangeType.DATE, first_text=self._add_pattern(source.date[0]))
        if source.map or source.prefix:
            self._add_map(source)
        if source.decimals:
            self._add(ChangeType.SCALE, first=source.decimals)

    def _add_pattern(self, form: str) -> int:
        """A time's format, in it instead of digits which bytes of the moment they are."""
        parts = re.split("(%.)", form)
        if plain_form(form) is None or any(ord(letter) <= MOMENT_BYTES
                                           for part in parts[::2] for letter in part):
            raise Unplanned
        return self._add_texts(["".join(PLACES.get(part, part) for part in parts)])

    def _add_map(self, source: FieldSource) -> None:
        prefixes = sorted(source.prefix, key=len, reverse=True)
        otherwise = 0 if source.default is None else self._add_written([source.default])
        first = len(self._texts)
        for value, becomes in [*source.map.items(),
                               *((prefix, source.prefix[prefix]) for prefix in prefixes)]:
            self._add_texts([value])
            self._add_written([becomes])
        self._add(ChangeType.MAP, first_text=first, texts=len(source.map),
                  prefixes=len(prefixes), otherwise=otherwise,
                  has_default=source.default is not None)


@functools.cache
def _list_letters(encoding: str) -> npt.NDArray[np.uint32]:
    """What two bytes are in UTF-8, the first one first, and how many bytes in the highest one."""
    letters = np.zeros(PAIRS_MOST, dtype=np.uint32)
    for place in range(PAIRS_MOST):
        try:
            text = bytes([0x80 + (place >> 8), place & 255]).decode(encoding)
        except UnicodeDecodeError:
            continue
        if len(text) == 1:
            data = text.encode("utf-8")
            letters[place] = int.from_bytes(data, "little") | len(data) << 24
    return letters
