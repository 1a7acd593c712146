"""Service days and the civil clock: which day a moment belongs to, and which period a day."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from network.model import NetworkFile

AGE_MOST = 150


def service_day(network: NetworkFile, time: int) -> datetime.date:
    """The civil date of a moment, counted by clocks from the hour at which service days begin."""
    civil = datetime.datetime.fromtimestamp(time, ZoneInfo(network.time_zone)).replace(tzinfo=None)
    return (civil - datetime.timedelta(seconds=_start_s(network))).date()


def end_of_day(network: NetworkFile, day: datetime.date) -> int:
    """The first moment that no longer belongs to a service day."""
    start = datetime.datetime.combine(day + datetime.timedelta(days=1), network.day_starts_at,
                                      ZoneInfo(network.time_zone))
    return int(start.timestamp())


def clock(network: NetworkFile, time: int) -> datetime.time:
    """What the clock on the wall shows at a moment."""
    return datetime.datetime.fromtimestamp(time, ZoneInfo(network.time_zone)).time()


def period_of(day: datetime.date, period: str) -> str:
    """The period that a day falls in: "2026-05-17", "week of 2026-05-11", "2026-05" or "2026"."""
    if period == "week":
        monday = day - datetime.timedelta(days=day.weekday())
        return f"week of {monday.isoformat()}"
    return day.isoformat()[: {"day": 10, "month": 7, "year": 4}[period]]


def day_before(day: datetime.date, period: str) -> datetime.date:
    """A day of the period before that of a day."""
    first = {"day": day, "week": day - datetime.timedelta(days=day.weekday()),
             "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[period]
    return first - datetime.timedelta(days=1)


def days_from(first: datetime.date, days: int) -> str:
    """A period of so many days: "7 days from 2026-05-17"."""
    return f"{days} days from {first.isoformat()}"


def first_day(period: str) -> datetime.date:
    """The day with which such a period begins."""
    return datetime.date.fromisoformat(period.rpartition(" ")[2])


def age_on(day: datetime.date, born_on: datetime.date | None) -> int | None:
    """Full years on a day, from 1 to 150; None where the age is not known."""
    if born_on is None:
        return None
    # Month and day compared as they stand keep a birthday on 29 February on 1 March.
    years = day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))
    return years if 1 <= years <= AGE_MOST else None


def window_of(day: datetime.date, closed_through: datetime.date | None) -> datetime.date:
    """The clearing day that settles a ride: its own, or the first that is still open."""
    if closed_through is None or day > closed_through:
        return day
    return closed_through + datetime.timedelta(days=1)


def _start_s(network: NetworkFile) -> int:
    starts = network.day_starts_at
    return starts.hour * 3600 + starts.minute * 60 + starts.second
