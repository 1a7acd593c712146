"""Flows to net positions of members, cities and provinces (RULES.md §6)."""

from __future__ import annotations

import datetime
from collections import defaultdict

from clearing.reference.results import Flows
from clearing.reference.world import World
from network.model import Funder, Issuer, Operator

NATION = "nation"

# (window, level, name) -> what it is owed less what it owes
Positions = dict[tuple[datetime.date, str, str], int]


def net(flows: Flows, world: World) -> Positions:
    """Every position of every window. At each level they add up to 0 per window."""
    homes = _list_homes(world)
    positions: defaultdict[tuple[datetime.date, str, str], int] = defaultdict(int)
    for (window, debtor, creditor, _), (amount, _) in flows.items():
        for member, signed in ((debtor, -amount), (creditor, amount)):
            city, province = homes[member]
            positions[window, "member", member] += signed
            positions[window, "city", city] += signed
            positions[window, "province", province] += signed
    return dict(positions)


def _list_homes(world: World) -> dict[str, tuple[str, str]]:
    """Where each member stands: its city and province, or what takes their place."""
    network = world.model
    province_of = {city.code: city.province for city in network.city}
    members: list[Operator | Issuer | Funder] = [
        *network.operator, *network.issuer, *network.funder,
    ]
    homes = {one.code: (one.city, province_of[one.city]) for one in members}
    for centre in network.centre:
        if centre.city is not None:
            homes[centre.code] = (centre.city, province_of[centre.city])
        else:
            above = centre.province or NATION
            homes[centre.code] = (above, above)
    return homes
