"""What should have come and did not: gaps in the counters of validators and of cards, and files.

A validator numbers its records, and so does a card. Of a service day's accepted records, in the
order of their times, the numbers of each should follow each other, from the last one of the days
before on. What is between two of them and nowhere is missing; a number that two different records
of a validator have is repeated. Where a counter begins again below all that was before, and by more
than clocks can explain, it was set back, and nothing between is missing. Records without a counter
(0, or the time itself) are told, not judged. Corrections are no validator's records. Files are
those that contracts of senders ask for: see owed_files.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearing.answers.brought import reach
from clearing.answers.filters import Filter, check_known
from clearing.answers.owed_files import OwedFiles, owed_files
from clearing.answers.session import Session
from clearing.book import Book
from network.cards import card_text
from network.civil import day_number
from network.language import Phrase, joined
from network.network import Network

LOOK_BACK_DAYS = 7      # before the day, for the last number that each had
SET_BACK_LEAST = 16     # a counter that falls by less was read in another order
RANGES_TOLD = 10        # of missing numbers, in words
HALVES = ("card_hi", "card_lo")     # of a card's 128 bits
_BITS = 33              # more than a counter has

Numbers = npt.NDArray[np.int64]


class Gaps(NamedTuple):
    """One validator or card whose numbers do not follow each other."""

    of: tuple[str, ...]
    first: int              # of the day
    last: int
    expected: int
    found: int
    missing: int
    repeated: int           # numbers that several records have
    set_back: int           # how often it began again
    missing_numbers: str
    repeated_numbers: str


@dataclass
class Side:
    """All validators, or all cards."""

    counted: int = 0        # of them, that have counters
    uncounted: int = 0      # records without
    expected: int = 0
    found: int = 0
    missing: int = 0
    repeated: int = 0
    set_back: int = 0
    gaps: list[Gaps] = field(default_factory=list)


@dataclass(frozen=True)
class Completeness:
    """A day's records, by validators and by cards; and its files, by contracts of senders."""

    window: str
    records: int
    devices: Side
    cards: Side
    owed_files: list[OwedFiles]

    @property
    def files(self) -> Side:
        """Files as the counters are told."""
        owed = self.owed_files
        return Side(counted=len(owed), expected=sum(one.expected for one in owed),
                    found=sum(one.received for one in owed),
                    missing=sum(one.missing for one in owed))

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing, and no number is there twice."""
        return not any(side.missing or side.repeated
                       for side in (self.devices, self.cards, self.files))


def completeness(session: Session, network: Network, window: str) -> Completeness:
    """Look for gaps in a day's counters. Memory: about 200 bytes for each of its records.

    network: by whose contracts files are owed.
    Raises OnecardError where the book knows no such day, and no sender owes files of any.
    """
    day, book, names = day_number(window), session.book, session.names()
    files = owed_files(book, network, day)
    if not files:
        check_known(session, Filter(window=window))
    reach(session, day - LOOK_BACK_DAYS)
    rows = ask_numbers(book, "SELECT operator, device, device_seq, card_hi, card_lo, card_seq, "
                       f"tapped_at FROM records WHERE service_day = {day} AND correction = 0 "
                       f"AND {book.as_of_last}")

    def device(operator: int, number: int) -> tuple[str, str]:
        return names.code("member", operator), names.code("device", number)

    record = [rows["card_hi"], rows["card_lo"], rows["card_seq"]]
    by_device = _look(book, day, ("operator", "device"), "device_seq", rows,
                      rows["device_seq"] != 0, record)
    by_card = _look(book, day, ("card_hi", "card_lo"), "card_seq", rows,
                    rows["card_seq"] != rows["tapped_at"], [rows["card_seq"]])
    return Completeness(window, len(rows["tapped_at"]),
                        by_device.tell(lambda *key: device(*key)),
                        by_card.tell(lambda *key: (card_text(*key),)), files)


def ask_numbers(book: Book, question: str) -> dict[str, npt.NDArray[Any]]:
    """The columns of an answer; of an empty one, too, they are whole numbers."""
    return {name: np.asarray(column, dtype=np.uint64 if name in HALVES else np.int64)
            for name, column in book.query(question).items()}


def _look(book: Book, day: int, key: Sequence[str], counter: str, rows: dict[str, npt.NDArray[Any]],
          has_counter: npt.NDArray[np.bool_], record: list[npt.NDArray[Any]]) -> Counters:
    """The day's numbers of one side, each with what the last one before the day was."""
    listed = ", ".join(key)
    before = ask_numbers(book, f"SELECT {listed}, argMax({counter}, tapped_at) AS last "
                         f"FROM records WHERE service_day BETWEEN {day - LOOK_BACK_DAYS} "
                         f"AND {day - 1} "
                         f"AND correction = 0 AND {book.as_of_last} AND ({listed}) IN (SELECT "
                         f"{listed} FROM records WHERE service_day = {day}) GROUP BY {listed}")
    keys = [np.concatenate([rows[name][has_counter], before[name]]) for name in key]
    counters = np.concatenate([rows[counter][has_counter], before["last"]])
    days = int(np.count_nonzero(has_counter))
    at = np.concatenate([rows["tapped_at"][has_counter], np.zeros_like(before["last"])])
    records = [np.concatenate([part[has_counter], np.zeros(len(before["last"]), part.dtype)])
               for part in record]
    return Counters(keys, counters, at, records, days, len(has_counter) - days)


