"""Timeframes of a feed as those of a table: every combination of groups gets its own."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from fare_tables.gtfs.days import WEEK, Period, Words
from fare_tables.gtfs.feed import Feed, timeframe_span
from fare_tables.gtfs.records import DAY_S, HOUR_S
from fare_tables.model import Day, Timeframe
from network.calendars import DAY_NAMES

Cell = frozenset[str]       # the timeframe groups that hold together

NEVER_NAMED = "other times"


@dataclass(frozen=True)
class Hours:
    """The hours of one period: which combinations of timeframes there are, and when."""

    cells: Sequence[Cell]
    spans: dict[Cell, list[tuple[Words, int, int]]]

    def timeframes(self, cells: Iterable[Cell]) -> list[Timeframe] | None:
        """The timeframes of some cells; None where they are all there are."""
        chosen = set(cells)
        if chosen == set(self.cells):
            return None
        timeframes = []
        for cell in self.cells:
            if cell in chosen:
                timeframes += [_timeframe(_name(cell, number), *span)
                            for number, span in enumerate(self.spans[cell], 1)]
        return timeframes


def sort_hours(feed: Feed, groups: Iterable[str], period: Period) -> Hours:
    """The combinations of these timeframe groups in a period."""
    groups = set(groups)
    rows = [row for row in feed.timeframes if row.timeframe_group_id in groups]
    spans: dict[Cell, dict[tuple[int, int], Words]] = {}
    for services, words in period.words.items():
        of_day = [(row.timeframe_group_id, *timeframe_span(row)) for row in rows
                  if row.service_id in services]
        times = sorted({0, DAY_S, *(time for _, *span in of_day for time in span)})
        merged: list[tuple[Cell, int, int]] = []
        for since, until in pairwise(times):
            cell = frozenset(name for name, start, end in of_day if start <= since < end)
            if merged and merged[-1][0] == cell:
                since = merged.pop()[1]
            merged.append((cell, since, until))
        for cell, since, until in merged if words else ():
            near = spans.setdefault(cell, {})
            near[since, until] = near.get((since, until), frozenset()) | words
    cells = sorted(spans, key=sorted) or [frozenset()]
    return Hours(cells, {
        cell: [(words, *span) for span, words in sorted(spans.get(cell, {}).items())]
        for cell in cells})


def _name(cell: Cell, number: int) -> str:
    name = " + ".join(sorted(cell)) or NEVER_NAMED
    return f"{name} {number}"


def _timeframe(name: str, words: Words, since: int, until: int) -> Timeframe:
    days: list[Day] | None = [day for day in DAY_NAMES if day in words]  # type: ignore[misc]
    if set(WEEK) <= words or {"workday", "restday"} <= words:
        days = None
    return Timeframe(timeframe=name, days=days, since=_clock(since),
                  until=None if until == DAY_S else _clock(until))


def _clock(seconds: int) -> datetime.time:
    return datetime.time(seconds // HOUR_S, seconds % HOUR_S // 60, seconds % 60)
