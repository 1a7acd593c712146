"""Civil time: a network's zone, its days and its clock."""

from __future__ import annotations

import datetime
from bisect import bisect_right
from functools import cache, cached_property
from itertools import pairwise
from operator import attrgetter
from typing import TYPE_CHECKING, Any, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from network.errors import OnecardError
from network.language import Phrase

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

EPOCH = datetime.date(1970, 1, 1)
DAYS_MOST = 1 << 16             # service days are 16 bits; ext/records.pxd says it to kernels
LAST_TAP_DAY = datetime.date(2105, 12, 31)  # times of taps are 32 bits of seconds since 1970
LAST_WINDOW_NUMBER = 49_000     # in 2104, well before the last tap
_WEEK_S = 7 * 86_400
_DAY_S = 86_400


class Clock:
    """A network's civil clock: how far it is ahead of UTC, and when that changes."""

    def __init__(self, time_zone: str, since: datetime.date) -> None:
        """since: the first day that counts; clocks of days before are as at its beginning.

        Raises OnecardError where there is no such zone.
        """
        try:
            zone = ZoneInfo(time_zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):      # a folder, a name too long
            raise OnecardError(Phrase("there is no time zone {time_zone!r}", time_zone=time_zone),
                               remedy="write a zone such as Asia/Shanghai as time_zone") from None
        self._rows = [*_find_offsets(zone, since)]

    @cached_property
    def offsets(self) -> npt.NDArray[Any]:
        """Every offset, by moment, as kernels have it (CivilOffset in ext/records)."""
        import numpy as np

        return np.array(self._rows, [(name, "<i8") for name in _Offset._fields])

    def offset_s(self, at: int) -> int:
        """Seconds that clocks are ahead at a UTC time."""
        return self._offset_s("since", at)

    def offsets_s(self, times: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
        """The same of many times."""
        import numpy as np

        found = np.searchsorted(self.offsets["since"], times.astype(np.int64), side="right") - 1
        offsets: npt.NDArray[np.int64] = self.offsets["offset_s"][np.maximum(found, 0)]
        return offsets

    def days(self, times: npt.NDArray[Any], starts_s: int) -> npt.NDArray[np.int64]:
        """The days since 1970 of many times, where a day starts so many seconds after midnight."""
        days: npt.NDArray[np.int64] = (times + self.offsets_s(times) - starts_s) // _DAY_S
        return days

    def civil(self, at: int) -> int:
        """What clocks show at a UTC time, in seconds since 1970."""
        return at + self.offset_s(at)

    def utc(self, civil: int) -> int:
        """The UTC time that a civil one stands for that says no zone.

        The first of two in an hour that is shown twice; by the clocks before where one is left out.
        """
        return civil - self._offset_s("read_since", civil)

    def shows_once(self, second: int) -> bool:
        """Whether clocks show a second of the day once on every day."""
        return not any(
            (second - after.since - min(before.offset_s, after.offset_s)) % _DAY_S
            < abs(after.offset_s - before.offset_s) for before, after in pairwise(self._rows))

    def _offset_s(self, column: str, at: int) -> int:
        found = bisect_right(self._rows, at, key=attrgetter(column)) - 1
        return self._rows[max(found, 0)].offset_s


class _Offset(NamedTuple):
    """How far civil time is ahead of UTC, from a moment on."""

    since: int              # UTC seconds
    read_since: int         # civil seconds from which on a civil time is read by it
    offset_s: int


@cache      # of few zones, each asked for as often as a network is loaded
def _find_offsets(zone: ZoneInfo, since: datetime.date) -> tuple[_Offset, ...]:
    """Every offset of a zone from a day on, by moment; the first holds before it, too."""
    def offset_s(at: int) -> int:
        offset = datetime.datetime.fromtimestamp(at, zone).utcoffset()
        assert offset is not None
        return int(offset.total_seconds())

    def change_between(low: int, high: int) -> int:
        """The first moment of the offset that `high` has."""
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if offset_s(middle) == offset_s(high) else (middle, high)
        return high

    at = int(datetime.datetime.combine(since, datetime.time(), zone).timestamp())
    last = number_of(LAST_TAP_DAY) * _DAY_S
    rows = [_Offset(0, 0, offset_s(at))]
    while at < last:
        if offset_s(at + _WEEK_S) != rows[-1].offset_s:       # no zone changes twice within a week
            changed = change_between(at, at + _WEEK_S)
            before, after = rows[-1].offset_s, offset_s(changed)
            rows.append(_Offset(changed, changed + max(before, after), after))
        at += _WEEK_S
    return tuple(rows)


def day_of(number: int) -> datetime.date:
    """The date of a day number (days since 1970)."""
    return EPOCH + datetime.timedelta(days=number)


def number_of(day: datetime.date) -> int:
    """The day number of a date."""
    return (day - EPOCH).days


def seconds_of(clock: datetime.time) -> int:
    """Seconds since midnight."""
    return clock.hour * 3600 + clock.minute * 60 + clock.second


def civil_text(at: int, clock: Clock) -> str:
    """UTC seconds as ISO 8601 civil time; "" for 0, which stands for a time that is not known."""
    return "" if at == 0 else _iso(clock.civil(at))


def utc_text(at: int) -> str:
    """UTC seconds as ISO 8601 with a Z, for files that are read again; "" for 0."""
    return "" if at == 0 else f"{_iso(at)}Z"


def _iso(seconds: int) -> str:
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%Y-%m-%dT%H:%M:%S")


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
