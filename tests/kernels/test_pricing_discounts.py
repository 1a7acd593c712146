"""Discounts: what the rider is spared, who pays for it, and every fen of it given to someone."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from ext import records
from ext.codes import Code, RideState
from tests.kernels.cases import records_of, reserved_is_zero
from tests.kernels.ground import DAY, NOON, make_ride, make_table, new_states, price

pytestmark = pytest.mark.kernels

FINANCE = [{"funder": "finance"}]
MONTH = 2024 * 12 + 9


def table_of(amount: int = 200, **changes: Any) -> Any:
    return make_table(fare={"rule": "flat", "basis": "flat", "amount": amount}, **changes)


def concession(rule: str = "cut", **changes: Any) -> dict[str, Any]:
    effect = changes.keys() & {"pays_percent", "pays_amount", "bands"}
    return {"rule": rule, "funders": FINANCE, **({} if effect else {"pays_percent": 50}), **changes}


@pytest.mark.parametrize(("due", "row", "paid"), [
    (200, {"pays_percent": 50},      100),
    (200, {"pays_percent": 0},       0),
    (200, {"pays_percent": 100},     200),
    (200, {"pays_percent": "62.5"},  125),
    (0,   {"pays_percent": 50},      0),
    (200, {"pays_amount": 0},        0),
    (200, {"pays_amount": 120},      120),
    (200, {"pays_amount": 200},      200),
    (200, {"pays_amount": 201},      200),      # never more than before
    (2_000_000_000, {"pays_percent": "99.9999"}, 1_999_998_000),
])
def test_a_concession_cuts_the_price(tmp_path: Path, due: int, row: dict[str, Any],
                                     paid: int) -> None:
    outcome = price(tmp_path, [table_of(due, concession=[concession(**row)])], make_ride())
    assert outcome.price == [paid]
    spared = due - paid
    assert outcome.legs() == ([("concession", "cut", "finance", spared)] if spared else [])


@pytest.mark.parametrize(("due", "paid"), [
    (0, 0), (1, 1), (300, 240), (301, 241), (302, 242), (600, 465), (601, 466), (1000, 725),
])
def test_parts_of_a_price_have_percents_of_their_own(tmp_path: Path, due: int, paid: int) -> None:
    """Up to 3 yuan 80 %, up to 6 yuan 75 %, then 65 %: added up exactly and rounded once."""
    bands = [{"to": 300, "pays_percent": 80}, {"to": 600, "pays_percent": 75},
             {"pays_percent": 65}]
    outcome = price(tmp_path, [table_of(due, concession=[concession(bands=bands)])], make_ride())
    assert outcome.price == [paid]


ROUNDINGS = [
    # due   percent  unit  half_up half_even down  up
    (5,     50,      1,    3,      2,        2,    3),      # 2.5
    (7,     50,      1,    4,      4,        3,    4),      # 3.5
    (3,     33,      1,    1,      1,        0,    1),      # 0.99
    (4,     50,      1,    2,      2,        2,    2),      # 2 exactly
    (90,    50,      10,   50,     40,       40,   50),     # 45, to 10 fen
    (110,   50,      10,   60,     60,       50,   60),     # 55
    (88,    50,      10,   40,     40,       40,   50),     # 44
    (100,   50,      100,  100,    0,        0,    100),    # 50, to a yuan
    (10,    90,      100,  0,      0,        0,    10),     # 9: up would be more than before
    (1,     "0.0001", 1,   0,      0,        0,    1),      # a millionth
]


@pytest.mark.parametrize(("due", "percent", "unit", "rounding", "paid"), [
    (due, percent, unit, rounding, paid)
    for due, percent, unit, *paids in ROUNDINGS
    for rounding, paid in zip(("half_up", "half_even", "down", "up"), paids, strict=True)
])
def test_the_riders_price_is_rounded(tmp_path: Path, due: int, percent: int | str, unit: int,
                                     rounding: str, paid: int) -> None:
    row = concession(pays_percent=percent, unit=unit, rounding=rounding)
    assert price(tmp_path, [table_of(due, concession=[row])], make_ride()).price == [paid]


@pytest.mark.parametrize(("spared", "weights"), [
    (100, (1,)), (100, (1, 1)), (101, (1, 1)), (1, (1, 1)), (100, (1, 1, 1)), (101, (1, 1, 1)),
    (200, (1, 1, 1)), (1, (1, 2)), (2, (1, 2)), (99, (60, 40)), (3, (1, 1, 1, 1)),
    (7, (1, 2, 3, 4)), (1_999_999_999, (999_999, 1_000_000, 1, 3)),
    (2_000_000_000, (1_000_000, 1_000_000, 1_000_000, 1_000_000)),
])
def test_funders_share_by_largest_remainder(tmp_path: Path, spared: int,
                                            weights: tuple[int, ...]) -> None:
    funders = ("finance", "civil", "sponsor", "operator")[:len(weights)]
    row = concession(pays_amount=0, funders=[
        {"funder": funder, "weight": weight}
        for funder, weight in zip(funders, weights, strict=True)])
    outcome = price(tmp_path, [table_of(spared, concession=[row])], make_ride())
    exact = [Fraction(spared * weight, sum(weights)) for weight in weights]
    shares = [math.floor(share) for share in exact]
    behind = sorted(range(len(weights)), key=lambda one: (shares[one] - exact[one], one))
    for one in behind[:spared - sum(shares)]:
        shares[one] += 1
    told = ["bus" if funder == "operator" else funder for funder in funders]
    assert [leg[2:] for leg in outcome.legs()] == [
        (funder, share) for funder, share in zip(told, shares, strict=True) if share]


@pytest.mark.parametrize(("funder", "member"), [
    ("operator", "bus"), ("issuer", "gz-card"), ("civil", "civil")])
def test_a_funder_may_depend_on_the_ride(tmp_path: Path, funder: str, member: str) -> None:
    table = table_of(concession=[concession(funders=[{"funder": funder}])])
    assert price(tmp_path, [table], make_ride()).legs() == [("concession", "cut", member, 100)]


CONDITIONS = [
    # condition                      ride                       holds
    ({"card_kinds": ["student"]},    {"card_kind": 2},          True),
    ({"card_kinds": ["student"]},    {"card_kind": 1},          False),
    ({"card_kinds": ["student", "adult"]}, {"card_kind": 1},    True),
    ({"media": ["qr"]},              {"medium": 2},             True),
    ({"media": ["qr"]},              {"medium": 0},             False),     # a blank one
    ({"modes": ["bus"]},             {},                        True),
    ({"modes": ["metro"]},           {},                        False),
    ({"cards": "home"},              {"issuer": 4},             True),
    ({"cards": "home"},              {"issuer": 5},             False),
    ({"cards": "away"},              {"issuer": 4},             False),
    ({"cards": "away"},              {"issuer": 5},             True),
    ({"cards": "away"},              {"issuer": 0},             False),     # nobody's card
    ({"cards": "any"},               {"issuer": 0},             True),
    ({"cards": ["sz"]},              {"issuer": 5},             True),
    ({"cards": ["sz"]},              {"issuer": 4},             False),
    ({"cards": ["sz", "gz"]},        {"issuer": 4},             True),
    ({},                             {"card_kind": 63, "medium": 63}, True),
]


@pytest.mark.parametrize(("row", "ride", "holds"), CONDITIONS)
def test_a_row_holds_where_all_its_conditions_do(tmp_path: Path, row: dict[str, Any],
                                                 ride: dict[str, int], holds: bool) -> None:
    table = table_of(concession=[concession(**row)])
    assert price(tmp_path, [table], make_ride(**ride)).price == [100 if holds else 200]


def test_the_first_row_that_fits_wins(tmp_path: Path) -> None:
    rows = [concession("students", card_kinds=["student"], pays_percent=10),
            concession("first", pays_percent=100), concession("better", pays_percent=0)]
    outcome = price(tmp_path, [table_of(concession=rows)], make_ride())
    assert (outcome.price, outcome.legs()) == ([200], [])


@pytest.mark.parametrize(("order", "paid"), [
    (["concession", "transfer"], 60), (["transfer", "concession"], 80)])
def test_discounts_stack_in_the_tables_order(tmp_path: Path, order: list[str], paid: int) -> None:
    table = table_of(order=order, concession=[concession()], transfer=[
        {"rule": "change", "funders": FINANCE, "credit": 40, "within_s": 60}])
    outcome = price(tmp_path, [table], make_ride(line=1), make_ride(line=2))
    assert outcome.price == [100, paid]


@pytest.mark.parametrize(("written", "state", "paid"), [
    (False, RideState.MISSING_OUT,  200),
    (False, RideState.MISSING_IN,   200),
    (True,  RideState.MISSING_OUT,  100),
    (True,  RideState.MISSING_IN,   100),
    (False, RideState.SAME_STATION, 100),
    (False, RideState.OVERTIME,     100),
])
def test_incomplete_rides_are_not_discounted(tmp_path: Path, written: bool, state: RideState,
                                             paid: int) -> None:
    table = make_table(fare={"rule": "flat", "basis": "flat", "amount": 200,
                             "discounts_on_incomplete": written}, concession=[concession()])
    assert price(tmp_path, [table], make_ride(state=state)).price == [paid]


TIERS = [
    # bounds                             amount before    applies
    ({"over": 8000},                     8000,           False),
    ({"over": 8000},                     8001,           True),
    ({"at_least": 8000},                 7999,           False),
    ({"at_least": 8000},                 8000,           True),
    ({"over": 8000, "up_to": 20_000},    20_000,         True),
    ({"over": 8000, "up_to": 20_000},    20_001,         False),
    ({"at_least": 0, "below": 20_000},   19_999,         True),
    ({"at_least": 0, "below": 20_000},   20_000,         False),
    ({"at_least": 0},                    None,           True),     # nothing counted is 0
    ({"over": 0},                        None,           False),
    ({"over": 0},                        2**62,          True),
]


@pytest.mark.parametrize(("bounds", "amount", "applies"), TIERS)
def test_a_tier_is_by_what_was_spent_before(tmp_path: Path, bounds: dict[str, int],
                                            amount: int | None, applies: bool) -> None:
    table = table_of(tier=[{"rule": "regular", "funders": FINANCE, "accumulator": "month",
                            "pays_percent": 80, **bounds}])
    before = [] if amount is None else [
        {"card_lo": 1, "accumulator": 1, "period": MONTH, "amount": amount}]
    outcome = price(tmp_path, [table], make_ride(),
                    before=records_of(before, records.ACCUMULATOR))
    assert outcome.price == [160 if applies else 200]


@pytest.mark.parametrize(("spent", "due", "unit", "paid"), [
    # In full to 80 yuan, 80 % to 200, then half.
    (0,         200,           1,  200),
    (7900,      100,           1,  100),
    (7900,      200,           1,  180),        # 1.00 + 80 % of 1.00
    (8000,      200,           1,  160),
    (19_900,    125,           1,  100),        # 1.25 of the fare are the 1.00 that is left
    (19_900,    200,           1,  138),        # 1.00 + half of 0.75
    (19_900,    200,           10, 140),
    (19_999,    200,           1,  101),        # 2 fen pay 1.6, and reach it; half of 198
    (20_000,    200,           1,  100),
    (7900,      20_000,        1,  14_550),     # 1.00 + 120.00 for 150.00 + half of 49.00
    (0,         0,             1,  0),
    (2**62,     200,           1,  100),
    (0,         2_000_000_000, 1,  1_000_008_500),
])
def test_a_tier_is_by_parts_of_what_is_counted_with_the_ride(
    tmp_path: Path, spent: int, due: int, unit: int, paid: int,
) -> None:
    bands = [{"to": 8000, "pays_percent": 100}, {"to": 20_000, "pays_percent": 80},
             {"pays_percent": 50}]
    table = table_of(due, tier=[{"rule": "regular", "funders": FINANCE, "accumulator": "month",
                                 "bands": bands, "unit": unit}])
    before = [{"card_lo": 1, "accumulator": 1, "period": MONTH, "amount": spent}]
    outcome = price(tmp_path, [table], make_ride(),
                    before=records_of(before, records.ACCUMULATOR))
    assert outcome.price == [paid]


@pytest.mark.parametrize("other", [
    {"card_lo": 2}, {"card_hi": 1}, {"period": MONTH - 1}, {"period": MONTH + 1},
    {"accumulator": 2}])
def test_another_accumulator_is_not_looked_at(tmp_path: Path, other: dict[str, int]) -> None:
    """A month that is over, another card's spending, and another accumulator count for nothing."""
    table = table_of(tier=[{"rule": "regular", "funders": FINANCE, "accumulator": "month",
                            "pays_percent": 80, "over": 0}])
    row = {"card_lo": 1, "accumulator": 1, "period": MONTH, "amount": 9000, **other}
    before = records_of([row], records.ACCUMULATOR)
    assert price(tmp_path, [table], make_ride(), before=before).price == [200]


