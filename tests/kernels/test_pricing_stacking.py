"""How discounts go together: in which order, which of them not, which is the best."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.kernels.ground import NOON, make_ride, make_table, price

pytestmark = pytest.mark.kernels

FINANCE = [{"funder": "finance"}]
CREDIT = {"rule": "change", "within_s": 3600, "credit_up_to": 200, "funders": FINANCE}


def flat(amount: int, **changes: Any) -> Any:
    return make_table(fare={"rule": "flat", "basis": "flat", "amount": amount}, **changes)


def two_buses(seconds: int = 600) -> list[dict[str, Any]]:
    return [make_ride(started_at=NOON + at, ended_at=NOON + at, line=line, vehicle=line)
            for line, at in ((1, 0), (2, seconds))]


def test_half_of_what_the_transfer_leaves(tmp_path: Path) -> None:
    """Chongqing's half card: 7 yuan less 2 of the first fare, and half of the rest is 2.50."""
    half = {"rule": "half-card", "pays_percent": 50, "funders": FINANCE}
    table = flat(700, order=["transfer", "concession"], transfer=[CREDIT], concession=[half])
    outcome = price(tmp_path, [table], *two_buses())
    assert outcome.price == [350, 250]
    assert outcome.legs(1) == [("transfer", "change", "finance", 200),
                               ("concession", "half-card", "finance", 250)]


def test_a_row_that_does_not_go_with_a_transfer(tmp_path: Path) -> None:
    """Chongqing's 9 折: not on what a transfer leaves."""
    row = {"rule": "9-zhe", "pays_percent": 90, "unless": ["transfer"], "funders": FINANCE}
    table = flat(700, order=["transfer", "concession"], transfer=[CREDIT], concession=[row])
    assert price(tmp_path, [table], *two_buses()).price == [630, 500]
    # In the other order the concession comes first, and nothing has applied before it.
    table = flat(700, order=["concession", "transfer"], transfer=[CREDIT], concession=[row])
    assert price(tmp_path, [table], *two_buses()).price == [630, 430]


def test_unless_looks_at_rows_that_applied_not_at_what_they_took_off(tmp_path: Path) -> None:
    nothing = {"rule": "nothing", "pays_percent": 100, "funders": FINANCE}
    row = {"rule": "campaign", "pays_amount": 1, "unless": ["concession"], "funders": FINANCE}
    table = flat(200, concession=[nothing], promotion=[row])
    assert price(tmp_path, [table], make_ride()).price == [200]


def test_a_promotion_beside_a_concession(tmp_path: Path) -> None:
    half = {"rule": "half", "pays_percent": 50, "funders": FINANCE}
    off = {"rule": "campaign", "takes_off": 30, "funders": [{"funder": "sponsor"}]}
    outcome = price(tmp_path, [flat(200, concession=[half], promotion=[off])], make_ride())
    assert outcome.price == [70]
    assert outcome.legs() == [("concession", "half", "finance", 100),
                              ("promotion", "campaign", "sponsor", 30)]


