"""How old a rider is on a day decides who pays: full years by the calendar, to the day."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from ext import records
from ext.clearing.journeys import pair_taps
from ext.codes import TapKind
from tests.kernels.cases import UTC, Records, dirty, records_of

pytestmark = pytest.mark.kernels

MEMBERS = records_of([{}, {"system": 5}], records.MEMBER)
REVIEWED = records.RIDE_FLAGS["REVIEWED"]
DAY_S = 86_400
BORN_SINCE, DAY_SINCE = datetime.date(1900, 1, 1), datetime.date(1970, 1, 1)


def born(text: str) -> int:
    """Tap.born_day of a date."""
    return (datetime.date.fromisoformat(text) - BORN_SINCE).days


def day(text: str) -> int:
    """Tap.review_day, or a service day, of a date."""
    return (datetime.date.fromisoformat(text) - DAY_SINCE).days


def pair(taps: Records, *, day_starts_s: int = 0) -> Records:
    rides = dirty(len(taps), records.RIDE)
    made, _ = pair_taps(
        taps, np.arange(len(taps), dtype=np.uint32), MEMBERS, rides,
        np.empty(len(taps), dtype=np.uint32), ride_limit_s=10_000, open_from=2**40,
        civil_offsets=UTC, day_starts_s=day_starts_s)
    return rides[:made]


def singles(born_days: Records, days: Records) -> Records:
    """A boarding at noon of each day, of a rider born on each day."""
    taps = np.zeros(len(days), records.TAP)
    taps["kind"], taps["operator"] = TapKind.SINGLE, 1
    taps["tapped_at"] = days.astype(np.uint32) * DAY_S + DAY_S // 2
    taps["born_day"] = born_days
    return taps


def age_of(born_day: int, service_day: int) -> int:
    """The rule in other words: birthdays that have come, one on 29 February coming on 1 March."""
    if born_day == 0:
        return 0
    birth = BORN_SINCE + datetime.timedelta(days=born_day)
    today = DAY_SINCE + datetime.timedelta(days=service_day)
    try:
        birthday = birth.replace(year=today.year)
    except ValueError:
        birthday = datetime.date(today.year, 3, 1)
    age = today.year - birth.year - (today < birthday)
    return age if 1 <= age <= 150 else 0


@pytest.mark.parametrize("birth", [
    "1900-01-02", "1900-02-28", "1900-03-01", "1904-02-29", "1960-02-29", "1999-12-31",
    "2000-02-29", "2024-01-01", "2024-02-29", "2079-06-06",
])
def test_on_every_day_that_a_record_can_have(birth: str) -> None:
    days = np.arange(49_710)
    rides = pair(singles(np.full(len(days), born(birth)), days))
    assert rides["service_day"].tolist() == days.tolist()
    assert rides["age"].tolist() == [age_of(born(birth), each) for each in days.tolist()]


@pytest.mark.parametrize("service_day", ["1970-01-01", "2024-02-28", "2024-02-29", "2024-03-01",
                                         "2025-02-28", "2025-03-01", "2100-03-01"])
def test_of_everybody_who_can_be_told(service_day: str) -> None:
    births = np.arange(65_536)
    rides = pair(singles(births, np.full(len(births), day(service_day))))
    assert rides["age"].tolist() == [age_of(each, day(service_day)) for each in births.tolist()]


@pytest.mark.parametrize(("birth", "service_day", "age"), [
    ("1960-11-25", "2024-11-24", 63),
    ("1960-11-25", "2024-11-25", 64),
    ("1960-02-29", "2025-02-28", 64),
    ("1960-02-29", "2025-03-01", 65),
    ("1960-02-29", "2024-02-28", 63),
    ("1960-02-29", "2024-02-29", 64),
    ("2023-11-26", "2024-11-25", 0),        # a baby: not yet one year
    ("2024-11-26", "2024-11-25", 0),        # of the day before, where days begin later
    ("1900-01-02", "2051-01-01", 150),
    ("1900-01-02", "2051-01-02", 0),        # nobody is 151
])
def test_ages_by_hand(birth: str, service_day: str, age: int) -> None:
    rides = pair(singles(np.array([born(birth)]), np.array([day(service_day)])))
    assert rides["age"].tolist() == [age]


def test_the_service_day_counts_not_the_civil_one() -> None:
    """At one in the morning of the birthday the day before still lasts."""
    at = day("2024-11-25") * DAY_S + 3600
    taps = records_of([{"kind": TapKind.SINGLE, "operator": 1, "tapped_at": at,
                        "born_day": born("1960-11-25"), "review_day": day("2024-11-24")}],
                      records.TAP)
    late, = pair(taps, day_starts_s=3 * 3600)
    assert (late["age"], late["flags"]) == (63, REVIEWED)
    new, = pair(taps)
    assert (new["age"], new["flags"]) == (64, 0)


@pytest.mark.parametrize(("until", "reviewed"), [
    ("2024-11-24", False), ("2024-11-25", True), ("2024-11-26", True), ("1970-01-02", False),
    ("2149-06-06", True), ("", False),
])
def test_reviewed_up_to_the_last_day(until: str, reviewed: bool) -> None:
    taps = singles(np.zeros(1), np.array([day("2024-11-25")]))
    taps["review_day"] = day(until) if until else 0
    ride, = pair(taps)
    assert ride["flags"] == (REVIEWED if reviewed else 0)
    assert ride["age"] == 0


LATER, EARLIER = day("2025-01-31"), day("2024-01-31")
OLD, YOUNG = born("1950-01-01"), born("2010-01-01")


@pytest.mark.parametrize(("first", "last", "age", "reviewed"), [
    # (born_day, review_day) of the way in and of the way out
    ((OLD, LATER),     (YOUNG, EARLIER),  14, False),       # the last tap
    ((OLD, EARLIER),   (YOUNG, LATER),    14, True),
    ((OLD, LATER),     (0, 0),            74, True),        # the first, where it says nothing
    ((OLD, EARLIER),   (0, 0),            74, False),
    ((OLD, LATER),     (YOUNG, 0),        14, True),        # each by itself
    ((0, 0),           (0, LATER),         0, True),
    ((0, 0),           (YOUNG, LATER),    14, True),
    ((0, LATER),       (0, 0),             0, True),
    ((0, 0),           (0, 0),             0, False),
])
def test_of_two_taps_the_last_that_says_it(first: tuple[int, int], last: tuple[int, int],
                                           age: int, reviewed: bool) -> None:
    noon = day("2024-11-25") * DAY_S + DAY_S // 2
    ends = (TapKind.IN, noon, 1, *first), (TapKind.OUT, noon + 60, 2, *last)
    taps = records_of([
        {"kind": kind, "operator": 1, "tapped_at": at, "stop": stop, "born_day": born_day,
         "review_day": review_day} for kind, at, stop, born_day, review_day in ends
    ], records.TAP)
    ride, = pair(taps)
    assert (ride["age"], ride["flags"]) == (age, REVIEWED if reviewed else 0)


@pytest.mark.parametrize("kind", [TapKind.SINGLE, TapKind.IN, TapKind.OUT, TapKind.RIDE])
@pytest.mark.parametrize("stop", [0, 2])
def test_whatever_the_ride_is(kind: TapKind, stop: int) -> None:
    """Lone gate-ins and gate-outs have a rider, too, and so have rides in one record."""
    noon = day("2024-11-25") * DAY_S + DAY_S // 2
    taps = records_of([{"kind": kind, "operator": 1, "tapped_at": noon, "in_at": noon,
                        "stop": stop, "in_stop": 1, "born_day": OLD, "review_day": LATER}],
                      records.TAP)
    ride, = pair(taps)
    assert (ride["age"], ride["flags"]) == (74, REVIEWED)
