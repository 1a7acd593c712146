"""When windows are settled: the cycle of a member, its cut-offs and value dates.

A cycle's period (a day, a week from Monday, a month) ends with its last window. That has to be
closed by the cut-off, on the first bank day behind it, and what the period comes to is paid on its
value date.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Collection
from typing import Literal, NamedTuple

from network.checks import member_codes
from network.model import NetworkFile, SettlementCycle
from settlement.bank_days import BankDays

State = Literal["open", "closing", "closed", "settled"]
WEEK_DAYS = 7


class Due(NamedTuple):
    """When a window is due under a cycle."""

    period_ends: datetime.date      # the last window of its period
    cut_off: datetime.datetime      # by the civil clock: the window has to be closed by then
    value_date: datetime.date       # when the period is paid


def members_of(cycle: SettlementCycle, model: NetworkFile) -> set[str]:
    """The members that a cycle is for."""
    if cycle.members is not None:
        return {*cycle.members, *(cycle.counterparties or ())}
    if cycle.causes is not None:
        return member_codes(model)
    named = {member for one in model.settlement_cycle
             if one.counterparties is None and one.causes is None for member in one.members or ()}
    return member_codes(model) - named


def due_of(window: datetime.date, cycle: SettlementCycle, bank_days: BankDays,
           members: Collection[str]) -> Due:
    """When a window is due for the members of a cycle.

    Raises TableError for a year whose holidays nobody has published.
    """
    ends = period_end(window, cycle)
    return Due(ends,
               datetime.datetime.combine(bank_days.after(window, 1, members), cycle.cut_off_at),
               bank_days.after(ends, cycle.value_days, members))


def period_end(window: datetime.date, cycle: SettlementCycle) -> datetime.date:
    """The last window of the period that a window is in."""
    if cycle.every == "week":
        return window + datetime.timedelta(days=WEEK_DAYS - 1 - window.weekday())
    if cycle.every == "month":
        return window.replace(day=calendar.monthrange(window.year, window.month)[1])
    return window


def state_of(window: datetime.date, closed_through: datetime.date | None,
             cut_off: datetime.datetime | None, now: datetime.datetime,
             settled: Collection[datetime.date] = ()) -> State:
    """Where a window stands.

    now: by the civil clock, as the cut-off is; cut_off: None where nobody has said one.
    settled: the windows all of whose payments have arrived.
    """
    if closed_through is not None and window <= closed_through:
        return "settled" if window in settled else "closed"
    return "closing" if cut_off is not None and now >= cut_off else "open"
