"""One card tapped for several riders: who rides along, what they pay, what the chain keeps."""

from __future__ import annotations

from typing import Any

import pytest

from clearing.reference.results import Result
from clearing.reference.taps import Tap
from tests.reference.town import make_table, make_tap, make_world, prices, ride_metro, run

FUNDERS = [{"funder": "operator"}]
# The holder pays half; those who ride along on the card pay 80 %.
ROWS = [{"rule": "holder", "funders": FUNDERS, "pays_percent": 50, "companions": False},
        {"rule": "all", "funders": FUNDERS, "pays_percent": 80}]


def bus(when: str, seq: int, **changes: Any) -> Tap:
    return make_tap("single", f"05-04 {when}", seq=seq, **{"line": "1", "vehicle": "V1", **changes})


def ride(*taps: Tap, **table: Any) -> Result:
    fields = {"companion_within_s": 60, "concession": ROWS, **table}
    return run(make_world(make_table(**fields), make_table("szbus", **fields),
                          make_table("metro")), *taps)


@pytest.mark.parametrize(("second", "price"), [
    (bus("08:00:00", 2),                    160),
    (bus("08:01:00", 2),                    160),
    (bus("08:01:01", 2),                    100),   # later than a minute: the holder again
    (bus("08:00:10", 2, vehicle="V2"),      100),
    (bus("08:00:10", 2, vehicle=""),        100),
    (bus("08:00:10", 2, line="2"),          100),
    (bus("08:00:10", 2, line=""),           100),
    (bus("08:00:10", 2, operator="szbus"),  100),
    (bus("08:00:10", 2, mode="metro"),      100),
])
def test_who_rides_along(second: Tap, price: int) -> None:
    assert prices(ride(bus("08:00:00", 1), second)) == [(200, 100), (200, price)]


def test_a_blank_vehicle_tells_nothing() -> None:
    assert prices(ride(bus("08:00:00", 1, vehicle=""), bus("08:00:10", 2, vehicle="")))[1] == (
        200, 100)


def test_blank_lines_of_one_vehicle_are_the_same() -> None:
    assert prices(ride(bus("08:00:00", 1, line=""), bus("08:00:10", 2, line="")))[1] == (200, 160)


def test_all_are_measured_from_the_holders_own_tap() -> None:
    result = ride(*(bus(f"08:0{n // 2}:{n % 2 * 3}0", n) for n in range(4)))
    # 08:00:00 the holder, 08:00:30 and 08:01:00 ride along, 08:01:30 is too late
    assert [price for _, price in prices(result)] == [100, 160, 160, 100]


def test_a_table_that_does_not_say_knows_no_companions() -> None:
    assert prices(ride(bus("08:00:00", 1), bus("08:00:10", 2), companion_within_s=None))[1] == (
        200, 100)


def test_one_who_rides_along_neither_transfers_nor_is_transferred_from() -> None:
    row = {"rule": "again", "funders": FUNDERS, "within_s": 1800, "pays_amount": 0,
           "same_line": True, "max_transfers": 9}
    result = ride(bus("08:00:00", 1), bus("08:00:50", 2), bus("08:30:00", 3, line="2"),
                  bus("08:30:10", 4, line="2"), concession=[], transfer=[row])
    # The third is measured from 08:00:00, to the second in time; the fourth rides along with it.
    assert prices(result) == [(200, 200), (200, 200), (200, 0), (200, 200)]
    [chain] = result.state.memories.chains.values()
    assert (chain.transfers, chain.last_started_at) == (1, bus("08:30:00", 0).tapped_at)


def test_fare_rows_can_leave_them_out_too() -> None:
    fare = [{"rule": "holder", "basis": "flat", "amount": 100, "companions": False},
            {"rule": "other", "basis": "flat", "amount": 300}]
    result = ride(bus("08:00:00", 1), bus("08:00:10", 2), concession=[], fare=fare)
    assert prices(result) == [(100, 100), (300, 300)]


def test_no_companion_of_a_ride_with_two_ends() -> None:
    metro = ride_metro("a", "b", at="05-04 07:59:50", out="05-04 08:00:00", seq=1)
    assert prices(ride(*metro, bus("08:00:10", 3)))[1] == (200, 100)


def test_their_rides_count_like_others() -> None:
    result = ride(bus("08:00:00", 1), bus("08:00:10", 2), counts_to=["month"])
    assert list(result.state.memories.accumulators.values()) == [(260, 2)]
