"""The order of the stages: records and state in, what the ledger has to change and new state out.

Every run clears all records that ever came, and posts where that gives something else than the
ledger has: the shortest way to say that it does not matter when a record arrives.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import NamedTuple

from clearing.reference import calendar
from clearing.reference.changes import compare
from clearing.reference.entries import enter
from clearing.reference.flows import add_up
from clearing.reference.grey import mark_unshown
from clearing.reference.identity import sift
from clearing.reference.memory import Memory, count_own, recall, together
from clearing.reference.pairing import close_open, pair
from clearing.reference.pricing import Priced, price
from clearing.reference.refunds import take_back
from clearing.reference.register import stamp
from clearing.reference.results import Refusal, Result, Ride
from clearing.reference.state import Memories, State
from clearing.reference.taps import Tap
from clearing.reference.world import World


def clear(world: World, taps: Iterable[Tap], state: State) -> Result:
    """One run: every record is in the ledger, open, or refused. The state given stays as it is."""
    return _clear(world, list(taps), state, state.closed_through)


def close(world: World, state: State, through: datetime.date) -> Result:
    """The service days up to one closed: rides open by then end without an exit."""
    closed = max(through, state.closed_through or through)
    result = _clear(world, [], state, closed)
    return replace(result, state=replace(result.state, closed_through=closed))


class Listed(NamedTuple):
    """What the records of some cards come to before anything is priced."""

    rides: list[list[Ride]]     # of each card, in the order they are priced
    still_open: dict[str, Tap]  # by card, the gate-ins whose rides are open
    taken_back: list[tuple[Ride, Tap]]      # by a refund
    alone: list[Tap]            # refunds of no ride
    stopped: list[Tap]          # of cards that had to be stopped, and of no ride


def list_rides(world: World, kept: Iterable[Tap], ended: datetime.date | None) -> Listed:
    """Make rides of records, and take back those that were refunded.

    ended: rides that began up to the end of this service day are not open any more.
    """
    by_card = sorted(kept, key=lambda tap: tap.card)
    listed = Listed([], {}, [], [], [])
    for card, group in groupby(by_card, key=lambda tap: tap.card):
        taps = list(group)
        own = mark_unshown(world, [tap for tap in taps if not tap.gives_back])
        rides, inside, stopped = pair(world, own)
        if inside is not None:
            if ended is not None and inside.tapped_at < calendar.end_of_day(world.model, ended):
                rides.append(close_open(world, inside, rides))
            else:
                listed.still_open[card] = inside
        rides, taken, alone = take_back(world, rides, [tap for tap in taps if tap.gives_back])
        listed.rides.append(rides)
        listed.taken_back.extend(taken)
        listed.alone.extend(alone)
        listed.stopped.extend(stopped)
    return listed


class Card(NamedTuple):
    """One card's rides priced, and what it remembers after them."""

    card: str
    priced: list[Priced]
    memory: Memory


def price_cards(world: World, cards: Iterable[list[Ride]], opening: Memories) -> list[Card]:
    """Rides priced card by card, each with the memory that those before left.

    cards: of each the rides in their order, all of an owner's cards among them.
    """
    owners = defaultdict[tuple[str, ...], list[list[Ride]]](list)
    for rides in cards:
        if rides:
            owners[world.cards_of_owner(rides[0].card)].append(rides)
    priced = [card for owned, rides in owners.items()
              for card in _price_owner(world, owned, rides, opening)]
    return sorted(priced, key=lambda card: card.card)


def _price_owner(world: World, owned: Sequence[str], cards: list[list[Ride]], opening: Memories
                 ) -> list[Card]:
    """The rides of all of an owner's cards in the order of their moments."""
    memories = {card: recall(opening, card) for card in owned}
    priced = {rides[0].card: list[Priced]() for rides in cards}
    # Sorting keeps each card's order: its moments do not decrease.
    for ride in sorted((ride for rides in cards for ride in rides),
                       key=lambda ride: (ride.moment, owned.index(ride.card))):
        own = memories[ride.card]
        one = price(world, ride, together(own.chains, memories.values()))
        memories[ride.card] = count_own(own, one.before, one.after)
        priced[ride.card].append(one)
    return [Card(card, rides, memories[card]) for card, rides in priced.items()]


def _clear(world: World, taps: list[Tap], state: State, ended: datetime.date | None) -> Result:
    received, taps = stamp(world, state.received), stamp(world, taps)
    kept, refusals = sift(received, taps)
    copies = {(one.file, one.line) for one in refusals if one.code == "DUPLICATE"}
    listed = list_rides(world, kept, ended)
    refusals += [Refusal("REBATE_ALONE", *place) for tap in listed.alone for place in tap.places]
    refusals += [Refusal(tap.stopped, *place) for tap in listed.stopped for place in tap.places]
    cards = price_cards(world, listed.rides, state.opening)
    made = [enter(world, one.ride, one.charge, state.closed_through)
            for card in cards for one in card.priced if one.charge is not None]
    refused = [one for card in cards for one in card.priced if one.charge is None]
    refusals += [Refusal(one.code, *place) for one in refused for tap in one.ride.taps
                 for place in tap.places]
    refusals = _like_what_they_copy(refusals, refused, [*received, *taps])
    refusals = [one for one in refusals if (one.file, one.line) not in state.told]
    standing, entered, reversals = compare(state.entries, made, state.closed_through)
    return Result(
        entries=entered,
        reversals=reversals,
        refusals=sorted(refusals),
        flows=add_up(entered, reversals),
        state=replace(
            state,
            received=(*state.received, *(tap for tap in taps if tap.place not in copies)),
            told=state.told | {(one.file, one.line) for one in refusals},
            entries=tuple(standing), memories=_remember_cards(state.opening, cards),
            open=listed.still_open),
        refused_rides=[one.ride for one in refused],
    )


def _like_what_they_copy(refusals: list[Refusal], refused: list[Priced], taps: list[Tap]
                         ) -> list[Refusal]:
    """A copy of a record that is refused, or whose ride is, is refused as that is, not known."""
    identities = {tap.place: tap.identity for tap in taps}
    codes = {tap.identity: one.code for one in refused for tap in one.ride.taps}
    codes |= {identities[one.file, one.line]: one.code for one in refusals
              if one.code in ("REBATE_ALONE", "CARD_DENIED", "ISSUER_NOT_ADMITTED",
                              "CARD_NOT_ACTIVE", "CARD_EXPIRED")}
    return [one._replace(code=codes.get(identities[one.file, one.line], one.code))
            if one.code == "DUPLICATE" else one for one in refusals]


def _remember_cards(opening: Memories, cards: list[Card]) -> Memories:
    """What cards remember after their last ride."""
    chains, accumulators = dict(opening.chains), dict(opening.accumulators)
    for card, _, memory in cards:
        chains = {key: chain for key, chain in chains.items() if key[0] != card}
        chains |= {(card, name): chain for name, chain in memory.chains.items()}
        accumulators.update({(card, *key): so_far for key, so_far in memory.accumulators.items()})
    return Memories(chains, accumulators)
