"""Whose clocks are off, and whose days were put in order by time: found from the records of cards.

A card's counter says which of its records came first. Where two that follow each other are of two
devices, and the clocks say otherwise, one of the two clocks is off, by so many seconds at least.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from clearing.book import Book
from clearing.book.queries import TAP_BY_COUNTER
from ext.clearing.register import CardRegister
from ext.codes import CorrectionKind, TapKind
from ext.records import TAP, Records

# A device's first comparisons say little: so many that agree are taken to have been made before.
AGREED_BEFORE = 10
_NUMBERED = np.dtype([*TAP_BY_COUNTER.descr, ("generation", "<u2")])
_NUMBER_BITS = 32       # of a device, below its operator's
_TIMES = 1 << 33        # more than any time: keeps the times of one day of a card above the last's


class Off(NamedTuple):
    """A device whose clock is off."""

    operator: int
    device: int
    off_s: int          # the median of what it is off by at least; below 0: it is behind
    records: int        # that show it
    compared: int       # with another device's, and these agreed or not


class Conflict(NamedTuple):
    """A card and a day whose clocks contradict its counter by more than is tolerated."""

    card_hi: int
    card_lo: int
    day: int
    apart_s: int
    records: int


def list_off(book: Book, register: CardRegister, where: str = "1") -> list[Off]:
    """The devices whose clocks are off, those that most records show first.

    where: SQL, which records are looked at. Memory: 24 bytes for each contradiction.
    """
    compared: Counter[int] = Counter()
    found = [np.zeros((0, 3), np.int64)]
    for rows in _kept(book, register, where):
        devices = rows["operator"].astype(np.int64) << _NUMBER_BITS | rows["device"]
        follows = _same(rows, "card_hi", "card_lo", "generation") & (devices[1:] != devices[:-1])
        first, second = devices[:-1][follows], devices[1:][follows]
        for side in (first, second):
            keys, counts = np.unique(side, return_counts=True)
            compared.update(dict(zip(keys.tolist(), counts.tolist(), strict=True)))
        apart = (rows["at"][:-1] - rows["at"][1:])[follows]
        found.append(np.stack([first, second, apart], axis=1)[apart > 0])
    return _blame(np.concatenate(found), compared)


def _blame(found: npt.NDArray[np.int64], compared: Counter[int]) -> list[Off]:
    """Of two devices that contradict each other the one is off that more of its own contradict.

    found: the device whose record is before, the one whose is after, by how many seconds they are
    apart. Where neither has twice as many of its own as the other, both are told.
    """
    wrong = Counter(found[:, 0].tolist()) + Counter(found[:, 1].tolist())
    seconds: dict[int, list[int]] = {}
    for first, second, apart in found.tolist():
        # wrong / compared of both, without dividing
        of_first = wrong[first] * (compared[second] + AGREED_BEFORE)
        of_second = wrong[second] * (compared[first] + AGREED_BEFORE)
        if 2 * of_first >= of_second:
            seconds.setdefault(first, []).append(apart)
        if 2 * of_second >= of_first:
            seconds.setdefault(second, []).append(-apart)
    off = [Off(device >> _NUMBER_BITS, device & (1 << _NUMBER_BITS) - 1,
               sorted(apart)[(len(apart) - 1) // 2], len(apart), compared[device])
           for device, apart in seconds.items()]
    return sorted(off, key=lambda one: (-one.records, -abs(one.off_s), one))


def list_conflicts(book: Book, register: CardRegister, tolerance_s: int, where: str = "1"
                   ) -> Iterator[Conflict]:
    """The cards and days that were put in order by time, by card."""
    for rows in _kept(book, register, where):
        if len(rows) == 0:
            continue
        order = np.lexsort([np.arange(len(rows)), rows["generation"], rows["service_day"],
                            rows["card_lo"], rows["card_hi"]])
        rows = rows[order]
        starts = np.flatnonzero(
            np.append(True, ~_same(rows, "card_hi", "card_lo", "service_day", "generation")))
        counts = np.diff(np.append(starts, len(rows)))
        at = rows["at"] + np.repeat(np.arange(len(starts)), counts) * _TIMES
        apart = np.maximum.reduceat(np.maximum.accumulate(at) - at, starts)
        for place in np.flatnonzero(apart > tolerance_s).tolist():
            row = rows[starts[place]]
            yield Conflict(int(row["card_hi"]), int(row["card_lo"]), int(row["service_day"]),
                           int(apart[place]), int(counts[place]))


def _same(rows: Records, *names: str) -> npt.NDArray[np.bool_]:
    """Whether each row but the first has the same values as the one before it."""
    same = np.ones(max(len(rows) - 1, 0), bool)
    for name in names:
        same &= rows[name][1:] == rows[name][:-1]
    return same


def _numbered(rows: Records, register: CardRegister) -> Records:
    """The same by card, generation of its number and counter."""
    taps, numbered = np.zeros(len(rows), TAP), np.zeros(len(rows), _NUMBERED)
    for name in TAP_BY_COUNTER.names or ():
        numbered[name] = rows[name]
    taps["card_hi"], taps["card_lo"] = rows["card_hi"], rows["card_lo"]
    taps["tapped_at"] = rows["at"]
    register.stamp(taps)
    numbered["generation"] = taps["generation"]
    order = np.lexsort([np.arange(len(rows)), numbered["generation"], rows["card_lo"],
                        rows["card_hi"]])
    by_counter: Records = numbered[order]
    return by_counter


def _kept(book: Book, register: CardRegister, where: str) -> Iterator[Records]:
    """What rides are made of (RULES section 1), by card and counter; no card is in two blocks."""
    boardings_and_exits = f"kind NOT IN ({int(TapKind.TOP_UP)}, {int(TapKind.LOCK)})"
    for found in book.taps_by_counter(f"{boardings_and_exits} AND ({where})"):
        rows = _numbered(found, register)
        # The highest revision of an identity comes first; two of it contradict each other.
        names = "card_hi", "card_lo", "generation", "card_seq", "is_exit"
        first = np.append(True, ~_same(rows, *names))[:len(rows)]
        alone = np.append(~_same(rows, *names, "revision"), True)[-len(rows):]
        yield rows[first & alone & (rows["correction"] != CorrectionKind.CANCEL)]
