"""Net positions: what each member, city and province is owed less what it owes."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from typing import Any, NamedTuple

import numpy.typing as npt

from network.members import LEVELS, Level, Member


class Position(NamedTuple):
    """What one party is owed and owes, in minor units."""

    level: Level
    member: str             # a member's, city's or province's code
    is_owed: int
    owes: int

    @property
    def net(self) -> int:
        """The position: what it is owed less what it owes."""
        return self.is_owed - self.owes


def net_positions(flows: npt.NDArray[Any], members: Iterable[Member]) -> list[Position]:
    """The positions at every level, by level and code; at each they add up to 0.

    flows: FLOW rows, of one window or of several. What a city's members owe each
    other counts in what the city is owed and owes, and cancels in its net.
    """
    by_number = {member.number: member for member in members}
    positions: list[Position] = []
    for level in LEVELS:
        is_owed: dict[str, int] = {}
        owes: dict[str, int] = {}
        for row in flows:
            amount = int(row["amount"])
            creditor = by_number[int(row["creditor"])].place(level)
            debtor = by_number[int(row["debtor"])].place(level)
            is_owed[creditor] = is_owed.get(creditor, 0) + amount
            owes[debtor] = owes.get(debtor, 0) + amount
        positions += [
            Position(level, code, is_owed.get(code, 0), owes.get(code, 0))
            for code in sorted(is_owed.keys() | owes.keys())
        ]
        assert sum(position.net for position in positions if position.level == level) == 0
    return positions


def add_positions(some: Iterable[Iterable[Position]]) -> list[Position]:
    """Positions of several times, each party's added up; by level and code."""
    sums: dict[tuple[Level, str], tuple[int, int]] = {}
    for one in chain.from_iterable(some):
        is_owed, owes = sums.get((one.level, one.member), (0, 0))
        sums[one.level, one.member] = is_owed + one.is_owed, owes + one.owes
    return sorted((Position(*party, *owed) for party, owed in sums.items()),
                  key=lambda one: (LEVELS.index(one.level), one.member))
