"""A fare table in the making: names that are given once, and what rows point to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from fare_tables.gtfs.grid import Block, Step
from fare_tables.gtfs.hours import Hours
from fare_tables.gtfs.plan import Plan
from fare_tables.model import Timeframe

NAMED_MOST = 2              # card kinds, media or hours in a row's name


@dataclass
class Draft:
    """What rows of a table share."""

    plan: Plan
    hours: Hours
    matrices: dict[tuple[tuple[str, str, int], ...], str]       # shared by all tables of the feed
    timeframes: dict[str, Timeframe] = field(default_factory=dict)
    stop_sets: dict[str, list[str]] = field(default_factory=dict)
    _names: dict[str, int] = field(default_factory=dict)

    def name(self, wanted: str) -> str:
        """A row's name that no other row has."""
        number = self._names[wanted] = self._names.get(wanted, 0) + 1
        return wanted if number == 1 else self.name(f"{wanted} ({number})")

    def row_name(self, what: str, block: Block, step: Step) -> str:
        """A name that says what a row is, for whom and when, where that is short."""
        cells = step.cells or ()
        timeframes = [" + ".join(sorted(cell)) for cell in cells if cell]
        parts = [what]
        for some in (block.card_kinds, block.media, sorted(timeframes)):
            if some and len(some) <= NAMED_MOST:
                parts.append(" or ".join(some))
        return self.name(", ".join(parts))

    def conditions(self, block: Block, step: Step) -> dict[str, Any]:
        """For whom and when a row holds, as the row's keys."""
        found: dict[str, Any] = {
            "line_classes": _list(block.lines), "card_kinds": _list(block.card_kinds),
            "media": _list(block.media)}
        timeframes = None if step.cells is None else self.hours.timeframes(step.cells)
        if timeframes is not None:
            self.timeframes.update({timeframe.timeframe: timeframe for timeframe in timeframes})
            found |= {"timeframes": [timeframe.timeframe for timeframe in timeframes],
                      "timeframe_at": step.side}
        return found

    def set_of_zones(self, zones: Sequence[int]) -> list[str]:
        """The names of the stop sets that are these zones."""
        names = []
        for number in sorted(zones):
            zone = self.plan.zones[number]
            self.stop_sets[zone.name] = list(zone.stops)
            names.append(zone.name)
        return names

    def set_of_stops(self, name: str, stops: Iterable[str]) -> list[str]:
        """The name of a stop set of its own."""
        name = f"stop {name}"
        self.stop_sets[name] = list(stops)
        return [name]

    def matrix(self, amounts: Iterable[tuple[str, str, int]]) -> str:
        """The file that has these amounts; equal ones share one."""
        rows = tuple(sorted(amounts))
        return self.matrices.setdefault(rows, f"matrix-{len(self.matrices) + 1}.csv")


def _list(names: Sequence[str] | None) -> list[str] | None:
    return None if names is None else list(names)