def test_rides_feed_the_accumulators(tmp_path: Path) -> None:
    """One by month of what was paid, one by day of what was due; a missing end counts nothing."""
    table = table_of(counts_to=["today", "month"], concession=[concession(pays_percent=80)])
    rides = [make_ride(), make_ride(), make_ride(state=RideState.MISSING_OUT),
             make_ride(service_day=DAY + 1), make_ride(service_day=DAY + 28)]
    accumulators = price(tmp_path, [table], *rides).accumulators
    names = ("accumulator", "period", "amount", "rides")
    assert [tuple(int(row[name]) for name in names) for row in accumulators] == [
        (1, MONTH, 480, 3), (1, MONTH + 1, 160, 1),
        (2, DAY, 400, 2), (2, DAY + 1, 200, 1), (2, DAY + 28, 200, 1)]
    assert reserved_is_zero(accumulators)


def test_accumulators_of_cards_without_rides_stay_out(tmp_path: Path) -> None:
    """States and accumulators are sorted by card; only those of touched cards are written again."""
    before = records_of(({"card_lo": card, "accumulator": 1, "period": MONTH, "amount": card}
                         for card in (1, 2, 3, 4)), records.ACCUMULATOR)
    rides = [make_ride(card_lo=card, service_day=DAY) for card in (2, 4)]
    accumulators = price(tmp_path, [table_of(counts_to=["month"])], *rides,
                         states=new_states(2, 4), before=before).accumulators
    found = [(int(row["card_lo"]), int(row["amount"])) for row in accumulators]
    assert found == [(2, 202), (4, 204)]


