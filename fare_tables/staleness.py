"""Tables that nobody has held to their sources for longer than their network allows."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence

from fare_tables.model import Table, checked_day, table_version
from network.language import Phrase, joined

NAMED_MOST = 3          # tables in one line
REMEDY = Phrase(
    "see whether these fares still hold, then write the day to `checked_on`, or add a "
    "version with the new ones")


def stale_warning(tables: Iterable[Table], recheck_after_days: int | None,
                  last_days: Mapping[str, datetime.date]) -> Phrase | None:
    """One line about tables that were checked too long before rides that they priced, or None.

    recheck_after_days: of the network; last_days: the last day of each version's rides.
    """
    if recheck_after_days is None:
        return None
    most = datetime.timedelta(days=recheck_after_days)
    stale = [Phrase("{table} was last held to its source on {checked}, and priced rides of {day}",
                    table=table_version(one), checked=checked_day(one), day=day) for one in tables
             if (day := last_days.get(table_version(one))) is not None
             and day - checked_day(one) > most]
    if not stale:
        return None
    return Phrase("{tables}: more than {recheck_after_days} days later; {remedy}",
                  tables=first_few(stale), recheck_after_days=recheck_after_days, remedy=REMEDY)


def first_few(told: Sequence[str]) -> Phrase:
    """The first few of a list, and how many more there are."""
    more = len(told) - NAMED_MOST
    return joined("; ", [*told[:NAMED_MOST], *(
        [Phrase("and {more} more tables", more=more)] if more > 0 else [])])
