"""Tables that nobody has held to their sources for longer than their network allows."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence

from fare_tables.model import Table, checked_day, table_version

NAMED_MOST = 3          # tables in one line
REMEDY = ("see whether these fares still hold, then write the day to `checked_on`, or add a "
          "version with the new ones")


def stale_warning(tables: Iterable[Table], recheck_after_days: int | None,
                  last_days: Mapping[str, datetime.date]) -> str | None:
    """One line about tables that were checked too long before rides that they priced, or None.

    recheck_after_days: of the network; last_days: the last day of each version's rides.
    """
    if recheck_after_days is None:
        return None
    most = datetime.timedelta(days=recheck_after_days)
    stale = [f"{table_version(one)} was last held to its source on {checked_day(one)}, and priced "
             f"rides of {day}" for one in tables
             if (day := last_days.get(table_version(one))) is not None
             and day - checked_day(one) > most]
    if not stale:
        return None
    return f"{joined(stale)}: more than {recheck_after_days} days later; {REMEDY}"


def joined(told: Sequence[str]) -> str:
    """The first few of a list, and how many more there are."""
    more = len(told) - NAMED_MOST
    return "; ".join(told[:NAMED_MOST]) + (f"; and {more} more tables" if more > 0 else "")
