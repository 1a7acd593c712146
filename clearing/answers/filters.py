"""Which rows of a book are asked for: as a person says it, and as the book's tables are asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from clearing.answers.ride_conditions import EVERY_RIDE, ride_condition
from clearing.answers.session import Session
from clearing.book import Book
from clearing.book.schema import ARCHIVED_RECORDS, ENTRIES, FLOWS, RECORDS, WINDOWS
from clearing.book.views import CARD, LEGS_IN_SQL
from ext.codes import Cause
from ext.records import Records
from network.cards import card_bits, card_pattern
from network.civil import DAYS_MOST, day_number
from network.errors import OnecardError
from network.language import Phrase, joined
from network.members import Level
from network.spelling import close_to

CAUSES = {cause.name.lower(): cause for cause in Cause}


class Filter(NamedTuple):
    """Which rows are listed, in a person's words; None: all."""

    window: str | None = None       # a service day, such as 2024-11-25
    run: int | None = None
    card: str | None = None
    since: str | None = None        # the first window
    until: str | None = None        # the last one
    member: str | None = None       # its code
    city: str | None = None         # its code
    cause: str | None = None        # one of CAUSES
    level: Level | None = None      # None: every one; of obligations: member
    since_run: int | None = None    # the first run
    operator: str | None = None     # of rides: who ran them, a code
    issuer: str | None = None       # whose card, a code
    funder: str | None = None       # who pays for a discount of it, a code
    mode: str | None = None
    card_kind: str | None = None
    reason: str | None = None       # why an entry stands, a word; of a refusal its code
    time: str | None = None         # A..B by the network's clocks, when it began
    amount: str | None = None       # A..B in the network's currency, what was paid
    away: bool = False              # only in another city than the issuer's
    variance: bool = False          # only with one
    late: bool = False              # only what came late
    uncollected: bool = False       # only where something is
    now_s: int = 0                  # when it is asked, UTC seconds: some windows are late by then

    def select(self, session: Session) -> Selection:
        """The same in the book's numbers. Raises OnecardError."""
        return Selection(
            _windows(self), self.run, self.since_run, None if self.card is None else _of_card(
                self.card), _members(session, self.member, self.city), _cause(self.cause),
            ride_condition(session, self))


class Selection(NamedTuple):
    """Which rows are listed, in a book's numbers; None: all."""

    windows: tuple[int, int] | None     # the first and the last
    run: int | None
    since_run: int | None
    card: str | None                    # SQL, which
    members: frozenset[int] | None
    cause: Cause | None
    rides: str                          # SQL on entries, of which rides

    @property
    def days(self) -> tuple[int, int]:
        """The first and the last window, whether or not any were named."""
        return self.windows or (0, DAYS_MOST - 1)

    def of_rows(self, day: str = "window") -> str:
        """As a condition on whose, when and in which run; day: the column of the service day."""
        parts = ["1"]
        if self.windows is not None:
            parts.append(f"{day} BETWEEN {self.windows[0]} AND {self.windows[1]}")
        if self.run is not None:
            parts.append(f"run = {self.run}")
        if self.since_run is not None:
            parts.append(f"run >= {self.since_run}")
        if self.card is not None:
            parts.append(self.card)
        return " AND ".join(parts)

    @property
    def is_of_rides(self) -> bool:
        """Whether it asks for some rides only, which flows cannot tell apart."""
        return (self.run, self.since_run, self.card, self.rides) != (None, None, None, EVERY_RIDE)

    def of_rides(self) -> str:
        """As a condition on entries, whatever their legs."""
        return f"{self.of_rows()} AND {self.rides}"

    def of_entries(self) -> str:
        """As a condition on entries: one with a leg of the cause, to or from the members."""
        return f"{self.of_rides()} AND {self._of_some_leg()}"

    def _of_some_leg(self) -> str:
        if self.cause is None and self.members is None:
            return "1"
        return "(" + " OR ".join(
            f"({self.of_leg(leg.cause, leg.debtor, leg.creditor)})" for leg in LEGS_IN_SQL) + ")"

    def of_leg(self, cause: str, debtor: str, creditor: str) -> str:
        """As a condition on one leg, whose parts these expressions are."""
        parts = ["1"] if self.cause is None else [f"{cause} = {int(self.cause)}"]
        if self.members is not None:
            listed = ", ".join(map(str, sorted(self.members))) or "0"
            parts.append(f"({debtor} IN ({listed}) OR {creditor} IN ({listed}))")
        return " AND ".join(parts)

    def of_flows(self, flows: Records) -> Records:
        """Those FLOW rows of some that are of the cause, and to or from the members."""
        chosen = np.ones(len(flows), bool)
        if self.cause is not None:
            chosen &= flows["cause"] == int(self.cause)
        if self.members is not None:
            members = sorted(self.members)
            chosen &= np.isin(flows["debtor"], members) | np.isin(flows["creditor"], members)
        found: Records = flows[chosen]
        return found


