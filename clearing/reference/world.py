"""A network with its fare tables: what the plain engine clears by."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field

from clearing.reference import calendar
from fare_tables.model import Table
from network.network import Network


@dataclass
class World(Network):
    """What clearing needs to know besides taps and state."""

    tables: list[Table] = field(default_factory=list)
    # Distances already found, by (file of links, stop).
    reached: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict, repr=False)

    def period(self, accumulator: str, day: datetime.date) -> str:
        """The period in which an accumulator counts a day."""
        return calendar.period_of(day, self.accumulators[accumulator].period)


def world_of(network: Network, tables: list[Table]) -> World:
    """A network that is loaded already, with its tables: its files are not read again."""
    return World(network.model, network.folder, tables)
