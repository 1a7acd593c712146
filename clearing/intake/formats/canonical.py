"""The format onecard-taps/1: its columns, its header, and the order in which a record is checked.

A file is UTF-8 text: a header row with the exact names of columns in any order, then one record to
a line, each ending with a newline, then perhaps a trailer (trailer.py). A record has exactly one
code, that of the first check that fails:

    the line    TRUNCATED_LINE, LINE_TOO_LONG, NUL_BYTE, BAD_ENCODING, EMPTY_RECORD, BAD_QUOTING,
                COLUMN_COUNT
    the fields  in the order of ext.intake.decode.Column, not of the file; of one
                field MISSING_VALUE comes first, then whether it can be read at all, then whether
                it is in range, then whether it is known, then whether it fits the others
"""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from ext.intake.decode import LONGEST_LINE, MOST_COLUMNS, NO_COLUMN, SPAN, Column
from network.language import Phrase, joined

FORMAT = "onecard-taps/1"
COLUMNS = tuple(column.name.lower() for column in Column)
REQUIRED = ("card", "card_seq", "tapped_at", "operator", "device", "device_seq", "mode", "kind",
            "stop")
IGNORED_PREFIX = "x_"
HEADER_BYTES = 2 * LONGEST_LINE     # how much of a file is looked at for its header


@dataclass(frozen=True)
class Shape:
    """Where a file keeps each column of the format."""

    columns: tuple[str, ...]            # the file's, as the header names them
    places: npt.NDArray[np.uint8]       # by Column: its place in `columns`, or NO_COLUMN
    # Of records of one length: SPAN, by Column, and their bytes without the line's end.
    spans: npt.NDArray[Any] = field(default_factory=lambda: np.empty(0, dtype=SPAN))
    record: int = 0


class HeaderInvalid(Exception):
    """The header cannot be used; the message says which columns are at fault."""


def split_header(line: bytes) -> tuple[str, ...]:
    """The names of a header line, without a byte order mark.

    Raises HeaderInvalid, and UnicodeDecodeError where the line is not UTF-8.
    """
    text = line.removeprefix(codecs.BOM_UTF8).rstrip(b"\n").removesuffix(b"\r").decode("utf-8")
    try:
        rows = list(csv.reader([text], strict=True))
    except csv.Error as error:
        raise HeaderInvalid(Phrase("the header row is badly quoted ({error})",
                                   error=error)) from None
    return tuple(rows[0]) if rows else ()


def is_canonical(columns: tuple[str, ...]) -> bool:
    """Whether a header has every required column of the format."""
    return set(REQUIRED) <= set(columns)


def read_header(columns: tuple[str, ...]) -> Shape:
    """Where each column stands.

    Raises HeaderInvalid where columns are missing, repeated or unknown.
    """
    named = [column for column in columns if not column.startswith(IGNORED_PREFIX)]
    faults = []
    for fault, wrong in (
        ("missing", [name for name in REQUIRED if name not in named]),
        ("repeated", sorted({name for name in named if named.count(name) > 1})),
        ("unknown", [name for name in named if name not in COLUMNS]),
    ):
        if wrong:
            names = [repr(name[:64]) for name in wrong[:8]]
            if len(wrong) > 8:
                names.append(Phrase("and {number} more", number=len(wrong) - 8))
            faults.append(Phrase("{fault} columns: {names}", fault=fault,
                                 names=joined(", ", names)))
    if len(columns) >= MOST_COLUMNS:
        faults.append(Phrase("{number} columns, at most {most}", number=len(columns),
                             most=MOST_COLUMNS - 1))
    if faults:
        raise HeaderInvalid("; ".join([*faults, *_explain_names(named)]))
    places = np.full(len(COLUMNS), NO_COLUMN, dtype=np.uint8)
    for place, name in enumerate(columns):
        if name in COLUMNS:
            places[COLUMNS.index(name)] = place
    return Shape(columns, places)


def _explain_names(named: Iterable[str]) -> list[str]:
    """What is to be changed about names that are a column's but for spaces and capitals."""
    close = [(name, plain) for name in named
             if name not in COLUMNS and (plain := name.strip().lower()) in COLUMNS]
    if not close:
        return []
    shown = joined(", ", (Phrase("{plain!r} for {name!r}", plain=plain, name=name[:64])
                          for name, plain in close[:8]))
    return [Phrase("names are in lower case, without spaces around them: write {shown}",
                   shown=shown)]


def place_columns(places: Mapping[str, tuple[int, int]], record_bytes: int) -> Shape:
    """The shape of records of one length; `places` are (start, width) in bytes, by column."""
    columns = tuple(sorted(places, key=lambda column: places[column]))
    shape = Shape(columns, np.full(len(COLUMNS), NO_COLUMN, dtype=np.uint8),
                  np.zeros(len(COLUMNS), dtype=SPAN), record_bytes)
    for place, name in enumerate(columns):
        shape.places[COLUMNS.index(name)] = place
        shape.spans[COLUMNS.index(name)] = places[name]
    return shape
