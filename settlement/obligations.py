"""Who owes whom: what flows come to between members, cities or provinces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy.typing as npt

from network.members import Level, Member


class Obligation(NamedTuple):
    """What one party owes another for one cause, in minor units."""

    debtor: str             # a member's, city's or province's code
    creditor: str
    cause: int              # Cause
    items: int              # what it is for: rides, bills; less those that are taken back
    amount: int


def list_obligations(flows: npt.NDArray[Any], members: Iterable[Member], level: Level
                     ) -> list[Obligation]:
    """What parties owe each other at a level, by debtor, creditor and cause.

    flows: FLOW rows, of one window or of several. What members of one city owe each other is no
    obligation of cities; so these come to the net of positions, and not to both of its sides.
    """
    places = {member.number: member.place(level) for member in members}
    sums: dict[tuple[str, str, int], tuple[int, int]] = {}
    for row in flows:
        debtor, creditor = places[int(row["debtor"])], places[int(row["creditor"])]
        if debtor != creditor:
            key = debtor, creditor, int(row["cause"])
            count, amount = sums.get(key, (0, 0))
            sums[key] = count + int(row["count"]), amount + int(row["amount"])
    return [Obligation(*key, *total) for key, total in sorted(sums.items()) if total != (0, 0)]
