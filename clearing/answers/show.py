"""What a book holds: a listing of each thing that it keeps, committed runs only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from clearing.answers import listings
from clearing.answers.clocks import list_conflicts, list_off
from clearing.answers.listings import Lister
from clearing.answers.session import Session
from clearing.book import Book
from clearing.book.schema import FILES, REFUSALS
from ext.codes import Code
from network.cards import card_bits, card_text
from network.civil import day_number, day_of
from network.refusals import WORDS
from settlement.positions import net_positions

RUN_COLUMNS = ("run", "kind", "network", "taps", "accepted", "known", "refused", "rides",
               "reversed", "open_rides", "due", "paid", "variance", "uncollected", "discounts",
               "digest", "chain")
FILE_COLUMNS = ("run", "file", "name", "records", "accepted", "known", "refused", "code", "message",
                "sha256", "layout", "kept_in")
REFUSAL_COLUMNS = ("run", "file", "line", "offset", "code", "field", "reason", "record")
CLOCK_COLUMNS = ("operator", "device", "off_s", "records", "compared")
CONFLICT_COLUMNS = ("card", "day", "apart_s", "records")
POSITION_COLUMNS = ("level", "member", "net", "receives", "owes")
AMOUNTS = ("due", "price", "paid", "variance", "uncollected", "amount")


class Listing(NamedTuple):
    """Rows with their columns, read as they are asked for, while the book is open."""

    title: str
    columns: tuple[str, ...]
    rows: Iterator[tuple[Any, ...]]
    numbers: tuple[str, ...]        # the columns of counts and amounts; these in minor units


class Filter(NamedTuple):
    """Which rows are listed; None: all."""

    window: str | None = None       # a service day, such as 2024-11-25
    run: int | None = None
    card: str | None = None

    def of_entries(self) -> str:
        """As a condition on entries and postings. Raises OnecardError."""
        parts = ["1"]
        if self.window is not None:
            parts.append(f"window = {day_number(self.window)}")
        if self.run is not None:
            parts.append(f"run = {self.run}")
        if self.card is not None:
            high, low = card_bits(self.card)
            parts.append(f"card_hi = {high} AND card_lo = {low}")
        return " AND ".join(parts)

    def of_records(self) -> str:
        """As a condition on received records; the window is the day of their own time."""
        return self.of_entries().replace("window = ", "service_day = ")

    def of_runs(self, book: Book) -> str:
        """As a condition on tables that are written by runs: committed, and the one named."""
        named = "" if self.run is None else f" AND run = {self.run}"
        return f"{book.committed}{named}"


EVERYTHING = Filter()


def show(session: Session, topic: str, wanted: Filter = EVERYTHING) -> Listing:
    """The rows of one of TOPICS that are wanted.

    Raises OnecardError and TableError.
    """
    return TOPICS[topic](session, wanted)


def lister(session: Session) -> Lister:
    """A book's rows with the names that their numbers stand for."""
    network = session.described()
    return Lister(session.book, session.names(), network.civil_offset_s)


def _rides(session: Session, wanted: Filter) -> Listing:
    return Listing(f"rides, money in {_unit(session)}", listings.RIDE_COLUMNS,
                   lister(session).rides(wanted.of_entries()), AMOUNTS)


def _entries(session: Session, wanted: Filter) -> Listing:
    return Listing(f"entries, money in {_unit(session)}", listings.ENTRY_COLUMNS,
                   lister(session).entries(wanted.of_entries()), AMOUNTS)


def _postings(session: Session, wanted: Filter) -> Listing:
    return Listing(f"postings, money in {_unit(session)}", listings.POSTING_COLUMNS,
                   lister(session).postings(wanted.of_entries()), AMOUNTS)


def _variances(session: Session, wanted: Filter) -> Listing:
    return Listing(f"variances: validator less table, in {_unit(session)}",
                   listings.VARIANCE_COLUMNS, lister(session).variances(wanted.of_entries()),
                   ("variance", "rides", "total"))


