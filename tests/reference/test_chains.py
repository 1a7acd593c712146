"""What a transfer costs by the whole chain: its prices so far, its first way in, its last ride."""

from __future__ import annotations

from typing import Any

import pytest

from clearing.reference.results import Result
from clearing.reference.state import State
from clearing.reference.taps import Tap
from tests.reference.plain import explain_card
from tests.reference.town import (
    legs,
    make_table,
    make_tap,
    make_world,
    prices,
    ride_metro,
    run,
)

FUNDERS = [{"funder": "operator"}]
ROW: dict[str, Any] = {"rule": "again", "funders": FUNDERS, "within_s": 3600}


def bus(when: str, seq: int, line: str = "", **changes: Any) -> Tap:
    return make_tap("single", f"05-04 {when}", seq=seq, line=line or str(seq), **changes)


def ride_buses(row: dict[str, Any], *boardings: Tap, **table: Any) -> Result:
    return run(make_world(make_table(transfer=[{**ROW, **row}], **table)), *boardings)


def second_price(row: dict[str, Any], *boardings: Tap, **table: Any) -> int:
    return prices(ride_buses(row, *boardings, **table))[1][1]


@pytest.mark.parametrize(("row", "expected"), [
    # Buses of 2.00 each, one every ten minutes.
    ({"pays_amount": 50},                               [200, 50, 50]),
    ({"pays_amount": 0},                                [200, 0, 0]),
    ({"pays_amount": 300},                              [200, 200, 200]),
    ({"pays_percent": 80},                              [200, 160, 160]),
    ({"pays_percent": "12.5"},                          [200, 25, 25]),
    ({"pays_percent": "12.5", "unit": 10, "rounding": "up"}, [200, 30, 30]),
    ({"pays_difference": True},                         [200, 0, 0]),
    ({"chain_pays": 250},                               [200, 50, 0]),
    ({"chain_pays": 390},                               [200, 190, 0]),
    ({"chain_pays": 100},                               [200, 0, 0]),
    ({"chain_pays": 900},                               [200, 200, 200]),
])
def test_three_buses(row: dict[str, Any], expected: list[int]) -> None:
    result = ride_buses({"max_transfers": 2, **row}, bus("08:00:00", 1), bus("08:10:00", 2),
                        bus("08:20:00", 3))
    assert [price for _, price in prices(result)] == expected


def test_only_the_difference_to_a_dearer_bus() -> None:
    table = {"fare": {"rule": "v", "basis": "validator"}}
    buses = [bus("08:00:00", 1, due=200), bus("08:10:00", 2, due=500), bus("08:20:00", 3, due=600)]
    result = ride_buses({"pays_difference": True, "max_transfers": 2}, *buses, **table)
    # 2.00; 5.00 less 2.00; 6.00 less the 5.00 that the chain has cost so far
    assert prices(result) == [(200, 200), (500, 300), (600, 100)]
    assert legs(result)[1:] == [[("transfer", "bus", 200)], [("transfer", "bus", 500)]]


def test_chain_prices_are_what_the_engine_asked() -> None:
    result = ride_buses({"pays_difference": True}, bus("08:00:00", 1, paid=50),
                        bus("08:10:00", 2, paid=50))
    assert prices(result)[1] == (200, 0)
    [chain] = result.state.memories.chains.values()
    assert (chain.prices, chain.due, chain.transfers) == (200, 200, 1)


KM = {"rule": "km", "basis": "distance", "bands": [
    {"to_m": 1000, "amount": 200}, {"every_m": 1000, "add": 100}]}


