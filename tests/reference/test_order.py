"""Several discounts on one ride: in which order, which of a kind, and which exclude others."""

from __future__ import annotations

from typing import Any

import pytest

from clearing.reference.state import State
from tests.reference.plain import explain_card
from tests.reference.town import legs, make_table, make_tap, make_world, prices, ride_metro, run

FUNDERS = [{"funder": "operator"}]


def row(rule: str, **fields: Any) -> dict[str, Any]:
    return {"rule": rule, "funders": FUNDERS, **fields}


def price_of(due: int = 200, **table: Any) -> int:
    world = make_world(make_table(fare={"rule": "f", "basis": "flat", "amount": due}, **table))
    [(_, price)] = prices(run(world, make_tap("single", "05-04 08:00:00", seq=1)))
    return price


HALF, OFF = row("half", pays_percent=50), row("off", takes_off=50)
TIER = row("tier", accumulator="month", at_least=0, pays_percent=90)
CAP = row("cap", accumulator="month", amount=100)


@pytest.mark.parametrize(("order", "price"), [
    (["concession", "promotion", "tier", "cap"], 45),       # (2.00 / 2 - 0.50) x 0.9
    (["promotion", "concession", "tier", "cap"], 68),       # 1.50 / 2 x 0.9 = 0.675
    (["cap", "promotion", "concession"],         25),       # (1.00 - 0.50) / 2
    (["cap"],                                    100),
    ([],                                         200),
])
def test_order(order: list[str], price: int) -> None:
    assert price_of(order=order, concession=[HALF], promotion=[OFF], tier=[TIER],
                    cap=[CAP]) == price


def test_order_unless_the_table_says_otherwise() -> None:
    world = make_world(make_table(concession=[HALF], promotion=[{**OFF, "takes_off": 5}],
                                  tier=[TIER], cap=[{**CAP, "amount": 80}]))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1))
    # 2.00 -> 1.00 -> 0.95 -> 0.855, up to 0.86 -> 0.80
    assert legs(result) == [[("concession", "bus", 100), ("promotion", "bus", 5),
                             ("tier", "bus", 9), ("cap", "bus", 6)]]
    causes = {cause for _, _, _, cause in result.flows}
    assert causes == {"fare"}       # an operator owes itself nothing


def test_every_sort_of_leg_has_its_cause() -> None:
    by_city = {"funders": [{"funder": "gz-finance"}]}
    world = make_world(make_table(
        concession=[{**HALF, **by_city}], promotion=[{**OFF, "takes_off": 5, **by_city}],
        tier=[{**TIER, **by_city}], cap=[{**CAP, "amount": 80, **by_city}]))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1))
    owed = {cause: amount for (_, debtor, _, cause), (amount, _) in result.flows.items()
            if debtor == "gz-finance"}
    assert owed == {"concession": 100, "promotion": 5, "tier": 9, "cap": 6}


@pytest.mark.parametrize(("best", "due", "expected"), [
    ([],             200, ("90 %", 180)),   # the first
    (["concession"], 200, ("off", 150)),    # 1.80, 1.50, 1.60
    (["concession"], 900, ("80 %", 720)),   # 8.10, 8.50, 7.20
    (["concession"], 250, ("off", 200)),    # 2.25, 2.00, 2.00: the first of equals
    (["promotion"],  200, ("90 %", 180)),
])
def test_best(best: list[str], due: int, expected: tuple[str, int]) -> None:
    rows = [row("90 %", pays_percent=90), row("off", takes_off=50), row("80 %", pays_percent=80),
            row("free", pays_amount=0, card_kinds=["senior"])]
    world = make_world(make_table(fare={"rule": "f", "basis": "flat", "amount": due}, best=best,
                                  concession=rows))
    [charge] = run(world, make_tap("single", "05-04 08:00:00", seq=1)).charges
    assert ({leg.rule for leg in charge.legs[1:]}, charge.price) == ({expected[0]}, expected[1])


