"""Service days: which one a moment belongs to, when one ends, and their months."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from clearing.network import Network


def service_day(network: Network, time: int) -> datetime.date:
    """The civil date of a moment, counted from the hour at which service days begin."""
    zone = ZoneInfo(network.time_zone)
    return datetime.datetime.fromtimestamp(time - _start_s(network), zone).date()


def end_of_day(network: Network, day: datetime.date) -> int:
    """The first moment that no longer belongs to a service day."""
    midnight = datetime.datetime.combine(
        day + datetime.timedelta(days=1), datetime.time(), ZoneInfo(network.time_zone)
    )
    return int(midnight.timestamp()) + _start_s(network)


def period_of(day: datetime.date, period: str) -> str:
    """The accumulator period that a service day falls in: "2026-05" or "2026-05-17"."""
    return day.isoformat()[:7] if period == "month" else day.isoformat()


def window_of(day: datetime.date, closed_through: datetime.date | None) -> datetime.date:
    """The clearing day that settles a ride: its own, or the first that is still open."""
    if closed_through is None or day > closed_through:
        return day
    return closed_through + datetime.timedelta(days=1)


def _start_s(network: Network) -> int:
    starts = network.day_starts_at
    return starts.hour * 3600 + starts.minute * 60 + starts.second
