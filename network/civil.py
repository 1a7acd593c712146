"""Civil time: a network's zone, its days and its clock."""

from __future__ import annotations

import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from network.errors import OnecardError
from network.language import Phrase

EPOCH = datetime.date(1970, 1, 1)
DAYS_MOST = 1 << 16             # service days are 16 bits; ext/records.pxd says it to kernels
LAST_TAP_DAY = datetime.date(2105, 12, 31)  # times of taps are 32 bits of seconds since 1970
LAST_WINDOW_NUMBER = 49_000     # in 2104, well before the last tap
YEARS_AHEAD = 30


def civil_offset_s(time_zone: str, since: datetime.date) -> int:
    """Seconds that the zone's clocks are ahead of UTC, from a day on.

    Raises OnecardError where there is no such zone, or where it changes its clocks after that day:
    kernels add one offset to every time.
    """
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):     # a folder of zones, a name too long
        raise OnecardError(Phrase("there is no time zone {time_zone!r}", time_zone=time_zone),
                           remedy="write a zone such as Asia/Shanghai as time_zone") from None
    day = datetime.datetime.combine(since, datetime.time(), tzinfo=zone)
    offsets = {(day + datetime.timedelta(days=days)).utcoffset()
               for days in range(0, 366 * YEARS_AHEAD, 7)}
    if len(offsets) != 1:
        raise OnecardError(
            Phrase("the zone {time_zone!r} changes its clocks after {since}", time_zone=time_zone,
                   since=since),
            expected="one offset from UTC, all year",
            remedy="use a zone without summer time, or a taps_from after the last change")
    offset = offsets.pop()
    assert offset is not None
    return int(offset.total_seconds())


def day_of(number: int) -> datetime.date:
    """The date of a day number (days since 1970)."""
    return EPOCH + datetime.timedelta(days=number)


def number_of(day: datetime.date) -> int:
    """The day number of a date."""
    return (day - EPOCH).days


def seconds_of(clock: datetime.time) -> int:
    """Seconds since midnight."""
    return clock.hour * 3600 + clock.minute * 60 + clock.second


def civil_text(at: int, offset_s: int) -> str:
    """UTC seconds as ISO 8601 civil time; "" for 0, which stands for a time that is not known."""
    if at == 0:
        return ""
    civil = datetime.datetime.fromtimestamp(at + offset_s, datetime.UTC)
    return civil.strftime("%Y-%m-%dT%H:%M:%S")


def day_number(text: str) -> int:
    """The day number of an ISO date.

    Raises OnecardError.
    """
    try:
        day = number_of(datetime.date.fromisoformat(text))
        if not 0 < day <= LAST_WINDOW_NUMBER:
            raise ValueError
        return day
    except ValueError:
        raise OnecardError(Phrase("{text!r} is not a day",
                                  text=text), expected="a date such as 2024-11-25",
                           remedy="write the service day of the window") from None
