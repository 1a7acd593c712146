"""A network's card register as it is written: one row for each card and moment.

A CSV, of whose columns only `card` has to be there. It can have millions of rows, so that it is
read some rows at a time, and by columns. What it means is in clearing/reference/RULES.md sections
1 and 2; rows that contradict each other are refused where all are known (network/card_rows.py).
"""

from __future__ import annotations

import csv
import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from network.civil import EPOCH, LAST_TAP_DAY, Clock
from network.errors import TableError
from network.files import read_bounded, refuse_row
from network.language import Phrase, joined

COLUMNS = ("card", "valid_from", "predecessor", "card_kind", "reviewed_until", "born_on",
           "valid_until", "status")
STATUSES = {"active": 1, "blocked": 2, "lost": 3, "closed": 4}      # ext.codes.CardStatus
REGISTER_BYTES_MOST = 1 << 30
ROWS_AT_ONCE = 1 << 16
BORN_EPOCH = datetime.date(1900, 1, 1)
DAY_16_BITS = (1 << 16) - 1
SHOWN_MOST = 40         # characters of a value


class RegisterRow(NamedTuple):
    """A row; 0, None and "" where it says nothing."""

    card: str
    valid_from: int = 0         # UTC seconds; 0: always
    predecessor: str = ""
    card_kind: str = ""
    reviewed_until: datetime.date | None = None
    born_on: datetime.date | None = None
    valid_until: datetime.date | None = None
    status: str = ""


class RegisterFile:
    """A register's file. Every method raises TableError, with file and line."""

    def __init__(self, path: Path, card_kinds: Sequence[str], clock: Clock,
                 day_starts_s: int) -> None:
        """clock, day_starts_s: what `valid_from` means in UTC, see Network."""
        self.path, self.card_kinds = path, card_kinds
        self.text = read_bounded(path, REGISTER_BYTES_MOST)
        self._known: dict[str, dict[str, int]] = {
            "valid_from": _Moments(clock, day_starts_s),
            "card_kind": _Kinds({"": 0, **{kind: number for number, kind
                                           in enumerate(card_kinds, 1)}}),
            "reviewed_until": _Days("reviewed_until", EPOCH),
            "born_on": _Days("born_on", BORN_EPOCH),
            "valid_until": _Days("valid_until", EPOCH),
            "status": _Statuses({"": 0, **STATUSES})}

    def parts(self) -> Iterator[Part]:
        """All rows, some at a time."""
        reader = csv.reader(_lines(self.text))
        first = 2
        try:
            header = next(reader, [])
            if "card" not in header or set(header) - set(COLUMNS) or (
                    len(set(header)) != len(header)):
                raise refuse_row(
                    self.path, 1, header, Phrase("the header is {header}",
                                                 header=",".join(header) or "missing"),
                    Phrase("write card, and what there is of {columns}, each once",
                           columns=", ".join(COLUMNS[1:])))
            while rows := list(islice(reader, ROWS_AT_ONCE)):
                yield Part(self.path, header, first, rows, self._known)
                first += len(rows)
        except csv.Error as error:
            raise refuse_row(self.path, reader.line_num, (),
                             Phrase("cannot be read: {error}", error=error),
                             "put a UTF-8 CSV there") from None

    def rows(self) -> Iterator[RegisterRow]:
        """The same row by row, for who needs no arrays."""
        kinds, statuses = ["", *self.card_kinds], ["", *STATUSES]
        for part in self.parts():
            for card, at, predecessor, kind, review, born, last, status in zip(
                    part.texts("card"), part.numbers("valid_from"), part.texts("predecessor"),
                    part.numbers("card_kind"), part.numbers("reviewed_until"),
                    part.numbers("born_on"), part.numbers("valid_until"),
                    part.numbers("status"), strict=True):
                yield RegisterRow(card, at, predecessor, kinds[kind],
                                  EPOCH + datetime.timedelta(review) if review else None,
                                  BORN_EPOCH + datetime.timedelta(born) if born else None,
                                  EPOCH + datetime.timedelta(last) if last else None,
                                  statuses[status])


