"""A ride that took too long costs more, by the fare row that prices it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reference.town import make_table, make_world, prices, ride_metro, run

# By stops, b reaches a (1000 m: 100), c (2000 m: 150) and d (3500 m: 250).
KM: dict[str, Any] = {"rule": "km", "basis": "distance", "bands": [
    {"to_m": 1000, "amount": 100}, {"every_m": 1000, "add": 50}]}
LATE = {"at": "05-04 08:00:00", "out": "05-04 09:00:01"}


@pytest.mark.parametrize(("changes", "due"), [
    ({},                                                    100),
    ({"overtime_add": 300},                                 400),
    ({"overtime_dearest": True},                            250),   # that of d
    ({"overtime_add": 30, "overtime_dearest": True},        250),   # not 280: the larger of both
    ({"overtime_add": 300, "overtime_dearest": True},       400),
])
def test_overtime_by_distance(changes: dict[str, Any], due: int) -> None:
    world = make_world(make_table("metro", fare={**KM, "overtime_after_s": 3600, **changes}))
    result = run(world, *ride_metro("a", "b", **LATE))
    assert (result.rides[0].state, prices(result)) == ("OVERTIME", [(due, due)])


def test_dearest_is_that_of_the_way_out() -> None:
    world = make_world(make_table("metro", fare={
        "rule": "od", "basis": "od", "matrix": "od.csv", "overtime_after_s": 3600,
        "overtime_dearest": True}))
    world.folder.matrices["od.csv", "amount"] = {
        ("a", "b"): 100, ("c", "b"): 170, ("b", "c"): 900, ("b", "b"): 800}
    assert prices(run(world, *ride_metro("a", "b", **LATE))) == [(170, 170)]


@pytest.mark.parametrize("fare", [
    {"rule": "f", "basis": "flat", "amount": 100},
    {"rule": "f", "basis": "time", "bands": [{"amount": 100}]},
    {"rule": "f", "basis": "validator"},
    {**KM, "distance": "tap"},
])
def test_no_dearest_is_no_change(fare: dict[str, Any]) -> None:
    world = make_world(make_table("metro", fare={
        **fare, "overtime_after_s": 3600, "overtime_add": 20, "overtime_dearest": True}))
    result = run(world, *ride_metro("a", "b", due=100, distance_m=900, **LATE))
    assert prices(result) == [(120, 120)]
