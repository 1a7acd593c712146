"""Whether a moment is in a window of a table: some hours, on some days (RULES.md §4)."""

from __future__ import annotations

import datetime

from clearing.reference import calendar
from clearing.reference.world import World
from fare_tables.model import Table, Window
from network.calendars import DAYS, words_for

WEEK = DAYS[:7]


def why_outside(
    world: World, table: Table, names: list[str], time: int, day: datetime.date
) -> str | None:
    """Why a moment of a service day is in none of these windows; None where it is in one."""
    if not time:
        return f"not known to be in {' or '.join(names)}: its time is missing"
    clock = calendar.clock(world.network, time)
    whys = []
    for window in table.window:
        if window.window not in names:
            continue
        why = _why_not_now(window, clock) or _why_not_today(world, window, day)
        if why is None:
            return None
        whys.append(f"not in {window.window}: {why}")
    return "; ".join(whys)


def _why_not_now(window: Window, clock: datetime.time) -> str | None:
    since, until = window.since, window.until
    if until is None:
        inside = clock >= since
    elif until > since:
        inside = since <= clock < until
    else:
        inside = clock >= since or clock < until
    end = "the end of the day" if until is None else until.isoformat("minutes")
    return None if inside else (
        f"{clock.isoformat()} is not from {since.isoformat('minutes')} to before {end}")


def _why_not_today(world: World, window: Window, day: datetime.date) -> str | None:
    if window.days is None:
        return None
    called = frozenset({DAYS[day.weekday()]})
    if not set(window.days) <= set(WEEK):
        # The calendar is asked only where weekdays do not say it: it has few years.
        called = words_for(day, world.kind_of_day(day))
    if called & set(window.days):
        return None
    return f"{day} is {' and '.join(sorted(called))}, not {' or '.join(window.days)}"
