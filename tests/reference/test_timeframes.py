"""Some hours on some days: by entry or exit, past midnight, on workdays, restdays, holidays."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from clearing.reference.state import State
from network.errors import TableError
from tests.reference.plain import explain_card
from tests.reference.town import make_table, make_tap, make_world, prices, ride_metro, run

FUNDERS = [{"funder": "operator"}]
HALF = {"rule": "half", "funders": FUNDERS, "pays_percent": 50, "timeframes": ["w"]}


def is_inside(timeframe: dict[str, Any], *taps: Any, **network: Any) -> bool:
    """Whether a ride of these taps is in the timeframe: then it pays half of 2.00."""
    timeframe = {"timeframe": "w", **{name: datetime.time.fromisoformat(value)
                                if name in ("since", "until") else value
                                for name, value in timeframe.items()}}
    at_exit = {"timeframe_at": "exit"} if len(taps) == 2 else {}
    world = make_world(*(make_table(operator, timeframe=[timeframe],
                                    concession=[{**HALF, **at_exit}])
                         for operator in ("bus", "metro")), **network)
    [(_, price)] = prices(run(world, *taps))
    return price == 100


# From `since` on, and before `until`.
@pytest.mark.parametrize(("timeframe", "boarded", "inside"), [
    ({"until": "07:00"},                        "06:59:59", True),
    ({"until": "07:00"},                        "07:00:00", False),
    ({"since": "07:30", "until": "09:00"},      "07:29:59", False),
    ({"since": "07:30", "until": "09:00"},      "07:30:00", True),
    ({"since": "07:30", "until": "09:00"},      "09:00:00", False),
    ({"since": "20:00"},                        "19:59:59", False),
    ({"since": "20:00"},                        "23:59:59", True),
    ({"since": "22:00", "until": "05:00"},      "23:00:00", True),
    ({"since": "22:00", "until": "05:00"},      "04:59:59", True),
    ({"since": "22:00", "until": "05:00"},      "05:00:00", False),
    ({"since": "22:00", "until": "05:00"},      "21:59:59", False),
    ({"since": "06:00", "until": "06:00"},      "12:00:00", True),      # all day and all night
    ({"since": "07:30:30", "until": "09:00"},   "07:30:29", False),
    ({},                                        "12:00:00", True),
])
def test_hours(timeframe: dict[str, Any], boarded: str, inside: bool) -> None:
    assert is_inside(timeframe, make_tap("single", f"05-04 {boarded}", seq=1)) == inside


@pytest.mark.parametrize(("days", "when", "inside"), [
    (["mon"],        "05-11 08:00:00", True),
    (["mon"],        "05-12 08:00:00", False),
    (["sat", "sun"], "05-16 08:00:00", True),
    # Two in the night of Tuesday is still Monday's service day, which begins at four.
    (["mon"],        "05-12 02:00:00", True),
    (["tue"],        "05-12 02:00:00", False),
    (["tue"],        "05-12 04:00:00", True),
])
def test_weekdays(days: list[str], when: str, inside: bool) -> None:
    assert is_inside({"days": days}, make_tap("single", when, seq=1)) == inside


# May 2026: a holiday from the 1st to the 5th, and Saturday the 9th is worked for it.
MAINLAND = {
    "05-04": "holiday", "05-06": "workday", "05-09": "workday", "05-10": "restday",
    "05-15": "workday", "05-16": "restday",
}
OWN = {
    "05-04": "workday", "05-06": "workday", "05-09": "restday", "05-10": "restday",
    "05-15": "workday", "05-16": "holiday",
}
NETWORK_DAY = [{"date": datetime.date(2026, 5, 16), "is_a": "holiday"},
               {"date": datetime.date(2026, 5, 6), "is_a": "workday"}]


@pytest.mark.parametrize("asked", ["workday", "restday", "holiday"])
@pytest.mark.parametrize(("calendar", "date", "kind"), [
    *(("mainland", date, kind) for date, kind in MAINLAND.items()),
    *(("own", date, kind) for date, kind in OWN.items()),
])
def test_calendar(calendar: str, date: str, kind: str, asked: str) -> None:
    own = NETWORK_DAY if calendar == "own" else []
    inside = is_inside({"days": [asked]}, make_tap("single", f"{date} 08:00:00", seq=1),
                       calendar=calendar, day=own)
    assert inside == (asked == kind or (asked, kind) == ("restday", "holiday"))


def test_own_day_comes_before_the_mainlands() -> None:
    tap = make_tap("single", "05-04 08:00:00", seq=1)
    day = [{"date": datetime.date(2026, 5, 4), "is_a": "workday"}]
    assert is_inside({"days": ["workday"]}, tap, calendar="mainland", day=day)


def test_year_that_the_calendar_does_not_have() -> None:
    timeframe = {"timeframe": "w", "days": ["workday"]}
    world = make_world(make_table(timeframe=[timeframe], concession=[HALF]), calendar="mainland")
    tap = make_tap("single", "05-04 08:00:00", seq=1, tapped_at=4_102_444_800)     # 2100
    with pytest.raises(TableError, match="2100"):
        run(world, tap)
    # Weekdays need no calendar.
    assert is_inside({"days": ["fri"]}, tap, calendar="mainland")


@pytest.mark.parametrize(("out", "inside"), [("06:59:59", True), ("07:00:00", False)])
def test_by_exit(out: str, inside: bool) -> None:
    taps = ride_metro("a", "b", at="05-04 06:40:00", out=f"05-04 {out}")
    assert is_inside({"until": "07:00"}, *taps) == inside


@pytest.mark.parametrize(("timeframe_at", "price"), [("entry", 200), ("exit", 100)])
def test_a_time_that_is_not_known_is_in_no_timeframe(timeframe_at: str, price: int) -> None:
    fare = {"rule": "f", "basis": "flat", "amount": 200, "discounts_on_incomplete": True}
    world = make_world(make_table("metro", fare=fare, timeframe=[{"timeframe": "w"}],
                                  concession=[{**HALF, "timeframe_at": timeframe_at}]))
    way_out = make_tap("out", "05-04 08:00:00", seq=1)
    assert prices(run(world, way_out)) == [(200, price)]


def test_any_of_several_timeframes_will_do() -> None:
    timeframes = [{"timeframe": "dawn", "until": datetime.time(7)},
               {"timeframe": "dusk", "since": datetime.time(20)},
               {"timeframe": "noon", "since": datetime.time(12), "until": datetime.time(13)}]
    row = {**HALF, "timeframes": ["dawn", "dusk"]}
    world = make_world(make_table(timeframe=timeframes, concession=[row]))
    result = run(world, *(make_tap("single", f"05-04 {hour}:00:00", seq=int(hour))
                          for hour in ("06", "12", "20")))
    assert [price for _, price in prices(result)] == [100, 200, 100]


def test_why_not_in_words() -> None:
    timeframes = [{"timeframe": "early", "until": datetime.time(7)},
               {"timeframe": "weekend", "days": ["sat", "restday"]}]
    row = {**HALF, "timeframes": ["early", "weekend"]}
    world = make_world(make_table(timeframe=timeframes, concession=[row]))
    tap = make_tap("single", "05-04 08:30:00", seq=1)
    [priced] = explain_card(world, [tap], State(), tap.card)
    assert [line.why for line in priced.trace if line.kind == "concession"] == [
        "entry not in early: 08:30:00 is not from 00:00 to before 07:00; "
        "not in weekend: 2026-05-04 is mon and workday, not sat or restday"]
