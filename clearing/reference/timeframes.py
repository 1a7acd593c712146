"""Whether a moment is in a timeframe of a table: some hours, on some days (RULES.md §4)."""

from __future__ import annotations

import datetime

from clearing.reference import calendar
from clearing.reference.world import World
from fare_tables.model import Table, Timeframe
from network.calendars import DAY_NAMES, words_for

WEEK = DAY_NAMES[:7]


def why_outside(
    world: World, table: Table, names: list[str], time: int, day: datetime.date
) -> str | None:
    """Why a moment of a service day is in none of these timeframes; None where it is in one."""
    if not time:
        return f"not known to be in {' or '.join(names)}: its time is missing"
    clock = calendar.clock(world.model, time)
    whys = []
    for timeframe in table.timeframe:
        if timeframe.timeframe not in names:
            continue
        why = _why_not_now(timeframe, clock) or _why_not_today(world, timeframe, day)
        if why is None:
            return None
        whys.append(f"not in {timeframe.timeframe}: {why}")
    return "; ".join(whys)


def _why_not_now(timeframe: Timeframe, clock: datetime.time) -> str | None:
    since, until = timeframe.since, timeframe.until
    if until is None:
        inside = clock >= since
    elif until > since:
        inside = since <= clock < until
    else:
        inside = clock >= since or clock < until
    end = "the end of the day" if until is None else until.isoformat("minutes")
    return None if inside else (
        f"{clock.isoformat()} is not from {since.isoformat('minutes')} to before {end}")


def _why_not_today(world: World, timeframe: Timeframe, day: datetime.date) -> str | None:
    if timeframe.days is None:
        return None
    called = frozenset({DAY_NAMES[day.weekday()]})
    if not set(timeframe.days) <= set(WEEK):
        # The calendar is asked only where weekdays do not say it: it has few years.
        called = words_for(day, world.kind_of_day(day))
    if called & set(timeframe.days):
        return None
    return f"{day} is {' and '.join(sorted(called))}, not {' or '.join(timeframe.days)}"
