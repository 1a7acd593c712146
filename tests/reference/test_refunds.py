"""A refund with a counter of its own takes back the nearest ride before it that it can be of."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from clearing.reference.taps import Tap
from tests.reference.town import codes, make_table, make_tap, make_world, ride_metro, run

WORLD = make_world(make_table("bus"), make_table("metro"))


def bus(seq: int, when: str, **more: Any) -> Tap:
    """A ride by bus of 2.00."""
    return make_tap("single", when, seq=seq, **{"line": "1", "vehicle": "v", "paid": 200, **more})


def back(seq: int, when: str, **more: Any) -> Tap:
    """2.00 given back."""
    return bus(seq, when, **{"paid": -200, **more})


FOUND: list[tuple[str, list[Tap], list[int]]] = [
    # which                           records and rides that stay
    ("the ride before",               [bus(1, "05-04 08:00:00"), back(2, "05-04 08:10:00")], []),
    ("by its clock a little after",   [bus(1, "05-04 08:00:02"), back(2, "05-04 08:00:00")], []),
    ("not by more",                   [bus(1, "05-04 08:02:01"), back(2, "05-04 08:00:00")], [1]),
    ("not one after it",              [bus(3, "05-04 08:00:02"), back(2, "05-04 08:00:00")], [3]),
    ("the nearest", [bus(1, "05-04 08:00:00"), bus(2, "05-04 09:00:00"),
                     back(3, "05-04 10:00:00")], [1]),
    ("each another one", [bus(1, "05-04 08:00:00"), bus(2, "05-04 09:00:00"),
                          back(3, "05-04 10:00:00"), back(4, "05-04 10:00:01")], []),
    ("the amount decides", [bus(1, "05-04 08:00:00"), bus(2, "05-04 09:00:00", paid=300),
                            back(3, "05-04 10:00:00")], [2]),
    ("an amount that nobody says fits", [bus(1, "05-04 08:00:00", paid=None),
                                         back(3, "05-04 10:00:00")], []),
    ("the line decides", [bus(1, "05-04 08:00:00"), bus(2, "05-04 09:00:00", line="2"),
                          back(3, "05-04 10:00:00")], [2]),
    ("a blank line says nothing", [bus(1, "05-04 08:00:00"), bus(2, "05-04 09:00:00", line="2"),
                                   back(3, "05-04 10:00:00", line="")], [1]),
    ("the vehicle decides", [bus(1, "05-04 08:00:00", vehicle="w"),
                             back(3, "05-04 10:00:00")], [1]),
    ("another device says nothing", [bus(1, "05-04 08:00:00"),
                                     back(3, "05-04 10:00:00", device="desk")], []),
    ("no other operator's", [bus(1, "05-04 08:00:00"), back(
        3, "05-04 10:00:00", operator="metro", mode="metro", line="", vehicle="")], [1]),
    ("30 days before", [bus(1, "05-04 08:00:00"), back(2, "06-03 08:00:00")], []),
    ("not earlier", [bus(1, "05-04 08:00:00"), back(2, "06-03 08:00:01")], [1]),
    ("a ride of both ends", [*ride_metro("a", "b", paid=100), back(
        3, "05-04 10:00:00", operator="metro", mode="metro", line="", vehicle="")], []),
]


@pytest.mark.parametrize(("taps", "stay"), [row[1:] for row in FOUND],
                         ids=[row[0] for row in FOUND])
def test_which_ride_is_taken_back(taps: list[Tap], stay: list[int]) -> None:
    for turn in itertools.permutations(taps):
        result = run(WORLD, *turn)
        assert sorted(ride.card_seq for ride in result.rides) == stay
        refunds = sum(tap.paid is not None and tap.paid < 0 for tap in taps)
        alone = refunds - (len({tap.card_seq for tap in taps if tap.kind != "out"})
                           - refunds - len(stay))
        assert codes(result) == ["REBATE_ALONE"] * alone


def test_a_ride_is_looked_for_among_the_256_before() -> None:
    others = [bus(seq, f"05-04 {10 + seq // 60:02}:{seq % 60:02}:00", line="2")
              for seq in range(2, 258)]
    for count, stays in ((255, False), (256, True)):
        result = run(WORLD, bus(1, "05-04 08:00:00"), *others[:count],
                     back(999, "05-04 20:00:00"))
        assert (1 in {ride.card_seq for ride in result.rides}) == stays
