"""Boarding again in time costs less, as often and as far as the rule allows."""

from __future__ import annotations

from typing import Any

import pytest

from clearing.reference.results import Result
from clearing.reference.taps import Tap
from tests.reference.town import legs, make_table, make_tap, make_world, prices, run

FUNDERS = [{"funder": "operator"}]
ROW = {"rule": "again", "funders": FUNDERS, "within_s": 1800, "credit": 100}
METRO_FARE = {"rule": "flat", "basis": "flat", "amount": 500}


def ride_buses(row: dict[str, Any], *boardings: tuple[str, str], **tables: Any) -> Result:
    """Bus rides of 2.00, each (time, line), under one transfer row."""
    world = make_world(make_table(transfer=[{**ROW, **row}], **tables))
    return run(world, *(make_tap("single", f"05-04 {when}", seq=seq, line=line)
                        for seq, (when, line) in enumerate(boardings, 1)))


def metro(*ends: str, seq: int) -> list[Tap]:
    """In at a and out at b."""
    return [make_tap(kind, f"05-04 {when}", stop, seq=seq + n, line="M")
            for n, (kind, when, stop) in
            enumerate(zip(("in", "out"), ends, "ab", strict=True))]


@pytest.mark.parametrize(("row", "second", "price"), [
    ({},                        ("08:30:00", "2"), 100),
    ({},                        ("08:30:01", "2"), 200),    # a second late
    ({},                        ("08:00:00", "2"), 100),
    ({},                        ("08:10:00", "1"), 200),    # the same line again
    ({"same_line": True},       ("08:10:00", "1"), 100),
    ({"credit": 300},           ("08:10:00", "2"), 0),      # never below 0
    ({"credit": 0},             ("08:10:00", "2"), 200),
    ({"from_modes": ["bus"]},   ("08:10:00", "2"), 100),
    ({"from_modes": ["metro"]}, ("08:10:00", "2"), 200),
    ({"from_operators": ["bus"]},   ("08:10:00", "2"), 100),
    ({"from_operators": ["metro"]}, ("08:10:00", "2"), 200),
    ({"modes": ["metro"]},      ("08:10:00", "2"), 200),
    ({"card_kinds": ["adult"]}, ("08:10:00", "2"), 100),
    ({"media": ["card"]},       ("08:10:00", "2"), 200),
    ({"cards": "away"},         ("08:10:00", "2"), 200),
    ({"credit": None, "credit_up_to": 150}, ("08:10:00", "2"), 50),
    ({"credit": None, "credit_up_to": 250}, ("08:10:00", "2"), 0),   # min(2.00, 2.50)
])
def test_second_bus(row: dict[str, Any], second: tuple[str, str], price: int) -> None:
    result = ride_buses(row, ("08:00:00", "1"), second)
    assert prices(result) == [(200, 200), (200, price)]
    off = 200 - price
    assert legs(result)[1] == ([("transfer", "bus", off)] if off else [])


def test_blank_lines_of_one_operator_are_one_line() -> None:
    assert prices(ride_buses({}, ("08:00:00", ""), ("08:10:00", "")))[1] == (200, 200)
    assert prices(ride_buses({}, ("08:00:00", ""), ("08:10:00", "1")))[1] == (200, 100)


def test_blank_lines_of_two_operators_are_two_lines() -> None:
    world = make_world(make_table(transfer=[ROW]), make_table("szbus", transfer=[ROW]))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1),
                 make_tap("single", "05-04 08:10:00", seq=2, operator="szbus"))
    assert prices(result)[1] == (200, 100)


@pytest.mark.parametrize(("most", "expected"), [
    (1, [200, 100, 200, 100]),      # the third begins a new chain
    (2, [200, 100, 100, 200]),
])
def test_how_often(most: int, expected: list[int]) -> None:
    result = ride_buses({"max_transfers": most}, ("08:00:00", "1"), ("08:10:00", "2"),
                        ("08:20:00", "3"), ("08:30:00", "4"))
    assert [price for _, price in prices(result)] == expected


