"""An auditor sees every row that was tried, why it did not apply, and what the card remembered."""

from __future__ import annotations

from clearing.reference.pricing import price
from clearing.reference.state import State
from tests.reference.plain import explain_card
from tests.reference.town import make_table, make_tap, make_world

FUNDERS = [{"funder": "operator"}]
WORLD = make_world(
    make_table(
        concession=[
            {"rule": "senior", "funders": FUNDERS, "pays_amount": 0, "card_kinds": ["senior"]},
            {"rule": "card", "funders": FUNDERS, "pays_percent": 95},
            {"rule": "not reached", "funders": FUNDERS, "pays_percent": 50},
        ],
        transfer=[{"rule": "again", "funders": FUNDERS, "within_s": 1800, "credit": 100}],
        counts_to=["month"],
    ),
    make_table("metro"),
)
TAPS = [make_tap("single", f"05-04 08:{minute}:00", seq=seq, line=str(seq), paid=190)
        for seq, minute in ((1, "00"), (2, "10"))]


def test_rows_in_the_order_tried() -> None:
    first, second = explain_card(WORLD, TAPS, State(), TAPS[0].card)
    assert [tuple(line) for line in first.trace] == [
        ("table", "bus-table@2026-01-01", True, "", None, None),
        ("fare", "flat", True, "flat", None, 200),
        ("concession", "senior", False, "not for card kind adult", 200, 200),
        ("concession", "card", True, "pays 95 %", 200, 190),
        ("transfer", "again", False, "no ride to transfer from", 190, 190),
        ("paid", "", True, "the validator charged it", 190, 190),
    ]
    assert [line.after for line in second.trace if line.applied][2:] == [190, 90, 190]


def test_memory_before_and_after() -> None:
    first, second = explain_card(WORLD, TAPS, State(), TAPS[0].card)
    assert (first.before.chains, first.before.accumulators) == ({}, {})
    assert second.before == first.after
    assert second.after.accumulators == {("month", "2026-05"): (380, 2)}
    assert "" in second.after.chains
    assert second.after.chains[""].transfers == 1


def test_one_ride_again() -> None:
    first, _ = explain_card(WORLD, TAPS, State(), TAPS[0].card)
    assert price(WORLD, first.ride, first.before) == first


def test_ride_without_a_fare_says_so() -> None:
    tap = make_tap("single", "05-04 08:00:00", seq=1, operator="tram")
    [priced] = explain_card(WORLD, [tap], State(), tap.card)
    assert (priced.code, priced.charge) == ("NO_FARE", None)
    assert not any(line.applied for line in priced.trace)


def test_card_that_did_not_ride() -> None:
    assert explain_card(WORLD, TAPS, State(), "nobody") == []
