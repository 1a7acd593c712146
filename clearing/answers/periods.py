"""Which windows a document is about: those that one closing closed, or a month's."""

from __future__ import annotations

import datetime
import re
from typing import NamedTuple

from clearing.answers.brought import reach
from clearing.answers.filters import Filter, check_known
from clearing.answers.payments import list_closings
from clearing.answers.session import Session
from network.civil import LAST_WINDOW_NUMBER, day_number, day_of, number_of
from network.errors import OnecardError
from network.language import Phrase


class Period(NamedTuple):
    """Windows from one to another, in days since 1970."""

    label: str              # 2024-11-25, or 2024-11
    first: int
    last: int
    is_closed: bool         # nothing more is posted in any of them

    @property
    def windows(self) -> str:
        """A condition on them."""
        return f"window BETWEEN {self.first} AND {self.last}"

    def days(self) -> str:
        """From when to when, for people."""
        first, last = day_of(self.first).isoformat(), day_of(self.last).isoformat()
        return first if first == last else f"{first} – {last}"


def window_period(session: Session, window: str) -> Period:
    """What closing a window closed, with days before it that were closed by the same; or the day.

    Its archived rows are brought back. Raises OnecardError where the book has no such window.
    """
    check_known(session, Filter(window=window))
    day = day_number(window)
    first = list_closings(session.book).get(day, day)
    if first != day:
        found = session.book.ask("SELECT min(window) AS first FROM flows WHERE window BETWEEN "
                                   f"{first} AND {day} AND {session.book.as_of_last}")
        first = int(found["first"][0]) or day
    reach(session, first, day)
    return Period(window, first, day, (session.book.closed_through or 0) >= day)


def month_period(session: Session, month: str) -> Period:
    """A month's windows, as window_period.

    Raises OnecardError where that is no month, or the book has none of it.
    """
    first, last = month_days(month)
    found = session.book.ask("SELECT count() AS flows FROM flows WHERE window BETWEEN "
                               f"{first} AND {last} AND {session.book.as_of_last}")
    if not int(found["flows"][0]):
        raise OnecardError(Phrase("no window of {month} has anything in it", month=month),
                           where=session.book.store.where, expected="a month with cleared rides",
                           remedy="look at `onecard show obligations` for when there are any")
    reach(session, first, last)
    return Period(month, first, last, (session.book.closed_through or 0) >= last)


def month_days(month: str) -> tuple[int, int]:
    """The first and the last day of a month such as 2024-11. Raises OnecardError."""
    try:
        if not re.fullmatch(r"\d{4}-\d{2}", month, re.ASCII):
            raise ValueError
        first = datetime.date.fromisoformat(f"{month}-01")
        after = (first + datetime.timedelta(days=31)).replace(day=1)
        days = number_of(first), number_of(after) - 1
        if not 0 < days[0] <= days[1] <= LAST_WINDOW_NUMBER:
            raise ValueError
    except (ValueError, OverflowError):
        raise OnecardError(Phrase("{month!r} is not a month",
                                  month=month), expected="a month such as 2024-11",
                           remedy="write the year and the month of the windows") from None
    return days
