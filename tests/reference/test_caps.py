"""The most that counts in a day, a week, a month: a ride costs what is left of it."""

from __future__ import annotations

from typing import Any

import pytest

from clearing.reference.state import Accumulator
from tests.reference.town import at, having, legs, make_table, make_tap, make_world, prices, run

CARD = "5100000000000001"
FUNDERS = [{"funder": "operator"}]


def cap(accumulator: str, amount: int, **changes: Any) -> dict[str, Any]:
    return {"rule": f"{accumulator} cap", "funders": FUNDERS, "accumulator": accumulator,
            "amount": amount, **changes}


@pytest.mark.parametrize(("before", "price"), [
    (0, 200), (4800, 200), (4801, 199), (4900, 100), (5000, 0), (5100, 0)])
def test_what_is_left(before: int, price: int) -> None:
    world = make_world(make_table(cap=[cap("month", 5000)], counts_to=["month"]))
    state = having({(CARD, "month", "2026-05"): Accumulator(before, 30)})
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1), state=state)
    assert prices(result) == [(200, price)]
    assert legs(result) == [[("cap", "bus", 200 - price)] if price < 200 else []]
    assert result.state.memories.accumulators[CARD, "month", "2026-05"] == (before + price, 31)


def test_all_caps_apply() -> None:
    """A day costs at most 5.00, a week from Monday at most 12.00."""
    accumulators = [{"accumulator": "day", "period": "day"},
                    {"accumulator": "week", "period": "week"}]
    world = make_world(make_table(cap=[cap("day", 500), cap("week", 1200)],
                                  counts_to=["day", "week"]), accumulator=accumulators)
    result = run(world, *(make_tap("single", f"05-{day:02} 0{hour}:00:00", seq=day * 10 + hour)
                          for day in (7, 8, 10, 11) for hour in (6, 7, 8)))
    assert [price for _, price in prices(result)] == [
        200, 200, 100,      # Thursday
        200, 200, 100,      # Friday
        200, 0, 0,          # Sunday: 2.00 are left of the week
        200, 200, 100,      # Monday: a new week
    ]
    assert result.state.memories.accumulators[CARD, "week", "week of 2026-05-04"] == (1200, 9)
    assert result.state.memories.accumulators[CARD, "week", "week of 2026-05-11"] == (500, 3)


def test_two_caps_on_one_ride_are_two_legs() -> None:
    world = make_world(make_table(cap=[cap("month", 150), cap("week", 120), cap("year", 130)]))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1))
    assert prices(result) == [(200, 120)]
    assert legs(result) == [[("cap", "bus", 50), ("cap", "bus", 30)]]


def test_conditions_hold_for_caps() -> None:
    world = make_world(make_table(cap=[cap("month", 100, card_kinds=["student"])]))
    assert prices(run(world, make_tap("single", "05-04 08:00:00", seq=1))) == [(200, 200)]
    assert prices(run(world, make_tap("single", "05-04 08:00:00", seq=1, card_kind="student"))
                  ) == [(200, 100)]


def test_a_year() -> None:
    world = make_world(make_table(cap=[cap("year", 100)], counts_to=["year"]))
    first = run(world, make_tap("single", "05-04 08:00:00", seq=1))
    second = run(world, make_tap("single", "12-31 08:00:00", seq=2), state=first.state)
    new_year = make_tap("single", "12-31 08:00:00", seq=3,
                        tapped_at=at("12-31 08:00:00") + 20 * 3600)     # four in the morning
    third = run(world, new_year, state=second.state)
    assert [prices(one)[0][1] for one in (first, second, third)] == [100, 0, 100]
    assert [period for _, _, period in third.state.memories.accumulators] == ["2026", "2027"]
