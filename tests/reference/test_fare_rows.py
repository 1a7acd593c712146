"""Which of a table's fare rows sets what is due: the first whose conditions hold, and it alone."""

from __future__ import annotations

from typing import Any

import pytest

from clearing.reference.state import State
from tests.reference.plain import explain_card
from tests.reference.town import (
    codes,
    make_table,
    make_tap,
    make_world,
    prices,
    ride_metro,
    rules,
    run,
)


def flat(rule: str, amount: int, **conditions: Any) -> dict[str, Any]:
    return {"rule": rule, "basis": "flat", "amount": amount, **conditions}


# An air-conditioned bus costs 2.00, a plain one 1.00; night lines 3.00, for everybody.
BUS = [
    flat("night", 300, line_classes=["night"]),
    flat("student", 80, card_kinds=["student"]),
    flat("plain", 100, line_classes=["express"]),
    flat("other", 200),
]


@pytest.mark.parametrize(("tap", "rule", "due"), [
    ({"line": "N1"},                          "night",   300),
    ({"line": "N1", "card_kind": "student"},  "night",   300),
    ({"line": "7", "card_kind": "student"},   "student", 80),
    ({"line": "E1"},                          "plain",   100),
    ({"line": "7"},                           "other",   200),
    ({},                                      "other",   200),
])
def test_first_row_that_fits(tap: dict[str, Any], rule: str, due: int) -> None:
    result = run(make_world(make_table(fare=BUS)), make_tap("single", "05-04 08:00:00", seq=1,
                                                            **tap))
    assert (rules(result), prices(result)) == ([rule], [(due, due)])


def test_no_row_fits() -> None:
    world = make_world(make_table(fare=BUS[:2]))
    assert codes(run(world, make_tap("single", "05-04 08:00:00", seq=1))) == ["NO_FARE"]


def test_a_row_that_fits_decides_even_where_it_has_no_fare() -> None:
    world = make_world(make_table(fare=[
        {"rule": "v", "basis": "validator"}, flat("other", 200)]))
    assert codes(run(world, make_tap("single", "05-04 08:00:00", seq=1))) == ["NO_FARE"]


# Beijing's airport line is flat, whatever the rest of the metro costs.
AIRPORT = [
    flat("airport", 2500, to_stops=["airport"]),
    flat("airport", 2500, from_stops=["airport"]),
    {"rule": "km", "basis": "distance", "bands": [
        {"to_m": 1000, "amount": 300}, {"every_m": 1000, "add": 100}]},
]


@pytest.mark.parametrize(("way", "due"), [("ad", 2500), ("db", 2500), ("ab", 300), ("ac", 500)])
def test_rows_by_stops(way: str, due: int) -> None:
    world = make_world(make_table("metro", fare=AIRPORT, stop_sets={"airport": ["d"]}))
    assert prices(run(world, *ride_metro(*way))) == [(due, due)]


def test_overtime_is_that_of_the_row() -> None:
    world = make_world(make_table("metro", fare=[
        flat("student", 100, card_kinds=["student"], overtime_after_s=3600, overtime_add=50),
        flat("adult", 200, overtime_after_s=7200, overtime_add=300)]))
    late = {"at": "05-04 08:00:00", "out": "05-04 09:30:00"}
    student, adult = (run(world, *ride_metro("a", "b", card_kind=kind, **late))
                      for kind in ("student", "adult"))
    assert (student.rides[0].state, prices(student)) == ("OVERTIME", [(150, 150)])
    assert (adult.rides[0].state, prices(adult)) == ("COMPLETE", [(200, 200)])


@pytest.mark.parametrize(("amount", "expected"), [
    (2_000_000_000, []), (2_000_000_001, ["PRICE_OVERFLOW"])])
def test_more_than_a_price_may_be(amount: int, expected: list[str]) -> None:
    world = make_world(make_table(fare=flat("dear", amount)))
    assert codes(run(world, make_tap("single", "05-04 08:00:00", seq=1))) == expected


def test_each_row_tried_is_a_line() -> None:
    tap = make_tap("single", "05-04 08:00:00", seq=1, line="E1")
    [priced] = explain_card(make_world(make_table(fare=BUS)), [tap], State(), tap.card)
    assert [line[1:4] for line in priced.trace if line.kind == "fare"] == [
        ("night", False, "line E1 is not of class night"),
        ("student", False, "not for card kind adult"),
        ("plain", True, "flat"),
    ]
