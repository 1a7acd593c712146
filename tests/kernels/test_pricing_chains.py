"""What a chain of rides costs together: differences, whole-way fares, and who may go on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ext.codes import RideState
from tests.kernels.ground import NOON, Outcome, make_ride, make_table, price

pytestmark = pytest.mark.kernels

HOUR = 3600
BANDS = [{"to_m": 2000, "amount": 200}, {"to_m": 3500, "amount": 300}, {"amount": 500}]


def tables(amounts: tuple[int, int] = (200, 300), **row: Any) -> list[Any]:
    """A bus and a metro with one fare each, and the same transfer row."""
    transfer = [{"rule": "change", "funders": [{"funder": "finance"}], "within_s": HOUR, **row}]
    return [make_table(operator, transfer=transfer, stop_sets={"hub": ["b", "c"], "edge": ["d"]},
                       fare={"rule": "flat", "basis": "flat", "amount": amount})
            for operator, amount in zip(("bus", "metro"), amounts, strict=True)]


def bus(at: int, line: int = 1, **changes: Any) -> dict[str, Any]:
    return make_ride(started_at=NOON + at, ended_at=NOON + at, line=line, **changes)


def metro(start: int, end: int, **changes: Any) -> dict[str, Any]:
    return make_ride("metro", started_at=NOON + start, ended_at=NOON + end, **changes)


@pytest.mark.parametrize(("row", "prices"), [
    ({"pays_amount": 50},                          [200, 50, 200]),
    ({"pays_amount": 250},                         [200, 250, 200]),
    ({"pays_percent": 50},                         [200, 150, 200]),
    ({"pays_percent": 33, "unit": 10, "rounding": "up"}, [200, 100, 200]),
    ({"pays_difference": True},                    [200, 100, 200]),
    ({"pays_difference": True, "max_transfers": 2}, [200, 100, 0]),
    ({"chain_pays": 240},                          [200, 40, 200]),
    ({"chain_pays": 240, "max_transfers": 2},      [200, 40, 0]),
    ({"chain_pays": 600, "max_transfers": 2},      [200, 300, 100]),
])
def test_what_a_change_costs(tmp_path: Path, row: dict[str, Any], prices: list[int]) -> None:
    """Bus for 200, metro for 300, bus for 200."""
    outcome = price(tmp_path, tables(**row), bus(0), metro(600, 900), bus(1200, 2))
    assert outcome.price == prices


def through(folder: Path, *rides: dict[str, Any], more: dict[str, Any] | None = None,
            **row: Any) -> Outcome:
    """A metro by distance: a-b 1 km, b-c 2 km, c-d 3 km, a-d 2.5 km; through from b or c."""
    table = make_table("metro", **(more or {}), stop_sets={"hub": ["b", "c"]}, transfer=[
        {"rule": "through", "funders": [{"funder": "operator"}], "within_s": 1800,
         "through": True, "same_line": True, "left_at": ["hub"], "from_stops": ["hub"], **row}],
        fare=[{"rule": "near", "basis": "distance", "card_kinds": [],
               "bands": [{"to_m": 2000, "amount": 100}, {"amount": 150}]},
              {"rule": "far", "basis": "distance", "bands": BANDS, "overtime_after_s": 3600,
               "overtime_add": 900}])
    return price(folder, [table], *rides)


def test_a_way_on_costs_what_the_whole_way_costs(tmp_path: Path) -> None:
    """A to b for 200, out and in again at c, on to d: a to d is 2.5 km for 300."""
    outcome = through(tmp_path, metro(0, 600, from_stop="a", to_stop="b"),
                      metro(900, 1500, from_stop="c", to_stop="d"))
    assert outcome.due == [200, 300]
    assert outcome.price == [200, 100]


def part(**row: Any) -> list[dict[str, Any]]:
    return [{"rule": "part", "funders": [{"funder": "operator"}], **row}]


@pytest.mark.parametrize(("table", "prices"), [
    ({"concession": part(pays_percent=50)},                                       [100, 50]),
    ({"concession": part(pays_percent=50), "order": ["transfer", "concession"]},  [100, 50]),
    ({"tier": part(pays_percent=50, accumulator="today", at_least=0),
      "order": ["tier", "transfer"]},                                             [100, 50]),
    ({"tier": part(pays_percent=50, accumulator="today", at_least=0)},            [100, 50]),
    # Counted before the second: 150; so 1.34 of the whole 3.00 at 75 %, the rest half, are 1.84.
    ({"tier": part(accumulator="month", bands=[{"to": 250, "pays_percent": 75},
                                               {"pays_percent": 50}]),
      "counts_to": ["month"], "order": ["tier", "transfer"]},                     [150, 34]),
    ({"concession": part(pays_percent=50, pays_at_least=130)},                    [130, 20]),
    ({"concession": part(pays_fare="near")},                                      [100, 50]),
    ({"concession": part(bands=[{"to": 200, "pays_percent": 50}, {"pays_percent": 10}])},
     [100, 10]),
])
def test_a_way_on_costs_what_this_rider_pays_for_the_whole_way(
    tmp_path: Path, table: dict[str, Any], prices: list[int],
) -> None:
    """A to b for 200, c to d for 300; a to d for 300, of which he pays a part."""
    outcome = through(tmp_path, metro(0, 600, from_stop="a", to_stop="b"),
                      metro(900, 1500, from_stop="c", to_stop="d"), more=table)
    assert outcome.price == prices


@pytest.mark.parametrize("second", [
    metro(900, 1500, from_stop="d", to_stop="c"),               # did not go in at the hub
    metro(600 + 1801, 3000, from_stop="c", to_stop="d"),        # too late
])
def test_no_way_on(tmp_path: Path, second: dict[str, Any]) -> None:
    outcome = through(tmp_path, metro(0, 600, from_stop="a", to_stop="b"), second)
    assert outcome.price == [200, 300]


def test_a_way_on_to_where_no_track_leads_has_no_fare(tmp_path: Path) -> None:
    outcome = through(tmp_path, metro(0, 600, from_stop="a", to_stop="b"),
                      metro(900, 1500, from_stop="c", to_stop="e"))
    assert outcome.codes == ["OK", "NO_FARE"]


def test_who_did_not_leave_at_the_hub(tmp_path: Path) -> None:
    outcome = through(tmp_path, metro(0, 600, from_stop="a", to_stop="d"),
                      metro(900, 1500, from_stop="c", to_stop="d"))
    assert outcome.price == [300, 300]


def test_the_whole_way_knows_no_overtime_but_the_ride_does(tmp_path: Path) -> None:
    outcome = through(tmp_path, metro(0, 600, from_stop="a", to_stop="b"),
                      metro(900, 900 + 3601, from_stop="c", to_stop="d"))
    assert outcome.due == [200, 1200]
    assert outcome.price == [200, 100]


@pytest.mark.parametrize(("row", "second", "price_after"), [
    ({"same_line_after_s": 900}, bus(899, 1),    200),
    ({"same_line_after_s": 900}, bus(900, 1),    0),
    ({"same_line_after_s": 900}, bus(60, 2),     0),
    ({},                         bus(900, 1),    200),
    ({"same_vehicle": False},    bus(60, 2, vehicle=7), 200),
    ({"same_vehicle": False},    bus(60, 2, vehicle=8), 0),
    ({"same_vehicle": False},    bus(60, 2, vehicle=0), 0),
    ({},                         bus(60, 2, vehicle=7), 0),
    ({"from_line_classes": ["express"]}, bus(60, 2), 0),
    ({"from_line_classes": ["night"]},   bus(60, 2), 200),
    ({"not_from_line_classes": ["express"]}, bus(60, 2), 200),
    ({"not_from_line_classes": ["night"]},   bus(60, 2), 0),
    ({"not_from_modes": ["bus"]},        bus(60, 2), 200),
    ({"not_from_operators": ["metro"]},  bus(60, 2), 0),
])
def test_lines_and_vehicles_of_the_ride_before(tmp_path: Path, row: dict[str, Any],
                                               second: dict[str, Any], price_after: int) -> None:
    outcome = price(tmp_path, tables(credit=200, **row), bus(0, 1, vehicle=7), second)
    assert outcome.price == [200, price_after]


@pytest.mark.parametrize(("end", "applies"), [(HOUR, True), (HOUR + 1, False)])
def test_the_time_can_run_to_the_way_out(tmp_path: Path, end: int, applies: bool) -> None:
    outcome = price(tmp_path, tables(credit=100, measured_to="end"), bus(0), metro(1200, end))
    assert outcome.price == [200, 200 if applies else 300]


@pytest.mark.parametrize(("row", "way", "applies"), [
    ({"returns": True},                 "ba", True),
    ({"returns": True},                 "bc", False),
    ({"chain_began_at": ["hub"]},       "ba", False),       # it began at a
    ({"not_chain_began_at": ["hub"]},   "ba", True),
    ({"began_at": ["hub"]},             "ba", False),
    ({"not_began_at": ["hub"]},         "ba", True),
    ({"not_left_at": ["hub"]},          "ba", False),       # out at b
    ({"not_left_at": ["edge"]},         "ba", True),
])
def test_where_the_chain_began(tmp_path: Path, row: dict[str, Any], way: str,
                               applies: bool) -> None:
    outcome = price(tmp_path, tables(credit=100, same_line=True, **row),
                    metro(0, 600, from_stop="a", to_stop="b"),
                    metro(900, 1500, from_stop=way[0], to_stop=way[1]))
    assert outcome.price == [300, 200 if applies else 300]


@pytest.mark.parametrize(("renews", "last"), [(True, 0), (False, 200)])
def test_a_dearer_ride_begins_the_time_again(tmp_path: Path, renews: bool, last: int) -> None:
    """Bus for 200; metro within the hour for 100 more; and a bus an hour after that."""
    outcome = price(
        tmp_path, tables(pays_difference=True, max_transfers=9, measured_from="chain",
                         renews=renews),
        bus(0), metro(3000, 3500), bus(6600, 2))
    assert outcome.price == [200, 100, last]


def test_a_ride_that_cost_nothing_does_not(tmp_path: Path) -> None:
    outcome = price(
        tmp_path, tables(pays_difference=True, max_transfers=9, measured_from="chain",
                         renews=True),
        bus(0), bus(3000, 2), bus(3601, 3))
    assert outcome.price == [200, 0, 200]


@pytest.mark.parametrize("shuttle", [
    metro(600, 900), metro(600, -NOON, state=RideState.MISSING_OUT)])
def test_a_ride_outside_the_chain_leaves_it_alone(tmp_path: Path,
                                                  shuttle: dict[str, Any]) -> None:
    """Neither is it a transfer, nor does the next bus transfer from it."""
    by_bus, by_metro = tables(pays_amount=0, not_from_modes=["metro"])
    by_metro.fare[0].outside_chain = True
    outcome = price(tmp_path, [by_bus, by_metro], bus(0), shuttle, bus(1200, 2))
    assert outcome.price == [200, 300, 0]
    assert int(outcome.state["transfers"][0]) == 1


def test_the_best_transfer(tmp_path: Path) -> None:
    rows = [{"rule": rule, "funders": [{"funder": "finance"}], "within_s": HOUR, **effect}
            for rule, effect in (("credit", {"credit": 40}), ("half", {"pays_percent": 50}))]
    for best, rule in (([], "credit"), (["transfer"], "half")):
        table = make_table(transfer=rows, best=best)
        assert price(tmp_path, [table], bus(0), bus(60, 2)).legs(1)[0][1] == rule


def test_each_name_has_a_chain_of_its_own(tmp_path: Path) -> None:
    """A metro between two buses ends the buses' chain where both are of one, and else does not."""
    def rides(**named: str) -> list[int]:
        by_bus, by_metro = tables(pays_amount=0, max_transfers=9)
        by_bus.fare[0].chain, by_metro.fare[0].chain = named.get("bus", ""), named.get("metro", "")
        by_metro.transfer.clear()
        return price(tmp_path, [by_bus, by_metro], bus(0), metro(60, 120), bus(180, 2),
                     metro(240, 300), bus(HOUR, 1), bus(2 * HOUR + 1, 2)).price

    # The metro begins a chain anew, to which the next bus transfers.
    assert rides() == [200, 300, 0, 300, 0, 200]
    assert rides(bus="buses") == [200, 300, 0, 300, 0, 200]
    assert rides(bus="buses", metro="buses") == [200, 300, 0, 300, 0, 200]


