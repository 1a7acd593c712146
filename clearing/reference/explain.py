"""Why a ride costs what it costs: every row tried, in order, and what the card remembered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from clearing.reference.engine import list_rides, price_card, raise_watermark
from clearing.reference.identity import sift
from clearing.reference.memory import Memory
from clearing.reference.pricing import Priced, price
from clearing.reference.results import Ride
from clearing.reference.state import State
from clearing.reference.taps import Tap
from clearing.reference.world import World


def explain_ride(world: World, ride: Ride, memory: Memory) -> Priced:
    """One ride's trace, charge, and memory before and after, from what the card remembers."""
    return price(world, ride, memory)


def explain_card(world: World, taps: Iterable[Tap], state: State, card: str) -> list[Priced]:
    """The same for every ride that a run makes of one card's taps, in the order priced."""
    taps = list(taps)
    kept, _ = sift(world, taps, state)
    of_card = [tap for tap in kept if tap.card == card]
    now = replace(state, watermark=raise_watermark(state, taps))
    rides_of_cards, _ = list_rides(world, of_card, now)
    return [
        priced
        for rides in rides_of_cards if rides and rides[0].card == card
        for priced in price_card(world, rides, state)
    ]
