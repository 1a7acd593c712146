"""A ride with an end missing, or one station twice, costs what its table says of such rides."""

from __future__ import annotations

from typing import Any

import pytest

from clearing.reference.state import State
from tests.reference.plain import explain_card
from tests.reference.town import make_table, make_tap, make_world, ride_metro, run

BANDS = [{"to_m": 1000, "amount": 100}, {"every_m": 1000, "add": 50}]
FARES: dict[str, dict[str, Any]] = {
    "flat":      {"rule": "f", "basis": "flat", "amount": 200},
    "stops":     {"rule": "f", "basis": "distance", "bands": BANDS},
    "tap":       {"rule": "f", "basis": "distance", "bands": BANDS, "distance": "tap"},
    "od":        {"rule": "f", "basis": "od", "matrix": "od.csv"},
    "validator": {"rule": "f", "basis": "validator"},
    "line":      {"rule": "f", "basis": "distance", "bands": BANDS, "distance": "line"},
    "time":      {"rule": "f", "basis": "time", "bands": [{"to_s": 900, "amount": 100},
                                                          {"to_s": 7200, "amount": 260}]},
    "zone":      {"rule": "f", "basis": "zone", "matrix": "zone-fares.csv", "zones": "zones.csv"},
}
MATRIX = {("a", "b"): 300, ("a", "c"): 400, ("b", "a"): 320, ("c", "a"): 450, ("a", "a"): 50}

# a and b are in zone 1, c in 2, d in 3.
ZONE_MATRIX = {("1", "1"): 200, ("1", "2"): 300, ("2", "1"): 310, ("3", "1"): 150}


def price_at_a(kind: str, fare: dict[str, Any], **changes: Any) -> int | str:
    """The due of a ride of which only stop a is known, or both ends at a."""
    world = make_world(make_table("metro", fare=fare))
    world.folder.matrices["od.csv", "amount"] = MATRIX
    world.folder.matrices["zone-fares.csv", "amount"] = ZONE_MATRIX
    changes = {"line": "M", **changes}
    taps = [make_tap("in", "05-04 08:00:00", "a", seq=1, **changes)] if kind != "out" else []
    if kind == "in":
        taps.append(make_tap("in", "05-04 20:00:00", "b", seq=2, operator="bus"))   # NO_FARE
    else:
        taps.append(make_tap("out", "05-04 09:00:00", "a", seq=2, **changes))
    result = run(world, *taps)
    return result.charges[0].due if result.charges else "NO_FARE"


# Stop a reaches b (1000 m: 100), d (2500 m: 200), c (3000 m: 200); along line M it begins, and
# d is its other end (6000 m: 350).
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
    ("line",      "lowest",    100,       100),
    ("line",      "highest",   350,       350),
    ("line",      "terminus",  350,       350),
    ("stops",     "terminus",  "NO_FARE", "NO_FARE"),
    ("time",      "lowest",    100,       100),
    ("time",      "highest",   "NO_FARE", "NO_FARE"),
    ("zone",      "lowest",    150,       200),     # from d; to b in the same zone
    ("zone",      "highest",   310,       300),
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
    ("line",      "fare",      100),
    ("line",      "highest",   350),
    ("time",      "fare",      260),        # an hour inside
    ("time",      "lowest",    100),
    ("time",      "highest",   "NO_FARE"),
    ("zone",      "fare",      200),
    ("zone",      "lowest",    200),
])
def test_same_station(basis: str, word: int | str, due: int | str) -> None:
    fare = {**FARES[basis], "same_station": word}
    assert price_at_a("both", fare, due=330, distance_m=1500) == due


def test_validator_that_says_nothing_is_0() -> None:
    fare = {**FARES["stops"], "missing_in": "validator", "same_station": "validator"}
    assert price_at_a("out", fare) == 0
    assert price_at_a("both", fare) == 0


