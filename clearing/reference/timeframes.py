"""Whether a moment is in a timeframe of a table: some hours, on some days (RULES.md §4)."""

from __future__ import annotations

import datetime

from clearing.reference import calendar
from clearing.reference.world import World
from fare_tables.model import Table, Timeframe
from network.calendars import DAY_NAMES, words_for
from network.language import Phrase, joined

WEEK = DAY_NAMES[:7]


def why_outside(
    world: World, table: Table, names: list[str], time: int, day: datetime.date
) -> Phrase | None:
    """Why a moment of a service day is in none of these timeframes; None where it is in one."""
    if not time:
        return Phrase("not known to be in {timeframes}: its time is missing",
                      timeframes=joined(" or ", names))
    clock = calendar.clock(world.model, time)
    whys = []
    for timeframe in table.timeframe:
        if timeframe.timeframe not in names:
            continue
        why = _why_not_now(timeframe, clock) or _why_not_today(world, timeframe, day)
        if why is None:
            return None
        whys.append(Phrase("not in {timeframe}: {why}", timeframe=timeframe.timeframe, why=why))
    return joined("; ", whys)


def _why_not_now(timeframe: Timeframe, clock: datetime.time) -> Phrase | None:
    since, until = timeframe.since, timeframe.until
    if until is None:
        inside = clock >= since
    elif until > since:
        inside = since <= clock < until
    else:
        inside = clock >= since or clock < until
    end = Phrase("the end of the day") if until is None else until.isoformat("minutes")
    return None if inside else Phrase(
        "{clock} is not from {since} to before {until}", clock=clock.isoformat(),
        since=since.isoformat("minutes"), until=end)


def _why_not_today(world: World, timeframe: Timeframe, day: datetime.date) -> Phrase | None:
    if timeframe.days is None:
        return None
    called = frozenset({DAY_NAMES[day.weekday()]})
    if not set(timeframe.days) <= set(WEEK):
        # The calendar is asked only where weekdays do not say it: it has few years.
        called = words_for(day, world.kind_of_day(day))
    if called & set(timeframe.days):
        return None
    return Phrase("{day} is {called}, not {days}", day=day,
                  called=joined(" and ", map(_day_word, sorted(called))),
                  days=joined(" or ", map(_day_word, timeframe.days)))


def _day_word(word: str) -> Phrase:
    return Phrase("{day_word}", day_word=word)
