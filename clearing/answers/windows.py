"""Where windows stand, and when each is due: cut-off and value date, by the members' cycles."""

from __future__ import annotations

import datetime
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from clearing.answers.certificates import certificates_of, certified_in_words
from clearing.answers.session import Session
from clearing.book import Book
from clearing.book.closed import closings
from clearing.book.schema import FLOWS, WINDOWS
from network.civil import day_of
from network.network import Network
from settlement.bank_days import BankDays
from settlement.cycles import State, due_of, members_of, state_of

MINUTES = "minutes"


class WindowRow(NamedTuple):
    """A window for the members of one cycle; blank where the network has no cycle."""

    window: str
    state: State
    cycle: str = ""
    period_ends: str = ""
    cut_off: str = ""
    value_date: str = ""
    completeness: str = ""      # as its certificate says, where it has one
    root: str = ""      # of all that it was closed with, together with those that it closed


def list_windows(session: Session, first: int, last: int, now_s: int,
                 settled: Collection[datetime.date] = ()) -> list[WindowRow]:
    """Every window that has flows or was closed, and when it is due.

    first, last: days since 1970; now_s: UTC seconds; settled: the windows all of whose payments
    have arrived.
    Raises OnecardError, and TableError for a year whose holidays nobody has published.
    """
    network = session.described()
    civil = datetime.datetime(1970, 1, 1) + datetime.timedelta(
        seconds=network.clock.civil(now_s))
    closed = session.book.closed_through
    closed_through = None if closed is None else day_of(closed)
    listed = closings(session.book)
    places = np.searchsorted([one.window for one in listed], windows := list(
        _windows_of(session.book, first, last)))
    roots = [*(one.root for one in listed), ""]
    certified = certificates_of(session.book, first, last)
    return [row._replace(root=roots[place], completeness=certified_in_words(
                certified.get(window, ())))
            for window, place in zip(windows, places, strict=True)
            for row in _rows(day_of(window), network, closed_through, civil, settled)]


def next_cut_off(rows: Sequence[WindowRow]) -> str:
    """The first cut-off that is still to come; "": there is none."""
    return min((row.cut_off for row in rows if row.state == "open" and row.cut_off), default="")


def _windows_of(book: Book, first: int, last: int) -> list[int]:
    where = f"{book.committed} AND window BETWEEN {first} AND {last}"
    found = book.ask(f"SELECT DISTINCT window FROM {FLOWS.name} WHERE {where} UNION ALL "
                       f"SELECT DISTINCT window FROM {WINDOWS.name} WHERE {where}")
    return sorted({*np.asarray(found["window"]).tolist()})


def _rows(window: datetime.date, network: Network, closed_through: datetime.date | None,
          civil: datetime.datetime, settled: Collection[datetime.date]) -> Iterator[WindowRow]:
    bank_days = BankDays(network)
    if not network.model.settlement_cycle:
        state = state_of(window, closed_through, None, civil, settled)
        yield WindowRow(window.isoformat(), state)
    for cycle in network.model.settlement_cycle:
        due = due_of(window, cycle, bank_days, members_of(cycle, network.model))
        state = state_of(window, closed_through, due.cut_off, civil, settled)
        yield WindowRow(window.isoformat(), state, cycle.settlement_cycle,
                        due.period_ends.isoformat(), due.cut_off.isoformat(" ", MINUTES),
                        due.value_date.isoformat())
