"""A bill is what its terms say to the fen, never beyond its ceiling; nothing is lost between."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.model import BillTerms, Budget
from network.money import apportion
from settlement.bills import Bill, Ridden, first_month_needed, make_bills

JANUARY = 2025 * 12
MONTHS = range(JANUARY, JANUARY + 14)


def bills(ridden: list[dict[str, Ridden]], **terms: Any) -> list[Bill]:
    one = BillTerms(bill="b", funder="f", **terms)
    months = range(JANUARY, JANUARY + len(ridden))
    return make_bills(dict.fromkeys(months, one), dict(zip(months, ridden, strict=True)))


def bus(shortfall: int, rides: int = 0, **more: int) -> dict[str, Ridden]:
    return {"bus": Ridden(rides, shortfall, concessions=rides, **more)}


#  terms                                                     rides, short     billed
@pytest.mark.parametrize(("terms", "months", "billed"), [
    ({}, [(3, 450)], [450]),
    ({"basis": "unit_price", "amount": 120}, [(3, 450)], [360]),
    ({"basis": "unit_price", "amount": 120}, [(-1, -150)], [-120]),
    ({"basis": "lump_sum", "amount": 1000}, [(3, 450), (0, 0)], [1000, 1000]),
    # 300,000 yuan a year, as a county pays: twelve parts that come to it.
    ({"basis": "lump_sum", "amount": 30_000_001, "per": "year"}, [(1, 1)] * 12,
     [2_500_000] * 11 + [2_500_001]),
    ({"ceiling": 500}, [(1, 400), (1, 700), (1, 300)], [400, 500, 300]),
    ({"ceiling": 500, "above": "carried"}, [(1, 400), (1, 700), (1, 200), (1, 50)],
     [400, 500, 400, 50]),
    ({"ceiling": 1000, "ceiling_per": "year"}, [(1, 400)] * 13, [400, 400, 200] + [0] * 9 + [400]),
    ({"ceiling": 0}, [(1, 400), (-1, -400)], [0, -400]),
])
def test_a_month_comes_to(terms: dict[str, Any], months: list[tuple[int, int]],
                          billed: list[int]) -> None:
    made = bills([bus(shortfall, rides) for rides, shortfall in months], **terms)
    assert [bill.billed for bill in made] == billed


def test_what_is_not_recognised_is_not_billed() -> None:
    one, = bills([{"bus": Ridden(4, 800, unrecognised=300, concessions=2, other=100)}])
    assert (one.settled, one.billed) == (800, 500)
    one, = bills([{"bus": Ridden(4, 800, unrecognised=300, concessions=2, other=100)}],
                 basis="unit_price", amount=150)
    assert one.billed == 2 * 150 + 100


def test_operators_share_the_room_and_budgets_the_bill() -> None:
    one, = bills([{"bus": Ridden(1, 200), "ferry": Ridden(1, 100), "metro": Ridden(1, -50)}],
                 ceiling=100, budgets=[Budget(budget="city", weight=2), Budget(budget="county")])
    assert {operator: share.billed for operator, share in one.shares.items()} == {
        "bus": 100, "ferry": 50, "metro": -50}
    assert one.budgets == {"city": 67, "county": 33}
    assert one.above == 150


def test_new_terms_begin_anew() -> None:
    old, new = (BillTerms(bill=name, funder="f", ceiling=100, above="carried", ceiling_per="year")
                for name in ("old", "new"))
    made = make_bills({JANUARY: old, JANUARY + 1: new, JANUARY + 2: None},
                      dict.fromkeys(range(JANUARY, JANUARY + 3), bus(150)))
    assert [bill.billed for bill in made] == [100, 100, 150]


def test_changed_terms_of_one_name_go_on() -> None:
    """What a month has left is by its own terms; where differences are posted it begins anew."""
    told, dearer, posted = (
        BillTerms(bill="b", funder="f", ceiling=100, above="carried", ceiling_per="year", **more)
        for more in ({}, {"budgets": [Budget(budget="city")]}, {"difference": "posted"}))
    made = make_bills(dict(enumerate((told, dearer, posted, told), JANUARY)),
                      dict.fromkeys(range(JANUARY, JANUARY + 4), bus(90)))
    assert [(bill.billed, bill.above) for bill in made] == [(90, 0), (10, 80), (90, 0), (90, 0)]


#  terms                                                            goes by months before
@pytest.mark.parametrize(("terms", "before"), [
    ({}, 0), ({"ceiling": 5}, 0), ({"ceiling": 5, "ceiling_per": "year"}, 1),
    ({"ceiling": 5, "above": "carried"}, 3),
])
def test_a_bill_goes_by_no_more_months_than_it_has_to(terms: dict[str, Any], before: int) -> None:
    one = BillTerms(bill="b", funder="f", **terms)
    by_month = dict.fromkeys(range(JANUARY - 2, JANUARY + 3), one) | {JANUARY - 3: None}
    assert first_month_needed(by_month, JANUARY + 1) == JANUARY + 1 - before


RIDDEN = st.dictionaries(st.sampled_from(["bus", "ferry", "metro"]), st.builds(
    lambda rides, shortfall: Ridden(rides, shortfall), st.integers(-5, 50),
    st.integers(-500, 5_000)))
TERMS = st.fixed_dictionaries({
    "ceiling": st.none() | st.integers(0, 6_000), "ceiling_per": st.sampled_from(["month", "year"]),
    "above": st.sampled_from(["operators", "carried"]),
    "budgets": st.lists(st.integers(1, 99), max_size=3).map(
        lambda weights: [Budget(budget=str(place), weight=weight)
                         for place, weight in enumerate(weights)])})


@settings(deadline=None)
@given(st.lists(RIDDEN, min_size=1, max_size=14), TERMS)
def test_nothing_is_lost_between_months(ridden: list[dict[str, Ridden]], terms: dict[str, Any]
                                        ) -> None:
    made = bills(ridden, **terms)
    carried: dict[str, int] = {}
    for bill in made:
        for operator, share in bill.shares.items():
            assert share.base + share.carried_in == share.billed + share.above
            assert share.carried_in == carried.get(operator, 0)
            assert share.above >= 0
        assert set(carried) <= set(bill.shares)
        assert sum(share.base for share in bill.shares.values()) == bill.settled
        assert bill.room is None or bill.billed <= bill.room
        assert not bill.above or bill.billed == bill.room
        assert not bill.budgets or sum(bill.budgets.values()) == bill.billed
        carried = {operator: share.above for operator, share in bill.shares.items()
                   if share.above} if bill.is_carried else {}
    if terms["ceiling"] is not None and terms["ceiling_per"] == "year":
        for year in (made[:12], made[12:]):
            assert sum(bill.billed for bill in year) <= terms["ceiling"]


@given(st.integers(-10**12, 10**12), st.lists(st.integers(1, 10**6), min_size=1, max_size=9))
def test_parts_come_to_the_whole(amount: int, weights: list[int]) -> None:
    parts = apportion(amount, weights)
    assert sum(parts) == amount
    assert parts == [-part for part in apportion(-amount, weights)]
    assert all(abs(part * sum(weights) - amount * weight) < sum(weights)
               for part, weight in zip(parts, weights, strict=True))
