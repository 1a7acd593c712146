"""What `onecard price` and a service are given, as a rider, a trip and what a card had counted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from clearing.answers.counted import read_memory
from clearing.answers.plain import read_plain
from clearing.answers.price import price
from clearing.answers.trips import (
    BEFORE_SHAPE,
    PriceQuestion,
    read_rider,
    read_trip,
    read_trip_before,
)
from clearing.cli.price import BEFORE_SHAPE as SHAPE_IN_HELP
from network.errors import OnecardError

SMALL = str(Path(__file__).parents[1] / "cli" / "small")
AT = "2024-11-25 08:10"
METRO = PriceQuestion(network=SMALL, at=AT, mode="metro", from_stop="东站", to_stop="M3")


def test_a_trip_has_what_is_said_and_what_is_usual() -> None:
    world = read_plain(SMALL)
    trip = read_trip(world, replace(METRO, until="08:30", due="7.5", distance="1km"))
    assert (trip.until or 0) - trip.at == 20 * 60
    assert (trip.says, trip.distance_m, trip.mode) == (750, 1_000, "metro")
    rider = read_rider(world, replace(METRO, card_city="佛山", age=65))
    assert (rider.card_kind, rider.medium, rider.city, rider.age) == (
        "ordinary", "card", "5880", 65)


def test_a_ride_before_is_one_line() -> None:
    world = read_plain(SMALL)
    trip = read_trip(world, METRO)
    before = read_trip_before(world, "bus:7 07:20..07:40 2.00 operator=bus-a vehicle=V", trip)
    assert (before.mode, before.line, before.operator, before.vehicle, before.costs) == (
        "bus", "7", "bus-a", "V", 200)
    assert before.at == trip.at - 50 * 60
    with pytest.raises(OnecardError) as refused:
        read_trip_before(world, "bus", trip)
    assert refused.value.expected == BEFORE_SHAPE == SHAPE_IN_HELP


def test_what_was_counted_is_by_period_or_by_name() -> None:
    world = read_plain(SMALL)
    asked = replace(METRO, month_spend="99.50", month_rides="3", counted=("day-paid=16",))
    memory = read_memory(world, asked, read_trip(world, METRO).at)
    assert {key: one.amount for key, one in memory.accumulators.items()} == {
        ("month-paid", "2024-11"): 9_950, ("elder-counts", "2024-11"): 3,
        ("day-paid", "2024-11-25"): 1_600}


def test_a_price_is_answered_as_figures() -> None:
    answer = price(replace(METRO, month_spend="100", before=("bus 07:30 1.00",)))
    assert (answer.code, answer.due, answer.currency, answer.minor_unit) == (
        "OK", 500, "yuan", "fen")
    assert answer.paid == answer.due - sum(leg.amount for leg in answer.legs[1:])
    assert [earlier.due for earlier in answer.rides_before] == [100]
    assert any("20 minutes after it began" in assumed for assumed in answer.assumed)
    assert answer.reason is None


def test_a_ride_without_a_price_has_a_reason() -> None:
    answer = price(PriceQuestion(network=SMALL, at=AT, mode="ferry", missing="in"))
    assert (answer.code, answer.due, answer.legs) == ("NO_FARE", None, [])
    assert answer.reason is not None
    assert answer.reason.startswith("by-time: no fare for this ride")


def test_another_currency_is_told_as_it_is_written() -> None:
    answer = price(PriceQuestion(network="transjakarta", at="2023-04-03 08:10", line="1"))
    assert (answer.due, answer.currency, answer.currency_decimals) == (3_500, "rupiah", 0)
    assert answer.money.text(answer.due or 0) == "3,500"
