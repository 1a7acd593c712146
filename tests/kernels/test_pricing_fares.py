"""What a ride costs before any discount, at every edge where the next fare begins."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ext import records
from ext.codes import RideState
from tests.kernels.ground import DAY, NOON, Outcome, make_ride, make_table, price

pytestmark = pytest.mark.kernels

FLAGS = records.RIDE_FLAGS
BANDS = [{"to_m": 1000, "amount": 200}, {"to_m": 3000, "every_m": 1000, "add": 100},
         {"every_m": 4000, "add": 50}]
MOST = 2_000_000_000


def fare(basis: str, **changes: Any) -> dict[str, Any]:
    return {"rule": basis, "basis": basis, **changes}


def due_of(outcome: Outcome) -> int | str:
    """The due of the only ride, or the code that refuses it."""
    return outcome.due[0] if outcome.codes == ["OK"] else outcome.codes[0]


@pytest.mark.parametrize("state", RideState)
def test_a_flat_fare_is_for_every_ride(tmp_path: Path, state: RideState) -> None:
    assert price(tmp_path, [make_table()], make_ride(state=state)).due == [200]


@pytest.mark.parametrize(("metres", "due"), [
    (0,         200),
    (1000,      200),       # up to and including
    (1001,      300),       # every kilometre begun
    (2000,      300),
    (2001,      400),
    (3000,      400),
    (3001,      450),
    (7000,      450),
    (7001,      500),
    (2**32 - 1, 400 + 50 * 1_073_742),
])
def test_distance_bands_by_the_validators_metres(tmp_path: Path, metres: int, due: int) -> None:
    table = make_table(fare=fare("distance", distance="tap", bands=BANDS))
    ride = make_ride(distance_m=metres, flags=FLAGS["RIDE_HAS_DISTANCE"])
    assert price(tmp_path, [table], ride).due == [due]


@pytest.mark.parametrize(("metres", "flags", "due"), [
    (3000, "RIDE_HAS_DISTANCE", 300),
    (3001, "RIDE_HAS_DISTANCE", "NO_FARE"),     # beyond the last band
    (1000, "RIDE_HAS_DUE",      "NO_FARE"),     # no distance was said
])
def test_distances_without_a_fare(tmp_path: Path, metres: int, flags: str,
                                  due: int | str) -> None:
    bands = [BANDS[0], {"to_m": 3000, "every_m": 2000, "add": 100}]
    table = make_table(fare=fare("distance", distance="tap", bands=bands))
    ride = make_ride(distance_m=metres, flags=FLAGS[flags])
    assert due_of(price(tmp_path, [table], ride)) == due


@pytest.mark.parametrize(("from_stop", "to_stop", "due"), [
    ("a", "b", 200),        # 1,000 m
    ("a", "c", 400),        # 3,000 m
    ("a", "d", 400),        # 2,500 m round the back, not 6,000
    ("b", "d", 450),        # 3,500 m by way of a
    ("d", "b", 450),
    ("a", "e", "NO_FARE"),  # no way
    ("a", 0,   "NO_FARE"),  # the tap did not say
    (0,   "a", "NO_FARE"),
    ("a", 99,  "NO_FARE"),  # a stop of another system
])
def test_distance_bands_along_the_track(tmp_path: Path, from_stop: str | int, to_stop: str | int,
                                        due: int | str) -> None:
    table = make_table("metro", fare=fare("distance", bands=BANDS))
    ride = make_ride("metro", from_stop=from_stop, to_stop=to_stop)
    assert due_of(price(tmp_path, [table], ride)) == due


# Fares from a matrix: a>b 300, a>c 500, b>a 250, and d with itself 100.
MATRIX = "from,to,amount\na,b,300\na,c,500\nb,a,250\nd,d,100\n"


@pytest.mark.parametrize(("from_stop", "to_stop", "state", "due"), [
    ("a", "b", "COMPLETE",     300),
    ("b", "a", "COMPLETE",     250),
    ("c", "a", "COMPLETE",     "NO_FARE"),      # a matrix goes one way
    ("d", "d", "SAME_STATION", 100),
    ("a", "a", "SAME_STATION", "NO_FARE"),
])
def test_a_matrix_has_its_pairs_and_no_others(tmp_path: Path, from_stop: str, to_stop: str,
                                              state: str, due: int | str) -> None:
    (tmp_path / "od.csv").write_text(MATRIX)
    table = make_table("metro", fare=fare("od", matrix="od.csv"))
    ride = make_ride("metro", from_stop=from_stop, to_stop=to_stop, state=RideState[state])
    assert due_of(price(tmp_path, [table], ride)) == due


@pytest.mark.parametrize(("said", "due"), [(0, 0), (355, 355), (MOST, MOST), (None, "NO_FARE")])
def test_a_validator_may_be_believed(tmp_path: Path, said: int | None, due: int | str) -> None:
    ride = make_ride(validator_due=said or 77, flags=0 if said is None else FLAGS["RIDE_HAS_DUE"])
    if said == 0:
        ride["validator_due"] = 0
    table = make_table(fare=fare("validator"))
    assert due_of(price(tmp_path, [table], ride)) == due


# An end that is missing, or the same station: by what the table says, on each basis.
EDGES = [
    # basis      word         missing in    missing out   same station
    ("stops",    350,         350,          350,          350),
    ("stops",    "lowest",    200,          200,          200),     # at b: a is 1,000 m away
    ("stops",    "highest",   450,          450,          None),    # d is 3,500 m away
    ("stops",    "validator", 77,           77,           77),
    ("stops",    "fare",      None,         None,         200),     # 0 m
    ("tap",      350,         350,          350,          350),
    ("tap",      "lowest",    200,          200,          200),
    ("tap",      "highest",   "NO_FARE",    "NO_FARE",    None),
    ("tap",      "fare",      None,         None,         400),     # the 3,000 m of the tap
    ("od",       "lowest",    300,          250,          250),     # to b; from b
    ("od",       "highest",   300,          250,          None),
    ("od",       "fare",      None,         None,         "NO_FARE"),
    ("validator", "lowest",   "NO_FARE",    "NO_FARE",    "NO_FARE"),
    ("validator", "highest",  "NO_FARE",    "NO_FARE",    None),
    ("validator", "validator", 77,          77,           77),
    ("validator", "fare",     None,         None,         77),
]


@pytest.mark.parametrize(("basis", "word", "state", "due"), [
    (basis, word, state, due)
    for basis, word, *dues in EDGES
    for state, due in zip(("missing_in", "missing_out", "same_station"), dues, strict=True)
    if due is not None
])
def test_a_ride_with_one_known_end(tmp_path: Path, basis: str, word: str | int, state: str,
                                   due: int | str) -> None:
    (tmp_path / "od.csv").write_text(MATRIX)
    written = {"stops": fare("distance", bands=BANDS),
               "tap": fare("distance", distance="tap", bands=BANDS),
               "od": fare("od", matrix="od.csv"), "validator": fare("validator")}[basis]
    ride = make_ride("metro", state=RideState[state.upper()], validator_due=77, distance_m=3000,
                     flags=FLAGS["RIDE_HAS_DUE"] | FLAGS["RIDE_HAS_DISTANCE"],
                     from_stop=0 if state == "missing_in" else "b",
                     to_stop=0 if state == "missing_out" else "b")
    table = make_table("metro", fare={**written, state: word})
    assert due_of(price(tmp_path, [table], ride)) == due


@pytest.mark.parametrize(("stop", "word", "due"), [
    ("e", "lowest",  "NO_FARE"),        # nowhere to go from e
    ("e", "highest", "NO_FARE"),
    (0,   "lowest",  "NO_FARE"),        # the known end is not known
    (99,  "lowest",  "NO_FARE"),
    (0,   350,       350),              # a number needs no stop
])
def test_an_end_from_which_nothing_is_reached(tmp_path: Path, stop: str | int, word: str | int,
                                              due: int | str) -> None:
    table = make_table("metro", fare=fare("distance", bands=BANDS, missing_out=word))
    ride = make_ride("metro", state=RideState.MISSING_OUT, from_stop=stop)
    assert due_of(price(tmp_path, [table], ride)) == due


def test_a_validator_that_says_nothing_of_an_incomplete_ride_means_0(tmp_path: Path) -> None:
    table = make_table("metro", fare=fare("distance", bands=BANDS, missing_out="validator"))
    ride = make_ride("metro", state=RideState.MISSING_OUT, from_stop="a", validator_due=77)
    assert price(tmp_path, [table], ride).due == [0]


@pytest.mark.parametrize(("state", "lasted_s", "due", "after"), [
    (RideState.COMPLETE,     600, 200, RideState.COMPLETE),
    (RideState.COMPLETE,     601, 900, RideState.OVERTIME),
    (RideState.COMPLETE,     -20, 200, RideState.COMPLETE),         # by clocks that are apart
    (RideState.SAME_STATION, 601, 200, RideState.SAME_STATION),     # never overtime
    (RideState.MISSING_IN,   601, 200, RideState.MISSING_IN),
])
def test_who_stays_too_long_pays_more(tmp_path: Path, state: RideState, lasted_s: int, due: int,
                                      after: RideState) -> None:
    table = make_table("metro", fare={"rule": "flat", "basis": "flat", "amount": 200,
                                      "overtime_after_s": 600, "overtime_add": 700})
    ride = make_ride("metro", state=state, ended_at=NOON + lasted_s)
    outcome = price(tmp_path, [table], ride)
    assert (outcome.due, outcome.rides["state"].tolist()) == ([due], [after])


@pytest.mark.parametrize(("written", "metres", "due"), [
    ({"basis": "flat", "amount": MOST},                                             0, MOST),
    ({"basis": "flat", "amount": MOST, "overtime_after_s": 1, "overtime_add": 1},   0,
     "PRICE_OVERFLOW"),
    ({"basis": "distance", "distance": "tap", "bands": [
        {"to_m": 1, "amount": 0}, {"every_m": 1, "add": 1}]},                       MOST + 1, MOST),
    ({"basis": "distance", "distance": "tap", "bands": [
        {"to_m": 1, "amount": 0}, {"every_m": 1, "add": 1}]},                       MOST + 2,
     "PRICE_OVERFLOW"),
    ({"basis": "distance", "distance": "tap", "bands": [
        {"to_m": 1, "amount": MOST}, {"every_m": 1, "add": MOST}]},                 2**32 - 1,
     "PRICE_OVERFLOW"),
])
def test_a_due_beyond_what_can_be_split_is_refused(tmp_path: Path, written: dict[str, Any],
                                                   metres: int, due: int | str) -> None:
    """A percent of a larger one would not fit 64 bits: the sum would be wrong, not refused."""
    table = make_table("metro", fare={"rule": "dear", **written}, concession=[
        {"rule": "half", "pays_percent": 50, "funders": [{"funder": "finance"}]}])
    ride = make_ride("metro", ended_at=NOON + 2, distance_m=metres,
                     flags=FLAGS["RIDE_HAS_DISTANCE"])
    outcome = price(tmp_path, [table], ride)
    assert due_of(outcome) == due
    if due == MOST:
        assert outcome.price == [MOST // 2]


@pytest.mark.parametrize(("day", "line", "mode", "due"), [
    (DAY - 1, 0, 2, "NO_FARE"),     # no table yet
    (DAY,     0, 2, 200),
    (DAY + 9, 0, 2, 200),           # the last day
    (DAY + 10, 0, 2, 300),
    (65_535,  0, 2, 300),
    (DAY,     1, 2, 500),           # line 1 has a table of its own
    (DAY + 10, 1, 2, 300),          # that ended
    (DAY,     2, 2, 200),
    (DAY,     2**32 - 1, 2, 200),   # a line that came after compiling
    (DAY,     0, 1, "NO_FARE"),     # the bus company runs no metro
])
def test_the_table_in_force_decides(tmp_path: Path, day: int, line: int, mode: int,
                                    due: int | str) -> None:
    tables = [
        make_table(table="one", in_force_from="2024-10-04", in_force_until="2024-10-13"),
        make_table(table="two", in_force_from="2024-10-14",
                   fare={"rule": "flat", "basis": "flat", "amount": 300}),
        make_table(table="line", in_force_from="2024-10-04", in_force_until="2024-10-13",
                   lines=["1"], fare={"rule": "flat", "basis": "flat", "amount": 500}),
    ]
    ride = make_ride(service_day=day, line=line, mode=mode)
    assert due_of(price(tmp_path, tables, ride)) == due


def test_a_refused_ride_leaves_the_card_as_it_was(tmp_path: Path) -> None:
    table = make_table(fare=fare("validator"), counts_to=["month"])
    outcome = price(tmp_path, [table], make_ride())
    assert outcome.codes == ["NO_FARE"]
    assert outcome.state["transfers"].tolist() == [255]
    assert len(outcome.accumulators) == 0


@pytest.mark.parametrize(("paid", "code"), [(MOST, "OK"), (MOST + 1, "PRICE_OVERFLOW"),
                                            (2 * MOST, "PRICE_OVERFLOW")])
def test_more_than_an_amount_can_be_was_not_paid(tmp_path: Path, paid: int, code: str) -> None:
    """Two taps can add up to it. The card is as it was; the ledger keeps amounts in 32 bits."""
    table = make_table("szbus", counts_to=["month"])
    outcome = price(tmp_path, [table], make_ride("szbus", validator_paid=paid, medium=1,
                                                 flags=FLAGS["PAID_BY_VALIDATOR"]))
    assert outcome.codes == [code]
    assert (outcome.state["transfers"][0] == 255) == (code != "OK")
    assert len(outcome.accumulators) == (code == "OK")
