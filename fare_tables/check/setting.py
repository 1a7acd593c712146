"""What fare tables are checked against: who runs what, for which cards, on which days."""

from __future__ import annotations

import datetime
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from fare_tables.model import Table
from network.calendars import Kind, kind_of, words_for
from network.model import AccumulatorSpec

FOREVER = datetime.date.max
A_MONDAY = datetime.date(2024, 1, 1)
EVERY_KIND: tuple[Kind, ...] = ("workday", "restday", "holiday")


@dataclass(frozen=True)
class Service:
    """What an operator runs by one mode, and since when it needs a fare."""

    operator: str
    mode: str
    since: datetime.date
    system: str
    stops: Sequence[str] | None     # None: any stop
    links: Path | None = None
    line_stops: Path | None = None


@dataclass(frozen=True)
class Setting:
    """A network, as far as its tables depend on it."""

    folder: Path
    services: Sequence[Service]
    card_kinds: Sequence[str]
    media: Sequence[str]
    issuer_cities: Sequence[str]
    line_classes: Mapping[str, frozenset[tuple[str, str]]]      # name -> (operator, line)
    accumulators: Sequence[AccumulatorSpec]
    mainland: bool                                              # whose holidays hold
    own_days: Mapping[datetime.date, Kind]
    ride_limit_s: int

    def services_of(self, table: Table) -> list[Service]:
        """The services that a table prices rides of."""
        return [one for one in self.services
                if one.operator in table.operators
                and (table.modes is None or one.mode in table.modes)
                and last_day(table) >= one.since]

    def list_day_words(self) -> list[frozenset[str]]:
        """What the days of this network can be called, each combination once."""
        week = [A_MONDAY + datetime.timedelta(days=place) for place in range(7)]
        if self.mainland:
            found = [words_for(day, kind) for day in week for kind in EVERY_KIND]
        else:
            found = [words_for(day, kind_of(day, "own", {})) for day in week]
        found += [words_for(day, kind) for day, kind in self.own_days.items()]
        return list(dict.fromkeys(found))


def last_day(table: Table) -> datetime.date:
    """The last day that a table is in force."""
    return table.in_force_until or FOREVER
