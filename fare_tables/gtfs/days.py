"""Which days a feed's services run on, in the words of fare tables: weekdays, workdays, holidays.

A table names no dates. Services that begin or end cut the time into tables of their own; days on
which a service runs otherwise than on most of its weekday become days of the network, where that
can be said.
"""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, product

from fare_tables.gtfs.feed import Feed, first_and_last_day
from fare_tables.gtfs.records import ExceptionType
from network.calendars import DAY_NAMES, Kind
from network.language import Phrase

ONE_DAY = datetime.timedelta(days=1)
PERIODS_MOST = 40           # tables that services may cut the time into
TRIALS_MOST = 4_096
LATEST_YEAR = 2148
WEEK, WORKDAYS, WEEKEND = DAY_NAMES[:7], DAY_NAMES[:5], DAY_NAMES[5:7]
KINDS: tuple[Kind, ...] = ("holiday", "restday", "workday")

Services = frozenset[str]
Words = frozenset[str]


@dataclass(frozen=True)
class Period:
    """A time in which the same services run on the same sorts of days."""

    first: datetime.date
    last: datetime.date
    words: Mapping[Services, Words]     # services that run together -> the days they do


@dataclass
class Days:
    """The periods of a feed, and the days that are not as others of their weekday."""

    periods: list[Period]
    own: dict[datetime.date, Kind] = field(default_factory=dict)


def sort_days(feed: Feed, services: Iterable[str]) -> Days:
    """The days of some services of a feed."""
    first, last = first_and_last_day(feed)
    if not 1970 <= first.year <= last.year <= LATEST_YEAR:
        feed.notices.say("GTFS_VALUE", feed.file_of("calendar.txt", "calendar_dates.txt"), 0,
                         Phrase("the feed is for {first} to {last}; 1970 to {year} can be "
                                "cleared",
                                first=first, last=last, year=LATEST_YEAR))
        feed.notices.refuse_where_faulty(feed.source)
    running = {service: _dates(feed, service, first, last) for service in sorted(set(services))}
    cuts = {first, last + ONE_DAY}
    for service, dates in running.items():
        start, end = _span(feed, service, dates)
        cuts |= {start} if first < start <= last else set()
        cuts |= {end + ONE_DAY} if first <= end < last else set()
    if len(cuts) > PERIODS_MOST + 1:
        feed.notices.say("GTFS_DATES", feed.file_of("calendar.txt", "calendar_dates.txt"), 0,
                         Phrase("services begin and end on {number} days; the weekdays that they "
                                "mostly run on are taken for the whole time",
                                number=len(cuts)))
        cuts = {first, last + ONE_DAY}
    days = Days([])
    for start, end in pairwise(sorted(cuts)):
        days.periods.append(_period(feed, running, start, end - ONE_DAY, days.own))
    return days


def _span(
    feed: Feed, service: str, dates: set[datetime.date]
) -> tuple[datetime.date, datetime.date]:
    """When a service begins and ends, whichever weekday that is."""
    starts = [row.start_date for row in feed.calendar if row.service_id == service]
    ends = [row.end_date for row in feed.calendar if row.service_id == service]
    return min([*starts, *dates], default=datetime.date.max), max(
        [*ends, *dates], default=datetime.date.min)


def _dates(
    feed: Feed, service: str, first: datetime.date, last: datetime.date
) -> set[datetime.date]:
    """Every day of the feed on which a service runs."""
    found: set[datetime.date] = set()
    for row in feed.calendar:
        if row.service_id == service:
            flags = (row.monday, row.tuesday, row.wednesday, row.thursday, row.friday,
                     row.saturday, row.sunday)
            found |= {day for day in _list_days(max(first, row.start_date),
                                                min(last, row.end_date)) if flags[day.weekday()]}
    for one in feed.calendar_dates:
        if one.service_id == service and first <= one.date <= last:
            if one.exception_type == ExceptionType.ADDED:
                found.add(one.date)
            else:
                found.discard(one.date)
    return found


def _list_days(first: datetime.date, last: datetime.date) -> Iterator[datetime.date]:
    return (datetime.date.fromordinal(day)
            for day in range(first.toordinal(), last.toordinal() + 1))


def _period(
    feed: Feed, running: Mapping[str, set[datetime.date]], first: datetime.date,
    last: datetime.date, own: dict[datetime.date, Kind],
) -> Period:
    """What runs on which days between two days; `own` gets the days that are exceptions."""
    on = {day: frozenset(service for service, dates in running.items() if day in dates)
          for day in _list_days(first, last)}
    usual = {}
    for weekday, name in enumerate(WEEK):
        counted = Counter(services for day, services in on.items() if day.weekday() == weekday)
        if counted:
            usual[name] = max(sorted(counted, key=sorted), key=lambda one: counted[one])
    unusual = {day: services for day, services in on.items()
               if services != usual[WEEK[day.weekday()]]}
    sorts = sorted({*usual.values(), *unusual.values()}, key=sorted)
    words = _choose_words(sorts, usual, unusual)
    if words is None:
        some = ", ".join(str(day) for day in sorted(unusual)[:3])
        feed.notices.say("GTFS_DATES", feed.file_of("calendar_dates.txt", "calendar.txt"), 0,
                         Phrase("{number} days between {first} and {last} are not as others of "
                                "their weekday, and are priced as if they were: {some}",
                                number=len(unusual), first=first, last=last,
                                some=some + (" ..." if len(unusual) > 3 else "")))
        words = {one: frozenset(name for name in usual if usual[name] == one) for one in sorts}
    else:
        own.update({day: _kind_for(day, services, words) or "holiday"
                    for day, services in unusual.items()})
    return Period(first, last, words)


def _choose_words(
    sorts: Sequence[Services], usual: Mapping[str, Services],
    unusual: Mapping[datetime.date, Services],
) -> dict[Services, Words] | None:
    """Words for each sort of day that tell all days apart; None where there are none."""
    choices = [_list_words(frozenset(name for name in usual if usual[name] == one),
                           bool(unusual)) for one in sorts]
    for trial, chosen in enumerate(product(*choices)):
        if trial >= TRIALS_MOST:
            break
        words = dict(zip(sorts, chosen, strict=True))
        if all(_is_told({name, "workday" if name in WORKDAYS else "restday"}, services, words)
               for name, services in usual.items()) and all(
               _kind_for(day, services, words) for day, services in unusual.items()):
            return words
    return None


def _list_words(weekdays: Words, with_kinds: bool) -> list[Words]:
    """Ways of saying some weekdays, the plainest first."""
    ways = [weekdays]
    if with_kinds:
        for names, kind in ((WORKDAYS, "workday"), (WEEKEND, "restday")):
            ways += [(way - set(names)) | {kind} for way in ways if set(names) <= way]
        ways += [way | {"holiday"} for way in ways]
    return ways


def _kind_for(
    day: datetime.date, services: Services, words: Mapping[Services, Words]
) -> Kind | None:
    """What a day can be declared, so that it is told apart as it should."""
    for kind in KINDS:
        called = {WEEK[day.weekday()], kind} | ({"restday"} if kind == "holiday" else set())
        if _is_told(called, services, words):
            return kind
    return None


def _is_told(called: set[str], services: Services, words: Mapping[Services, Words]) -> bool:
    """Whether a day of these names is of this sort, and of no other."""
    return all(bool(called & said) == (one == services) for one, said in words.items())
