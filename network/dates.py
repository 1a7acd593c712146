"""From which service day until which something holds."""

from __future__ import annotations

import datetime
from typing import Protocol

from network.civil import EPOCH, LAST_TAP_DAY
from network.errors import TableError
from network.language import Phrase
from network.locations import KeyPath


class Dated(Protocol):
    """What holds from one service day to another, both inclusive; None: without end."""

    @property
    def in_force_from(self) -> datetime.date | None: ...

    @property
    def in_force_until(self) -> datetime.date | None: ...


def holds_on(one: Dated, day: datetime.date) -> bool:
    """Whether it is in force on a day."""
    return (one.in_force_from or day) <= day <= (one.in_force_until or day)


def overlap(one: Dated, other: Dated) -> bool:
    """Whether there is a day on which both are in force."""
    first, last = datetime.date.min, datetime.date.max
    return ((one.in_force_from or first) <= (other.in_force_until or last)
            and (other.in_force_from or first) <= (one.in_force_until or last))


def check_dates(first: datetime.date | None, last: datetime.date | None, what: str,
                here: KeyPath) -> None:
    """Pass where the days of `in_force_from` and `in_force_until` can be, in this order.

    what: that they are of, for people. Raises TableError.
    """
    for key, day in (("in_force_from", first), ("in_force_until", last)):
        if day is not None and not EPOCH <= day <= LAST_TAP_DAY:
            raise TableError(Phrase("{what} has the date {day}", what=what,
                                    day=day), "correct the date",
                             expected=Phrase("a day from {epoch} to {last_tap_day}", epoch=EPOCH,
                                             last_tap_day=LAST_TAP_DAY), key=(*here, key))
    if first is not None and last is not None and last < first:
        raise TableError(Phrase("{what} is in force from {first} until {last}", what=what,
                                first=first, last=last), "correct one of the days",
                         expected="a first day that is not after the last",
                         key=(*here, "in_force_until"))
