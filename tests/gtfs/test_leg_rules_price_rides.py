"""Fares v2 of small feeds: networks, areas, priorities, hours, riders, media, area sets, joins."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from tests.gtfs.riders import (
    BASE,
    Ride,
    Town,
    bring_in,
    codes,
    settle_in,
    write_feed,
)

MONDAY, SATURDAY, HOLIDAY = "2024-05-13", "2024-05-18", "2024-05-06"
PRODUCTS = """
fare_product_id,amount,currency
one,100,JPY
two,200,JPY
three,300,JPY
"""
AREAS = {
    "areas.txt": "area_id\nwest\neast\nbay",
    "stop_areas.txt": "area_id,stop_id\nwest,P\neast,Q\nbay,Q",
}


def town(tmp_path: Path, rules: str, *more: dict[str, str]) -> Town:
    return settle_in(write_feed(tmp_path / "feed", BASE, {
        "fare_products.txt": PRODUCTS, "fare_leg_rules.txt": rules}, *more), tmp_path)


def fares(
    here: Town, *ways: str, line: str = "red", at: str = f"{MONDAY} 08:00"
) -> list[int | None]:
    """What each way costs, "PQ" being from P to Q, by itself."""
    return [here.pay(Ride(line, way[0], way[1:], at))[0] for way in ways]


def test_networks_have_fares_of_their_own(tmp_path: Path) -> None:
    here = town(tmp_path, "network_id,fare_product_id\nmetro,two\nbus,one")
    assert (fares(here, "PQ"), fares(here, "P", line="blue")) == ([200], [100])


def test_a_blank_network_is_every_network_that_no_rule_names(tmp_path: Path) -> None:
    here = town(tmp_path, "network_id,fare_product_id\nmetro,two\n,one")
    assert (fares(here, "PQ"), fares(here, "PQ", line="blue")) == ([200], [100])


def test_with_priorities_a_blank_network_is_every_network(tmp_path: Path) -> None:
    here = town(tmp_path, "network_id,fare_product_id,rule_priority\nmetro,two,\n,one,1")
    assert (fares(here, "PQ"), fares(here, "PQ", line="blue")) == ([100], [100])


def test_blank_areas_are_those_that_no_rule_names(tmp_path: Path) -> None:
    here = town(tmp_path, "from_area_id,to_area_id,fare_product_id\nwest,,two\n,,one", AREAS)
    assert fares(here, "PQ", "PR", "QP", "RQ", "PP") == [200, 200, 100, 100, 200]


def test_with_priorities_blank_areas_are_every_area(tmp_path: Path) -> None:
    here = town(tmp_path, """
from_area_id,to_area_id,fare_product_id,rule_priority
west,,two,1
,bay,three,2
,,one,
""", AREAS)
    assert fares(here, "PQ", "PR", "QP", "RQ") == [300, 200, 100, 300]


def test_of_equal_priority_the_cheapest_wins(tmp_path: Path) -> None:
    here = town(tmp_path, """
from_area_id,to_area_id,fare_product_id,rule_priority
west,,three,1
,east,two,1
""", AREAS)
    assert fares(here, "PQ", "PR", "RQ", "RP") == [200, 300, 200, None]


def test_a_station_takes_its_platforms_along(tmp_path: Path) -> None:
    here = town(tmp_path, "from_area_id,to_area_id,fare_product_id\nwest,east,two", {
        "stops.txt": """
stop_id,stop_name,location_type,parent_station
S,Station,1,
P,Platform,0,S
E,Other platform,0,S
Q,Quay,,
""", "areas.txt": "area_id\nwest\neast",
        "stop_areas.txt": "area_id,stop_id\nwest,S\neast,Q\neast,E"})
    assert fares(here, "PQ", "SQ", "PE", "EQ") == [200, 200, 200, None]


HOURS = {"timeframes.txt": """
timeframe_group_id,start_time,end_time,service_id
peak,07:00:00,09:00:00,workdays
other,00:00:00,07:00:00,workdays
other,09:00:00,24:00:00,workdays
other,,,weekend
"""}


@pytest.mark.parametrize(("at", "paid"), [
    (f"{MONDAY} 06:59:59", 100), (f"{MONDAY} 07:00", 200), (f"{MONDAY} 08:59:59", 200),
    (f"{MONDAY} 09:00", 100), (f"{SATURDAY} 08:00", 100)])
def test_hours_of_entry(at: str, paid: int, tmp_path: Path) -> None:
    here = town(tmp_path, "from_timeframe_group_id,fare_product_id\npeak,two\nother,one", HOURS)
    assert fares(here, "PQ", at=at) == [paid]


def test_hours_of_exit(tmp_path: Path) -> None:
    here = town(tmp_path, "to_timeframe_group_id,fare_product_id\npeak,two\nother,one", HOURS)
    assert [here.pay(Ride("red", "P", "Q", f"{MONDAY} {at}", f"{MONDAY} {until}"))
            for at, until in [("06:30", "06:59"), ("06:30", "07:00"), ("08:30", "09:00")]] == [
        [100], [200], [100]]


def test_hours_of_entry_and_exit_at_once_are_told(tmp_path: Path) -> None:
    """Peak only where both ends are: neither end alone says which."""
    feed = write_feed(tmp_path / "feed", BASE, HOURS, {
        "fare_products.txt": PRODUCTS, "fare_leg_rules.txt": """