@dataclass(frozen=True)
class Part:
    """Some rows of a register."""

    path: Path
    header: Sequence[str]
    first: int                              # line of the first
    _rows: list[list[str]]
    _known: dict[str, dict[str, int]]

    def __len__(self) -> int:
        return len(self._rows)

    @cached_property
    def _columns(self) -> dict[str, Sequence[str]]:
        fields = len(self.header)
        if set(map(len, self._rows)) != {fields}:
            place = next(place for place, row in enumerate(self._rows) if len(row) != fields)
            raise self.refuse(place, Phrase("{fields} fields, not {columns}",
                                            fields=len(self._rows[place]), columns=fields),
                              Phrase("correct that line"))
        return dict(zip(self.header, zip(*self._rows, strict=True), strict=True))

    def texts(self, column: str) -> Sequence[str]:
        """A column; blanks where the file does not have it."""
        return self._columns.get(column) or [""] * len(self)

    def numbers(self, column: str) -> list[int]:
        """Another column than of cards; 0 where it is blank.

        UTC seconds, card kinds from 1, days since 1970, or since 1900 for births; CardStatus.
        """
        known, texts = self._known[column], self.texts(column)
        try:
            return list(map(known.__getitem__, texts))
        except _Wrong as wrong:
            raise self.refuse(texts.index(wrong.text), wrong.found, wrong.remedy) from None

    def refuse(self, place: int, found: str, remedy: str) -> TableError:
        """The error that a row is refused with."""
        return refuse_row(self.path, self.first + place, self._rows[place], found, remedy)


def _lines(text: str) -> Iterator[str]:
    """The lines of a text, one by one: a file in memory would hold it four times over."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end


class _Wrong(Exception):
    """A value that cannot be."""

    def __init__(self, text: str, found: str, remedy: str) -> None:
        self.text, self.found, self.remedy = text, found, remedy


class _Days(dict[str, int]):
    """Dates as days since one, by their text; "" is 0."""

    def __init__(self, column: str, since: datetime.date) -> None:
        self.column, self.since = column, since
        self[""] = 0

    def __missing__(self, text: str) -> int:
        try:
            days = (_date(text) - self.since).days
        except ValueError:
            days = 0
        if not 1 <= days <= DAY_16_BITS:
            first, last = (self.since + datetime.timedelta(days) for days in (1, DAY_16_BITS))
            raise _Wrong(text, Phrase("{column} is {text!r}", column=self.column,
                                      text=text[:SHOWN_MOST]),
                         Phrase("write a date such as 2027-06-30, from {first} to {last}, or "
                                "leave it blank", first=first, last=last))
        self[text] = days
        return days


class _Moments(dict[str, int]):
    """Civil times, or dates, as UTC seconds, by their text; "" is 0: always."""

    def __init__(self, clock: Clock, day_starts_s: int) -> None:
        self.clock, self.day_starts_s = clock, day_starts_s
        self[""] = 0

    def __missing__(self, text: str) -> int:
        try:
            day, seconds = _date(text[:10]), self.day_starts_s
            if len(text) != len("2024-11-25"):
                seconds = _clock(text[10:])
            at = self.clock.utc((day - EPOCH).days * 86_400 + seconds)
        except ValueError:
            at = 0
        if at <= 0 or day > LAST_TAP_DAY:
            raise _Wrong(text, Phrase("valid_from is {text!r}", text=text[:SHOWN_MOST]),
                         Phrase("write 2024-11-25T07:30:00 in civil time, or 2024-11-25 for the "
                                "beginning of that service day, up to {last}; or leave "
                                "it blank for always", last=LAST_TAP_DAY))
        self[text] = at
        return at


class _Kinds(dict[str, int]):
    """Card kinds by their names, from 1; "" is 0."""

    def __missing__(self, text: str) -> int:
        raise _Wrong(text, Phrase("card_kind is {text!r}, which network.toml does not have",
                                  text=text[:SHOWN_MOST]),
                     Phrase("write one of {names}, or add it to card_kinds",
                            names=joined(", ", list(self)[1:])))


class _Statuses(dict[str, int]):
    """CardStatus by its words; "" is 0."""

    def __missing__(self, text: str) -> int:
        raise _Wrong(text, Phrase("status is {text!r}", text=text[:SHOWN_MOST]),
                     Phrase("write one of {names}, or leave it blank",
                            names=joined(", ", STATUSES)))


def _date(text: str) -> datetime.date:
    """A date written as 2024-11-25. Raises ValueError."""
    if len(text) != len("2024-11-25") or text[4] != "-" or text[7] != "-":
        raise ValueError
    return datetime.date.fromisoformat(text)


def _clock(text: str) -> int:
    """Seconds of a time written as T07:30:00. Raises ValueError."""
    if len(text) != len("T07:30:00") or (text[0], text[3], text[6]) != ("T", ":", ":"):
        raise ValueError
    clock = datetime.time.fromisoformat(text[1:])
    return clock.hour * 3600 + clock.minute * 60 + clock.second
