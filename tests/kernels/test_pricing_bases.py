"""Fares by zone, along a line, by time inside, and what rides cost that are not plain ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ext import records
from ext.clearing.tables import PricingTables
from ext.codes import RideState
from network.errors import TableError
from tests.kernels.ground import (
    NOON,
    Outcome,
    compile_for,
    make_names,
    make_network,
    make_operator,
    make_ride,
    make_table,
    price,
    price_by,
)
from tests.kernels.test_pricing_fares import due_of, fare

pytestmark = pytest.mark.kernels

FLAGS = records.RIDE_FLAGS
SECONDS = [{"to_s": 1800, "amount": 200}, {"every_s": 600, "add": 50}]
ALONG = [{"to_m": 10_000, "amount": 200}, {"every_m": 5000, "add": 100}]
STEPPED = [{"to_m": 6000, "amount": 300}, {"to_m": 12_000, "amount": 400},
           {"to_m": 22_000, "amount": 500}, {"every_m": 20_000, "add": 100}]


def on_line(folder: Path, line: int, ends: tuple[str, str], **changes: Any) -> Outcome:
    """A bus along line 1 (p 0, q 4 km, r 12 km, s 21 km) or 3 (p 500 m, q 9.5 km)."""
    table = make_table(fare=fare("distance", distance="line", bands=ALONG,
                                 **changes.pop("fare", {})))
    # Compiling numbers the bus's stops after the railway's five, in the order of the file.
    start, end = (6 + "pqrs".index(stop) if stop else 0 for stop in ends)
    return price(folder, [table], make_ride(**{
        "line": line, "state": RideState.COMPLETE, "ended_at": NOON + 600,
        "from_stop": start, "to_stop": end, **changes}))


@pytest.mark.parametrize(("metres", "due"), [
    (6000, 300), (6001, 400), (12_000, 400), (12_001, 500), (22_000, 500), (22_001, 600),
    (42_000, 600), (42_001, 700), (0, 300),
])
def test_bands_with_an_amount_each(tmp_path: Path, metres: int, due: int) -> None:
    table = make_table(fare=fare("distance", distance="tap", bands=STEPPED))
    ride = make_ride(distance_m=metres, flags=FLAGS["RIDE_HAS_DISTANCE"])
    assert price(tmp_path, [table], ride).due == [due]


@pytest.mark.parametrize(("metres", "due"), [
    (50, 300), (6099, 300), (6100, 400), (12_099, 400), (12_100, 500), (42_099, 600),
])
def test_grace_is_taken_off_every_distance(tmp_path: Path, metres: int, due: int) -> None:
    """Beijing: less than 100 m beyond a band is not charged."""
    table = make_table(fare=fare("distance", distance="tap", bands=STEPPED, grace_m=99))
    ride = make_ride(distance_m=metres, flags=FLAGS["RIDE_HAS_DISTANCE"])
    assert price(tmp_path, [table], ride).due == [due]


@pytest.mark.parametrize(("line", "ends", "due"), [
    (1, ("p", "q"), 200), (1, ("p", "r"), 300), (1, ("s", "p"), 500), (1, ("q", "q"), 200),
    (3, ("p", "q"), 200),
    (3, ("p", "s"), "NO_FARE"),         # not a stop of that line
    (2, ("p", "q"), "NO_FARE"),         # a line without stops
    (0, ("p", "q"), "NO_FARE"),
    (60_000, ("p", "q"), "NO_FARE"),    # newer than the tables
])
def test_metres_along_the_line(tmp_path: Path, line: int, ends: tuple[str, str],
                               due: int | str) -> None:
    assert due_of(on_line(tmp_path, line, ends)) == due


@pytest.mark.parametrize(("line", "ends", "due"), [
    (1, ("p", "r"), 300),               # on the line that was boarded
    (3, ("p", "s"), 200),               # beyond it: to its terminus, q
    (3, ("q", "r"), 200),               # the other terminus: the bus may have turned round
    (3, ("r", "s"), "NO_FARE"),         # nor was it boarded there
    (2, ("p", "q"), "NO_FARE"),         # nobody knows its stops
])
def test_a_bus_that_became_another_line(tmp_path: Path, line: int, ends: tuple[str, str],
                                        due: int | str) -> None:
    assert due_of(on_line(tmp_path, line, ends, flags=FLAGS["RIDE_LINE_CHANGED"])) == due


@pytest.mark.parametrize(("word", "stop", "due"), [
    ("terminus", "q", 400), ("terminus", "p", 500), ("terminus", "r", 300),
    ("highest",  "r", 300), ("lowest", "r", 200), ("lowest", "s", 200), ("highest", "s", 500),
])
def test_nobody_tapped_out_of_the_bus(tmp_path: Path, word: str, stop: str, due: int) -> None:
    """To the farther end of the line: from q that is s, 17 km away."""
    outcome = on_line(tmp_path, 1, (stop, ""), fare={"missing_out": word},
                      state=RideState.MISSING_OUT, ended_at=0)
    assert outcome.due == [due]


@pytest.mark.parametrize(("seconds", "due"), [
    (0, 200), (1800, 200), (1801, 250), (2400, 250), (2401, 300),
    (-120, 200),        # by clocks that are apart: no time at all
])
def test_fares_by_time_inside(tmp_path: Path, seconds: int, due: int) -> None:
    table = make_table("metro", fare=fare("time", bands=SECONDS))
    assert price(tmp_path, [table], make_ride("metro", ended_at=NOON + seconds)).due == [due]


@pytest.mark.parametrize(("word", "due"), [("lowest", 200), ("highest", "NO_FARE"), (300, 300)])
def test_time_inside_that_nobody_knows(tmp_path: Path, word: Any, due: int | str) -> None:
    table = make_table("metro", fare=fare("time", bands=SECONDS, missing_out=word))
    ride = make_ride("metro", state=RideState.MISSING_OUT, ended_at=0)
    assert due_of(price(tmp_path, [table], ride)) == due


def zone_table(folder: Path, **changes: Any) -> Any:
    """Zone 1 has a and b, zone 2 has c; d and e have none."""
    (folder / "zones.csv").write_text("stop,zone\na,1\nb,1\nc,2\n", "utf-8")
    (folder / "fares.csv").write_text(
        "from,to,adult,child\n1,1,200,100\n1,2,350,\n2,1,360,180\n2,2,210,100\n", "utf-8")
    return make_table("metro", fare={"rule": "zones", "basis": "zone", "matrix": "fares.csv",
                                     "zones": "zones.csv", "column": "adult", **changes})


@pytest.mark.parametrize(("ends", "column", "due"), [
    (("a", "b"), "adult", 200), (("a", "c"), "adult", 350), (("c", "b"), "adult", 360),
    (("c", "c"), "adult", 210), (("a", "d"), "adult", "NO_FARE"), (("d", "a"), "adult", "NO_FARE"),
    (("c", "a"), "child", 180), (("a", "c"), "child", "NO_FARE"),    # blank in that column
])
def test_fares_by_zone(tmp_path: Path, ends: tuple[str, str], column: str,
                       due: int | str) -> None:
    ride = make_ride("metro", from_stop=ends[0], to_stop=ends[1])
    assert due_of(price(tmp_path, [zone_table(tmp_path, column=column)], ride)) == due


@pytest.mark.parametrize(("state", "word", "stop", "due"), [
    ("missing_out", "lowest",  "a", 200),       # b is in its zone, too
    ("missing_out", "highest", "a", 350),
    ("missing_out", "lowest",  "c", 360),       # no other stop is in its zone
    ("missing_in",  "highest", "b", 360),
    ("missing_in",  "lowest",  "c", 350),
    ("missing_out", "lowest",  "d", "NO_FARE"),
])
def test_one_end_of_a_ride_by_zones(tmp_path: Path, state: str, word: str, stop: str,
                                    due: int | str) -> None:
    end = "to_stop" if state == "missing_in" else "from_stop"
    ride = make_ride("metro", state=RideState[state.upper()], **{end: stop})
    assert due_of(price(tmp_path, [zone_table(tmp_path, **{state: word})], ride)) == due


@pytest.mark.parametrize(("seconds", "due"), [
    (0, 0), (120, 0), (121, 200), (1800, 200), (1801, 350), (-2, 0),
])
def test_back_at_the_same_station_by_the_time_inside(tmp_path: Path, seconds: int,
                                                     due: int) -> None:
    steps = [{"within_s": 120, "costs": 0}, {"within_s": 1800, "costs": "lowest"},
             {"costs": "highest"}]
    ride = make_ride("metro", state=RideState.SAME_STATION, from_stop="a", to_stop="a",
                     ended_at=NOON + seconds)
    table = zone_table(tmp_path, same_station=steps)
    assert price(tmp_path, [table], ride).due == [due]


def test_after_the_last_step_the_fare_itself_holds(tmp_path: Path) -> None:
    ride = make_ride("metro", state=RideState.SAME_STATION, from_stop="c", to_stop="c",
                     ended_at=NOON + 121)
    table = zone_table(tmp_path, same_station=[{"within_s": 120, "costs": 0}])
    assert price(tmp_path, [table], ride).due == [210]


@pytest.mark.parametrize(("ends", "due"), [
    (("a", "b"), 360),          # 200 + 20 is less than b's dearest way in
    (("a", "c"), 370),          # 350 + 20
])
def test_overtime_costs_at_least_the_dearest_fare_of_the_exit(
        tmp_path: Path, ends: tuple[str, str], due: int) -> None:
    table = zone_table(tmp_path, overtime_after_s=3600, overtime_add=20, overtime_dearest=True)
    ride = make_ride("metro", from_stop=ends[0], to_stop=ends[1], ended_at=NOON + 3601)
    outcome = price(tmp_path, [table], ride)
    assert outcome.due == [due]
    assert outcome.rides["state"].tolist() == [RideState.OVERTIME]


@pytest.mark.parametrize("row", [
    fare("time", bands=[{"to_m": 10, "amount": 1}]), fare("time", bands=[]),
    fare("distance", distance="tap", bands=[{"every_m": 10, "add": 1}]),
    fare("distance", distance="tap", bands=[{"amount": 1, "add": 1, "every_m": 1}]),
    fare("distance", distance="tap", bands=SECONDS),
    fare("flat", amount=1, grace_m=5), fare("flat", amount=1, missing_out="terminus"),
    fare("flat", amount=1, overtime_add=5), fare("zone", matrix="fares.csv"),
    fare("flat", amount=1, same_station=[{"costs": 1}, {"costs": 2}]),
    fare("flat", amount=1, same_station=[{"costs": 1, "within_s": 9}, {"costs": 2, "within_s": 9}]),
])
def test_rows_that_contradict_themselves_are_refused(tmp_path: Path, row: dict[str, Any]) -> None:
    with pytest.raises(TableError, match="table bus-table@1970-01-01: row"):
        price(tmp_path, [make_table(fare=row)], make_ride())


def test_a_row_measures_by_line_stops_of_its_own(tmp_path: Path) -> None:
    """Line 1 goes the long way round to q, and line 2 has stops; the operator's own have none."""
    (tmp_path / "round.csv").write_text("line,stop,metres\n1,p,0\n1,q,12001\n2,p,0\n2,q,100\n",
                                        "utf-8")
    own = {"line_stops": "round.csv"}
    assert due_of(on_line(tmp_path, 1, ("p", "q"), fare=own)) == 300
    assert due_of(on_line(tmp_path, 2, ("p", "q"), fare=own)) == 200
    assert due_of(on_line(tmp_path, 3, ("p", "q"), fare=own)) == "NO_FARE"
    assert due_of(on_line(tmp_path, 1, ("p", "q"))) == 200


def test_a_ride_goes_along_the_line_of_another_operator_of_its_system(tmp_path: Path) -> None:
    """The way in was the other one's, and says the line: its stops count, by the row's file."""
    (tmp_path / "through.csv").write_text("line,stop,metres\nT,a,0\nT,c,500\n", "utf-8")
    network = make_network(tmp_path, operators=[make_operator(
        "metro2", modes=["metro"], system="rail", stops="stops.csv", links="links.csv")])
    table = make_table("metro", fare=fare("distance", distance="line", bands=ALONG,
                                          line_stops="through.csv"))
    names = make_names()
    tables = PricingTables(**compile_for(network, table, names=names))
    ride = make_ride("metro", line=names.number("line", "T", "metro2"), from_stop="a", to_stop="c")
    assert due_of(price_by(tables, names, ride)) == 200
