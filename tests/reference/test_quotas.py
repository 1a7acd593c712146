"""So many rides of one sort in a period, and then no more."""

from __future__ import annotations

from typing import Any

import pytest

from clearing.reference.state import Accumulator, State
from tests.reference.plain import explain_card
from tests.reference.town import having, make_table, make_tap, make_world, prices, ride_metro, run

CARD = "5100000000000001"
FUNDERS = [{"funder": "gz-finance"}]
MAY = (CARD, "uses", "2026-05")


def free(rule: str, uses: int, **changes: Any) -> dict[str, Any]:
    return {"rule": rule, "funders": FUNDERS, "pays_amount": 0,
            "quota": {"accumulator": "uses", "limit": 100, "uses": uses}, **changes}


def used(count: int) -> State:
    return having({MAY: Accumulator(count, 7)})


# Chengdu's elder card: 100 free uses a month; a bus takes 1, an air-conditioned one 2, metro 3.
CHENGDU = make_world(
    make_table(concession=[
        free("air-conditioned", 2, line_classes=["express"]),
        free("bus", 1, line_classes=["night"]),
        {"rule": "purse", "funders": FUNDERS, "pays_percent": 90}]),
    make_table("metro", concession=[
        free("metro", 3), {"rule": "purse", "funders": FUNDERS, "pays_percent": 90}]),
)


@pytest.mark.parametrize(("before", "line", "price", "after"), [
    (0,   "N1", 0,   (1, 8)),
    (99,  "N1", 0,   (100, 8)),
    (100, "N1", 180, (100, 7)),
    (98,  "E1", 0,   (100, 8)),
    (99,  "E1", 180, (99, 7)),      # one use is left, and two are asked for
    (0,   "M",  0,   (3, 8)),
    (97,  "M",  0,   (100, 8)),
    (98,  "M",  180, (98, 7)),
])
def test_chengdu(before: int, line: str, price: int, after: tuple[int, int]) -> None:
    taps = (ride_metro("a", "b", line=line) if line == "M" else
            [make_tap("single", "05-04 08:00:00", seq=1, line=line)])
    result = run(CHENGDU, *taps, state=used(before))
    assert prices(result) == [(200, price)]
    assert result.state.memories.accumulators[MAY] == after


def test_a_new_month_begins_at_none() -> None:
    tap = make_tap("single", "06-01 08:00:00", seq=1, line="N1")
    result = run(CHENGDU, tap, state=used(100))
    assert prices(result) == [(200, 0)]
    assert result.state.memories.accumulators == {MAY: (100, 7), (CARD, "uses", "2026-06"): (1, 1)}


def test_danzhou() -> None:
    """120 concession taps a month; then the ordinary 8.5 折."""
    rows = [{"rule": "free", "funders": FUNDERS, "pays_amount": 0,
             "quota": {"accumulator": "uses", "limit": 120}},
            {"rule": "ordinary", "funders": FUNDERS, "pays_percent": 85}]
    world = make_world(make_table(concession=rows))
    result = run(world, *(make_tap("single", f"05-04 08:0{n}:00", seq=n) for n in range(3)),
                 state=used(118))
    assert [price for _, price in prices(result)] == [0, 0, 170]


@pytest.mark.parametrize("kind", ["concession", "promotion", "tier", "cap", "transfer"])
def test_every_sort_of_row_has_quotas(kind: str) -> None:
    quota = {"accumulator": "uses", "limit": 2}
    row: dict[str, Any] = {"rule": "row", "funders": FUNDERS, "quota": quota, **{
        "concession": {"takes_off": 50}, "promotion": {"takes_off": 50},
        "tier": {"accumulator": "month", "at_least": 0, "pays_percent": 75},
        "cap": {"accumulator": "month", "amount": 150},
        "transfer": {"within_s": 3600, "credit": 50, "same_line": True, "max_transfers": 9},
    }[kind]}
    world = make_world(make_table(**{kind: [row]}))
    result = run(world, *(make_tap("single", f"05-04 08:0{n}:00", seq=n) for n in range(4)))
    first = 200 if kind == "transfer" else 150
    later = [150, 150, 200] if kind == "transfer" else [150, 200, 200]
    assert [price for _, price in prices(result)] == [first, *later]


def test_a_use_counts_also_where_nothing_comes_off() -> None:
    row = {"rule": "row", "funders": FUNDERS, "pays_percent": 100,
           "quota": {"accumulator": "uses", "limit": 5, "uses": 2}}
    result = run(make_world(make_table(concession=[row])),
                 make_tap("single", "05-04 08:00:00", seq=1))
    assert result.state.memories.accumulators == {MAY: (2, 1)}


def test_uses_of_an_incomplete_ride_count() -> None:
    fare = {"rule": "f", "basis": "flat", "amount": 200, "discounts_on_incomplete": True}
    world = make_world(make_table("metro", fare=fare, concession=[free("free", 3)],
                                  counts_to=["month", "trips"]))
    result = run(world, make_tap("out", "05-04 08:00:00", seq=1))
    assert result.state.memories.accumulators == {MAY: (3, 1)}


def test_two_rows_of_one_quota_look_at_what_was_before_the_ride() -> None:
    table = make_table(concession=[free("free", 1)], promotion=[
        {"rule": "gift", "funders": FUNDERS, "takes_off": 10,
         "quota": {"accumulator": "uses", "limit": 100}}])
    result = run(make_world(table), make_tap("single", "05-04 08:00:00", seq=1), state=used(99))
    assert result.state.memories.accumulators == {MAY: (101, 9)}


def test_in_words() -> None:
    tap = make_tap("single", "05-04 08:00:00", seq=1, line="E1")
    [priced] = explain_card(CHENGDU, [tap], used(99), tap.card)
    assert [line.why for line in priced.trace if line.kind == "concession"] == [
        "99 of 100 used in 2026-05; this ride takes 2", "line E1 is not of class night",
        "pays 90 %"]
    assert priced.counted == [("uses", "2026-05", (99, 7), (99, 7))]
