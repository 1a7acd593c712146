"""Net positions: what is owed is what is due, at every level."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ext import records
from network.members import LEVELS, NATION, Member
from settlement.positions import Position, net_positions

# Two cities of Guangdong, one of Hunan; centres of a city, of a province and of the nation.
MEMBERS = [
    Member("bus", 1, "operator", "公交", "gz", "GD"),
    Member("card", 2, "issuer", "羊城通", "gz", "GD"),
    Member("sz-card", 3, "issuer", "深圳通", "sz", "GD"),
    Member("cs-card", 4, "issuer", "潇湘卡", "cs", "HN"),
    Member("gz-centre", 5, "centre", "广州清分中心", "gz", "GD"),
    Member("gd-centre", 6, "centre", "广东清分中心", None, "GD"),
    Member("cn-centre", 7, "centre", "全国清分中心"),
]


def flows_of(*rows: tuple[int, int, int]) -> Any:
    """Flows of (debtor, creditor, amount)."""
    made = np.zeros(len(rows), records.FLOW)
    for place, row in enumerate(rows):
        for name, value in zip(("debtor", "creditor", "amount"), row, strict=True):
            made[name][place] = value
    return made


def at(level: str, positions: list[Position]) -> dict[str, tuple[int, int, int]]:
    return {one.member: (one.net, one.is_owed, one.owes) for one in positions
            if one.level == level}


def test_a_days_positions() -> None:
    """Riders of three cities pay the bus 900; the bus pays fees to three centres."""
    positions = net_positions(flows_of(
        (2, 1, 500), (3, 1, 300), (4, 1, 100), (1, 5, 1), (1, 6, 2), (1, 7, 3)), MEMBERS)
    assert at("member", positions) == {
        "bus": (894, 900, 6), "card": (-500, 0, 500), "sz-card": (-300, 0, 300),
        "cs-card": (-100, 0, 100), "gz-centre": (1, 1, 0), "gd-centre": (2, 2, 0),
        "cn-centre": (3, 3, 0)}
    # What members of one city owe each other counts on both sides and cancels.
    assert at("city", positions) == {
        "gz": (395, 901, 506), "sz": (-300, 0, 300), "cs": (-100, 0, 100),
        "GD": (2, 2, 0), NATION: (3, 3, 0)}
    assert at("province", positions) == {
        "GD": (97, 903, 806), "HN": (-100, 0, 100), NATION: (3, 3, 0)}


def test_a_centre_stands_where_it_clears() -> None:
    """Without a city under its province, without a province under the nation."""
    places = {member.code: [member.place(level) for level in LEVELS] for member in MEMBERS[4:]}
    assert places == {"gz-centre": ["gz-centre", "gz", "GD"],
                      "gd-centre": ["gd-centre", "GD", "GD"],
                      "cn-centre": ["cn-centre", NATION, NATION]}


rows = st.lists(st.tuples(st.integers(1, 7), st.integers(1, 7), st.integers(0, 2**62)),
                max_size=40)


@settings(max_examples=100, deadline=None)
@given(rows)
def test_positions_add_up_to_nothing(owed: list[tuple[int, int, int]]) -> None:
    """At every level; sums may be larger than 64 bits."""
    positions = net_positions(flows_of(*owed), MEMBERS)
    for level in LEVELS:
        found = [one for one in positions if one.level == level]
        assert sum(one.net for one in found) == 0
        assert sum(one.is_owed for one in found) == sum(amount for _, _, amount in owed)
        assert all(one.net == one.is_owed - one.owes for one in found)
        assert [one.member for one in found] == sorted(one.member for one in found)


def test_no_flows_are_no_positions() -> None:
    assert net_positions(flows_of(), MEMBERS) == []
