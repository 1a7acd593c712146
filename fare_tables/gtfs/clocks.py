"""The time zone of a network: one whose clocks never change, as clearing needs it."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo

from fare_tables.gtfs.feed import Feed

YEARS = 30          # as network.civil looks ahead
HOUR = datetime.timedelta(hours=1)
# Zones without summer time, for offsets of half an hour.
HALF_HOURS = {datetime.timedelta(hours=9, minutes=30): "Australia/Darwin"}


def fixed_zone(feed: Feed, since: datetime.date) -> str:
    """The feed's zone, or one that keeps its standard time where it has summer time."""
    name = feed.agency[0].agency_timezone
    start = datetime.datetime.combine(since, datetime.time(12), tzinfo=ZoneInfo(name))
    moments = [start + datetime.timedelta(days=days) for days in range(0, 366 * YEARS, 7)]
    if len({moment.utcoffset() for moment in moments}) == 1:
        return name
    standard = min((moment.utcoffset() or HOUR * 0) for moment in moments)
    hours, rest = divmod(standard, HOUR)
    fixed = HALF_HOURS.get(standard) or (f"Etc/GMT{-hours:+d}" if hours else "Etc/UTC")
    late = "" if not rest or standard in HALF_HOURS else (
        f"; no zone without summer time has the minutes of {name}: everything is "
        f"{rest.seconds // 60} minutes late besides")
    feed.notices.say("GTFS_TIME_ZONE", "agency.txt", feed.agency[0].line,
                     f"the clocks of {name} change in the year; the network has {fixed}, so that "
                     f"in summer hours and days begin an hour late{late}")
    return fixed