class Counters:
    """Numbers in segments: one for each validator or card, and another after each setting back."""

    def __init__(self, keys: list[npt.NDArray[Any]], counters: Numbers, at: Numbers,
                 records: list[npt.NDArray[Any]], days: int, uncounted: int) -> None:
        """days: so many rows are of the day; the others say the last number before it."""
        order = np.lexsort([counters, at, *keys[::-1]])
        self._keys = [key[order] for key in keys]
        self._counters, self._records = counters[order], [part[order] for part in records]
        self._is_before = order >= days
        self._uncounted = uncounted
        starts = _changes(self._keys, len(order))
        self._group = np.cumsum(starts) - 1
        self._set_back = self._find_set_back(starts)
        self._segment = np.cumsum(starts | self._set_back) - 1

    def _find_set_back(self, starts: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Where a counter begins again: all from there on are below all before."""
        found = np.zeros(len(starts), dtype=np.bool_)
        if len(starts) == 0:
            return found
        base = (self._group[-1] + 1 - self._group) << _BITS     # keeps groups apart
        raised = self._counters + base
        least = np.minimum.accumulate(raised) - base
        most = np.maximum.accumulate(raised[::-1])[::-1] - base
        found[1:] = ~starts[1:] & (most[1:] + SET_BACK_LEAST <= least[:-1])
        return found

    def in_order(self) -> tuple[Numbers, Numbers]:
        """What `records` has first of each row, by segment and counter; and the segments."""
        order = np.lexsort([self._counters, self._segment])
        return self._records[0][order], self._segment[order]

    def tell(self, name: Any) -> Side:
        """The sums, and whoever has gaps; name: a key's in words."""
        side = Side(counted=len(np.unique(self._group[~self._is_before])),
                    uncounted=self._uncounted, set_back=int(np.count_nonzero(self._set_back)))
        order = np.lexsort([*self._records[::-1], self._is_before, self._counters, self._segment])
        segment, counters = self._segment[order], self._counters[order]
        is_new = _changes([segment, counters], len(order))
        number = np.cumsum(is_new) - 1          # each number of each segment, once
        at = np.flatnonzero(is_new)
        of_day = np.bincount(number, weights=~self._is_before[order], minlength=len(at)) > 0
        differing = _changes([number, *(part[order] for part in self._records)], len(order))
        differing &= ~self._is_before[order]
        repeated = np.bincount(number, weights=differing, minlength=len(at)) > 1
        values, owners = counters[at], segment[at]
        jump = np.zeros(len(at), dtype=np.int64)
        jump[1:] = np.where(owners[1:] == owners[:-1], values[1:] - values[:-1] - 1, 0)
        side.found, side.missing = int(of_day.sum()), int(jump.sum())
        side.repeated = int(repeated.sum())
        side.expected = side.found + side.missing
        group = self._group[order][at]
        odd = np.unique(np.concatenate([group[jump > 0], group[repeated],
                                        self._group[self._set_back]]))
        for one in odd.tolist():
            mine = slice(*np.searchsorted(group, [one, one + 1]).tolist())
            side.gaps.append(self._tell_one(
                name(*(int(key[np.searchsorted(self._group, one)]) for key in self._keys)),
                int(np.count_nonzero(self._set_back & (self._group == one))),
                values[mine], jump[mine], of_day[mine], repeated[mine]))
        return side

    @staticmethod
    def _tell_one(of: tuple[str, ...], set_back: int, values: Numbers, jump: Numbers,
                  of_day: npt.NDArray[np.bool_], repeated: npt.NDArray[np.bool_]) -> Gaps:
        missing = [(int(values[row] - jump[row]), int(values[row] - 1))
                   for row in np.flatnonzero(jump).tolist()]
        twice = [(int(value), int(value)) for value in values[repeated]]
        found = int(of_day.sum())
        return Gaps(of, int(values[of_day].min()), int(values[of_day].max()),
                    found + int(jump.sum()), found, int(jump.sum()), len(twice), set_back,
                    _ranges(missing), _ranges(twice))


def _changes(columns: Sequence[npt.NDArray[Any]], rows: int) -> npt.NDArray[np.bool_]:
    """Whether a row differs from the one before it; the first does."""
    changed = np.ones(rows, dtype=np.bool_)
    if rows:
        changed[1:] = np.logical_or.reduce([column[1:] != column[:-1] for column in columns])
    return changed


def _ranges(numbers: list[tuple[int, int]]) -> str:
    told = [str(first) if first == last else f"{first}-{last}" for first, last in numbers]
    if len(told) > RANGES_TOLD:
        told[RANGES_TOLD:] = [Phrase("and {number} more", number=len(told) - RANGES_TOLD)]
    return joined(", ", told)
