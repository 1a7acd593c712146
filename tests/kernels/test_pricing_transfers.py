"""A change of lines in time is cheaper: which ride follows which, to the second."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ext import records
from ext.clearing.pricing import price_rides
from ext.clearing.tables import PricingTables
from ext.codes import RideState
from tests.kernels.ground import (
    NOON,
    compile_for,
    make_network,
    make_ride,
    make_table,
    new_states,
    price,
)

pytestmark = pytest.mark.kernels

FINANCE = [{"funder": "finance"}]
HOUR = 3600


def tables_of(due: int = 200, metro_due: int = 300, **row: Any) -> list[Any]:
    """Bus and metro tables with one transfer row, of a credit of 40 in an hour."""
    effect = {} if "credit_up_to" in row else {"credit": 40}
    transfer = [{"rule": "change", "funders": FINANCE, "within_s": HOUR, **effect, **row}]
    return [make_table(operator, transfer=transfer,
                       fare={"rule": "flat", "basis": "flat",
                             "amount": metro_due if operator == "metro" else due})
            for operator in ("bus", "szbus", "metro")]


def bus(at: int, line: int, operator: str = "bus", **changes: Any) -> dict[str, Any]:
    return make_ride(operator, started_at=NOON + at, ended_at=NOON + at, line=line, **changes)


def metro(start: int, end: int, **changes: Any) -> dict[str, Any]:
    return make_ride("metro", started_at=NOON + start, ended_at=NOON + end, **changes)


@pytest.mark.parametrize(("row", "due", "paid"), [
    ({"credit": 40},         200, 160),
    ({"credit": 0},          200, 200),
    ({"credit": 300},        200, 0),           # never below 0
    ({"credit_up_to": 500},  200, 0),           # the first ride's 300 at most
    ({"credit_up_to": 150},  200, 50),
    ({"credit_up_to": 500},  400, 100),
])
def test_a_credit(tmp_path: Path, row: dict[str, int], due: int, paid: int) -> None:
    outcome = price(tmp_path, tables_of(due, **row), metro(0, 600), bus(1200, 1))
    assert outcome.price == [300, paid]
    assert outcome.legs(1) == ([("transfer", "change", "finance", due - paid)] if due > paid
                               else [])


# Metro from 0 to 600 s, then a bus; from when the hour runs, and the last second of it.
@pytest.mark.parametrize(("measured_from", "at", "applies"), [
    ("start", HOUR,       True),
    ("start", HOUR + 1,   False),
    ("end",   HOUR + 600, True),
    ("end",   HOUR + 601, False),
    ("end",   600,        True),        # 0 s after
    ("end",   480,        True),        # by clocks that are 120 s apart: 0 s, too
    ("end",   479,        False),       # boarded before getting out: no change of lines
    ("start", -120,       True),
    ("start", -121,       False),
    ("chain", -120,       True),
    ("chain", -121,       False),
    ("chain", HOUR,       True),
    ("chain", HOUR + 1,   False),
])
def test_the_time_runs_from_where_the_row_says(tmp_path: Path, measured_from: str, at: int,
                                               applies: bool) -> None:
    outcome = price(tmp_path, tables_of(measured_from=measured_from), metro(0, 600), bus(at, 1))
    assert outcome.price[1] == (160 if applies else 200)


@pytest.mark.parametrize(("measured_from", "prices"), [
    ("start", [200, 160, 160, 160]),
    ("chain", [200, 160, 160, 200]),        # the fourth is over an hour after the first
])
def test_a_chain_has_a_start_of_its_own(tmp_path: Path, measured_from: str,
                                        prices: list[int]) -> None:
    rides = [bus(at, 1 + place % 2) for place, at in enumerate((0, 1800, 3600, 3601))]
    tables = tables_of(measured_from=measured_from, max_transfers=9)
    assert price(tmp_path, tables, *rides).price == prices


@pytest.mark.parametrize(("most", "prices"), [
    (1,   [200, 160, 200, 160]),            # the third begins a new chain
    (2,   [200, 160, 160, 200]),
    (250, [200, 160, 160, 160]),
])
def test_so_many_transfers_to_a_chain(tmp_path: Path, most: int, prices: list[int]) -> None:
    rides = [bus(at * 60, 1 + at % 2) for at in range(4)]
    assert price(tmp_path, tables_of(max_transfers=most), *rides).price == prices


@pytest.mark.parametrize(("first", "second", "same_line", "applies"), [
    # operator, line of both rides
    (("bus", 1), ("bus", 2),   False, True),
    (("bus", 1), ("bus", 1),   False, False),
    (("bus", 1), ("bus", 1),   True,  True),
    (("bus", 0), ("bus", 0),   False, False),   # two blank lines of one operator are the same
    (("bus", 0), ("szbus", 0), False, True),
    (("bus", 0), ("bus", 1),   False, True),
])
def test_the_same_line_is_no_change_of_lines(tmp_path: Path, first: tuple[str, int],
                                             second: tuple[str, int], same_line: bool,
                                             applies: bool) -> None:
    outcome = price(tmp_path, tables_of(same_line=same_line), bus(0, first[1], first[0]),
                    bus(60, second[1], second[0]))
    assert outcome.price[1] == (160 if applies else 200)


@pytest.mark.parametrize(("at", "after_s", "applies"), [
    (60, 60, True), (59, 60, False), (-1, 1, False), (-1, 0, True), (-120, 0, True),
    (-1, True, True),
])
def test_the_same_line_again_by_clocks_that_are_apart(tmp_path: Path, at: int, after_s: int,
                                                      applies: bool) -> None:
    row = {"same_line": True} if after_s is True else {"same_line_after_s": after_s}
    outcome = price(tmp_path, tables_of(**row), bus(0, 1), bus(at, 1))
    assert outcome.price[1] == (160 if applies else 200)


@pytest.mark.parametrize("row", [{"same_line": True}, {"same_line_after_s": 0}])
def test_the_same_line_again_before_the_ride_ended(tmp_path: Path, row: dict[str, Any]) -> None:
    """A record with both ends can overlap the next one; the row asks for no time since its end."""
    first = bus(0, 1) | {"ended_at": NOON + 1800}
    tables = tables_of(measured_from="chain", **row)
    assert price(tmp_path, tables, first, bus(600, 1)).price[1] == 160


@pytest.mark.parametrize(("row", "applies"), [
    ({"from_modes": ["metro"]},              True),
    ({"from_modes": ["bus"]},                False),
    ({"from_modes": []},                     False),
    ({"from_operators": ["metro"]},          True),
    ({"from_operators": ["bus", "szbus"]},   False),
    ({"from_operators": ["szbus", "metro"]}, True),
    ({"modes": ["bus"]},                     True),
    ({"modes": ["metro"]},                   False),
])
def test_where_the_rider_comes_from(tmp_path: Path, row: dict[str, Any], applies: bool) -> None:
    outcome = price(tmp_path, tables_of(**row), metro(0, 600), bus(660, 1))
    assert outcome.price[1] == (160 if applies else 200)


@pytest.mark.parametrize(("state", "applies"), [
    (RideState.COMPLETE,     True),
    (RideState.SAME_STATION, True),
    (RideState.MISSING_OUT,  False),
    (RideState.MISSING_IN,   False),
])
def test_no_transfer_from_an_incomplete_ride(tmp_path: Path, state: RideState,
                                             applies: bool) -> None:
    rides = bus(0, 7), metro(0, 600, state=state), bus(660, 1)
    outcome = price(tmp_path, tables_of(max_transfers=9), *rides)
    assert outcome.price[2] == (160 if applies else 200)
    assert outcome.state["transfers"].tolist() == [2 if applies else 0]


def test_a_free_ride_uses_a_transfer_all_the_same(tmp_path: Path) -> None:
    """Its row applied; that there was nothing to take off changes nothing."""
    outcome = price(tmp_path, tables_of(0), bus(0, 1), bus(60, 2), bus(120, 1))
    assert outcome.state["transfers"].tolist() == [0]       # one used, then a new chain
    outcome = price(tmp_path, tables_of(0), bus(0, 1), bus(60, 2))
    assert (outcome.state["transfers"].tolist(), outcome.legs(1)) == ([1], [])


def test_a_chain_goes_on_in_the_next_run(tmp_path: Path) -> None:
    tables = tables_of()
    state = price(tmp_path, tables, metro(0, 600)).state
    assert price(tmp_path, tables, bus(660, 1), states=state).price == [160]
    assert int(state["chain_due"][0]) == 300


def test_cards_do_not_share_a_chain(tmp_path: Path) -> None:
    outcome = price(tmp_path, tables_of(), bus(0, 1, card_lo=1), bus(60, 2, card_lo=2),
                    states=new_states(1, 2))
    assert outcome.price == [200, 200]


@pytest.mark.parametrize(("charges", "after", "message"), [
    (1, 9, "rides has 2 rows, charges 1"),
    (3, 9, "rides has 2 rows, charges 3"),
    (2, 2, "after has 2 rows: 1 accumulators and 2 rides may need 3"),
])
def test_wrong_memory_is_a_value_error(tmp_path: Path, charges: int, after: int,
                                       message: str) -> None:
    tables = PricingTables(**compile_for(
        make_network(tmp_path), make_table(counts_to=["month"])))
    assert tables.counts_to_most == 1
    with pytest.raises(ValueError, match=message):
        price_rides(tables, np.zeros(2, records.RIDE), new_states(1),
                    np.zeros(1, records.ACCUMULATOR), np.zeros(charges, records.CHARGE),
                    np.zeros(after, records.ACCUMULATOR))