@pytest.mark.parametrize(("second", "expected"), [
    # a to b: 1000 m, 2.00. On to c: 3000 m from a, 4.00 through. To d: 2500 m from a, 4.00.
    (("b", "c"), [(200, 200), (300, 200)]),
    (("b", "d"), [(200, 200), (500, 200)]),
    (("c", "d"), [(200, 200), (400, 200)]),
    (("b", "a"), [(200, 200), (200, 0)]),       # 0 m from a: 2.00, which the chain has cost
    (("e", "e"), [(200, 200), (200, 200)]),     # no way from a: the row does not fit
])
def test_through(second: tuple[str, str], expected: list[tuple[int, int]]) -> None:
    world = make_world(make_table("metro", fare=KM, transfer=[
        {**ROW, "through": True, "same_line": True}]))
    result = run(world, *ride_metro("a", "b", at="05-04 08:00:00", seq=1),
                 *ride_metro(*second, at="05-04 08:40:00", seq=3))
    assert prices(result) == expected


def test_through_is_without_overtime() -> None:
    world = make_world(make_table("metro", fare={**KM, "overtime_after_s": 600,
                                                 "overtime_add": 1000}, transfer=[
        {**ROW, "through": True, "same_line": True}]))
    result = run(world, *ride_metro("a", "b", at="05-04 08:00:00", out="05-04 08:05:00", seq=1),
                 *ride_metro("b", "c", at="05-04 08:10:00", seq=3))
    # 3.00 and 10.00 for overtime; through it is 4.00 less 2.00
    assert prices(result) == [(200, 200), (1300, 200)]


HALF = {"rule": "half", "funders": FUNDERS, "pays_percent": 50}
THROUGH = {**ROW, "through": True, "same_line": True}


@pytest.mark.parametrize(("table", "expected"), [
    # a to b for 2.00, b to c for 3.00; a to c is 4.00, of which this rider pays half.
    ({"concession": [HALF]},                                            [100, 100]),
    ({"concession": [HALF], "order": ["transfer", "concession"]},       [100, 100]),
    ({"promotion": [HALF], "order": ["transfer", "tier", "promotion"]}, [100, 100]),
    ({"concession": [HALF], "promotion": [HALF]},                       [50, 50]),
    ({"concession": [{**HALF, "pays_percent": 20, "pays_at_least": 70}]}, [70, 10]),
    ({"concession": [{"rule": "flat", "funders": FUNDERS, "pays_amount": 50}]}, [50, 0]),
    ({"concession": [{"rule": "off", "funders": FUNDERS, "takes_off": 80}]},    [120, 200]),
    ({"concession": [{"rule": "none", "funders": FUNDERS, "pays_amount": 0}]},  [0, 0]),
])
def test_through_as_the_rider_pays_it(table: dict[str, Any], expected: list[int]) -> None:
    world = make_world(make_table("metro", fare=KM, transfer=[THROUGH], **table))
    result = run(world, *ride_metro("a", "b", at="05-04 08:00:00", seq=1),
                 *ride_metro("b", "c", at="05-04 08:40:00", seq=3))
    assert [price for _, price in prices(result)] == expected


def test_through_by_the_fare_that_a_concession_names() -> None:
    """Elders have a fare of their own: 1.00, and 1.00 for each started 2 km beyond the first."""
    own = {"rule": "elders", "basis": "distance", "card_kinds": ["senior"], "bands": [
        {"to_m": 1000, "amount": 100}, {"every_m": 2000, "add": 100}]}
    pays = {"rule": "elder", "funders": FUNDERS, "pays_fare": "elders"}
    world = make_world(make_table("metro", fare=[own, KM], transfer=[THROUGH], concession=[pays]))
    taps = [*ride_metro("a", "b", at="05-04 08:00:00", seq=1),
            *ride_metro("b", "c", at="05-04 08:40:00", seq=3)]
    # a to b for 1.00; b to c for 2.00; a to c for 2.00
    assert [price for _, price in prices(run(world, *taps))] == [100, 100]
    *_, priced = explain_card(world, taps, State(), taps[0].card)
    assert [str(line.why) for line in priced.trace if line.kind == "transfer"] == [
        "2.00 through (3,000 m between the stops; pays 2.00 as by elders: 3,000 m between the "
        "stops), less 1.00 so far"]