def test_best_in_words() -> None:
    rows = [row("90 %", pays_percent=90), row("off", takes_off=50),
            row("free", pays_amount=0, card_kinds=["senior"])]
    world = make_world(make_table(best=["concession"], concession=rows))
    tap = make_tap("single", "05-04 08:00:00", seq=1)
    [priced] = explain_card(world, [tap], State(), tap.card)
    assert [line[1:] for line in priced.trace if line.kind == "concession"] == [
        ("90 %", False, "pays 90 %; another row leaves as little, or less", 200, 200),
        ("free", False, "not for card kind adult", 200, 200),
        ("off", True, "0.50 off", 200, 150),
    ]


def test_best_counts_only_the_row_that_applied() -> None:
    quota = {"accumulator": "uses", "limit": 9}
    rows = [row("90 %", pays_percent=90, quota=quota), row("80 %", pays_percent=80)]
    world = make_world(make_table(best=["concession"], concession=rows))
    assert run(world, make_tap("single", "05-04 08:00:00", seq=1)).state.memories.accumulators == {}


@pytest.mark.parametrize(("concession", "price"), [
    ([HALF],                                      100),     # not 1.00 x 0.9
    ([row("none off", pays_percent=100)],         200),     # it has applied all the same
    ([{**HALF, "card_kinds": ["student"]}],       180),
    ([],                                          180),
])
def test_unless(concession: list[dict[str, Any]], price: int) -> None:
    """No tier on top of a concession."""
    assert price_of(concession=concession, tier=[{**TIER, "unless": ["concession"]}]) == price


def test_unless_looks_only_at_what_came_before() -> None:
    assert price_of(order=["tier", "concession"], concession=[HALF],
                    tier=[{**TIER, "unless": ["concession"]}]) == 90


def test_unless_among_caps() -> None:
    caps = [row("month", accumulator="month", amount=150),
            row("week", accumulator="week", amount=100, unless=["cap"])]
    assert price_of(cap=caps) == 150


@pytest.mark.parametrize(("off", "price"), [(50, 150), (200, 0), (300, 0), (0, 200)])
def test_takes_off(off: int, price: int) -> None:
    assert price_of(concession=[row("off", takes_off=off)]) == price


KM = {"basis": "distance", "bands": [{"to_m": 1000, "amount": 300}, {"every_m": 1000, "add": 100}]}
CHILD = {"rule": "child", "basis": "distance", "bands": [
    {"to_m": 1000, "amount": 100}, {"to_m": 2000, "amount": 350}], "card_kinds": ["student"],
    "overtime_after_s": 600, "overtime_add": 20}


@pytest.mark.parametrize(("way", "out", "expected"), [
    ("ab", "08:10:00", (300, 100)),     # whatever the conditions of the child's row
    ("ab", "08:10:01", (300, 120)),     # with its own overtime, which the adult's row has not
    ("bc", "08:10:00", (400, 350)),
    ("ac", "08:10:00", (500, 250)),     # no child fare for 3000 m: the next row fits
])
def test_pays_the_fare_of_another_row(way: str, out: str, expected: tuple[int, int]) -> None:
    world = make_world(make_table("metro", fare=[CHILD, {"rule": "adult", **KM}], concession=[
        row("as child", pays_fare="child"), HALF]))
    assert prices(run(world, *ride_metro(*way, out=f"05-04 {out}"))) == [expected]


def test_pays_fare_never_more_than_before() -> None:
    dear = {"rule": "dear", "basis": "flat", "amount": 900, "card_kinds": ["student"]}
    cheap = {"rule": "cheap", "basis": "flat", "amount": 200}
    assert prices(run(make_world(make_table(
        fare=[dear, cheap], concession=[row("as dear", pays_fare="dear")])),
        make_tap("single", "05-04 08:00:00", seq=1))) == [(200, 200)]
