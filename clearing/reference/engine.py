"""The order of the stages: taps and state in, ledger and new state out."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from clearing.reference import calendar
from clearing.reference.entries import enter
from clearing.reference.flows import add_up
from clearing.reference.identity import list_shown, sift
from clearing.reference.memory import recall
from clearing.reference.pairing import close_open, pair
from clearing.reference.pricing import Priced, price
from clearing.reference.results import Refusal, Result, Ride
from clearing.reference.state import State
from clearing.reference.taps import CLASS_OF, EVENT, Tap
from clearing.reference.world import World


def clear(world: World, taps: Iterable[Tap], state: State) -> Result:
    """One run: every tap is in the ledger, open, or refused. The state given stays as it is."""
    taps = list(taps)
    kept, refusals = sift(world, taps, state)
    watermark = raise_watermark(state, taps)
    return _finish(world, kept, replace(state, watermark=watermark), refusals)


def close(world: World, state: State, through: datetime.date) -> Result:
    """The service days up to one closed: rides open by then end without an exit."""
    end = calendar.end_of_day(world.model, through) + world.model.ride_limit_s
    result = _finish(world, [], replace(state, watermark=max(state.watermark, end)), [])
    closed = max(through, state.closed_through or through)
    return replace(result, state=replace(result.state, closed_through=closed))


def raise_watermark(state: State, taps: Iterable[Tap]) -> int:
    """How far time has come: the latest tap of all runs, kept or not."""
    return max([state.watermark, *(tap.tapped_at for tap in taps)])


def list_rides(
    world: World, kept: Iterable[Tap], state: State
) -> tuple[list[list[Ride]], dict[str, Tap]]:
    """Each card's rides in the order they are priced, and the taps whose rides stay open."""
    by_card = sorted([*kept, *state.open.values()], key=lambda tap: tap.card)
    rides_of_cards: list[list[Ride]] = []
    still_open: dict[str, Tap] = {}
    for card, taps in groupby(by_card, key=lambda tap: tap.card):
        rides, inside = pair(world, taps)
        if inside is not None and inside.tapped_at + world.model.ride_limit_s < state.watermark:
            rides.append(close_open(world, inside))
        elif inside is not None:
            still_open[card] = replace(inside, carried=True)
        rides_of_cards.append(sorted(rides, key=lambda ride: ride.order))
    return rides_of_cards, still_open


def price_card(world: World, rides: Iterable[Ride], state: State) -> list[Priced]:
    """One card's rides priced in their order, each with the memory that the one before left."""
    priced: list[Priced] = []
    for ride in rides:
        memory = priced[-1].after if priced else recall(state, ride.card)
        priced.append(price(world, ride, memory))
    return priced


def _finish(world: World, kept: list[Tap], state: State, refusals: list[Refusal]) -> Result:
    """All that follows once it is known which taps count and how far time has come."""
    rides_of_cards, still_open = list_rides(world, kept, state)
    cards = [price_card(world, rides, state) for rides in rides_of_cards if rides]
    entries = [
        enter(world, one.ride, one.charge, state.closed_through)
        for priced in cards for one in priced if one.charge is not None
    ]
    refused = [one for priced in cards for one in priced if one.charge is None]
    for one in refused:
        refusals = refusals + [Refusal(one.code, *tap.place) for tap in one.ride.taps]
    accepted = dict(state.accepted)
    accepted.update({tap.identity: tap for tap in kept if CLASS_OF[tap.kind] == EVENT})
    for entry in entries:
        accepted.update(list_shown(world, entry.ride))
    return Result(
        entries=entries,
        refusals=sorted(refusals),
        flows=add_up(entries),
        state=replace(_remember_cards(state, cards), accepted=accepted, open=still_open),
        refused_rides=[one.ride for one in refused],
    )


def _remember_cards(state: State, cards: list[list[Priced]]) -> State:
    """The state with the memory that each card's last ride left."""
    chains, accumulators = dict(state.chains), dict(state.accumulators)
    for priced in cards:
        card, memory = priced[-1].ride.card, priced[-1].after
        chains.pop(card, None)
        if memory.chain is not None:
            chains[card] = memory.chain
        accumulators.update({(card, *key): so_far for key, so_far in memory.accumulators.items()})
    return replace(state, chains=chains, accumulators=accumulators)
