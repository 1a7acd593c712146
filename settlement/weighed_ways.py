"""Parts of rides from the ways that riders may have taken: a table for [[revenue_share]].

Nobody sees which way a ride went between two gates. So each way has a likelihood by what it costs
the rider, length and changes (a logit: a way that costs `spread` more is e times less likely), and
gives its part to those whose links it has, by their length or by what their stretches cost alone.
All numbers are whole: likelihoods and parts are parts per million, by largest remainder.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import NamedTuple

from network.errors import OnecardError
from network.language import Phrase
from network.money import PPM, apportion
from network.revenue_shares import ShareRow

SPREADS = 5             # a way that costs so many spreads more than the best (e^-5, 0.7 %) is none
WAYS_MOST = 1000        # between two stops; more tell nobody anything
_WHOLE = 10 ** 9        # the likelihood of the best way, before ways are made to add up
_EXACT = 10 ** 40       # of the series that it is made of

Prices = Mapping[tuple[str, str, str], int]     # by two stops, in order, and operator


class Choice(NamedTuple):
    """How riders choose; in the unit of the links, such as seconds or metres."""

    change: int         # what changing from one operator to another costs them
    spread: int         # 0: all go the best way


class Way(NamedTuple):
    """A way between two stops."""

    stops: tuple[str, ...]
    cost: int                               # lengths and changes
    stretches: tuple[tuple[str, str, str, int], ...]    # operator, from, to, length; no walks


class WeighedWay(NamedTuple):
    """A way with its likelihood and its parts, in parts per million of what the pair brings."""

    way: Way
    ppm: int
    parts: Mapping[str, int]                # by operator


class Ways:
    """The ways through a network of links, each of which leads both ways."""

    def __init__(self, links: Sequence[ShareRow], choice: Choice, prices: Prices | None) -> None:
        """links: their weights are lengths; one without an operator is walked.

        prices: what a stretch costs alone; None: parts are by length.
        """
        self.choice, self._prices = choice, prices
        self._links: dict[str, list[tuple[str, str, int]]] = {}
        for row in links:
            for here, there in ((row.from_stop, row.to_stop), (row.to_stop, row.from_stop)):
                self._links.setdefault(here, []).append((there, row.operator, row.weight))
        self._operators = sorted({"", *(row.operator for row in links)})

    def weigh(self) -> Iterator[tuple[str, str, list[WeighedWay]]]:
        """Each two stops, in order, between which somebody carries, and their ways, best first.

        Raises OnecardError where a stretch has no price, or two stops have too many ways.
        """
        for end in sorted(self._links):
            left = self._costs_to(end)
            for start in sorted(self._links):
                if start < end and (start, "") in left:
                    ways = [one for one in self._between(start, end, left) if one.stretches]
                    if ways:
                        yield start, end, self._weighed(ways)

    def _costs_to(self, end: str) -> dict[tuple[str, str], int]:
        """What is the least to go from a stop, having come with an operator ("": with none)."""
        least = dict[tuple[str, str], int]()
        waiting = [(0, end, operator) for operator in self._operators]
        while waiting:
            cost, stop, came = heapq.heappop(waiting)
            if (stop, came) in least:
                continue
            least[stop, came] = cost
            for before, operator, length in self._links[stop]:
                if operator in ("", came):
                    for last in self._operators if operator else (came,):
                        if (before, last) not in least:
                            more = length + self._change(last, operator)
                            heapq.heappush(waiting, (cost + more, before, last))
        return least

    def _between(self, start: str, end: str, left: Mapping[tuple[str, str], int]) -> list[Way]:
        """The ways that pass no stop twice and are not too far from the best."""
        most = left[start, ""] + SPREADS * self.choice.spread
        ways = list[Way]()
        waiting: list[Way] = [Way((start,), 0, ())]
        while waiting:
            way = waiting.pop()
            here, came = way.stops[-1], way.stretches[-1][0] if way.stretches else ""
            if here == end:
                ways.append(way)
                if len(ways) > WAYS_MOST:
                    raise OnecardError(
                        Phrase("more than {most} ways lead from {start} to {end}", most=WAYS_MOST,
                               start=start, end=end), expected="ways that riders choose between",
                        remedy="write a smaller spread")
                continue
            for there, operator, length in self._links[here]:
                cost = way.cost + length + self._change(came, operator)
                if there not in way.stops and cost + left[there, operator or came] <= most:
                    waiting.append(Way((*way.stops, there), cost,
                                       _with(way.stretches, operator, here, there, length)))
        ways.sort(key=lambda way: (way.cost, way.stops, way.stretches))
        return ways if self.choice.spread else ways[:1]

    def _change(self, came: str, operator: str) -> int:
        return self.choice.change if came and operator not in ("", came) else 0

    def _weighed(self, ways: Sequence[Way]) -> list[WeighedWay]:
        likelihoods = [_likelihood(way.cost - ways[0].cost, self.choice.spread) for way in ways]
        weighed = list[WeighedWay]()
        for way, ppm in zip(ways, apportion(PPM, likelihoods), strict=True):
            # Who carries all the way needs no price.
            weights = [1] if len(way.stretches) == 1 else [
                self._weight(*stretch) for stretch in way.stretches]
            parts = dict[str, int]()
            for (operator, *_), part in zip(way.stretches, apportion(ppm, weights), strict=True):
                parts[operator] = parts.get(operator, 0) + part
            weighed.append(WeighedWay(way, ppm, parts))
        return weighed

    def _weight(self, operator: str, start: str, end: str, length: int) -> int:
        """What a stretch counts in the parts of its way: never nothing."""
        if self._prices is None:
            return max(length, 1)
        price = self._prices.get((min(start, end), max(start, end), operator), 0)
        if not price:
            raise OnecardError(
                Phrase("no price of {operator} is known from {start} to {end}", operator=operator,
                       start=start, end=end), expected="what that stretch costs alone, above 0",
                remedy="add the line to the prices")
        return price


def parts_of(ways: Sequence[WeighedWay]) -> dict[str, int]:
    """Each operator's parts of a pair of stops: parts per million, which add up to a million."""
    parts = dict[str, int]()
    for one in ways:
        for operator, part in one.parts.items():
            parts[operator] = parts.get(operator, 0) + part
    return dict(sorted(parts.items()))


def _with(stretches: tuple[tuple[str, str, str, int], ...], operator: str, here: str, there: str,
          length: int) -> tuple[tuple[str, str, str, int], ...]:
    """One link more: a stretch goes on while its operator carries, also behind a walk."""
    if not operator:
        return stretches
    if stretches and stretches[-1][0] == operator:
        _, start, _, before = stretches[-1]
        return (*stretches[:-1], (operator, start, there, before + length))
    return (*stretches, (operator, here, there, length))


@cache
def _likelihood(more: int, spread: int) -> int:
    """How likely a way is beside the best: e ** (-more / spread), in parts of _WHOLE, half up.

    The series of e to the power of more / spread in whole numbers, each term cut off: so it is the
    same on every machine, and exact far beyond the digits that are kept.
    """
    if not more:
        return _WHOLE
    total, term, place = 0, _EXACT, 0
    while term:
        total, place = total + term, place + 1
        term = term * more // (spread * place)
    return (2 * _WHOLE * _EXACT + total) // (2 * total)
