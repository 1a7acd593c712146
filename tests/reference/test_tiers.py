"""Who has accumulators more pays less, until the month is over."""

from __future__ import annotations

from typing import Any

import pytest

from clearing.reference.state import Accumulator, State
from tests.reference.town import having, legs, make_table, make_tap, make_world, prices, run

CARD = "5100000000000001"
FUNDERS = [{"funder": "gz-finance"}]
# Guangzhou: 80 < accumulators <= 200 yuan in the month 8 折, above 200 yuan 5 折.
GUANGZHOU = [
    {"rule": "t2", "funders": FUNDERS, "accumulator": "month", "pays_percent": 50, "over": 20000},
    {"rule": "t1", "funders": FUNDERS, "accumulator": "month", "pays_percent": 80, "over": 8000,
     "up_to": 20000},
]


def accumulators(amount: int, period: str = "2026-05", name: str = "month") -> State:
    return having({(CARD, name, period): Accumulator(amount, 9)})


def price_after(amount: int, tiers: list[dict[str, Any]], **tap: Any) -> int:
    world = make_world(make_table(tier=tiers, counts_to=["month"]))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1, **tap),
                 state=accumulators(amount))
    return prices(result)[0][1]


@pytest.mark.parametrize(("before", "price"), [
    (0, 200), (7999, 200), (8000, 200), (8001, 160), (20000, 160), (20001, 100), (99999, 100),
])
def test_guangzhou(before: int, price: int) -> None:
    assert price_after(before, GUANGZHOU) == price


@pytest.mark.parametrize(("bounds", "inside", "outside"), [
    ({"over": 100},                   [101],       [99, 100]),
    ({"at_least": 100},               [100, 101],  [99]),
    ({"at_least": 100, "up_to": 200}, [100, 200],  [99, 201]),
    ({"at_least": 100, "below": 200}, [100, 199],  [99, 200]),
])
def test_bounds(bounds: dict[str, int], inside: list[int], outside: list[int]) -> None:
    row = {"rule": "t", "funders": FUNDERS, "accumulator": "month", "pays_percent": 50, **bounds}
    assert [price_after(amount, [row]) for amount in inside] == [100] * len(inside)
    assert [price_after(amount, [row]) for amount in outside] == [200] * len(outside)


def test_conditions_hold_for_tiers_too() -> None:
    row = {"rule": "t", "funders": FUNDERS, "accumulator": "month", "pays_percent": 50,
           "at_least": 0, "card_kinds": ["student"], "cards": "home"}
    assert price_after(0, [row], card_kind="student") == 100
    assert price_after(0, [row], card_kind="adult") == 200
    assert price_after(0, [row], card_kind="student", issuer="szt") == 200


def test_ride_that_crosses_the_bound_pays_by_what_was_spent_before_it() -> None:
    world = make_world(make_table(tier=GUANGZHOU, counts_to=["month"]))
    result = run(world, *(make_tap("single", f"05-04 08:0{n}:00", seq=n) for n in range(3)),
                 state=accumulators(7900))
    assert prices(result) == [(200, 200), (200, 160), (200, 160)]
    assert legs(result)[1] == [("tier", "gz-finance", 40)]
    assert result.state.memories.accumulators[CARD, "month", "2026-05"] == (
        7900 + 200 + 160 + 160, 12)


PARTS = [{"rule": "parts", "funders": FUNDERS, "accumulator": "month", "bands": [
    {"to": 8000, "pays_percent": 100}, {"to": 20000, "pays_percent": 80}, {"pays_percent": 50}]}]


@pytest.mark.parametrize(("before", "price"), [
    (0, 200), (7800, 200), (7900, 180), (8000, 160), (19840, 160), (19900, 138), (19999, 101),
    (20000, 100), (99999, 100),
])
def test_guangzhou_by_parts_of_one_ride(before: int, price: int) -> None:
    """At 79 yuan 1 yuan of 2 in full, the other at 8 折; at 199, 1.25 at 8 折, the rest half."""
    assert price_after(before, PARTS) == price


def test_a_ride_that_reaches_a_band_counts_what_was_paid() -> None:
    world = make_world(make_table(tier=PARTS, counts_to=["month"]))
    result = run(world, *(make_tap("single", f"05-04 08:0{n}:00", seq=n) for n in range(3)),
                 state=accumulators(7900))
    assert prices(result) == [(200, 180), (200, 160), (200, 160)]
    assert legs(result)[0] == [("tier", "gz-finance", 20)]
    assert result.state.memories.accumulators[CARD, "month", "2026-05"] == (8400, 12)


def test_month_is_that_of_the_service_day() -> None:
    world = make_world(make_table(tier=GUANGZHOU, counts_to=["month"]))
    result = run(world, make_tap("single", "06-01 03:59:59", seq=1),
                 make_tap("single", "06-01 04:00:00", seq=2), state=accumulators(8001))
    assert prices(result) == [(200, 160), (200, 200)]
    assert result.state.memories.accumulators == {
        (CARD, "month", "2026-05"): (8161, 10), (CARD, "month", "2026-06"): (200, 1)}


def test_day_accumulator_counts_due() -> None:
    row = {"rule": "t", "funders": FUNDERS, "accumulator": "today", "pays_percent": 0,
           "at_least": 400}
    world = make_world(make_table(tier=[row], counts_to=["today", "month"]))
    result = run(world, *(make_tap("single", f"05-0{day} 08:0{n}:00", seq=day * 10 + n)
                          for day in (4, 5) for n in range(3)))
    assert [price for _, price in prices(result)] == [200, 200, 0] * 2
    assert result.state.memories.accumulators[CARD, "today", "2026-05-04"] == (600, 3)
    assert result.state.memories.accumulators[CARD, "month", "2026-05"] == (800, 6)


def test_what_the_validator_charged_counts() -> None:
    world = make_world(make_table(counts_to=["month"]))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1, paid=150))
    assert result.state.memories.accumulators[CARD, "month", "2026-05"] == (150, 1)


def test_state_given_stays_as_it_is() -> None:
    state = accumulators(100)
    world = make_world(make_table(counts_to=["month"]))
    run(world, make_tap("single", "05-04 08:00:00", seq=1), state=state)
    assert state == accumulators(100)