def _positions(session: Session, wanted: Filter) -> Listing:
    days = () if wanted.window is None else (day_number(wanted.window),) * 2
    numbered = session.numbered()
    positions = net_positions(listings.flows_of(session.book, *days), numbered.members)
    uncollected = sum(one.amount for one in listings.uncollected_of(session.book, *days))
    return Listing(f"positions in {numbered.network.model.minor_unit}: what each is owed less what "
                   "it owes; every level adds up to 0"
                   + (f"; {uncollected} uncollected is in none of them" if uncollected else ""),
                   POSITION_COLUMNS, iter(positions), ("net", "receives", "owes"))


def _runs(session: Session, wanted: Filter) -> Listing:
    return Listing(f"runs, money in {_unit(session)}", RUN_COLUMNS,
                   (tuple(getattr(run, name) for name in RUN_COLUMNS)
                    for run in session.book.runs(
                        "1" if wanted.run is None else f"run = {wanted.run}")),
                   RUN_COLUMNS[3:-2])


def _files(session: Session, wanted: Filter) -> Listing:
    found = session.book.query(f"SELECT {', '.join(FILE_COLUMNS)} FROM {FILES.name} "
                               f"WHERE {wanted.of_runs(session.book)} "
                               "ORDER BY run, file, code, name")
    rows = zip(*(list(found[name]) for name in FILE_COLUMNS), strict=True)
    return Listing("files", FILE_COLUMNS,
                   (tuple(Code(int(value)).name if column == "code" else
                          value if isinstance(value, str) else int(value)
                          for column, value in zip(FILE_COLUMNS, row, strict=True))
                    for row in rows),
                   ("records", "accepted", "known", "refused"))


def _refusals(session: Session, wanted: Filter) -> Listing:
    names = {int(number): str(name) for number, name in zip(
        *session.book.query(f"SELECT file, name FROM {FILES.name} WHERE {session.book.committed} "
                            "ORDER BY code DESC, run DESC").values(), strict=True)}
    found = session.book.query("SELECT run, file, line, offset, code, field, raw "
                               f"FROM {REFUSALS.name} WHERE {wanted.of_runs(session.book)} "
                               "ORDER BY run, file, offset")
    rows = zip(*found.values(), strict=True)
    return Listing("refusals", REFUSAL_COLUMNS,
                   ((int(run), names.get(int(file), ""), int(line), int(offset),
                     Code(int(code)).name, int(field), WORDS[Code(int(code))], str(raw))
                    for run, file, line, offset, code, field, raw in rows),
                   ("line", "offset"))


def _clocks(session: Session, wanted: Filter) -> Listing:
    names = session.names()
    found = list_off(session.book, session.register(), wanted.of_records())
    return Listing("clocks that are off, in seconds; below 0 they are behind", CLOCK_COLUMNS,
                   ((names.code("member", one.operator), names.code("device", one.device),
                     one.off_s, one.records, one.compared) for one in found), CLOCK_COLUMNS[2:])


def _clock_conflicts(session: Session, wanted: Filter) -> Listing:
    tolerance_s = session.described().model.clock_tolerance_s
    found = list_conflicts(session.book, session.register(), tolerance_s,
                           wanted.of_records())
    return Listing(f"CLOCK_CONFLICT: clocks over {tolerance_s} s apart, and the day is by time",
                   CONFLICT_COLUMNS,
                   ((card_text(one.card_hi, one.card_lo), day_of(one.day).isoformat(),
                     one.apart_s, one.records) for one in found), CONFLICT_COLUMNS[2:])


def _unit(session: Session) -> str:
    return session.described().model.minor_unit


TOPICS: dict[str, Callable[[Session, Filter], Listing]] = {
    "rides": _rides, "entries": _entries, "postings": _postings, "positions": _positions,
    "runs": _runs, "files": _files, "refusals": _refusals, "variances": _variances,
    "clocks": _clocks, "clock-conflicts": _clock_conflicts,
}
