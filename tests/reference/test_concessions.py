"""What a rider pays by card and by who the rider is, against published numbers."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reference.town import legs, make_table, make_tap, make_world, prices, run

CITY = [{"funder": "gz-finance"}]


def price_of(due: int, *rows: dict[str, Any], **tap: Any) -> int:
    """What a rider pays of a fare of `due` under these concession rows."""
    named = [{"rule": f"row {n}", "funders": CITY, **row} for n, row in enumerate(rows, 1)]
    world = make_world(make_table(fare={"rule": "v", "basis": "validator"}, concession=named))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1, due=due, **tap))
    [charge] = result.charges
    assert sum(leg.amount for leg in charge.legs) == charge.due + charge.variance
    return charge.price


SHENZHEN_BUS = {"bands": [
    {"to": 300, "pays_percent": 80}, {"to": 600, "pays_percent": 75}, {"pays_percent": 65}]}
SHENZHEN_METRO = {"pays_percent": 95}


@pytest.mark.parametrize(("row", "due", "price"), [
    (SHENZHEN_BUS, 800, 595),       # 3 x 0.8 + 3 x 0.75 + 2 x 0.65
    (SHENZHEN_BUS, 400, 315),
    (SHENZHEN_BUS, 500, 390),
    (SHENZHEN_BUS, 300, 240),
    (SHENZHEN_BUS, 200, 160),
    (SHENZHEN_BUS, 0,   0),
    (SHENZHEN_METRO, 700, 665),
    (SHENZHEN_METRO, 200, 190),
    ({"pays_percent": "62.5"}, 200, 125),
    ({"pays_percent": 0},   200, 0),
    ({"pays_percent": 100}, 200, 200),
    ({"pays_percent": 120}, 200, 200),      # never more than before
    ({"pays_amount": 100},  200, 100),
    ({"pays_amount": 0},    200, 0),
    ({"pays_amount": 300},  200, 200),
])
def test_published_prices(row: dict[str, Any], due: int, price: int) -> None:
    assert price_of(due, row) == price


@pytest.mark.parametrize(("rounding", "unit", "due", "price"), [
    #                             50 % of
    ("half_up",   1,  5,   3),
    ("half_even", 1,  5,   2),
    ("half_even", 1,  7,   4),
    ("down",      1,  5,   2),
    ("up",        1,  5,   3),
    ("half_up",   10, 250, 130),
    ("half_up",   10, 248, 120),
    ("half_even", 10, 250, 120),
    ("half_even", 10, 252, 130),
    ("half_even", 10, 248, 120),
    ("down",      10, 258, 120),
    ("up",        10, 242, 130),
    ("up",        100, 90, 90),     # 45 goes up to 100, which is above what it was
])
def test_rounding(rounding: str, unit: int, due: int, price: int) -> None:
    assert price_of(due, {"pays_percent": 50, "rounding": rounding, "unit": unit}) == price


def test_bands_are_rounded_once() -> None:
    thirds = {"bands": [{"to": 1, "pays_percent": 50}, {"pays_percent": 50}]}
    assert price_of(2, thirds) == 1     # not 1 + 1


def test_beyond_the_last_band_the_price_is_paid_in_full() -> None:
    assert price_of(800, {"bands": [{"to": 300, "pays_percent": 80}]}) == 240 + 500


@pytest.mark.parametrize(("condition", "tap", "fits"), [
    ({"card_kinds": ["student"]}, {"card_kind": "student"}, True),
    ({"card_kinds": ["student"]}, {"card_kind": "adult"},   False),
    ({"card_kinds": ["student"]}, {"card_kind": ""},        False),
    ({"media": ["qr"]},           {"medium": "qr"},         True),
    ({"media": ["qr"]},           {"medium": "card", "paid": 200},       False),
    ({"modes": ["bus"]},          {},                       True),
    ({"modes": ["metro"]},        {},                       False),
    ({"cards": "home"},           {"issuer": "yct"},        True),
    ({"cards": "home"},           {"issuer": "szt"},        False),
    ({"cards": "away"},           {"issuer": "yct"},        False),
    ({"cards": "away"},           {"issuer": "szt"},        True),
    ({"cards": ["cs", "sz"]},     {"issuer": "szt"},        True),
    ({"cards": ["cs", "sz"]},     {"issuer": "yct"},        False),
])
def test_conditions(condition: dict[str, Any], tap: dict[str, Any], fits: bool) -> None:
    assert price_of(200, {"pays_percent": 50, **condition}, **tap) == (100 if fits else 200)


def test_first_row_that_fits_wins() -> None:
    rows: list[dict[str, Any]] = [
        {"pays_percent": 0, "card_kinds": ["senior"]}, {"pays_percent": 95}, {"pays_percent": 50}]
    assert price_of(200, *rows) == 190
    assert price_of(200, *rows, card_kind="senior") == 0


def test_a_row_that_takes_nothing_off_has_won_all_the_same() -> None:
    assert price_of(200, {"pays_percent": 100}, {"pays_percent": 50}) == 200


@pytest.mark.parametrize(("weights", "expected"), [
    # half of 1.01 is 0.51 to pay, 0.50 to fund
    ([1],           [50]),
    ([1, 1],        [25, 25]),
    ([1, 1, 1],     [17, 17, 16]),      # the fen left over go to the earlier of equals
    ([1, 2],        [17, 33]),          # 16.67 and 33.33: to the larger remainder
    ([1, 5, 3, 2],  [4, 23, 14, 9]),    # 4.55 22.73 13.64 9.09: two left over
    ([99, 1],       [50]),              # 49.5 and 0.5: a tie, and a share of 0 is no leg
])
def test_funders_share_by_largest_remainder(weights: list[int], expected: list[int]) -> None:
    funders = [{"funder": name, "weight": weight} for name, weight in
               zip(("gz-finance", "gz-civil", "operator", "issuer"), weights, strict=False)]
    world = make_world(make_table(
        fare={"rule": "f", "basis": "flat", "amount": 101},
        concession=[{"rule": "half", "funders": funders, "pays_percent": 50}]))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1))
    assert prices(result) == [(101, 51)]
    names = ["gz-finance", "gz-civil", "bus", "yct"]
    assert legs(result) == [[("concession", name, amount)
                             for name, amount in zip(names, expected, strict=False)]]


@pytest.mark.parametrize(("percents", "expected"), [
    ([100],                 [50]),
    ([70, 30],              [35, 15]),
    (["62.5", "37.5"],      [31, 19]),      # 31.25 and 18.75: to the larger remainder
    (["33.3333", "33.3333", "33.3334"], [17, 16, 17]),
    ([0, 100],              [50]),
])
def test_funders_share_by_percent(percents: list[int | str], expected: list[int]) -> None:
    funders = [{"funder": name, "percent": percent} for name, percent in
               zip(("gz-finance", "gz-civil", "issuer"), percents, strict=False)]
    world = make_world(make_table(
        fare={"rule": "f", "basis": "flat", "amount": 101},
        concession=[{"rule": "half", "funders": funders, "pays_percent": 50}]))
    [ride_legs] = legs(run(world, make_tap("single", "05-04 08:00:00", seq=1)))
    assert [amount for _, _, amount in ride_legs] == expected
