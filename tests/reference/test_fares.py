"""What a ride costs before discounts, against numbers that cities have published."""

from __future__ import annotations

import datetime

import msgspec
import pytest

from fare_tables.bands import fare_of_bands
from fare_tables.model import Band
from tests.reference.town import make_table, make_tap, make_world, prices, run

# Guangzhou metro: 4 km for 2 yuan, then 1 yuan per 4 km to 12, per 6 km to 24, per 8 km beyond.
GUANGZHOU = msgspec.convert([
    {"to_m": 4000, "amount": 200}, {"to_m": 12000, "every_m": 4000, "add": 100},
    {"to_m": 24000, "every_m": 6000, "add": 100}, {"every_m": 8000, "add": 100},
], list[Band])


@pytest.mark.parametrize(("metres", "fen"), [
    (0, 200), (1, 200), (4000, 200), (4001, 300), (8000, 300), (8001, 400), (12000, 400),
    (12001, 500), (18000, 500), (18001, 600), (24000, 600), (24001, 700), (32000, 700),
    (32001, 800), (40000, 800),
])
def test_guangzhou_metro(metres: int, fen: int) -> None:
    assert fare_of_bands(GUANGZHOU, metres) == fen


def test_beyond_the_last_band_there_is_no_fare() -> None:
    bands = msgspec.convert([{"to_m": 10, "amount": 1}, {"to_m": 20, "every_m": 9, "add": 1}],
                            list[Band])
    assert [fare_of_bands(bands, metres) for metres in (10, 11, 19, 20, 21)] == [1, 2, 2, 3, None]


BY_STOPS = {"rule": "km", "basis": "distance", "bands": [
    {"to_m": 1000, "amount": 100}, {"every_m": 1000, "add": 50}]}


@pytest.mark.parametrize(("way", "due"), [
    ("ab", 100),    # 1000 m
    ("ac", 200),    # 3000 m
    ("ad", 200),    # 2500 m round the back, not 6000 m along the line
    ("bd", 250),    # 3500 m by way of a
    ("aa", 100),    # same station: 0 m is in the first band
    ("ee", 100),
])
def test_distance_between_stops(way: str, due: int) -> None:
    world = make_world(make_table("metro", fare=BY_STOPS))
    result = run(world, make_tap("in", "05-04 08:00:00", way[0], seq=1),
                 make_tap("out", "05-04 08:20:00", way[1], seq=2))
    assert prices(result) == [(due, due)]


def test_no_way_between_the_stops() -> None:
    world = make_world(make_table("metro", fare=BY_STOPS))
    result = run(world, make_tap("in", "05-04 08:00:00", "a", seq=1),
                 make_tap("out", "05-04 08:20:00", "e", seq=2))
    assert result.refusals == [("NO_FARE", 1, 2), ("NO_FARE", 1, 3)]
    assert result.state.entries == ()
    assert len(result.state.received) == 2      # a later run may have a fare for them


@pytest.mark.parametrize(("distance_m", "due"), [(1000, 100), (1001, 150), (None, None)])
def test_distance_that_the_tap_says(distance_m: int | None, due: int | None) -> None:
    world = make_world(make_table("bus", fare={**BY_STOPS, "distance": "tap"}))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1, distance_m=distance_m))
    assert prices(result) == ([] if due is None else [(due, due)])
    assert [refusal.code for refusal in result.refusals] == (["NO_FARE"] if due is None else [])


@pytest.mark.parametrize(("way", "due"), [("ab", 300), ("ba", 320), ("bb", 500), ("aa", None)])
def test_matrix(way: str, due: int | None) -> None:
    world = make_world(make_table("metro", fare={"rule": "od", "basis": "od", "matrix": "od.csv"}))
    world.folder.matrices["od.csv", "amount"] = {("a", "b"): 300, ("b", "a"): 320, ("b", "b"): 500}
    result = run(world, make_tap("in", "05-04 08:00:00", way[0], seq=1),
                 make_tap("out", "05-04 08:20:00", way[1], seq=2))
    assert [charge.due for charge in result.charges] == ([] if due is None else [due])


@pytest.mark.parametrize(("due", "expected"), [(250, [250]), (0, [0]), (None, [])])
def test_validator_says(due: int | None, expected: list[int]) -> None:
    world = make_world(make_table("bus", fare={"rule": "v", "basis": "validator"}))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1, due=due))
    assert [charge.due for charge in result.charges] == expected


@pytest.mark.parametrize(("lasted", "state", "due"), [
    ("09:00:00", "COMPLETE", 200), ("09:00:01", "OVERTIME", 500),
])
def test_overtime(lasted: str, state: str, due: int) -> None:
    fare = {"rule": "flat", "basis": "flat", "amount": 200, "overtime_after_s": 3600,
            "overtime_add": 300}
    result = run(make_world(make_table("metro", fare=fare)),
                 make_tap("in", "05-04 08:00:00", "a", seq=1),
                 make_tap("out", f"05-04 {lasted}", "b", seq=2))
    assert (result.rides[0].state, result.charges[0].due) == (state, due)


def test_same_station_is_never_overtime() -> None:
    fare = {"rule": "flat", "basis": "flat", "amount": 200, "overtime_after_s": 60,
            "overtime_add": 300}
    result = run(make_world(make_table("metro", fare=fare)),
                 make_tap("in", "05-04 08:00:00", "a", seq=1),
                 make_tap("out", "05-04 09:00:00", "a", seq=2))
    assert (result.rides[0].state, result.charges[0].due) == ("SAME_STATION", 200)


@pytest.mark.parametrize(("changes", "line", "table"), [
    ({"lines": ["L1"]}, "L1", "special"),       # a table that names the line comes first
    ({"lines": ["L1"]}, "L2", "general"),
    ({"lines": ["L1"]}, "",   "general"),
    ({"lines": ["L1"], "modes": ["metro"]}, "L1", "general"),
    ({"lines": ["L1"], "in_force_until": datetime.date(2026, 5, 4)}, "L1", "special"),
    ({"lines": ["L1"], "in_force_until": datetime.date(2026, 5, 3)}, "L1", "general"),
    ({"lines": ["L1"], "in_force_from": datetime.date(2026, 5, 4)}, "L1", "special"),
    ({"lines": ["L1"], "in_force_from": datetime.date(2026, 5, 5)}, "L1", "general"),
])
def test_which_table(changes: dict[str, object], line: str, table: str) -> None:
    world = make_world(make_table(table="general"), make_table(table="special", **changes))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1, line=line))
    assert result.charges[0].table.startswith(f"{table}@")


def test_no_table() -> None:
    result = run(make_world(make_table("tram")), make_tap("single", "05-04 08:00:00", seq=1))
    assert result.refusals == [("NO_FARE", 1, 2)]


def test_a_line_is_known_to_its_operator_only() -> None:
    world = make_world(make_table("metro", table="general"),
                       make_table("metro", table="special", lines=["L1"]))
    taps = (make_tap("in", "05-04 08:00:00", "a", seq=1, line="L1", operator="tram"),
            make_tap("out", "05-04 08:20:00", "b", seq=2))
    assert run(world, *taps).charges[0].table == "general@2026-01-01"
