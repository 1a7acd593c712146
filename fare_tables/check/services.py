"""What fare tables must price: whose rides by which mode, since when, on which sorts of days."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from fare_tables.model import Table
from network.calendars import Kind, kind_of, words_for
from network.network import Network

FOREVER = datetime.date.max
A_MONDAY = datetime.date(2024, 1, 1)
EVERY_KIND: tuple[Kind, ...] = ("workday", "restday", "holiday")


class Service(NamedTuple):
    """What an operator runs by one mode, and since when it needs a fare."""

    operator: str
    mode: str
    since: datetime.date
    system: str
    stops: tuple[str, ...] | None       # None: any stop


def services_of(network: Network) -> list[Service]:
    """Every operator's services.

    Raises TableError where a list of stops cannot be read.
    """
    found = []
    for code, operator in network.operators.items():
        stops = network.stops_of(code)
        found += [Service(code, mode, operator.runs_from or network.model.taps_from,
                          network.system_of(code), None if stops is None else tuple(stops))
                  for mode in operator.modes]
    return found


def priced_by(table: Table, services: Sequence[Service]) -> list[Service]:
    """The services that a table prices rides of."""
    return [one for one in services
            if one.operator in table.operators
            and (table.modes is None or one.mode in table.modes) and last_day(table) >= one.since]


def with_stops_of(table: Table, services: Sequence[Service], network: Network) -> list[Service]:
    """The same services with the stops that are there on some day of a table."""
    found = []
    for one in services:
        days = network.stop_days_of(one.operator)
        stops = None if one.stops is None else tuple(
            stop for stop in one.stops
            if days[stop][0] <= last_day(table) and days[stop][1] >= table.in_force_from)
        found.append(one._replace(stops=stops))
    return found


def list_day_words(network: Network) -> list[frozenset[str]]:
    """What the days of a network can be called, each combination once."""
    week = [A_MONDAY + datetime.timedelta(days=day) for day in range(7)]
    if network.model.calendar == "mainland":
        found = [words_for(day, kind) for day in week for kind in EVERY_KIND]
    else:
        found = [words_for(day, kind_of(day, "own", {})) for day in week]
    found += [words_for(day, kind) for day, kind in network.own_days.items()]
    return list(dict.fromkeys(found))


def last_day(table: Table) -> datetime.date:
    """The last day that a table is in force."""
    return table.in_force_until or FOREVER
