"""A ride with an end missing, or one station twice, costs what its table says of such rides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.reference.town import make_table, make_tap, make_world, run

BANDS = [{"to_m": 1000, "amount": 100}, {"every_m": 1000, "add": 50}]
FARES: dict[str, dict[str, Any]] = {
    "flat":      {"rule": "f", "basis": "flat", "amount": 200},
    "stops":     {"rule": "f", "basis": "distance", "bands": BANDS},
    "tap":       {"rule": "f", "basis": "distance", "bands": BANDS, "distance": "tap"},
    "od":        {"rule": "f", "basis": "od", "matrix": "od.csv"},
    "validator": {"rule": "f", "basis": "validator"},
}
MATRIX = {("a", "b"): 300, ("a", "c"): 400, ("b", "a"): 320, ("c", "a"): 450, ("a", "a"): 50}


def price_at_a(kind: str, fare: dict[str, Any], **changes: Any) -> int | str:
    """The due of a ride of which only stop a is known, or both ends at a."""
    world = make_world(make_table("metro", fare=fare))
    world.matrices["od.csv"] = MATRIX
    taps = [make_tap("in", "05-04 08:00:00", "a", seq=1, **changes)] if kind != "out" else []
    if kind == "in":
        taps.append(make_tap("in", "05-04 20:00:00", "b", seq=2, operator="bus"))   # NO_FARE
    else:
        taps.append(make_tap("out", "05-04 09:00:00", "a", seq=2, **changes))
    result = run(world, *taps)
    return result.charges[0].due if result.charges else "NO_FARE"


# Stop a reaches b (1000 m: 100), d (2500 m: 200), c (3000 m: 200).
@pytest.mark.parametrize(("basis", "word", "missing_in", "missing_out"), [
    ("flat",      777,         200,       200),
    ("flat",      "highest",   200,       200),
    ("stops",     777,         777,       777),
    ("stops",     "lowest",    100,       100),
    ("stops",     "highest",   200,       200),
    ("stops",     "validator", 330,       330),
    ("od",        "lowest",    320,       300),
    ("od",        "highest",   450,       400),
    ("tap",       "lowest",    100,       100),
    ("tap",       "highest",   "NO_FARE", "NO_FARE"),
    ("tap",       777,         777,       777),
    ("validator", "lowest",    "NO_FARE", "NO_FARE"),
    ("validator", "highest",   "NO_FARE", "NO_FARE"),
    ("validator", "validator", 330,       330),
])
def test_missing_end(
    basis: str, word: int | str, missing_in: int | str, missing_out: int | str
) -> None:
    fare = {**FARES[basis], "missing_in": word, "missing_out": word}
    assert price_at_a("out", fare, due=330, distance_m=1500) == missing_in
    assert price_at_a("in", fare, due=330, distance_m=1500) == missing_out


@pytest.mark.parametrize(("basis", "word", "due"), [
    ("flat",      777,         200),
    ("stops",     777,         777),
    ("stops",     "fare",      100),
    ("stops",     "lowest",    100),
    ("stops",     "validator", 330),
    ("od",        "fare",      50),
    ("od",        "lowest",    300),
    ("tap",       "fare",      150),
    ("tap",       "lowest",    100),
    ("validator", "fare",      330),
    ("validator", "lowest",    "NO_FARE"),
])
def test_same_station(basis: str, word: int | str, due: int | str) -> None:
    fare = {**FARES[basis], "same_station": word}
    assert price_at_a("both", fare, due=330, distance_m=1500) == due


def test_validator_that_says_nothing_is_0() -> None:
    fare = {**FARES["stops"], "missing_in": "validator", "same_station": "validator"}
    assert price_at_a("out", fare) == 0
    assert price_at_a("both", fare) == 0


HALF = {"rule": "half", "funders": [{"funder": "operator"}], "pays_percent": 50}


@pytest.mark.parametrize(("allowed", "price"), [(False, 200), (True, 100)])
def test_discounts_only_where_the_table_says_so(allowed: bool, price: int) -> None:
    fare = {**FARES["flat"], "discounts_on_incomplete": allowed}
    world = make_world(make_table("metro", fare=fare, concession=[HALF], counts_to=["month"]))
    result = run(world, make_tap("out", "05-04 09:00:00", "a", seq=2))
    assert result.charges[0].price == price
    assert result.state.spent == {}         # an incomplete ride counts nothing
    assert result.state.chains == {}
