"""An operator's own total held to the ledger, line by line, down to what nobody can explain.

Steps, each of which begins with what the one before ended with: from the total to the records
that are in rides; from these to the fares that the ledger has; from fares to what settles; and in
which window. Each line is a cause that the book itself states: what is left has none, or is 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clearing.answers.brought import reach
from clearing.answers.filters import Filter
from clearing.answers.listings import words_of_cause
from clearing.answers.operator_files import OTHERS, OWN, OperatorFile, read_kept_of, read_named
from clearing.answers.parse import parse_amount
from clearing.answers.record_fates import IN_RIDES, RecordFates, Rows
from clearing.answers.session import Session
from clearing.book.legs import sum_legs
from clearing.engine.kept_networks import kept_network
from ext.codes import Cause, RideState
from ext.records import RIDE_FLAGS, Records
from network.civil import day_number, day_of
from network.errors import OnecardError
from network.language import Phrase
from network.money import Currency

TOTAL = Phrase("the operator's total")
FARES, SETTLES = Phrase("fares in the ledger"), Phrase("settles for these rides")
UNEXPLAINED = Phrase("not explained")
_FIELDS = ("in_file", "in_line", "out_file", "out_line", "operator", "paid", "flags", "state",
           "uncollected", "service_day")


class Line(NamedTuple):
    """A cause and what it comes to, minor units."""

    what: str
    records: int            # or rides; 0 where they are not counted
    amount: int


class Step(NamedTuple):
    """From one amount to another: `begin` and the lines add up to `end`."""

    title: str
    begin: Line
    lines: list[Line]
    end: Line


@dataclass(frozen=True)
class Comparison:
    """What was found."""

    operator: str
    window: str
    files: list[str]
    steps: list[Step]
    uncollected: Line       # in none of the sums: no record says that it was paid
    currency: Currency

    @property
    def unexplained(self) -> int:
        """What no cause was found for; what is too much on one side and the other adds up."""
        return sum(abs(line.amount) for step in self.steps for line in step.lines
                   if line.what == UNEXPLAINED)


def compare(session: Session, operator: str, totals: Sequence[str], window: str | None
            ) -> Comparison:
    """Hold an operator's total of a service day to the ledger.

    totals: its sum in the currency, or its tap files, whose trailers say it; or both. window: None:
    the one day that its files are of. Raises OnecardError.
    """
    currency = session.described().model.money
    stated, paths = _read_totals(totals, currency)
    number = _operator_number(session, operator)
    last = session.book.last_run()
    assert last is not None, "the book has this operator"
    with kept_network(session.book, last.network_digest) as network:
        if paths:
            files = read_named(session, operator, paths, network)
            day = _day_of(files, operator) if window is None else day_number(window)
            reach(session, day)
        elif window is None:
            raise OnecardError("a sum is of a day, and none is named", where="--window",
                               remedy="name the operator's service day, as --window 2024-11-25")
        else:
            day = day_number(window)
            reach(session, day)
            files = read_kept_of(session, operator, number, day, network)
    total = _trailers(files) if stated is None else stated
    found = _Found(session, number, day, files)
    steps = [found.to_rides(total, is_of_files=stated is None), found.to_fares(),
             found.to_settled()]
    steps.append(found.to_window(steps[-1].end))
    return Comparison(operator, day_of(day).isoformat(), [one.name for one in files], steps,
                      found.uncollected(), currency)


def _read_totals(totals: Sequence[str], currency: Currency) -> tuple[int | None, list[Path]]:
    """The sum, None where only files say it; and the files."""
    amounts, paths = list[int](), list[Path]()
    for text in totals:
        if Path(text).exists() or not text.replace(",", "").replace(".", "").isdigit():
            paths.append(Path(text))
        else:
            amounts.append(parse_amount(text.replace(",", ""), currency, "--totals"))
    return sum(amounts) if amounts else None, paths


def _operator_number(session: Session, operator: str) -> int:
    Filter(operator=operator).select(session)       # raises where there is none
    return next(one.number for one in session.numbered().members if one.code == operator)


def _day_of(files: Sequence[OperatorFile], operator: str) -> int:
    own = [file.said["day"][file.said["whose"] == OWN] for file in files]
    days: set[int] = set(np.unique(np.concatenate(own)).tolist()) - {0}
    if len(days) != 1:
        listed = ", ".join(day_of(day).isoformat() for day in sorted(days)[:5]) or "none"
        raise OnecardError(Phrase("the files have records of {operator} of {days} days: {listed}",
                                  operator=operator, days=len(days), listed=listed),
                           where="--totals", expected="files of one day",
                           remedy="name the day with --window")
    return days.pop()


def _trailers(files: Sequence[OperatorFile]) -> int:
    """What the files say themselves that they come to."""
    for file in files:
        if file.trailer is None:
            raise OnecardError("the file has no trailer, and says no total", where=file.name,
                               expected="#trailer,<records>,<due>,<paid>,<sha256> as its last line",
                               remedy="give the operator's sum beside its files: --totals 12345.60")
    return sum(file.trailer or 0 for file in files)


class _Found:
    """Records of the files beside what the book says of each."""

    def __init__(self, session: Session, number: int, day: int, files: Sequence[OperatorFile]
                 ) -> None:
        self._session, self._number, self._day, self._files = session, number, day, files
        rides = self._read_rides()
        own = rides["operator"] == number
        self._rides = rides[own]
        self._fates = RecordFates(session, self._rides, rides[~own], files)
        # By ride, what our records say was paid, and whether there are any.
        self._said = np.zeros(len(self._rides), np.int64)
        self._is_ours = np.zeros(len(self._rides), np.bool_)
        self._in_rides = Line(IN_RIDES, 0, 0)

    def _read_rides(self) -> Records:
        """The rides that stand, of the day or with a record of the files."""
        listed = ", ".join(str(file.number) for file in self._files) or "0"
        where = (f"operator = {self._number} AND service_day = {self._day} "
                 f"OR in_file IN ({listed}) OR out_file IN ({listed})")
        blocks = list(self._session.book.rides(where, order="", fields=_FIELDS))
        rides: Records = np.concatenate(blocks)
        return rides

    def to_rides(self, total: int, *, is_of_files: bool) -> Step:
        """From the total to the records that are in rides."""
        sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for file in self._files:
            for what, rows in self._tell(file, is_of_files=is_of_files):
                if len(rows):
                    sums[what][0] += len(rows)
                    sums[what][1] += int(file.said["paid"][rows].sum())
        counted = sum(amount for _, amount in sums.values())
        self._in_rides = Line(IN_RIDES, *sums.pop(IN_RIDES, (0, 0)))
        lines = [Line(what, count, -amount) for what, (count, amount) in sorted(sums.items())]
        if total != counted:
            lines.append(Line(UNEXPLAINED, 0, counted - total))
        records = self._in_rides.records + sum(line.records for line in lines)
        return Step(Phrase("from the total to records in rides"), Line(TOTAL, records, total),
                    lines, self._in_rides)

    def _tell(self, file: OperatorFile, *, is_of_files: bool) -> Iterator[tuple[Phrase, Rows]]:
        """What became of a file's records, and of which; what a ride's say is added to it."""
        said = file.said
        others = said["whose"] == OTHERS
        of_day = ~others & np.isin(said["day"], (0, self._day))
        if is_of_files:         # else the sum is of the operator's day
            yield Phrase("records of other operators"), np.flatnonzero(others)
            yield Phrase("records of other days"), np.flatnonzero(~others & ~of_day)
        rides = self._fates.rides_of(file)
        for is_read in (True, False):
            asked = of_day & (said["is_read"] == is_read)
            inside = np.flatnonzero(asked & (rides >= 0))
            if is_read:
                np.add.at(self._said, rides[inside], said["paid"][inside])
                self._is_ours[rides[inside]] = True
            for what, rows in ((IN_RIDES, inside), *self._fates.tell(
                    file, np.flatnonzero(asked & (rides < 0)))):
                yield (what if is_read else Phrase(
                    "{what}, amounts that cannot be read", what=what)), rows

    def to_fares(self) -> Step:
        """From records in rides to what the ledger says that these rides paid."""
        rides, said, is_ours = self._rides, self._said, self._is_ours
        of_day = rides["service_day"] == self._day
        lines: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        differs = np.flatnonzero(of_day & (rides["paid"] != said))
        held = self._fates.are_in_files(differs)
        for row, has_all in zip(differs.tolist(), held.tolist(), strict=True):
            what = _why(int(rides["flags"][row]), int(rides["state"][row]))
            if not is_ours[row]:
                what = Phrase("rides whose records are in none of these files")
            elif what == UNEXPLAINED and not has_all:
                what = Phrase("rides with a record that is in none of these files")
            lines[what][0] += 1
            lines[what][1] += int(rides["paid"][row] - said[row])
        of_others = np.flatnonzero(~of_day & is_ours & (said != 0))
        if len(of_others):
            lines[Phrase("rides of another service day")] = [
                len(of_others), -int(said[of_others].sum())]
        return Step(Phrase("from records to fares"), self._in_rides,
                    [Line(what, *both) for what, both in sorted(lines.items())],
                    Line(FARES, int(of_day.sum()), int(rides["paid"][of_day].sum())))

    def to_settled(self) -> Step:
        """From the day's fares to what its rides have the operator be owed."""
        day = self._rides[self._rides["service_day"] == self._day]
        fares = Line(FARES, len(day), int(day["paid"].sum()))
        held = day[day["flags"] & RIDE_FLAGS["HELD"] != 0]
        lines = [Line(Phrase("held"), len(held), -int(held["paid"].sum()))] if len(held) else []
        settled, fare_legs = 0, 0
        for line in self._legs("leg_cause", _said_cause):
            settled += line.amount
            if line.what == words_of_cause(Cause.FARE):
                fare_legs += line.amount
            else:
                lines.append(line)
        rest = fare_legs - fares.amount + int(held["paid"].sum())
        if rest:
            lines.append(Line(UNEXPLAINED, 0, rest))
        return Step(Phrase("from fares to what settles"), fares, lines,
                    Line(SETTLES, len(day) - len(held), settled))

    def to_window(self, settled: Line) -> Step:
        """From what settles for the day's rides to what does so in the day's own window."""
        day = day_of(self._day).isoformat()
        lines, own = [], Line(Phrase("settles in window {window}", window=day), 0, 0)
        for line in self._legs("window", lambda day: day_of(day).isoformat()):
            if line.what == day:
                own = own._replace(amount=line.amount)
            else:
                lines.append(Line(Phrase("late or corrected, in window {window}",
                                         window=line.what), 0, -line.amount))
        return Step(Phrase("in which window"), settled._replace(records=0), lines, own)

    def _legs(self, by: str, words: Callable[[int], str]) -> Iterator[Line]:
        """What the day's rides have the operator be owed, or owe, by a column."""
        is_owed = f"leg_creditor = {self._number} AND (leg_cause = {int(Cause.FARE)} " \
                  f"OR leg_debtor != {self._number})"
        owes = f"leg_debtor = {self._number} AND leg_creditor != {self._number}"
        found = sum_legs(
            self._session.book, (by, f"leg_creditor = {self._number} AS is_owed"),
            f"operator = {self._number} AND service_day = {self._day} AND ({is_owed} OR {owes})")
        sums: dict[int, list[int]] = defaultdict(lambda: [0, 0])
        for key, is_creditor, rides, amount in zip(
                *(np.asarray(column).tolist() for column in found.values()), strict=True):
            sums[key][0] = max(rides, sums[key][0])
            sums[key][1] += amount if is_creditor else -amount
        for key, both in sorted(sums.items()):
            yield Line(words(key), *both)

    def uncollected(self) -> Line:
        """What the day's rides cost without any record that says what was paid."""
        rides = self._rides[(self._rides["service_day"] == self._day)
                            & (self._rides["uncollected"] != 0)]
        return Line(Phrase("uncollected, which nobody owes"), len(rides),
                    int(rides["uncollected"].sum()))


def _why(flags: int, state: int) -> str:
    """Why a ride paid something else than its records say."""
    if flags & RIDE_FLAGS["PAID_BY_VALIDATOR"]:
        return UNEXPLAINED
    if state == RideState.MISSING_OUT:
        return Phrase("rides without exit, charged by the engine")
    if state == RideState.MISSING_IN:
        return Phrase("rides without entry, charged by the engine")
    return Phrase("rides by codes, charged by the engine")


def _said_cause(cause: int) -> str:
    return Phrase("{cause}", cause=words_of_cause(cause))
