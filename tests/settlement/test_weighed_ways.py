"""Parts of rides by the ways that riders may take: likelihoods of a logit, always a million."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from network.errors import OnecardError
from network.money import PPM
from network.revenue_shares import ShareRow
from settlement.weighed_ways import SPREADS, Choice, Ways, parts_of
from tests.run.command import accepted, onecard

# Two ways from a to d: 600 s with the metro and then the loop, 700 s with the metro alone.
TRACK = (ShareRow("a", "b", "metro", 300), ShareRow("b", "d", "loop", 300),
         ShareRow("a", "c", "metro", 400), ShareRow("c", "d", "metro", 300))


def parts(choice: Choice, links: tuple[ShareRow, ...] = TRACK,
          prices: dict[tuple[str, str, str], int] | None = None) -> dict[str, int]:
    """The parts from a to d."""
    return {(start, end): parts_of(ways)
            for start, end, ways in Ways(links, choice, prices).weigh()}["a", "d"]


def test_the_best_way_has_all_without_a_spread() -> None:
    assert parts(Choice(0, 0)) == {"loop": PPM // 2, "metro": PPM // 2}
    assert parts(Choice(101, 0)) == {"metro": PPM}          # a change costs more than the detour


def test_a_way_that_costs_a_spread_more_is_e_times_less_likely() -> None:
    """1 / (1 + 1/e) is 0.731058...; half of it is each one's, the rest the metro's."""
    assert parts(Choice(0, 100)) == {"loop": 365_529, "metro": PPM - 365_529}
    assert parts(Choice(100, 100)) == {"loop": 250_000, "metro": 750_000}   # both are as good
    # e^-5 of the other is the last that counts; a way that is further is none.
    assert parts(Choice(0, 20)) == {"loop": 496_653, "metro": PPM - 496_653}
    assert parts(Choice(0, 19)) == {"loop": PPM // 2, "metro": PPM // 2}
    assert SPREADS == 5


def test_parts_can_be_by_what_stretches_cost_alone() -> None:
    """Gyeonggi 1,700 and Seoul 900 alone; of the 1,800 paid 1,177 and 623 (h21.hani 26671)."""
    prices = {("a", "b", "metro"): 1700, ("b", "d", "loop"): 900, ("c", "d", "metro"): 1500}
    found = parts(Choice(0, 0), prices=prices)
    assert found == {"loop": 346_154, "metro": 653_846}
    assert [round(Fraction(1800 * part, PPM)) for part in found.values()] == [623, 1177]
    with pytest.raises(OnecardError, match="no price of metro is known from d to c"):
        parts(Choice(0, 0), prices=dict([*prices.items()][:2]))


def test_a_walk_costs_and_carries_nobody() -> None:
    links = (ShareRow("a", "b", "metro", 300), ShareRow("b", "c", "", 200),
             ShareRow("c", "d", "loop", 100))
    assert parts(Choice(60, 0), links) == {"loop": 250_000, "metro": 750_000}
    [(_, _, ways)] = [one for one in Ways(links, Choice(60, 0), None).weigh()
                      if one[:2] == ("a", "d")]
    assert [(way.way.stops, way.way.cost) for way in ways] == [(tuple("abcd"), 660)]
    assert not [one for one in Ways(links, Choice(0, 0), None).weigh() if one[:2] == ("b", "c")]


STOPS = st.sampled_from("abcde")
LINKS = st.lists(st.builds(ShareRow, STOPS, STOPS, st.sampled_from(["", "x", "y", "z"]),
                           st.integers(0, 100)).filter(lambda one: one[0] != one[1]),
                 min_size=1, max_size=8)


@given(LINKS, st.integers(0, 50), st.integers(0, 40))
def test_parts_are_a_million_whatever_the_network(links: list[ShareRow], change: int, spread: int
                                                  ) -> None:
    mirrored = [ShareRow(row.to_stop, row.from_stop, *row[2:]) for row in links[::-1]]
    found = [*Ways(links, Choice(change, spread), None).weigh()]
    for _, _, ways in found:
        assert sum(parts_of(ways).values()) == sum(one.ppm for one in ways) == PPM
        assert [one.ppm for one in ways] == sorted((one.ppm for one in ways), reverse=True)
        assert all(one.way.cost <= ways[0].way.cost + SPREADS * spread for one in ways)
    assert [(start, end, parts_of(ways)) for start, end, ways in found] == [
        (start, end, parts_of(ways))
        for start, end, ways in Ways(mirrored, Choice(change, spread), None).weigh()]


def test_the_command_writes_a_table_and_its_working(tmp_path: Path) -> None:
    links = tmp_path / "track.csv"
    links.write_text("from,to,operator,weight\n" + "".join(
        f"{','.join(map(str, row))}\n" for row in TRACK), "utf-8")
    said = accepted("tables", "ways", links, "--spread", 100, "--out", tmp_path / "made").out
    assert "6 pairs of stops, 9 ways" in said
    shares = (tmp_path / "made/shares.csv").read_text("utf-8").splitlines()
    assert [row for row in shares if row.startswith(("a,d", "d,a"))] == [
        "a,d,loop,365529", "a,d,metro,634471", "d,a,loop,365529", "d,a,metro,634471"]
    assert [row for row in (tmp_path / "made/ways.csv").read_text("utf-8").splitlines()
            if row.startswith("a,d,")] == [
        "a,d,a b d,600,731059,metro,365530", "a,d,a b d,600,731059,loop,365529",
        "a,d,a c d,700,268941,metro,268941"]
    links.write_text("from,to,operator,weight\na,a,metro,1\n", "utf-8")
    assert "track.csv:2: it leads nowhere" in onecard(
        "tables", "ways", links, "--out", tmp_path / "none").err
