"""A day or a month for people: who owes whom, when was ridden, who paid for whom, what is open.

All of it is added up from the entries and flows of the period's windows, so that it comes to the
positions again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from clearing.answers.documents.document import Bars, Document, Section, Streams, add_up
from clearing.answers.listings import civil_in_sql, flows_of, words_of_cause
from clearing.answers.owing import place_names
from clearing.answers.periods import Period
from clearing.answers.reports.sums import AMOUNTS, TOTAL, Books, Sums, money_of
from clearing.answers.session import Session
from clearing.book.legs import sum_legs
from ext.codes import Cause
from ext.records import Records
from network.civil import day_of
from network.language import Phrase
from settlement.obligations import list_obligations
from settlement.positions import net_positions

_HOURS, _HOUR_S, _DAY_S = 24, 3_600, 86_400
BETWEEN_CITIES = Phrase("who owes whom, between cities: rows owe columns")
_ENDS = ("is owed", "owes", "position")


def report_period(session: Session, period: Period) -> Document:
    """What a window or a month came to."""
    books = Books(session, session.numbered(), period)
    title = (Phrase("report of the day {period}", period=period.label)
             if period.first == period.last
             else Phrase("report of the period {period}", period=period.label))
    return books.document(title, list(_sections(books)))


def _sections(books: Books) -> Iterator[Section]:
    flows = flows_of(books.session.book, books.period.first, books.period.last)
    yield _between_cities(books, flows)
    yield _positions(books, flows)
    yield _operators(books)
    yield _hours(books)
    yield _funders(books)
    yield _days(books)


def _between_cities(books: Books, flows: Records) -> Section:
    """A matrix whose rows and columns are the cities that owe each other anything."""
    names = place_names(books.numbered, "city")
    amounts: dict[tuple[str, str], int] = defaultdict(int)
    for one in list_obligations(flows, books.numbered.members, "city"):
        amounts[one.debtor, one.creditor] += one.amount
    places = sorted({place for pair in amounts for place in pair})
    shown = {place: _shown(place, names) for place in places}
    rows = []
    for place in places:
        owed = [amounts.get((place, other), 0) for other in places]
        owes = sum(owed)
        is_owed = sum(amounts.get((other, place), 0) for other in places)
        rows.append((shown[place], *owed, is_owed, owes, is_owed - owes))
    columns = ("city", *shown.values(), *_ENDS)
    sums = range(1, len(columns))
    drawn = {(shown[debtor], shown[creditor]): amount
             for (debtor, creditor), amount in sorted(amounts.items()) if amount}
    return Section(BETWEEN_CITIES, columns, rows, frozenset(sums),
                   add_up(rows, sums, len(columns), TOTAL), Streams(drawn) if drawn else None)


def _shown(place: str, names: dict[str, str]) -> str:
    """A place's name, and its code where another has the same."""
    name = names.get(place, place)
    return name if list(names.values()).count(name) < 2 else f"{name} {place}"


def _positions(books: Books, flows: Records) -> Section:
    names = {one.code: one.name for one in books.numbered.members}
    rows = [(one.member, names[one.member], one.is_owed, one.owes, one.net)
            for one in net_positions(flows, books.numbered.members)
            if one.level == "member"]
    columns = ("member", "name", "is owed", "owes", "position")
    sums = range(2, len(columns))
    return Section(Phrase("positions of members, which add up to 0"), columns, rows,
                   frozenset(sums), add_up(rows, sums, len(columns), TOTAL))


def _operators(books: Books) -> Section:
    names = {one.number: (one.code, one.name) for one in books.numbered.members}
    rows = [(*names[number], *sums) for number, sums in books.sums("operator").items()]
    columns = ("operator", "name", *Sums._fields)
    return Section(Phrase("rides by operator"), columns, rows, money_of(columns, AMOUNTS),
                   add_up(rows, range(2, len(columns)), len(columns), TOTAL))


def _hours(books: Books) -> Section:
    """Rides by the hour of the network's clocks in which they began."""
    began = civil_in_sql("if(started_at != 0, started_at, ended_at)", books.numbered.network.clock)
    found = books.sums(f"intDiv({began} % {_DAY_S}, {_HOUR_S})")
    rows = [(f"{hour:02}:00", one.rides, one.due, one.paid) for hour in range(_HOURS)
            for one in [found.get(hour, Sums(*[0] * len(Sums._fields)))]]
    columns = ("hour", "rides", "due", "paid")
    return Section(Phrase("rides by hour of the day"), columns, rows, money_of(columns, AMOUNTS),
                   add_up(rows, range(1, len(columns)), len(columns), TOTAL),
                   Bars({row[0]: row[1] for row in rows}, is_money=False, is_upright=True))


def _funders(books: Books) -> Section:
    """Discounts by who pays for them; what operators bear themselves, nobody owes them."""
    members = {one.number: one for one in books.numbered.members}
    found = sum_legs(books.session.book,
                     ("leg_debtor", "leg_cause", "leg_debtor = leg_creditor AS is_own"),
                     f"leg_cause < {int(Cause.FARE)} AND {books.period.windows}")
    sums: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for debtor, cause, is_own, rides, amount in zip(
            *(np.asarray(column).tolist() for column in found.values()), strict=True):
        total = sums[debtor, cause]
        total[0] += rides
        total[2 if is_own else 1] += amount
    rows, drawn = [], defaultdict[str, int](int)
    for (debtor, cause), (rides, owes, bears) in sorted(sums.items()):
        funder = members[debtor]
        rows.append((funder.code, funder.name, words_of_cause(cause), rides, owes, bears))
        drawn[f"{funder.name} {funder.code}"] += owes + bears
    columns = ("funder", "name", "cause", "rides", "owes", "bears itself")
    return Section(Phrase("concessions and other discounts by funder"), columns, rows,
                   money_of(columns, ("owes", "bears itself")),
                   add_up(rows, range(3, len(columns)), len(columns), TOTAL),
                   Bars(dict(drawn), is_money=True) if drawn else None)


def _days(books: Books) -> Section:
    closed = books.session.book.closed_through or 0
    rows = [(day_of(window).isoformat(), "closed" if window <= closed else "open", *sums)
            for window, sums in books.sums("window").items()]
    columns = ("window", "state", *Sums._fields)
    return Section(Phrase("windows"), columns, rows, money_of(columns, AMOUNTS),
                   add_up(rows, range(2, len(columns)), len(columns), TOTAL),
                   Bars({row[0]: row[2] for row in rows}, is_money=False, is_upright=True)
                   if len(rows) > 1 else None)
