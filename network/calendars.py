"""What sort of day a day is: weekdays, and the holidays and make-up workdays of a calendar.

The mainland's are the State Council's yearly arrangement, as the library chinesecalendar has it.
"""

from __future__ import annotations

import datetime
import functools
from collections.abc import Mapping
from typing import Literal

from network.errors import TableError
from network.language import Phrase

DAY_NAMES = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "workday", "restday", "holiday")
WEEKDAYS = 5

Kind = Literal["workday", "restday", "holiday"]
Calendar = Literal["mainland", "own"]


@functools.cache
def mainland_years() -> range:
    """The years whose holidays have been published, as far as the installed library knows."""
    from chinese_calendar.constants import holidays

    return range(min(holidays).year, max(holidays).year + 1)


def kind_of(day: datetime.date, calendar: Calendar, own: Mapping[datetime.date, Kind]) -> Kind:
    """Whether a day is a workday, a restday or a holiday; a network's own days come first.

    Raises TableError for a year whose mainland holidays are not known.
    """
    if day in own:
        return own[day]
    if calendar == "own":
        return "workday" if day.weekday() < WEEKDAYS else "restday"
    return _mainland_kind(day)


def words_for(day: datetime.date, kind: Kind) -> frozenset[str]:
    """What a day can be called in the timeframes of a table; a holiday is a restday, too."""
    words = {DAY_NAMES[day.weekday()], kind}
    return frozenset(words | {"restday"} if kind == "holiday" else words)


def _mainland_kind(day: datetime.date) -> Kind:
    from chinese_calendar.constants import holidays, workdays

    years = mainland_years()
    if day.year not in years:
        raise TableError(
            Phrase("the mainland's holidays of {year} are not known: the installed "
                   "chinesecalendar has {start} to {stop}", year=day.year, start=years.start,
                   stop=years.stop - 1),
            "install a newer one: pip install --upgrade chinesecalendar")
    if day in holidays:
        return "holiday"
    return "workday" if day in workdays or day.weekday() < WEEKDAYS else "restday"


def last_known_day(asked: bool, calendar: Calendar) -> datetime.date | None:
    """The last day that can be told apart from others; None: nobody asks, or every day can."""
    if calendar == "own" or not asked:
        return None
    return datetime.date(mainland_years().stop - 1, 12, 31)