def test_a_ride_is_measured_from_the_one_before_in_its_chain(tmp_path: Path) -> None:
    """Half an hour from bus to bus, which a metro of the same chain begins anew."""
    def rides(bus_chain: str, metro_chain: str) -> list[int]:
        by_bus, by_metro = tables(pays_amount=0, within_s=HOUR // 2, max_transfers=9)
        by_bus.fare[0].chain, by_metro.fare[0].chain = bus_chain, metro_chain
        return price(tmp_path, [by_bus, by_metro], bus(0), metro(1200, 1500),
                     bus(HOUR // 2 + 600, 2)).price

    assert rides("", "") == [200, 0, 0]
    assert rides("both", "both") == [200, 0, 0]
    assert rides("", "metro") == [200, 300, 200]
    assert rides("bus", "metro") == [200, 300, 200]
    assert rides("bus", "") == [200, 300, 200]


def test_an_incomplete_ride_ends_its_own_chain_only(tmp_path: Path) -> None:
    for chain, after in (("bus", 200), ("metro", 0)):
        by_bus, by_metro = tables(pays_amount=0, max_transfers=9)
        by_bus.fare[0].chain, by_metro.fare[0].chain = "bus", chain
        lost = metro(60, 0, state=RideState.MISSING_OUT)
        assert price(tmp_path, [by_bus, by_metro], bus(0), lost, bus(180, 2)).price == [
            200, 300, after]


def test_who_rides_along_does_so_in_any_chain(tmp_path: Path) -> None:
    """The holder's line is of another chain than the row that only the holder has."""
    half = {"rule": "half", "pays_percent": 50, "companions": False, "funders": [
        {"funder": "finance"}]}
    table = make_table(companion_within_s=60, concession=[half], fare=[
        {"rule": "holder", "basis": "flat", "amount": 200, "companions": False, "chain": "own"},
        {"rule": "friend", "basis": "flat", "amount": 180}])
    outcome = price(tmp_path, [table], bus(0, vehicle=7), bus(20, vehicle=7), bus(30, vehicle=7),
                    bus(90, vehicle=7))
    assert outcome.price == [100, 180, 180, 100]


def test_where_the_ride_before_began_is_known_of_every_ride(tmp_path: Path) -> None:
    """A to b, c to d, b to c: the third follows one that began at the hub, the second does not."""
    outcome = price(tmp_path, tables(credit=100, same_line=True, max_transfers=9, began_at=["hub"]),
                    metro(0, 600, from_stop="a", to_stop="b"),
                    metro(900, 1500, from_stop="c", to_stop="d"),
                    metro(1800, 2400, from_stop="b", to_stop="c"))
    assert outcome.price == [300, 300, 200]