@pytest.mark.parametrize(("table", "expected"), [
    ({"concession": [HALF]},                                        [100, 50, 0]),
    ({"concession": [HALF], "order": ["transfer", "concession"]},   [100, 50, 0]),
    ({"cap": [{"rule": "cap", "funders": FUNDERS, "accumulator": "month", "amount": 250}],
      "counts_to": ["month"]},                                      [200, 50, 0]),
])
def test_a_chain_costs_what_this_rider_pays_of_it(table: dict[str, Any], expected: list[int]
                                                  ) -> None:
    result = ride_buses({"chain_pays": 300, "max_transfers": 2}, bus("08:00:00", 1),
                        bus("08:10:00", 2), bus("08:20:00", 3), **table)
    assert [price for _, price in prices(result)] == expected


def test_through_from_another_system_has_no_fare() -> None:
    """A bus stop that is called a is not the station a."""
    row = {**ROW, "through": True}
    world = make_world(make_table(), make_table("metro", fare=KM, transfer=[row]))
    taps = [bus("08:00:00", 1, stop="a"), *ride_metro("b", "c", at="05-04 08:10:00", seq=2)]
    assert prices(run(world, *taps))[1] == (300, 300)
    *_, priced = explain_card(world, taps, State(), taps[0].card)
    assert [line.why for line in priced.trace if line.kind == "transfer"] == [
        "no fare through: no way from (blank) to c"]


def test_through_by_a_flat_fare() -> None:
    assert second_price({"through": True}, bus("08:00:00", 1), bus("08:10:00", 2)) == 0


@pytest.mark.parametrize(("row", "first", "fits"), [
    ({"from_line_classes": ["night"]},              {"line": "N1"}, True),
    ({"from_line_classes": ["night"]},              {"line": "E1"}, False),
    ({"from_line_classes": ["night"]},              {"line": ""},   False),
    ({"same_vehicle": False},   {"line": "1", "vehicle": "V1"}, False),
    ({"same_vehicle": True},    {"line": "1", "vehicle": "V1"}, True),
    ({"same_vehicle": False},   {"line": "1", "vehicle": "V2"}, True),
    ({"same_vehicle": False},   {"line": "1", "vehicle": ""},   True),
])
def test_ride_before(row: dict[str, Any], first: dict[str, Any], fits: bool) -> None:
    before = make_tap("single", "05-04 08:00:00", seq=1, **first)
    price = second_price({"pays_amount": 0, **row}, before, bus("08:10:00", 2, vehicle="V1"))
    assert price == (0 if fits else 200)


def test_blank_vehicle_is_like_no_other() -> None:
    assert second_price({"pays_amount": 0, "same_vehicle": False},
                        bus("08:00:00", 1), bus("08:10:00", 2)) == 0


def test_equal_vehicle_of_another_operator_is_another() -> None:
    row = {**ROW, "pays_amount": 0, "same_vehicle": False}
    world = make_world(make_table(transfer=[row]), make_table("szbus"))
    result = run(world, bus("08:00:00", 1, operator="szbus", vehicle="V1"),
                 bus("08:10:00", 2, vehicle="V1"))
    assert prices(result)[1] == (200, 0)


@pytest.mark.parametrize(("out", "price"), [("b", 0), ("c", 200)])
def test_where_the_ride_before_ended(out: str, price: int) -> None:
    row = {**ROW, "pays_amount": 0, "left_at": ["hubs"]}
    world = make_world(make_table("metro"),
                       make_table(transfer=[row], stop_sets={"hubs": ["b", "d"]}))
    result = run(world, *ride_metro("a", out, at="05-04 08:00:00"), bus("08:40:00", 3))
    assert prices(result)[1] == (200, price)


def test_a_single_tap_has_no_exit() -> None:
    assert second_price({"pays_amount": 0, "left_at": ["hubs"]}, bus("08:00:00", 1),
                        bus("08:10:00", 2), stop_sets={"hubs": ["a"]}) == 200