@pytest.mark.parametrize(("measured_from", "expected"), [
    ("end",   [200, 100, 100]),
    ("chain", [200, 100, 200]),     # 08:40 is 40 minutes from the first boarding
])
def test_measured_from(measured_from: str, expected: list[int]) -> None:
    result = ride_buses({"max_transfers": 9, "measured_from": measured_from},
                        ("08:00:00", "1"), ("08:20:00", "2"), ("08:40:00", "3"))
    assert [price for _, price in prices(result)] == expected


@pytest.mark.parametrize(("measured_from", "bus_at", "price"), [
    ("end",   "08:50:00", 100),     # out at 08:20
    ("end",   "08:50:01", 200),
    ("start", "08:30:00", 100),     # in at 08:00
    ("start", "08:30:01", 200),
])
def test_from_metro_to_bus(measured_from: str, bus_at: str, price: int) -> None:
    world = make_world(
        make_table("metro", fare=METRO_FARE),
        make_table(transfer=[{**ROW, "measured_from": measured_from, "from_modes": ["metro"]}]))
    result = run(world, *metro("08:00:00", "08:20:00", seq=1),
                 make_tap("single", f"05-04 {bus_at}", seq=3))
    assert prices(result) == [(500, 500), (200, price)]


def test_credit_goes_by_the_first_ride_of_the_chain() -> None:
    row = {**ROW, "credit": None, "credit_up_to": 300, "max_transfers": 3}
    world = make_world(make_table(transfer=[row]),
                       make_table("metro", fare=METRO_FARE, transfer=[row]))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1),
                 *metro("08:10:00", "08:20:00", seq=2), make_tap("single", "05-04 08:30:00", seq=4))
    # min(first bus 2.00, 3.00) each time, never min(metro 5.00, 3.00)
    assert prices(result) == [(200, 200), (500, 300), (200, 0)]


def test_free_ride_whose_row_applied_is_a_transfer() -> None:
    free = [{"rule": "free", "funders": FUNDERS, "pays_amount": 0}]
    result = ride_buses({}, ("08:00:00", "1"), ("08:10:00", "2"), concession=free)
    assert [chain.transfers for chain in result.state.memories.chains.values()] == [1]


def test_nothing_to_transfer_from_after_an_incomplete_ride() -> None:
    world = make_world(make_table(transfer=[ROW]), make_table("metro"))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1),
                 make_tap("out", "05-04 08:05:00", "b", seq=2),
                 make_tap("single", "05-04 08:10:00", seq=3, line="2"))
    assert [price for _, price in prices(result)] == [200, 200, 200]


def test_chain_goes_on_in_the_next_run() -> None:
    world = make_world(make_table(transfer=[ROW]))
    first = run(world, make_tap("single", "05-04 08:00:00", seq=1, line="1"))
    second = run(world, make_tap("single", "05-04 08:10:00", seq=2, line="2"), state=first.state)
    assert prices(second) == [(200, 100)]


def test_late_tap_is_what_the_ride_after_it_transfers_from() -> None:
    world = make_world(make_table(transfer=[ROW]))
    first = run(world, make_tap("single", "05-04 08:00:00", seq=2, line="1"))
    assert prices(first) == [(200, 200)]
    second = run(world, make_tap("single", "05-04 07:55:00", seq=1, line="2"), state=first.state)
    assert second.reversals == first.entries
    assert prices(second) == [(200, 200), (200, 100)]


@pytest.mark.parametrize(("order", "expected"), [
    (["concession", "transfer"], (200, 0)),     # 2.00 -> 1.00 -> 0
    (["transfer", "concession"], (200, 50)),    # 2.00 -> 1.00 -> 0.50
    (["concession"],             (200, 100)),
])
def test_order_of_discounts(order: list[str], expected: tuple[int, int]) -> None:
    half = [{"rule": "half", "funders": FUNDERS, "pays_percent": 50}]
    result = ride_buses({}, ("08:00:00", "1"), ("08:10:00", "2"), concession=half, order=order)
    assert prices(result)[1] == expected
