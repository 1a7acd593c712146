"""What a row asks of a ride: each condition at the edges of where it holds."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from ext import records
from ext.codes import RideState
from tests.kernels.ground import DAY, NOON, make_ride, make_table, price

pytestmark = pytest.mark.kernels

FLAGS = records.RIDE_FLAGS
HALF = {"rule": "half", "pays_percent": 50, "funders": [{"funder": "finance"}]}
MIDNIGHT = DAY * 86_400
SATURDAY = DAY + 1              # 2024-10-05, a weekend and in the national holidays
MAKE_UP_DAY = DAY + 8           # Saturday 2024-10-12, a workday


def paid(folder: Path, row: dict[str, Any], ride: dict[str, Any], **table: Any) -> int:
    """What a ride of 200 costs with the row."""
    outcome = price(folder, [make_table(concession=[{**HALF, **row}], **table)], ride)
    return outcome.price[0]


def test_a_row_without_conditions_holds(tmp_path: Path) -> None:
    assert paid(tmp_path, {}, make_ride()) == 100


@pytest.mark.parametrize(("row", "changes", "price_after"), [
    ({"age_from": 60},                {"age": 59},      200),
    ({"age_from": 60},                {"age": 60},      100),
    ({"age_to": 13},                  {"age": 13},      100),
    ({"age_to": 13},                  {"age": 14},      200),
    ({"age_to": 13},                  {"age": 0},       200),   # not known
    ({"age_from": 1},                 {"age": 0},       200),
    ({"age_from": 60, "age_to": 64},  {"age": 65},      200),
    ({"reviewed": True},              {},               200),
    ({"reviewed": True},              {"flags": FLAGS["REVIEWED"]}, 100),
    ({"line_classes": ["express"]},   {"line": 1},      100),
    ({"line_classes": ["express"]},   {"line": 2},      200),
    ({"line_classes": ["express"]},   {"line": 0},      200),
    ({"line_classes": ["express"]},   {"line": 60_000}, 200),   # newer than the tables
    ({"line_classes": ["express", "night"]}, {"line": 2}, 100),
    ({"not_line_classes": ["express"]}, {"line": 1},    200),
    ({"not_line_classes": ["express"]}, {"line": 2},    100),
    ({"not_line_classes": ["express"]}, {"line": 0},    100),
    ({"not_line_classes": ["express"]}, {"line": 60_000}, 100),
    ({"not_card_kinds": ["adult"]},   {},               200),
    ({"not_card_kinds": ["student"]}, {},               100),
    ({"card_kinds": ["adult", "student"], "not_card_kinds": ["adult"]}, {}, 200),
    ({"not_media": ["card"]},         {},               200),
    ({"not_media": ["card"]},         {"medium": 9},    100),   # newer than the tables
    ({"not_modes": ["bus"]},          {},               200),
    ({"pays_percent": 20, "pays_at_least": 120}, {},    120),
    ({"pays_percent": 20, "pays_at_least": 300}, {},    200),   # never more than before
    ({"pays_percent": 80, "pays_at_least": 120}, {},    160),
    ({"pays_percent": None, "takes_off": 33, "unit": 10}, {},   170),
    ({"pays_percent": None, "takes_off": 33, "unit": 10, "rounding": "down"}, {}, 160),
    ({"pays_percent": None, "pays_amount": 199, "unit": 300, "rounding": "up"}, {}, 200),
])
def test_who_and_on_which_line(tmp_path: Path, row: dict[str, Any], changes: dict[str, int],
                               price_after: int) -> None:
    assert paid(tmp_path, row, make_ride(**changes)) == price_after


@pytest.mark.parametrize(("row", "ends", "price_after"), [
    ({"from_stops": ["near"]},        ("a", "d"), 100),
    ({"from_stops": ["near"]},        ("c", "a"), 200),
    ({"to_stops": ["near"]},          ("c", "b"), 100),
    ({"from_stops": ["far"], "to_stops": ["near"]}, ("d", "a"), 100),
    ({"from_stops": ["near", "far"]}, ("d", "a"), 100),
    ({"not_from_stops": ["near"]},    ("a", "d"), 200),
    ({"not_from_stops": ["near"]},    ("d", "a"), 100),
    ({"not_to_stops": ["near"]},      ("c", "b"), 200),
    ({"not_to_stops": ["near"], "to_stops": ["near", "far"]}, ("a", "d"), 100),
    ({"from_stops": ["near"]},        (0, "a"),   200),         # not known
])
def test_where(tmp_path: Path, row: dict[str, Any], ends: tuple[Any, Any],
               price_after: int) -> None:
    table = make_table("metro", concession=[{**HALF, **row}],
                       stop_sets={"near": ["a", "b"], "far": ["d"]})
    ride = make_ride("metro", from_stop=ends[0], to_stop=ends[1])
    assert price(tmp_path, [table], ride).price == [price_after]


@pytest.mark.parametrize(("clock", "holds"), [
    ("06:59:59", False), ("07:00:00", True), ("08:59:59", True), ("09:00:00", False),
])
def test_a_timeframe_begins_at_its_first_second_and_ends_before_its_last(
        tmp_path: Path, clock: str, holds: bool) -> None:
    timeframe = {"timeframe": "rush", "since": datetime.time(7), "until": datetime.time(9)}
    ride = make_ride(started_at=MIDNIGHT + _seconds(clock), ended_at=MIDNIGHT + _seconds(clock))
    amount = paid(tmp_path, {"timeframes": ["rush"]}, ride, timeframe=[timeframe])
    assert amount == (100 if holds else 200)


@pytest.mark.parametrize(("clock", "holds"), [
    ("21:59:59", False), ("22:00:00", True), ("23:59:59", True), ("00:00:00", True),
    ("04:59:59", True), ("05:00:00", False), ("12:00:00", False),
])
def test_a_timeframe_can_go_past_midnight(tmp_path: Path, clock: str, holds: bool) -> None:
    timeframe = {"timeframe": "night", "since": datetime.time(22), "until": datetime.time(5)}
    ride = make_ride(started_at=MIDNIGHT + _seconds(clock), ended_at=MIDNIGHT + _seconds(clock))
    assert paid(tmp_path, {"timeframes": ["night"]}, ride, timeframe=[timeframe]) == (
        100 if holds else 200)


@pytest.mark.parametrize(("days", "day", "holds"), [
    (["fri"],      DAY,         True),
    (["sat"],      DAY,         False),
    (["workday"],  DAY,         False),     # the national holidays
    (["holiday"],  DAY,         True),
    (["restday"],  DAY,         True),      # a holiday is one, too
    (["holiday"],  SATURDAY,    True),
    (["sat"],      MAKE_UP_DAY, True),
    (["workday"],  MAKE_UP_DAY, True),
    (["restday"],  MAKE_UP_DAY, False),
    (["holiday"],  DAY + 11,    True),      # the network's own day
    (["workday"],  DAY + 10,    True),      # an ordinary Monday
    (["restday"],  DAY + 9,     True),      # an ordinary Sunday
    (["holiday"],  DAY + 9,     False),
])
def test_days_are_those_of_the_calendar_and_the_network(
        tmp_path: Path, days: list[str], day: int, holds: bool) -> None:
    at = day * 86_400 + 43_200
    ride = make_ride(service_day=day, started_at=at, ended_at=at)
    timeframe = {"timeframe": "some", "days": days}
    amount = paid(tmp_path, {"timeframes": ["some"]}, ride, timeframe=[timeframe])
    assert amount == (100 if holds else 200)


def test_the_day_is_the_service_day(tmp_path: Path) -> None:
    """Half past midnight belongs to the day before, where days begin at three."""
    at = (MAKE_UP_DAY + 1) * 86_400 + 1800
    ride = make_ride(service_day=MAKE_UP_DAY, started_at=at, ended_at=at)
    timeframe = {"timeframe": "work", "days": ["workday"], "until": datetime.time(1)}
    assert paid(tmp_path, {"timeframes": ["work"]}, ride, timeframe=[timeframe]) == 100


@pytest.mark.parametrize(("at", "state", "holds"), [
    ("entry", RideState.COMPLETE,    False),
    ("exit",  RideState.COMPLETE,    True),
    ("entry", RideState.MISSING_IN,  False),
    ("exit",  RideState.MISSING_IN,  True),
    ("exit",  RideState.MISSING_OUT, False),
])
def test_a_timeframe_is_of_the_entry_or_the_exit(tmp_path: Path, at: str, state: RideState,
                                              holds: bool) -> None:
    timeframe = {"timeframe": "noon", "since": datetime.time(12), "until": datetime.time(13)}
    ride = make_ride(state=state, started_at=0 if state == RideState.MISSING_IN else NOON - 1,
                     ended_at=0 if state == RideState.MISSING_OUT else NOON + 600)
    table = make_table(concession=[{**HALF, "timeframes": ["noon"], "timeframe_at": at}],
                       timeframe=[timeframe], fare={"rule": "flat", "basis": "flat", "amount": 200,
                                              "discounts_on_incomplete": True})
    assert price(tmp_path, [table], ride).price == [100 if holds else 200]


def test_the_first_fare_row_that_fits_sets_the_due(tmp_path: Path) -> None:
    rows = [{"rule": "by-code", "basis": "flat", "amount": 300, "media": ["qr"]},
            {"rule": "student", "basis": "flat", "amount": 50, "card_kinds": ["student"]},
            {"rule": "all", "basis": "flat", "amount": 200},
            {"rule": "never", "basis": "flat", "amount": 1}]
    for changes, due in (({}, 200), ({"medium": 2}, 300), ({"card_kind": 2}, 50),
                         ({"medium": 2, "card_kind": 2}, 300)):
        assert price(tmp_path, [make_table(fare=rows)], make_ride(**changes)).due == [due]


def test_no_fare_row_fits(tmp_path: Path) -> None:
    rows = [{"rule": "by-code", "basis": "flat", "amount": 300, "media": ["qr"]}]
    assert price(tmp_path, [make_table(fare=rows)], make_ride()).codes == ["NO_FARE"]


def _seconds(clock: str) -> int:
    at = datetime.time.fromisoformat(clock)
    return at.hour * 3600 + at.minute * 60 + at.second