network_id,from_timeframe_group_id,to_timeframe_group_id,fare_product_id
metro,peak,peak,two
metro,peak,other,one
metro,other,peak,one
metro,other,other,two
bus,,,three
"""})
    imported = bring_in(feed, tmp_path)
    assert codes(imported.notices) == {"GTFS_TIMEFRAMES"}
    here = Town(imported.folder)
    assert (fares(here, "PQ"), fares(here, "PQ", line="blue")) == ([None], [300])


def test_a_holiday_that_runs_as_a_weekend(tmp_path: Path) -> None:
    rules = "from_timeframe_group_id,fare_product_id\npeak,two\nother,one"
    here = town(tmp_path, rules, HOURS, {"calendar_dates.txt": """
service_id,date,exception_type
workdays,20240506,2
weekend,20240506,1
"""})
    assert [str(day.date) for day in here.world.model.day] == [HOLIDAY]
    assert fares(here, "PQ", at=f"{HOLIDAY} 08:00") == [100]
    assert fares(here, "PQ", at=f"{MONDAY} 08:00") == [200]


def test_days_that_no_word_tells_apart_are_told(tmp_path: Path) -> None:
    """A Tuesday without service beside a Wednesday that runs as a Saturday, and so on."""
    unusual = [("workdays", "20240507", 2), ("workdays", "20240508", 2), ("weekend", "20240508", 1),
               ("workdays", "20240511", 1)]
    feed = write_feed(tmp_path / "feed", BASE, HOURS, {
        "calendar_dates.txt": "service_id,date,exception_type\n" + "\n".join(
            f"{service},{day},{sort}" for service, day, sort in unusual),
        "fare_products.txt": PRODUCTS,
        "fare_leg_rules.txt": "from_timeframe_group_id,fare_product_id\npeak,two\nother,one"})
    imported = bring_in(feed, tmp_path)
    [told] = [one for one in imported.notices if one.code == "GTFS_DATES"]
    assert "2024-05-07, 2024-05-08, 2024-05-11" in told.reason
    here = Town(imported.folder)
    assert here.world.model.day == []
    assert fares(here, "PQ", at="2024-05-07 08:00") == [200]        # as other Tuesdays


def test_a_service_that_begins_later_begins_a_table(tmp_path: Path) -> None:
    imported = bring_in(write_feed(tmp_path / "feed", BASE, {
        "calendar.txt": BASE["calendar.txt"].replace(
            "workdays,1,1,1,1,1,0,0,20240101", "workdays,1,1,1,1,1,0,0,20240601"),
        "fare_products.txt": PRODUCTS,
        "fare_leg_rules.txt": "from_timeframe_group_id,fare_product_id,rule_priority\n"
                              "peak,two,1\n,one,"}, HOURS), tmp_path)
    here = Town(imported.folder)
    assert imported.tables == 2
    assert [table.in_force_until is None for table in here.world.tables] == [False, True]
    assert fares(here, "PQ", at="2024-05-31 08:00") == [100]
    assert fares(here, "PQ", at="2024-06-03 08:00") == [200]


def test_riders_and_media(tmp_path: Path) -> None:
    here = town(tmp_path, "fare_product_id\nride", {
        "rider_categories.txt": """
rider_category_id,rider_category_name,is_default_fare_category
child,Child,0
adult,Adult,1
""", "fare_media.txt": """
fare_media_id,fare_media_name,fare_media_type
cash,Cash,0
card,Card,2
""", "fare_products.txt": """
fare_product_id,rider_category_id,fare_media_id,amount,currency
ride,adult,cash,300,JPY
ride,adult,card,200,JPY
ride,child,,100,JPY
"""})
    assert here.world.model.card_kinds == ["adult", "child"]
    assert here.world.model.media == ["cash", "card", "other"]
    assert [here.pay(Ride("red", "P", "Q", f"{MONDAY} 08:00", medium=medium, kind=kind))[0]
            for kind, medium in [("adult", "cash"), ("adult", "card"), ("adult", "other"),
                                 ("child", "cash")]] == [300, 200, None, 100]


def test_what_costs_more_for_the_same_ride_is_left_out_and_told(tmp_path: Path) -> None:
    feed = write_feed(tmp_path / "feed", BASE, {
        "fare_products.txt": PRODUCTS, "fare_leg_rules.txt": "fare_product_id\nthree\none"})
    imported = bring_in(feed, tmp_path)
    assert [(one.code, one.row) for one in imported.notices] == [("GTFS_DEARER_PRODUCT", 2)]
    assert fares(Town(imported.folder), "PQ") == [100]


TRIPS = {
    "trips.txt": "route_id,service_id,trip_id\nred,daily,T",
    "stop_times.txt": "trip_id,stop_id,stop_sequence\nT,P,1\nT,Q,2\nT,R,3",
}
SETS = {
    "areas.txt": "area_id\nA\nB\nC",
    "stop_areas.txt": "area_id,stop_id\nA,P\nB,Q\nC,R",
    "area_set_elements.txt": "area_set_id,area_id\nB_only,B\nAB,A\nAB,B\nABC,A\nABC,B\nABC,C",
}
SET_RULES = """
fare_product_id,contains_exactly_area_set_id
one,B_only
two,AB
three,ABC
"""


def test_area_sets_by_the_way_of_the_trips(tmp_path: Path) -> None:
    here = town(tmp_path, SET_RULES, SETS, TRIPS)
    assert fares(here, "QQ", "PQ", "PR", "QR") == [100, 200, 300, None]


def test_area_sets_without_trips_are_told(tmp_path: Path) -> None:
    imported = bring_in(write_feed(tmp_path / "feed", BASE, SETS, {
        "fare_products.txt": PRODUCTS, "fare_leg_rules.txt": SET_RULES}), tmp_path)
    assert [(one.code, one.row) for one in imported.notices] == [
        ("GTFS_NO_FARE_HERE", 0), ("GTFS_CONTAINS", 4)]
    assert fares(Town(imported.folder), "QQ", "PQ", "PR") == [100, 200, None]


def test_joined_legs_cost_one_fare_through(tmp_path: Path) -> None:
    here = town(tmp_path, """