@pytest.mark.parametrize(("again_at", "price"), [
    ("08:14:59", 200), ("08:15:00", 0), ("09:00:00", 0), ("09:00:01", 200)])
def test_same_line_after_some_time(again_at: str, price: int) -> None:
    """Chongqing: the same line only where at least 15 minutes lie between."""
    assert second_price({"pays_amount": 0, "same_line_after_s": 900},
                        bus("08:00:00", 1, "1"), bus(again_at, 2, "1")) == price


@pytest.mark.parametrize(("measured_to", "out", "price"), [
    ("start", "05-04 10:00:00", 0), ("end", "05-04 09:00:00", 0), ("end", "05-04 09:00:01", 200),
])
def test_measured_to(measured_to: str, out: str, price: int) -> None:
    row = {**ROW, "pays_amount": 0, "measured_to": measured_to}
    world = make_world(make_table(), make_table("metro", transfer=[row]))
    result = run(world, bus("08:00:00", 1), *ride_metro("a", "b", at="05-04 08:30:00", out=out,
                                                        seq=2))
    assert prices(result)[1] == (200, price)


def test_an_end_that_is_not_known_is_not_in_time() -> None:
    row = {**ROW, "pays_amount": 0, "measured_to": "end"}
    fare = {"rule": "f", "basis": "flat", "amount": 200, "discounts_on_incomplete": True}
    world = make_world(make_table(), make_table("metro", fare=fare, transfer=[row]))
    result = run(world, bus("08:00:00", 1),
                 make_tap("ride", "05-04 08:10:00", "", seq=2, in_stop="a", operator="metro",
                          mode="metro"))
    assert prices(result) == [(200, 200), (200, 200)]


def test_an_incomplete_ride_that_got_a_transfer_ends_the_chain() -> None:
    row = {**ROW, "pays_amount": 0, "max_transfers": 9}
    fare = {"rule": "f", "basis": "flat", "amount": 200, "discounts_on_incomplete": True}
    world = make_world(make_table(transfer=[row]), make_table("metro", fare=fare, transfer=[row]))
    result = run(world, bus("08:00:00", 1), make_tap("out", "05-04 08:10:00", "b", seq=2),
                 bus("08:20:00", 3))
    assert prices(result) == [(200, 200), (200, 0), (200, 200)]


def test_chongqing_half_card() -> None:
    """A bus of 2 yuan, then metro of 7: the transfer takes 2 off, half of the other 5 is paid."""
    row = {**ROW, "credit_up_to": 200}
    half = {"rule": "half", "funders": FUNDERS, "pays_percent": 50}
    world = make_world(make_table(), make_table(
        "metro", fare={"rule": "f", "basis": "flat", "amount": 700},
        order=["transfer", "concession"], transfer=[row], concession=[half]))
    result = run(world, bus("08:00:00", 1), *ride_metro("a", "b", at="05-04 08:10:00", seq=2))
    assert prices(result)[1] == (700, 250)


def test_what_a_chain_remembers() -> None:
    world = make_world(make_table("metro", fare=KM, transfer=[
        {**ROW, "credit": 50, "same_line": True}]))
    taps = [*ride_metro("a", "b", at="05-04 08:00:00", seq=1, line="M", vehicle="T1"),
            *ride_metro("b", "c", at="05-04 08:40:00", seq=3, line="M", vehicle="T2")]
    [chain] = run(world, *taps).state.memories.chains.values()
    assert chain._asdict() == {
        "transfers": 1, "started_at": taps[0].tapped_at, "due": 200, "prices": 200 + 250,
        "first_in_stop": ("rail", "a"), "last_started_at": taps[2].tapped_at,
        "last_ended_at": taps[3].tapped_at, "last_operator": "metro", "last_mode": "metro",
        "last_in_stop": ("rail", "b"), "last_line": ("metro", "M"),
        "last_vehicle": ("metro", "T2"), "last_exit": ("rail", "c"), "last_single": False,
    }
