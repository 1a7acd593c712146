"""Who owes whom adds up to nothing, among members, cities and provinces."""

from __future__ import annotations

import datetime
from collections import defaultdict

from clearing.reference.flows import add_up
from clearing.reference.positions import Positions, net
from tests.reference.test_entries import AGREEMENTS
from tests.reference.town import make_table, make_tap, make_world, run

DAY = datetime.date(2026, 5, 4)
FUNDERS = [{"funder": "gz-finance", "weight": 3}, {"funder": "operator", "weight": 1}]
HALF = {"rule": "half", "funders": FUNDERS, "pays_percent": 50}
WORLD = make_world(
    make_table(concession=[HALF], fare={"rule": "flat", "basis": "flat", "amount": 10000}),
    make_table("szbus"), agreement=AGREEMENTS,
)


def test_one_ride_of_a_card_from_another_province() -> None:
    result = run(WORLD, make_tap("single", "05-04 08:00:00", seq=1, issuer="xxk"))
    assert result.flows == {
        (DAY, "xxk", "bus", "fare"): (5000, 1),
        (DAY, "gz-finance", "bus", "concession"): (3750, 1),
        # the operator's own quarter, 12.50, it owes to nobody
        (DAY, "bus", "cn-centre", "clearing_fee"): (40, 1),
        (DAY, "bus", "xxk", "issuer_fee"): (50, 1),
    }
    assert net(result.flows, WORLD) == {
        (DAY, "member", "bus"): 5000 + 3750 - 40 - 50,
        (DAY, "member", "gz-finance"): -3750,
        (DAY, "member", "xxk"): -4950,
        (DAY, "member", "cn-centre"): 40,
        (DAY, "city", "gz"): 4910,
        (DAY, "city", "cs"): -4950,
        (DAY, "city", "nation"): 40,
        (DAY, "province", "GD"): 4910,
        (DAY, "province", "HN"): -4950,
        (DAY, "province", "nation"): 40,
    }


def test_province_centre_stands_beside_the_cities() -> None:
    result = run(WORLD, make_tap("single", "05-04 08:00:00", seq=1, issuer="szt"))
    positions = net(result.flows, WORLD)
    assert positions[DAY, "city", "GD"] == 25
    assert positions[DAY, "city", "sz"] == -5000
    assert positions[DAY, "province", "GD"] == 0


def test_rides_add_up_by_window() -> None:
    result = run(WORLD, *(make_tap("single", f"05-0{day} 08:00:00", seq=day, operator="szbus")
                          for day in (4, 5, 6)),
                 make_tap("single", "05-04 09:00:00", seq=9, operator="szbus"))
    fares = {window.day: owed for (window, _, _, cause), owed in result.flows.items()
             if cause == "fare"}
    assert fares == {4: (400, 2), 5: (200, 1), 6: (200, 1)}
    assert_zero(net(result.flows, WORLD))


def test_held_entry_stays_out() -> None:
    result = run(WORLD, make_tap("single", "05-04 08:00:00", seq=1, operator="szbus", paid=150))
    assert [entry.charge.held for entry in result.entries] == [True]
    assert result.flows == {}


def test_nothing_owed_is_no_flow() -> None:
    free = {**HALF, "pays_percent": 0}
    result = run(make_world(make_table(concession=[free])),
                 make_tap("single", "05-04 08:00:00", seq=1))
    assert list(result.flows) == [(DAY, "gz-finance", "bus", "concession")]


def test_empty_run() -> None:
    assert add_up([]) == {}
    assert net({}, WORLD) == {}
    assert run(WORLD).entries == []


def assert_zero(positions: Positions) -> None:
    sums: defaultdict[tuple[datetime.date, str], int] = defaultdict(int)
    for (window, level, _), amount in positions.items():
        sums[window, level] += amount
    assert set(sums.values()) <= {0}
