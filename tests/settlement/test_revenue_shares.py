"""Parts of what rides bring add up to it, and none is ever a minor unit from the exact one."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from network.model import RevenueShare
from network.revenue_shares import ShareRow
from settlement.revenue_shares import Brought, ShareTable

OPERATORS = ("a", "b", "c")


def table(by: str, *rows: ShareRow) -> ShareTable:
    return ShareTable(msgspec.convert({
        "revenue_share": "s", "operators": OPERATORS, "by": by, "file": "s.csv"}, RevenueShare),
        rows)


@given(st.lists(st.integers(0, 10 ** 6), min_size=3, max_size=3).filter(any),
       st.lists(st.integers(0, 10 ** 9), max_size=20))
def test_closing_after_closing_comes_to_one_closing(weights: list[int], brought: list[int]) -> None:
    shares = table("table", *(ShareRow("x", "y", one, weight)
                              for one, weight in zip(OPERATORS, weights, strict=True)))
    posted, before = dict.fromkeys(OPERATORS, 0), 0
    for amount in brought:
        now = before + amount
        for one in shares.share_out(Brought("a", "x", "y", 1, before, now)):
            posted[one.carrier] += one.amount
        posted["a"] = now - posted["b"] - posted["c"]       # what is left stays with it
        for one, weight in zip(OPERATORS, weights, strict=True):
            assert abs(posted[one] * sum(weights) - now * weight) < sum(weights)
        before = now


def test_the_shortest_way_does_not_depend_on_the_order_of_links() -> None:
    links = [ShareRow("x", "m", "a", 5), ShareRow("m", "y", "b", 5),
             ShareRow("x", "n", "c", 5), ShareRow("n", "y", "c", 5), ShareRow("y", "z", "a", 1)]
    for rows in (links, links[::-1]):
        shares = table("distance", *rows)
        assert shares.weights("x", "z") == {"a": 6, "b": 5}     # by m, which comes before n
        assert shares.weights("z", "x") == {"a": 6, "b": 5}
        assert shares.weights("x", "x") == shares.weights("x", "nowhere") == {}