from_area_id,to_area_id,fare_product_id
A,B,one
B,C,two
A,C,two
""", SETS, {"fare_leg_join_rules.txt": """
from_network_id,to_network_id,from_stop_id,to_stop_id
metro,bus,,
"""})
    first = Ride("red", "P", "Q", f"{MONDAY} 08:00")
    second = Ride("blue", "Q", "R", f"{MONDAY} 08:30")
    assert here.pay(first, second) == [100, 100]        # A to C for 200
    assert here.pay(first, second._replace(line="red")) == [100, 200]
    late = second._replace(at=f"{MONDAY} 10:30")
    assert here.pay(first, late) == [100, 200]


def test_joined_legs_at_stops_that_are_named(tmp_path: Path) -> None:
    here = town(tmp_path, "fare_product_id\none", {"fare_leg_join_rules.txt": """
from_network_id,to_network_id,from_stop_id,to_stop_id
metro,bus,Q,R
"""})
    first = Ride("red", "P", "Q", f"{MONDAY} 08:00")
    assert here.pay(first, Ride("blue", "R", "P", f"{MONDAY} 08:30")) == [100, 0]
    assert here.pay(first, Ride("blue", "Q", "P", f"{MONDAY} 08:30")) == [100, 100]


def test_a_rule_whose_hours_are_nowhere_never_holds(tmp_path: Path) -> None:
    rules = "from_timeframe_group_id,fare_product_id\nnight,one\n,two"
    imported = bring_in(write_feed(tmp_path / "feed", BASE, {
        "fare_products.txt": PRODUCTS, "fare_leg_rules.txt": rules}), tmp_path)
    assert [(one.code, one.row) for one in imported.notices] == [("GTFS_NEVER", 2)]
    assert fares(Town(imported.folder), "PQ") == [200]


def test_incomplete_rides_cost_the_most_that_they_can(tmp_path: Path) -> None:
    here = town(tmp_path, "from_area_id,to_area_id,fare_product_id\nA,B,one\nA,C,three", SETS)
    assert {fare.missing_out for fare in here.world.tables[0].fare} == {"highest"}


@pytest.mark.parametrize(("more", "code", "place"), [
    ({"stops.txt": "stop_id,stop_name\nP\nQ,Quay\nR"}, "GTFS_CELLS_FEW", "stops.txt:2"),
    ({"fare_leg_join_rules.txt": "from_network_id,to_network_id\nmetro,bus"},
     "GTFS_JOIN_STATION", "fare_leg_join_rules.txt:2"),
    ({**SETS, **TRIPS, "fare_leg_rules.txt": SET_RULES}, "GTFS_WAY", "fare_leg_rules.txt:4"),
])
def test_what_is_assumed_is_told(
    more: dict[str, str], code: str, place: str, tmp_path: Path
) -> None:
    imported = bring_in(write_feed(tmp_path / "feed", BASE, {
        "fare_products.txt": PRODUCTS, "fare_leg_rules.txt": "fare_product_id\none"}, more),
        tmp_path)
    assert (code, place) in {(one.code, one.text.partition(": ")[0]) for one in imported.notices}


@pytest.mark.parametrize(("zone", "starts"), [
    ("Asia/Tokyo", 0), ("America/New_York", 0), ("America/St_Johns", 0),
    ("Asia/Beirut", 4)])        # where clocks are put forward at midnight
def test_a_network_has_the_clocks_of_its_feed(zone: str, starts: int, tmp_path: Path) -> None:
    here = town(tmp_path, "fare_product_id\none", {
        "agency.txt": BASE["agency.txt"].replace("Asia/Tokyo", zone)})
    assert (here.world.model.time_zone, here.world.model.day_starts_at) == (
        zone, datetime.time(starts))
