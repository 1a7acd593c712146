"""Who holds the card: how old on the day, whether the yearly review is valid, where it boards."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from clearing.reference.calendar import age_on
from tests.reference.town import make_table, make_tap, make_world, prices, ride_metro, run

FUNDERS = [{"funder": "gz-civil"}]
LEAP = datetime.date(1960, 2, 29)


def price_of(rows: list[dict[str, Any]], **tap: Any) -> int:
    named = [{"rule": f"row {n}", "funders": FUNDERS, **row} for n, row in enumerate(rows, 1)]
    world = make_world(make_table(concession=named, stop_sets={"centre": ["a", "b"]}))
    [(_, price)] = prices(run(world, make_tap("single", "05-04 08:00:00", seq=1, **tap)))
    return price


@pytest.mark.parametrize(("day", "born_on", "age"), [
    ((2026, 5, 4),  datetime.date(1956, 5, 4),  70),        # the birthday itself
    ((2026, 5, 3),  datetime.date(1956, 5, 4),  69),
    ((2025, 2, 28), LEAP,                       64),        # kept on 1 March
    ((2025, 3, 1),  LEAP,                       65),
    ((2024, 2, 28), LEAP,                       63),
    ((2024, 2, 29), LEAP,                       64),
    ((2026, 5, 4),  datetime.date(2025, 5, 4),  1),
    ((2026, 5, 4),  datetime.date(2025, 5, 5),  None),      # 0 is not known
    ((2026, 5, 4),  datetime.date(1876, 5, 4),  150),
    ((2026, 5, 4),  datetime.date(1875, 5, 4),  None),
    ((2026, 5, 4),  datetime.date(2027, 1, 1),  None),
    ((2026, 5, 4),  None,                       None),
])
def test_age(day: tuple[int, int, int], born_on: datetime.date | None, age: int | None) -> None:
    assert age_on(datetime.date(*day), born_on) == age


# Jinhua's third-generation card: 60 to 69 pays half, 70 and older nothing, others 95 %.
PANAN = [{"pays_amount": 0, "age_from": 70}, {"pays_percent": 50, "age_from": 60, "age_to": 69},
         {"pays_percent": 95}]


@pytest.mark.parametrize(("born_on", "price"), [
    (datetime.date(1956, 5, 4), 0), (datetime.date(1956, 5, 5), 100),
    (datetime.date(1966, 5, 4), 100), (datetime.date(1966, 5, 5), 190), (None, 190),
])
def test_jinhua(born_on: datetime.date | None, price: int) -> None:
    assert price_of(PANAN, born_on=born_on) == price


def test_only_an_upper_bound_needs_an_age_too() -> None:
    child = [{"pays_percent": 50, "age_to": 14}]
    assert price_of(child, born_on=datetime.date(2011, 5, 5)) == 100
    assert price_of(child, born_on=datetime.date(2011, 5, 4)) == 200
    assert price_of(child, born_on=None) == 200


def test_age_is_that_of_the_service_day() -> None:
    rows = [{"rule": "70", "funders": FUNDERS, "pays_amount": 0, "age_from": 70}]
    born = datetime.date(1956, 5, 5)
    result = run(make_world(make_table(concession=rows)), *(
        make_tap("single", when, seq=seq, born_on=born)
        for seq, when in enumerate(("05-05 03:59:59", "05-05 04:00:00"))))
    assert [price for _, price in prices(result)] == [200, 0]


@pytest.mark.parametrize(("reviewed_until", "price"), [
    (datetime.date(2026, 5, 3), 200), (datetime.date(2026, 5, 4), 100), (None, 200),
])
def test_yearly_review(reviewed_until: datetime.date | None, price: int) -> None:
    student = [{"pays_percent": 50, "card_kinds": ["student"], "reviewed": True}]
    assert price_of(student, card_kind="student", reviewed_until=reviewed_until) == price


YOUNG, OLD = datetime.date(2000, 1, 1), datetime.date(1950, 1, 1)
VALID = datetime.date(2026, 12, 31)


@pytest.mark.parametrize(("first", "last", "expected"), [
    ({"born_on": YOUNG}, {"born_on": OLD},                          (76, False)),
    ({"born_on": YOUNG}, {},                                        (26, False)),
    ({"born_on": YOUNG, "reviewed_until": VALID}, {},               (26, True)),
    ({"born_on": YOUNG, "reviewed_until": VALID}, {"born_on": OLD}, (76, True)),
    ({"born_on": YOUNG, "reviewed_until": VALID}, {"reviewed_until": datetime.date(2026, 1, 1)},
     (26, False)),
    ({}, {"born_on": OLD, "reviewed_until": VALID},                 (76, True)),
    ({}, {},                                                        (None, False)),
])
def test_what_the_last_tap_says(first: dict[str, Any], last: dict[str, Any],
                                expected: tuple[int | None, bool]) -> None:
    way_in = make_tap("in", "05-04 08:00:00", "a", seq=1, **first)
    way_out = make_tap("out", "05-04 08:20:00", "b", seq=2, **last)
    [ride] = run(make_world(make_table("metro")), way_in, way_out).rides
    assert (ride.age, ride.reviewed) == expected


@pytest.mark.parametrize(("condition", "tap", "fits"), [
    ({"line_classes": ["night"]},            {"line": "N1"}, True),
    ({"line_classes": ["express"]},          {"line": "N1"}, False),
    ({"line_classes": ["express", "night"]}, {"line": "N1"}, True),
    ({"line_classes": ["night"]},            {"line": ""},   False),
    ({"from_stops": ["centre"]},             {"stop": "b"},  True),
    ({"from_stops": ["centre"]},             {"stop": "c"},  False),
    ({"from_stops": ["centre"]},             {"stop": ""},   False),
    ({"to_stops": ["centre"]},               {"stop": "b"},  False),    # a single tap has no exit
])
def test_where(condition: dict[str, Any], tap: dict[str, Any], fits: bool) -> None:
    assert price_of([{"pays_percent": 50, **condition}], **tap) == (100 if fits else 200)


def test_a_line_class_is_of_its_operators() -> None:
    row = {"rule": "half", "funders": FUNDERS, "pays_percent": 50, "line_classes": ["night"]}
    world = make_world(make_table("szbus", concession=[row]))
    tap = make_tap("single", "05-04 08:00:00", seq=1, operator="szbus", line="N1")
    assert prices(run(world, tap)) == [(200, 200)]


@pytest.mark.parametrize(("way", "price"), [("ab", 100), ("ac", 200), ("cb", 200), ("ba", 100)])
def test_from_and_to(way: str, price: int) -> None:
    row = {"rule": "half", "funders": FUNDERS, "pays_percent": 50, "from_stops": ["centre"],
           "to_stops": ["centre"]}
    world = make_world(make_table("metro", concession=[row], stop_sets={"centre": ["a", "b"]}))
    assert prices(run(world, *ride_metro(*way))) == [(200, price)]