@pytest.mark.parametrize(("operator", "medium", "said", "amounts", "held"), [
    #                    paid, variance, uncollected
    ("szbus", 1, 190,  [190, -10, 0],   True),      # the validator charges cards, and is believed
    ("szbus", 1, 200,  [200, 0,   0],   False),
    ("szbus", 1, 0,    [0,   -200, 0],  True),
    ("szbus", 1, None, [0,   0,   200], False),     # it said nothing: nobody knows of a payment
    ("szbus", 2, 190,  [200, 0,   0],   False),     # the engine charges QR codes
    ("szbus", 2, -190, [200, 0,   0],   False),
    ("bus",   1, 190,  [200, 0,   0],   False),
])
def test_what_was_taken_is_final(tmp_path: Path, operator: str, medium: int, said: int | None,
                                 amounts: list[int], held: bool) -> None:
    flags = 0 if said is None else records.RIDE_FLAGS["PAID_BY_VALIDATOR"]
    ride = make_ride(operator, medium=medium, validator_paid=said or 0, flags=flags)
    outcome = price(tmp_path, [make_table(operator)], ride)
    row, after = outcome.charges[0], int(outcome.rides["flags"][0])
    assert int(row["price"]) == 200
    assert [int(row[name]) for name in ("paid", "variance", "uncollected")] == amounts
    assert int(row["legs"]["amount"][0]) == amounts[0]
    assert bool(after & records.RIDE_FLAGS["HELD"]) == held
    assert bool(after & records.RIDE_FLAGS["PAID_BY_VALIDATOR"]) == (
        operator == "szbus" and medium == 1 and said is not None)


def test_more_was_given_back_than_taken(tmp_path: Path) -> None:
    """The exit of a ride whose way in is not known yet: nothing is owed, and the card counts on."""
    flags = records.RIDE_FLAGS["PAID_BY_VALIDATOR"]
    ride = make_ride("szbus", medium=1, validator_paid=-1, flags=flags)
    outcome = price(tmp_path, [make_table("szbus")], ride)
    assert outcome.charges["code"].tolist() == [Code.REBATE_ALONE]


def test_charges_are_left_clean(tmp_path: Path) -> None:
    outcome = price(tmp_path, [table_of()], make_ride(started_at=NOON))
    legs = outcome.charges["legs"][0]
    used = int(legs["count"])
    assert not any(legs[part][used:].any() for part in legs.dtype.names if part != "count")
    assert price(tmp_path, [table_of()]).codes == []