@pytest.mark.parametrize(("due", "rule", "paid"), [
    (1000, "half", 500), (500, "off-250", 250), (300, "off-250", 50),
])
def test_the_best_row_wins_where_the_table_says_so(tmp_path: Path, due: int, rule: str,
                                                   paid: int) -> None:
    rows = [{"rule": "half", "pays_percent": 50, "funders": FINANCE},
            {"rule": "off-250", "takes_off": 250, "funders": FINANCE}]
    outcome = price(tmp_path, [flat(due, concession=rows, best=["concession"])], make_ride())
    assert outcome.price == [paid]
    # Of two that leave the same, the first.
    expected = "half" if due == 500 else rule
    assert outcome.legs()[0][1] == expected
    assert price(tmp_path, [flat(due, concession=rows)], make_ride()).price == [due // 2]


def test_another_fare_row_can_be_what_is_paid(tmp_path: Path) -> None:
    """A student pays the student's fare, and the funder what is missing to the adult's."""
    rows = [{"rule": "adult", "basis": "flat", "amount": 490},
            {"rule": "student", "basis": "flat", "amount": 320, "card_kinds": ["student"]}]
    row = {"rule": "student", "pays_fare": "student-fare", "card_kinds": ["student"],
           "funders": FINANCE}
    rows[1]["rule"] = "student-fare"
    outcome = price(tmp_path, [make_table(fare=rows, concession=[row])],
                    make_ride(card_kind=2), make_ride())
    assert outcome.due == [490, 490]
    assert outcome.price == [320, 490]


def test_a_row_whose_other_fare_is_none_does_not_fit(tmp_path: Path) -> None:
    rows = [{"rule": "adult", "basis": "flat", "amount": 490},
            {"rule": "far", "basis": "distance", "distance": "tap",
             "bands": [{"to_m": 1000, "amount": 100}]}]
    concessions = [{"rule": "by-distance", "pays_fare": "far", "funders": FINANCE},
                   {"rule": "else", "pays_percent": 90, "funders": FINANCE}]
    outcome = price(tmp_path, [make_table(fare=rows, concession=concessions)], make_ride())
    assert outcome.legs()[0][1] == "else"


@pytest.mark.parametrize(("shares", "parts"), [
    ([{"funder": "finance", "percent": 60}, {"funder": "civil", "percent": "40"}], [61, 40]),
    ([{"funder": "finance", "percent": "33.3333"}, {"funder": "civil", "percent": "66.6667"}],
     [34, 67]),
])
def test_percents_of_funders(tmp_path: Path, shares: list[dict[str, Any]],
                             parts: list[int]) -> None:
    row = {"rule": "free", "pays_amount": 0, "funders": shares}
    outcome = price(tmp_path, [flat(101, concession=[row])], make_ride())
    assert [amount for *_, amount in outcome.legs()] == parts


COMPANIONS = {"companion_within_s": 180, "concession": [
    {"rule": "holder", "pays_percent": 0, "companions": False, "funders": FINANCE}]}


@pytest.mark.parametrize(("second", "prices"), [
    ({"started_at": NOON + 180, "ended_at": NOON + 180}, [0, 200]),
    ({"started_at": NOON + 181, "ended_at": NOON + 181}, [0, 0]),
    ({"started_at": NOON - 120, "ended_at": NOON - 120}, [0, 200]),     # clocks that are apart
    ({"started_at": NOON - 121, "ended_at": NOON - 121}, [0, 0]),
    ({"vehicle": 8},  [0, 0]),
    ({"line": 2},     [0, 0]),
    ({"mode": 1},     [0, "NO_FARE"]),
])
def test_who_rides_along_pays(tmp_path: Path, second: dict[str, int], prices: list[Any]) -> None:
    rides = [make_ride(line=1, vehicle=7), make_ride(**{"line": 1, "vehicle": 7, **second})]
    outcome = price(tmp_path, [make_table(**COMPANIONS)], *rides)
    assert [cost if code == "OK" else code
            for cost, code in zip(outcome.price, outcome.codes, strict=True)] == prices


def test_all_who_ride_along_are_measured_from_the_holder(tmp_path: Path) -> None:
    rides = [make_ride(line=1, vehicle=7, started_at=NOON + at, ended_at=NOON + at)
             for at in (0, 100, 180, 181)]
    assert price(tmp_path, [make_table(**COMPANIONS)], *rides).price == [0, 200, 200, 0]


def test_without_a_vehicle_nobody_rides_along(tmp_path: Path) -> None:
    assert price(tmp_path, [make_table(**COMPANIONS)], *[make_ride(line=1)] * 2).price == [0, 0]


def test_a_companion_leaves_the_chain_alone(tmp_path: Path) -> None:
    """The next bus is a transfer from the holder's own ride."""
    table = make_table(companion_within_s=180, transfer=[{**CREDIT, "same_line": True}])
    rides = [make_ride(line=line, vehicle=line, started_at=NOON + at, ended_at=NOON + at)
             for line, at in ((1, 0), (1, 60), (2, 600), (2, 700))]
    outcome = price(tmp_path, [table], *rides)
    assert outcome.price == [200, 200, 0, 200]


def cap(rule: str, amount: int, **changes: Any) -> dict[str, Any]:
    return {"rule": rule, "accumulator": "today", "amount": amount, "funders": FINANCE, **changes}


def test_a_cap_gives_way_to_those_above_it(tmp_path: Path) -> None:
    """Both would hold, and the second be lower: it holds where no cap above it does."""
    rows = [cap("students", 150, card_kinds=["student"]), cap("all", 100, unless=["cap"])]
    table = flat(200, cap=rows, counts_to=["today"])
    assert price(tmp_path, [table], make_ride(card_kind=2)).price == [150]
    assert price(tmp_path, [table], make_ride()).price == [100]


def test_a_cap_by_what_was_ridden_with_this_ride(tmp_path: Path) -> None:
    """3.00 a month, and 5.00 from the first express ride on, that one included."""
    rows = [cap("day", 300, counted={"accumulator": "year", "at_least": 0, "below": 1}),
            cap("express-day", 500, counted={"accumulator": "year", "at_least": 1})]
    fares = [{"rule": "express", "basis": "flat", "amount": 400, "line_classes": ["express"],
              "counts_to": ["year"]}, {"rule": "flat", "basis": "flat", "amount": 200}]
    table = make_table(fare=fares, cap=rows, counts_to=["month"])
    for row in table.cap:
        row.accumulator = "month"
    rides = [make_ride(started_at=NOON + at, ended_at=NOON + at, line=line)
             for at, line in ((0, 2), (60, 2), (120, 1), (180, 2))]
    assert price(tmp_path, [table], *rides).price == [200, 100, 200, 0]


@pytest.mark.parametrize(("least", "most", "prices"), [
    (None, None, [200, 0]), (200, 200, [200, 0]), (201, None, [200, 200]), (None, 199, [200, 200])])
def test_what_was_due_for_the_first_ride(tmp_path: Path, least: int | None, most: int | None,
                                         prices: list[int]) -> None:
    row = {**CREDIT, "first_due_from": least, "first_due_to": most}
    assert price(tmp_path, [flat(200, transfer=[row])], *two_buses()).price == prices