def check_known(session: Session, wanted: Filter) -> None:
    """Pass where the book knows the run, card and window that are asked for.

    Raises OnecardError. A member or city that there is not is told of by Filter.select.
    """
    book = session.book
    for run in (wanted.run, wanted.since_run):
        if run is not None and book.find_run(run) is None:
            last = book.last_run()
            raise _unknown(book, Phrase("run {run}", run=run),
                           Phrase("1 to {run}", run=last.run) if last else "a run",
                           "look for it with `onecard show runs`")
    if wanted.card is not None and not any(
            _is_there(book, table.name, _of_card(wanted.card))
            for table in (RECORDS, ARCHIVED_RECORDS)):
        raise _unknown(book, Phrase("card {card}", card=wanted.card),
                       "a card of which a record was accepted, or …119 for those that end so",
                       "copy it from `onecard show rides`, or look for its records among "
                       "`onecard show refusals`")
    if wanted.window is not None:
        day = day_number(wanted.window)
        if not (_is_there(book, ENTRIES.name, f"window = {day}")
                or _is_there(book, RECORDS.name, f"service_day = {day}")
                or _is_there(book, WINDOWS.name, f"window = {day}")
                or _is_there(book, FLOWS.name, f"window = {day}")):
            raise _unknown(book, Phrase("window {window}", window=wanted.window), _span_of(book),
                           "name a day that has records, or that was closed")


def _of_card(card: str) -> str:
    """A condition on rows: they are of a card, or of cards like that. Raises OnecardError."""
    pattern = card_pattern(card)
    if pattern is not None:
        return f"{CARD} LIKE '{pattern}'"
    high, low = card_bits(card)
    return f"card_hi = {high} AND card_lo = {low}"


def _windows(wanted: Filter) -> tuple[int, int] | None:
    """The first and the last window. Raises OnecardError."""
    if wanted.window is not None:
        if wanted.since or wanted.until:
            raise OnecardError(Phrase("window {window} is named, and a first or last one, too",
                                      window=wanted.window),
                               expected="one window, or several",
                               remedy="leave out --window, or --from and --to")
        return (day_number(wanted.window),) * 2
    if wanted.since is None and wanted.until is None:
        return None
    first = 0 if wanted.since is None else day_number(wanted.since)
    last = DAYS_MOST - 1 if wanted.until is None else day_number(wanted.until)
    if first > last:
        raise OnecardError(Phrase("the windows from {since} to {until} are none",
                                  since=wanted.since, until=wanted.until),
                           expected="a first day that is not after the last",
                           remedy="exchange --from and --to")
    return first, last


def _cause(word: str | None) -> Cause | None:
    """What a word means. Raises OnecardError."""
    if word is None or word in CAUSES:
        return CAUSES.get(word or "")
    raise OnecardError(Phrase("nothing is owed for {word!r}",
                              word=word), expected=", ".join(CAUSES),
                       remedy="write one of these as the cause")


def _members(session: Session, member: str | None, city: str | None) -> frozenset[int] | None:
    """The numbers of a member, or of a city's members. Raises OnecardError."""
    if member is None and city is None:
        return None
    members = session.numbered().members
    if member is not None and all(one.code != member for one in members):
        raise _unknown(session.book, Phrase("member {member!r}", member=member), _some(
            member, (one.code for one in members), "operator, issuer, funder or centre"),
            "look for it with `onecard show positions`")
    cities = {one.city for one in members if one.city is not None}
    if city is not None and city not in cities:
        raise _unknown(session.book, Phrase("city {city!r}", city=city),
                       _some(city, cities, "city's code"),
                       "look for it with `onecard show positions --level city`")
    return frozenset(one.number for one in members
                     if member in (None, one.code) and city in (None, one.city))


def _some(word: str, known: Iterable[str], what: str) -> str:
    """What was expected instead of a word, with those that are written most like it."""
    close = close_to(word, sorted(known), at_all=True)
    if not close:
        return Phrase("the {what} of this network", what=what)
    return Phrase("the {what} of this network, such as {close}", what=what,
                  close=joined(", ", close))


def _unknown(book: Book, what: str, expected: str, remedy: str) -> OnecardError:
    return OnecardError(Phrase("there is no {what}",
                               what=what), where=book.store.where, expected=expected,
                        remedy=remedy)


def _is_there(book: Book, table: str, where: str) -> bool:
    found = book.ask(f"SELECT 1 AS found FROM {table} WHERE {book.committed} AND {where} LIMIT 1")
    return len(found["found"]) > 0


def _span_of(book: Book) -> str:
    """Between which days the book has windows, in words."""
    found = book.ask(f"SELECT toString(toDate(min(window))) AS first, "
                       f"toString(toDate(max(window))) AS last, count() AS entries "
                       f"FROM {ENTRIES.name} WHERE {book.committed}")
    if not int(found["entries"][0]):
        return "the book has no entries yet"
    return Phrase("a window with entries, from {first} to {last}", first=found["first"][0],
                  last=found["last"][0])
