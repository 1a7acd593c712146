"""Bank days: when banks move money, by the calendar and by members' own holidays.

A workday of the network's calendar is a bank day, a make-up workday on a weekend, too; a day that
its `bank_holiday`s name is none, for every member or for those that they name.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection

from network.civil import LAST_TAP_DAY
from network.errors import TableError
from network.language import Phrase
from network.network import Network

ONE_DAY = datetime.timedelta(days=1)
REST_DAYS_MOST = 60     # in a row: more are a calendar without bank days


class BankDays:
    """The bank days of a network's members."""

    def __init__(self, network: Network) -> None:
        """The days follow network.toml and the installed chinesecalendar."""
        self._network = network
        self._holidays: dict[datetime.date, list[Collection[str] | None]] = {}
        for one in network.model.bank_holiday:
            self._holidays.setdefault(one.date, []).append(one.members)

    def is_bank_day(self, day: datetime.date, members: Collection[str] = ()) -> bool:
        """Whether banks work, those of these members among them; without any: banks at large.

        Raises TableError for a year whose holidays nobody has published.
        """
        for named in self._holidays.get(day, ()):
            if named is None or any(member in named for member in members):
                return False
        return self._network.kind_of_day(day) == "workday"

    def after(self, day: datetime.date, bank_days: int, members: Collection[str] = ()
              ) -> datetime.date:
        """The so-many-th bank day behind a day, which need not be one: T+1, T+2.

        Raises TableError where that is beyond the calendar, or there is none.
        """
        rested = 0
        while bank_days:
            day += ONE_DAY
            rested += 1
            if rested > REST_DAYS_MOST or day > LAST_TAP_DAY:
                raise TableError(Phrase("there is no bank day in the {rested} days up to {day}",
                                        rested=rested, day=day),
                                 "look at bank_holiday and day in network.toml",
                                 expected="a bank day now and then")
            if self.is_bank_day(day, members):
                bank_days -= 1
                rested = 0
        return day
