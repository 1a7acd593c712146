"""What a card counts: money or rides, by day, week, month and year; and Beijing's month by it."""

from __future__ import annotations

import datetime

import pytest

from clearing.reference.calendar import period_of
from clearing.reference.state import Accumulator, State
from tests.reference.plain import explain_card
from tests.reference.town import having, make_table, make_tap, make_world, prices, ride_metro, run

CARD = "5100000000000001"
FUNDERS = [{"funder": "operator"}]


@pytest.mark.parametrize(("day", "period", "expected"), [
    ((2026, 5, 17),  "day",   "2026-05-17"),
    ((2026, 5, 17),  "week",  "week of 2026-05-11"),    # a Sunday
    ((2026, 5, 18),  "week",  "week of 2026-05-18"),
    ((2027, 1, 1),   "week",  "week of 2026-12-28"),
    ((2026, 5, 17),  "month", "2026-05"),
    ((2026, 12, 31), "year",  "2026"),
])
def test_periods(day: tuple[int, int, int], period: str, expected: str) -> None:
    assert period_of(datetime.date(*day), period) == expected


def test_so_many_days_from_the_first_ride() -> None:
    """Los Angeles: 18 dollars in seven days, which begin with a ride; from day 11 on the next."""
    cap = {"rule": "seven-days-18", "funders": FUNDERS, "accumulator": "seven", "amount": 1800}
    world = make_world(make_table(fare={"rule": "f", "basis": "flat", "amount": 500}, cap=[cap],
                                  counts_to=["seven"]))
    days = ("05-04", "05-05", "05-06", "05-07", "05-10", "05-12", "05-18")
    result = run(world, *(make_tap("single", f"{day} 08:00:00", seq=n)
                          for n, day in enumerate(days)))
    assert [price for _, price in prices(result)] == [500, 500, 500, 300, 0, 500, 500]
    assert result.state.memories.accumulators == {
        (CARD, "seven", "7 days from 2026-05-04"): (1800, 5),
        (CARD, "seven", "7 days from 2026-05-12"): (1000, 2),
    }


def test_what_is_counted() -> None:
    half = {"rule": "half", "funders": FUNDERS, "pays_percent": 50}
    world = make_world(make_table(concession=[half], counts_to=["month", "today", "trips"]))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1),
                 make_tap("single", "05-04 09:00:00", seq=2))
    assert result.state.memories.accumulators == {
        (CARD, "month", "2026-05"): (200, 2),           # paid
        (CARD, "today", "2026-05-04"): (400, 2),        # due
        (CARD, "trips", "2026-05"): (2, 2),             # rides
    }


def test_rides_and_uses_in_one_accumulator() -> None:
    row = {"rule": "r", "funders": FUNDERS, "takes_off": 10,
           "quota": {"accumulator": "trips", "limit": 9, "uses": 3}}
    world = make_world(make_table(concession=[row], counts_to=["trips"]))
    result = run(world, make_tap("single", "05-04 08:00:00", seq=1))
    assert result.state.memories.accumulators == {(CARD, "trips", "2026-05"): (4, 2)}


def test_guangzhou_by_trips() -> None:
    """2010 to 2022: fifteen trips in the month, and 6 折 from the sixteenth."""
    tier = {"rule": "t", "funders": FUNDERS, "accumulator": "trips", "at_least": 15,
            "pays_percent": 60}
    world = make_world(make_table(tier=[tier], counts_to=["trips"]))
    result = run(world, *(make_tap("single", f"05-04 08:{n:02}:00", seq=n) for n in range(16)))
    assert [price for _, price in prices(result)] == [200] * 15 + [120]


BEIJING = [
    {"rule": "8折", "funders": FUNDERS, "accumulator": "month", "pays_percent": 80,
     "at_least": 10000, "below": 15000},
    {"rule": "5折", "funders": FUNDERS, "accumulator": "month", "pays_percent": 50,
     "at_least": 15000, "below": 40000},
]


@pytest.mark.parametrize(("before", "price"), [
    (9950, 500), (10000, 400), (14999, 400), (15000, 250), (39999, 250), (40000, 500)])
def test_beijing_metro(before: int, price: int) -> None:
    """100 yuan in full, to 150 at 8 折, to 400 at 5 折, then in full again."""
    world = make_world(make_table("metro", fare={"rule": "f", "basis": "flat", "amount": 500},
                                  tier=BEIJING, counts_to=["month"]))
    state = having({(CARD, "month", "2026-05"): Accumulator(before, 20)})
    taps = ride_metro("a", "b")
    assert prices(run(world, *taps, state=state)) == [(500, price)]
    [priced] = explain_card(world, taps, state, CARD)
    assert priced.counted == [
        ("month", "2026-05", (before, 20), (before + price, 21))]


def test_in_words() -> None:
    world = make_world(make_table(tier=BEIJING, cap=[
        {"rule": "cap", "funders": FUNDERS, "accumulator": "month", "amount": 15200}],
        counts_to=["month"]))
    state = having({(CARD, "month", "2026-05"): Accumulator(15040, 20)})
    tap = make_tap("single", "05-04 08:00:00", seq=1)
    [priced] = explain_card(world, [tap], state, CARD)
    assert [line[1:] for line in priced.trace if line.kind in ("tier", "cap")] == [
        ("8折", False, "150.40 counted in 2026-05, not below 150.00", 200, 200),
        ("5折", True, "pays 50 %", 200, 100),
        ("cap", True, "at most 152.00 in 2026-05; 150.40 so far", 100, 100),
    ]


def test_what_was_not_counted_yet_is_nothing() -> None:
    world = make_world(make_table(counts_to=["month", "trips"]))
    tap = make_tap("single", "05-04 08:00:00", seq=1)
    [priced] = explain_card(world, [tap], State(), CARD)
    assert priced.counted == [("month", "2026-05", (0, 0), (200, 1)),
                              ("trips", "2026-05", (0, 0), (1, 1))]


def test_a_refused_ride_counts_nothing() -> None:
    quota = {"accumulator": "uses", "limit": 9}
    world = make_world(make_table(
        fare={"rule": "v", "basis": "validator"}, counts_to=["month"],
        concession=[{"rule": "r", "funders": FUNDERS, "takes_off": 10, "quota": quota}]))
    tap = make_tap("single", "05-04 08:00:00", seq=1)
    [priced] = explain_card(world, [tap], State(), CARD)
    assert (priced.code, priced.counted, priced.after) == ("NO_FARE", [], priced.before)
