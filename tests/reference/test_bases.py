"""What a ride costs by each basis: along a line, less a grace, by time, by zone, by pair."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fare_tables.bands import fare_of_bands
from fare_tables.model import Band
from tests.reference.town import (
    codes,
    make_table,
    make_tap,
    make_world,
    prices,
    ride_metro,
    run,
)

# Beijing metro: 6 km for 3 yuan, to 12 km 4, to 22 km 5, to 32 km 6, then 1 yuan per 20 km.
BEIJING = [
    {"to_m": 6000, "amount": 300}, {"to_m": 12000, "amount": 400}, {"to_m": 22000, "amount": 500},
    {"to_m": 32000, "amount": 600}, {"every_m": 20000, "add": 100},
]
# Beijing bus: 10 km for 2 yuan, then 1 yuan per 5 km.
BEIJING_BUS = [{"to_m": 10000, "amount": 200}, {"every_m": 5000, "add": 100}]


@pytest.mark.parametrize(("bands", "metres", "fen"), [
    (BEIJING, 0, 300), (BEIJING, 6000, 300), (BEIJING, 6001, 400), (BEIJING, 12000, 400),
    (BEIJING, 12100, 500), (BEIJING, 22000, 500), (BEIJING, 32000, 600), (BEIJING, 32001, 700),
    (BEIJING, 52000, 700), (BEIJING, 52001, 800), (BEIJING, 92000, 900),
    (BEIJING_BUS, 10000, 200), (BEIJING_BUS, 10001, 300), (BEIJING_BUS, 15000, 300),
    (BEIJING_BUS, 15001, 400),
])
def test_beijing(bands: list[dict[str, int]], metres: int, fen: int) -> None:
    assert fare_of_bands(msgspec.convert(bands, list[Band]), metres) == fen


def test_steps_and_stretches_mixed() -> None:
    bands = msgspec.convert([
        {"to_m": 10, "amount": 5}, {"to_m": 30, "every_m": 10, "add": 2},
        {"to_m": 40, "amount": 20}, {"to_m": 45, "every_m": 10, "add": 3}], list[Band])
    lengths_m = (10, 11, 20, 21, 30, 31, 40, 41, 45, 46)
    assert [fare_of_bands(bands, length_m) for length_m in lengths_m] == [
        5, 7, 7, 9, 9, 20, 20, 23, 23, None]


KM = [{"to_m": 1000, "amount": 100}, {"every_m": 1000, "add": 50}]


@pytest.mark.parametrize(("changes", "way", "due"), [
    # From a to d it is 2500 m round the back, and 6000 m along line M.
    ({},                                        "ad", 200),
    ({"distance": "line"},                      "ad", 350),
    ({"distance": "line"},                      "da", 350),
    ({"distance": "line"},                      "bc", 150),     # 2000 m
    ({"distance": "line"},                      "aa", 100),     # same station: 0 m
    ({"distance": "line"},                      "ae", None),    # e is not on the line
    ({"distance": "line", "grace_m": 1000},     "bc", 100),
    ({"grace_m": 500},                          "ad", 150),     # 2000 m
    ({"grace_m": 499},                          "ad", 200),     # 2001 m
    ({"grace_m": 9000},                         "ad", 100),     # not less than 0 m
])
def test_distance(changes: dict[str, Any], way: str, due: int | None) -> None:
    world = make_world(make_table("metro", fare={
        "rule": "km", "basis": "distance", "bands": KM, **changes}))
    result = run(world, *ride_metro(*way, line="M"))
    assert prices(result) == ([] if due is None else [(due, due)])
    assert codes(result) == (["NO_FARE"] * 2 if due is None else [])


@pytest.mark.parametrize(("line", "operator"), [("", "metro"), ("X", "metro"), ("M", "tram")])
def test_no_such_line(line: str, operator: str) -> None:
    world = make_world(make_table("metro", operators=["metro", "tram"], fare={
        "rule": "km", "basis": "distance", "bands": KM, "distance": "line"}))
    assert codes(run(world, *ride_metro("a", "b", line=line, operator=operator))) == [
        "NO_FARE", "NO_FARE"]


@pytest.mark.parametrize(("vehicle", "stop", "due"), [
    ("V1", "c", 200),       # a to c along line M, which was boarded: 3000 m
    ("V1", "e", 350),       # to its terminus, d: e is not on it
    ("V2", "c", None),      # of another vehicle nobody knows how the rider came there
])
def test_a_vehicle_that_becomes_another_line(vehicle: str, stop: str, due: int | None) -> None:
    world = make_world(make_table("metro", fare={
        "rule": "km", "basis": "distance", "bands": KM, "distance": "line"}))
    way_in = make_tap("in", "05-04 08:00:00", "a", seq=1, line="M", vehicle="V1")
    way_out = make_tap("out", "05-04 08:20:00", stop, seq=2, line="X", vehicle=vehicle)
    result = run(world, way_in, way_out)
    assert prices(result) == ([] if due is None else [(due, due)])
    assert [ride.line for ride in result.rides] == ([] if due is None else ["M"])


def test_a_line_that_only_the_way_in_names_is_its_operators() -> None:
    world = make_world(make_table("tram", fare={
        "rule": "km", "basis": "distance", "bands": KM, "distance": "line"}))
    way_in = make_tap("in", "05-04 08:00:00", "a", seq=1, line="M")
    way_out = make_tap("out", "05-04 08:20:00", "d", seq=2, operator="tram")
    assert prices(run(world, way_in, way_out)) == [(350, 350)]


# A boat: half an hour for 10 yuan, then 5 yuan for each started quarter, to two hours.
BOAT = {"rule": "boat", "basis": "time", "grace_m": 900, "bands": [
    {"to_s": 1800, "amount": 1000}, {"to_s": 7200, "every_s": 900, "add": 500}]}


@pytest.mark.parametrize(("out", "due"), [
    ("08:00:00", 1000), ("08:30:00", 1000), ("08:30:01", 1500), ("08:45:00", 1500),
    ("08:45:01", 2000), ("10:00:00", 4000), ("10:00:01", None),
])
def test_time(out: str, due: int | None) -> None:
    world = make_world(make_table("metro", fare=BOAT))
    result = run(world, *ride_metro("a", "b", out=f"05-04 {out}"))
    assert prices(result) == ([] if due is None else [(due, due)])


def test_a_single_tap_lasts_no_time() -> None:
    world = make_world(make_table(fare=BOAT))
    assert prices(run(world, make_tap("single", "05-04 08:00:00", seq=1))) == [(1000, 1000)]


# a and b are in zone 1, c in 2, d in 3, e in none.
@pytest.mark.parametrize(("way", "due"), [
    ("ab", 200), ("aa", 200), ("ac", 300), ("bc", 300), ("ca", 310), ("cd", None), ("ae", None),
])
def test_zone(way: str, due: int | None) -> None:
    world = make_world(make_table("metro", fare={
        "rule": "z", "basis": "zone", "matrix": "zone-fares.csv", "zones": "zones.csv"}))
    world.folder.matrices["zone-fares.csv", "amount"] = {
        ("1", "1"): 200, ("1", "2"): 300, ("2", "1"): 310}
    result = run(world, *ride_metro(*way))
    assert prices(result) == ([] if due is None else [(due, due)])


def test_columns_for_sorts_of_cards() -> None:
    """As Hong Kong's MTR has one matrix with a column for adults, students, the elderly ..."""
    world = make_world(make_table("metro", fare=[
        {"rule": "student", "basis": "od", "matrix": "od.csv", "column": "student",
         "card_kinds": ["student"]},
        {"rule": "adult", "basis": "od", "matrix": "od.csv"}]))
    world.folder.matrices["od.csv", "amount"] = {("a", "b"): 580}
    world.folder.matrices["od.csv", "student"] = {("a", "b"): 290}
    assert prices(run(world, *ride_metro("a", "b"))) == [(580, 580)]
    assert prices(run(world, *ride_metro("a", "b", card_kind="student"))) == [(290, 290)]


@pytest.mark.parametrize("fare", [
    {"basis": "distance", "bands": KM}, {"basis": "distance", "bands": KM, "distance": "line"},
    {"basis": "od", "matrix": "od.csv"},
    {"basis": "zone", "matrix": "od.csv", "zones": "zones.csv"},
])
def test_a_single_tap_has_no_fare_between_stops(fare: dict[str, Any]) -> None:
    world = make_world(make_table(fare={"rule": "f", **fare}))
    world.folder.matrices["od.csv", "amount"] = {("a", "a"): 100, ("1", "1"): 100}
    tap = make_tap("single", "05-04 08:00:00", seq=1, line="M")
    assert codes(run(world, tap)) == ["NO_FARE"]
