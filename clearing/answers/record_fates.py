"""What became of the records of an operator's files: in which ride each is, or why in none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from clearing.answers.operator_files import OperatorFile
from clearing.answers.session import Session
from clearing.book.native import Column
from clearing.book.schema import REFUSALS
from ext.codes import Code, TapKind
from ext.records import Records
from network.language import Phrase

IN_RIDES = Phrase("in rides")
Places = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]         # of records, or of rides
_LINE_BITS = 32             # of a record's place, below its file's number


class RecordFates:
    """The rides that records are in, and what the book says of the others."""

    def __init__(self, session: Session, rides: Records, elsewhere: Records,
                 files: Sequence[OperatorFile]) -> None:
        """Take the operator's rides that stand, and those that ended with another one."""
        self._session, self._files = session, files
        self._sides = _places(rides)
        placed = self._sides.ravel()
        order = np.argsort(placed, kind="stable")
        order = order[np.searchsorted(placed[order], 1):]       # 0: there was none
        self._placed, self._rides = placed[order], order % max(1, len(rides))
        self._elsewhere = _places(elsewhere).ravel()

    def rides_of(self, file: OperatorFile) -> Rows:
        """For each record the row of its ride, or -1: it is in none of the operator's."""
        if not file.number or not len(self._placed):
            return np.full(len(file.said), -1, np.intp)
        places = _places_of(file)
        at = np.minimum(np.searchsorted(self._placed, places), len(self._placed) - 1)
        return np.where(self._placed[at] == places, self._rides[at], -1)

    def tell(self, file: OperatorFile, rows: Rows) -> Iterator[tuple[Phrase, Rows]]:
        """Why records that are in no ride are in none, and which of them."""
        if not len(rows):
            return
        if not file.number:
            yield Phrase("no run took the file {file}", file=file.name), rows
            return
        places = _places_of(file)[rows]
        ended = np.isin(places, self._elsewhere)
        yield Phrase("in rides that ended with another operator"), rows[ended]
        rows, places = rows[~ended], places[~ended]
        told = defaultdict[Phrase, list[int]](list)
        known = _Known(self._session, file.number, places)
        for row, place in zip(rows.tolist(), places.tolist(), strict=True):
            told[known.of(place)].append(row)
        yield from ((what, np.array(which, np.intp)) for what, which in told.items())

    def are_in_files(self, rides: Rows) -> npt.NDArray[np.bool_]:
        """Whether every record of each of some rides is in the files."""
        numbers = np.array([file.number for file in self._files], np.int64)
        places = self._sides[:, rides]
        held: npt.NDArray[np.bool_] = (np.isin(places >> _LINE_BITS, numbers)
                                       | (places == 0)).all(axis=0)
        return held


class _Known:
    """What the book says of records of a file that are in no ride that stands."""

    def __init__(self, session: Session, file: int, places: Places) -> None:
        book = session.book
        refused = book.ask(f"SELECT file, line, argMax(code, run) AS last FROM {REFUSALS.name} "
                           f"WHERE {book.committed} AND file = {file} GROUP BY file, line")
        self._codes = {place: Code(code) for place, code in _rows_at(refused, places)}
        received = book.ask(
            "SELECT source_file, source_line, kind, correction FROM records "
            f"WHERE {book.as_of_last} AND source_file = {file}")
        self._received = {place: (kind, correction)
                          for place, kind, correction in _rows_at(received, places)}

    def of(self, place: int) -> Phrase:
        """In words."""
        code, received = self._codes.get(place), self._received.get(place)
        if code is not None:
            return Phrase("refused: {code}", code=code.name)
        if received is None:
            return Phrase("known: the same record came before, or from another file")
        kind, correction = received
        if kind in (TapKind.TOP_UP, TapKind.LOCK):
            return Phrase("top-ups and locks, which are no rides")
        if correction:
            return Phrase("corrections that take a ride back")
        return Phrase("in no ride that stands: still inside, given back, corrected, or reported "
                      "again")


def _rows_at(found: Mapping[str, Column], places: Places) -> Iterator[tuple[int, ...]]:
    """Rows of an answer, of a file and a line and more: the place and the rest, at these places."""
    if not found:           # nobody answered with a row
        return
    file, line, *rest = (np.asarray(column) for column in found.values())
    at = file.astype(np.int64) << _LINE_BITS | line
    wanted = np.isin(at, places)
    yield from zip(*(column[wanted].tolist() for column in (at, *rest)), strict=True)


def _places(rides: Records) -> Places:
    """Where the ways in, and the ways out, are from; 0: there was none."""
    return np.array([rides[f"{end}_file"].astype(np.int64) << _LINE_BITS | rides[f"{end}_line"]
                     for end in ("in", "out")])


def _places_of(file: OperatorFile) -> Places:
    return np.int64(file.number) << _LINE_BITS | file.said["line"].astype(np.int64)