@pytest.mark.parametrize(("stop", "due"), [
    ("a", 350),     # to d, 6000 m; a itself is the other end
    ("b", 300),     # to d, 5000 m, which is more than to a
    ("c", 200),     # to a or to d: 3000 m
    ("d", 350),
    ("e", None),    # not on the line
])
def test_a_bus_ride_without_an_exit_goes_to_the_farther_terminus(stop: str, due: int | None
                                                                 ) -> None:
    """Beijing, 使用规则 art. 16: the fare to the farthest terminus."""
    world = make_world(make_table("metro", fare={**FARES["line"], "missing_out": "terminus"}))
    result = run(world, make_tap("ride", "05-04 08:00:00", "", seq=1, in_stop=stop, line="M",
                                 operator="metro", mode="metro"))
    assert [charge.due for charge in result.charges] == ([] if due is None else [due])


def test_a_line_can_end_at_several_stops() -> None:
    """From d, which is one of two last stops, the other is 0 m away; c has no fare."""
    bands = [{"to_m": 500, "amount": 100}]
    world = make_world(make_table("metro", fare={**FARES["line"], "bands": bands,
                                                 "missing_out": "terminus"}))
    world.folder.line_stops["rail-lines.csv"] = {"M": {"c": 0, "d": 900, "e": 900}}
    result = run(world, make_tap("ride", "05-04 08:00:00", "", seq=1, in_stop="d", line="M",
                                 operator="metro", mode="metro"))
    assert [charge.due for charge in result.charges] == [100]


# Free for two minutes, the lowest fare to half an hour, the highest to two hours.
STEPS = [{"costs": 0, "within_s": 120}, {"costs": "lowest", "within_s": 1800},
         {"costs": "highest", "within_s": 7200}]


@pytest.mark.parametrize(("out", "due"), [
    ("08:00:00", 0), ("08:02:00", 0), ("08:02:01", 100), ("08:30:00", 100), ("08:30:01", 200),
    ("10:00:00", 200), ("10:00:01", 160),   # no step left: the fare of the band from 0 m
])
def test_same_station_by_time_inside(out: str, due: int) -> None:
    bands = [{"to_m": 0, "amount": 160}, *BANDS]
    fare = {"rule": "f", "basis": "distance", "bands": bands, "same_station": STEPS}
    world = make_world(make_table("metro", fare=fare))
    result = run(world, *ride_metro("a", "a", out=f"05-04 {out}"))
    assert (result.rides[0].state, result.charges[0].due) == ("SAME_STATION", due)


@pytest.mark.parametrize(("operator", "due"), [
    ("metro", 310),     # from c: x is no stop of the metro
    ("bus", 990),       # where any stop will do, every stop that has a zone could be
])
def test_zones_of_the_operators_own_stops(operator: str, due: int) -> None:
    world = make_world(make_table(operator, fare=FARES["zone"]))
    world.folder.matrices["zone-fares.csv", "amount"] = {**ZONE_MATRIX, ("X", "1"): 990}
    world.folder.zones["zones.csv"] = {**world.folder.zones["zones.csv"], "x": "X"}
    [charge] = run(world, make_tap("out", "05-04 09:00:00", "a", seq=1, operator=operator)).charges
    assert charge.due == due


HALF = {"rule": "half", "funders": [{"funder": "operator"}], "pays_percent": 50}


@pytest.mark.parametrize(("allowed", "price"), [(False, 200), (True, 100)])
def test_discounts_only_where_the_table_says_so(allowed: bool, price: int) -> None:
    fare = {**FARES["flat"], "discounts_on_incomplete": allowed}
    world = make_world(make_table("metro", fare=fare, concession=[HALF], counts_to=["month"]))
    result = run(world, make_tap("out", "05-04 09:00:00", "a", seq=2))
    assert result.charges[0].price == price
    assert result.state.memories.accumulators == {}     # an incomplete ride counts nothing
    assert result.state.memories.chains == {}
    [priced] = explain_card(world, [make_tap("out", "05-04 09:00:00", "a", seq=2)], State(),
                            "5100000000000001")
    [fare_line] = [line for line in priced.trace if line.kind == "fare"]
    assert fare_line.why == "flat" + "; an incomplete ride has no discounts" * (not allowed)
