"""What a window would close: how much came, from whom, and what is still in doubt."""

from __future__ import annotations

from dataclasses import dataclass

from clearing.answers.session import Session
from clearing.book import Book, Run
from clearing.book.schema import ENTRIES, RECORDS
from clearing.book.views import RIDE_LEFT
from ext.records import RIDE_FLAGS
from network.civil import day_of
from network.errors import OnecardError
from network.language import Phrase
from network.money import Currency

WEEKS = 4       # how far back is looked for operators that sent records

# What is added up of the entries in doubt, and which those are.
_DOUBTS = {"held": ("paid", f"bitAnd(flags, {RIDE_FLAGS['HELD']}) != 0"),
           "variances": ("variance", "variance != 0"),
           "uncollected": ("uncollected", "uncollected != 0")}


@dataclass(frozen=True)
class Day:
    """A service day that is closed with the others."""

    day: str
    records: int
    operators: list[str]        # that sent records of it


@dataclass(frozen=True)
class Missing:
    """An operator that sent records lately, and none of the days that are closed."""

    operator: str
    last_day: str               # of its newest records
    records: int                # of that day


@dataclass(frozen=True)
class Doubt:
    """Entries of the windows that are closed, and what they come to in minor units."""

    entries: int
    amount: int


@dataclass(frozen=True)
class Closing:
    """What closing a window closes, before anybody has said yes to it."""

    window: str
    days: list[Day]             # with records, and the one that is named
    missing: list[Missing]
    open_rides: int             # that end without an exit
    taken_back: int             # entries that closing itself takes back
    held: Doubt                 # paid
    variances: Doubt            # variance
    uncollected: Doubt
    currency: Currency


def closing_of(session: Session, day: int, row: Run) -> Closing:
    """What a run that is written, and not committed yet, closes up to a day."""
    book = session.book
    before = book.closed_through or 0
    counts = _records_by_day(book, before - 7 * WEEKS, day)
    codes = session.names().codes("member")
    closing = {one for one, _ in counts if one > before} | {day}
    days = [Day(day_of(one).isoformat(),
                sum(count for (when, _), count in counts.items() if when == one),
                sorted(codes[operator] for when, operator in counts if when == one))
            for one in sorted(closing)]
    seen = {operator for one, operator in counts if one > before}
    lately = {operator: one for one, operator in sorted(counts)}
    missing = [Missing(codes[operator], day_of(one).isoformat(), counts[one, operator])
               for operator, one in sorted(lately.items()) if operator not in seen]
    windows = f"{book.span(row.run).sql} AND window > {before} AND window <= {day}"
    return Closing(
        window=day_of(day).isoformat(), days=days, missing=missing,
        open_rides=row.rides - row.reversed, taken_back=row.reversed,
        **_doubts(book, windows),
        currency=session.described().model.money)


def check_records(book: Book, day: int) -> None:
    """Refuse to close a day of which nothing came: it is a mistake, or its files are missing."""
    if book.ask(f"SELECT 1 AS one FROM {RECORDS.name} WHERE {book.committed} "
                f"AND service_day = {day} LIMIT 1")["one"]:
        return
    [last] = map(int, book.ask(f"SELECT max(service_day) AS last FROM {RECORDS.name} "
                               f"WHERE {book.committed}")["last"])
    raise OnecardError(
        "no record of this day has come", where=day_of(day).isoformat(),
        expected=(Phrase("a day with records; the last one that has some is {day}",
                         day=day_of(last).isoformat())
                  if last else "a day with records; the book has none of any day"),
        remedy="clear its files first, or name the day with --empty where it is right that it has "
               "none")


def _records_by_day(book: Book, after: int, until: int) -> dict[tuple[int, int], int]:
    """How many records of each day and operator the book has."""
    found = book.ask(
        f"SELECT service_day, operator, count() AS records FROM {RECORDS.name} "
        f"WHERE {book.committed} AND service_day > {max(0, after)} "
        f"AND service_day <= {until} GROUP BY service_day, operator "
        "ORDER BY service_day, operator")
    return {(int(day), int(operator)): int(count)
            for day, operator, count in zip(*found.values(), strict=True)}


def _doubts(book: Book, where: str) -> dict[str, Doubt]:
    """Entries that stand, added up; reversals of others among the same windows cancel them."""
    sums = ", ".join(f"sumIf({RIDE_LEFT}, {which}) AS {name}_entries, "
                     f"sumIf({amount}, {which}) AS {name}_amount"
                     for name, (amount, which) in _DOUBTS.items())
    found = book.ask(f"SELECT {sums} FROM {ENTRIES.name} WHERE {where}")
    return {name: Doubt(int(found[f"{name}_entries"][0]), int(found[f"{name}_amount"][0]))
            for name in _DOUBTS}
