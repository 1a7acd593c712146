"""What a ride brings is shared by the operators that carried it: by a table, or by distance.

Parts are of all that a pair of stops has brought since the month began, rounded by largest
remainder, less what was posted of it: so a part is never a minor unit away from the exact one.
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from network.model import RevenueShare
from network.money import apportion
from network.revenue_shares import ShareRow

Weights = Mapping[str, int]     # by operator
# Metres, the stops on the way, and whose links these are: so that ties do not depend on order.
_Way = tuple[int, tuple[str, ...], tuple[tuple[str, int], ...]]


class Brought(NamedTuple):
    """What rides of an operator between two stops brought it since a month began."""

    operator: str
    from_stop: str
    to_stop: str
    rides: int              # in the windows that close
    before: int             # minor units in the month's windows that were closed before
    now: int                # ... and in all up to the last one that closes


class Shared(NamedTuple):
    """A part of what rides brought, with its working; amounts in minor units."""

    revenue_share: str
    operator: str           # that the fares are owed to, and that owes the part
    from_stop: str
    to_stop: str
    carrier: str            # whose part it is
    rides: int
    month: int              # what they brought since it began
    weight: int             # of the part
    of: int                 # all weights
    due: int                # of the month
    posted: int             # of it, before
    amount: int             # the difference


class ShareTable:
    """Who has which part of a ride between two stops."""

    def __init__(self, share: RevenueShare, rows: Sequence[ShareRow]) -> None:
        """rows: pairs of stops with their weights, or the links that ways are made of."""
        self.share = share
        self._pairs: dict[tuple[str, str], dict[str, int]] = {}
        self._links: dict[str, list[tuple[int, str, str]]] | None = None
        if share.by == "table":
            for row in rows:
                own = self._pairs.setdefault((row.from_stop, row.to_stop), {})
                own[row.operator] = row.weight
            return
        self._links = {}
        for row in rows:
            for here, there in ((row.from_stop, row.to_stop), (row.to_stop, row.from_stop)):
                self._links.setdefault(here, []).append((row.weight, there, row.operator))

    def weights(self, from_stop: str, to_stop: str) -> Weights:
        """The parts of a pair; none where the table has no such pair, or no way leads there."""
        pair = from_stop, to_stop
        if self._links is not None and pair not in self._pairs:
            own = self._pairs[pair] = {}
            for operator, metres in _shortest(self._links, from_stop, to_stop)[2]:
                own[operator] = own.get(operator, 0) + metres
        return self._pairs.get(pair, {})

    def way(self, from_stop: str, to_stop: str) -> Sequence[str]:
        """The stops that parts by distance go by; none of a table, or where no way leads there."""
        return () if self._links is None else _shortest(self._links, from_stop, to_stop)[1]

    def share_out(self, brought: Brought) -> list[Shared]:
        """The parts of others than the operator itself, those of nothing among them."""
        weights = dict(sorted(self.weights(brought.from_stop, brought.to_stop).items()))
        of = sum(weights.values())
        if of == 0:
            return []
        due, posted = (apportion(amount, [*weights.values()])
                       for amount in (brought.now, brought.before))
        return [Shared(self.share.revenue_share, *brought[:3], carrier, brought.rides, brought.now,
                       weight, of, now, before, now - before)
                for (carrier, weight), now, before in zip(weights.items(), due, posted, strict=True)
                if carrier != brought.operator]


def _shortest(links: Mapping[str, Sequence[tuple[int, str, str]]], from_stop: str, to_stop: str
              ) -> _Way:
    """The shortest way; of ways as long, the one whose stops come first. Without any: no stops."""
    waiting: list[_Way] = [(0, (from_stop,), ())]
    done = set[str]()
    while waiting:
        metres, stops, parts = way = heapq.heappop(waiting)
        here = stops[-1]
        if here == to_stop:
            return way
        if here in done:
            continue
        done.add(here)
        for length, there, operator in links.get(here, ()):
            if there not in done:
                heapq.heappush(waiting, (metres + length, (*stops, there),
                                         (*parts, (operator, length))))
    return 0, (), ()
