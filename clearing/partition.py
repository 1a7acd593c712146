"""Clears one partition of cards: taps and state in, entries, refusals and new state out.

A partition holds every tap of its cards, so that partitions do not depend on each other: this is
how the work is spread over threads. The stages are kernels; nothing here looks at a single row.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from clearing.world import World
from ext import records
from ext.codes import Code, TapKind
from ext.entries import make_entries
from ext.journeys import pair_taps
from ext.order import SCRATCH_BYTES, find_seen, open_states, order_taps, remember_taps
from ext.pricing import price_rides

Records = npt.NDArray[Any]
# OK, DUPLICATE or CONFLICT, by file and line, for taps whose counters earlier runs may have seen.
Verdicts = Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class CardsState:
    """What cards carry from run to run, each part sorted by card."""

    cards: Records              # CARD_STATE
    accumulators: Records       # ACCUMULATOR
    open_taps: Records          # TAP, flagged CARRIED

    @classmethod
    def empty(cls) -> CardsState:
        """The state of a new book."""
        return cls(np.zeros(0, records.CARD_STATE), np.zeros(0, records.ACCUMULATOR),
                   np.zeros(0, records.TAP))


class Scratch:
    """Memory that one thread clears one partition after another in, instead of asking anew."""

    def __init__(self) -> None:
        self._arrays: dict[str, Records] = {}

    def take(self, name: str, count: int, dtype: npt.DTypeLike) -> Records:
        """An array of `count` rows with anything in it, until the same name is taken again."""
        array = self._arrays.get(name)
        if array is None or len(array) < count:
            array = self._arrays[name] = np.empty(count + count // 4, dtype=dtype)
        return array[:count]


@dataclass(frozen=True)
class Cleared:
    """What became of a partition. Taps, codes and entries lie in the scratch memory."""

    taps: Records               # as they were given, carried ones first
    codes: npt.NDArray[np.uint16]   # one per tap
    entries: Records            # ENTRY, by card and time
    events: Records             # TAP: accepted records that make no ride
    state: CardsState           # of the cards that had a tap


@dataclass(frozen=True)
class Moment:
    """Where a run stands in time, the same for all its partitions."""

    horizon: int                # UTC seconds: entries open since before it may be closed
    first_open_day: int         # earliest service day whose window is not closed


def list_suspects(taps: Records, before: CardsState, scratch: Scratch) -> Records:
    """The taps of a partition whose counters an earlier run may have accepted; see Verdicts.

    The arguments are those of clear_partition.
    """
    taps = _with_open(taps, before)
    codes = scratch.take("codes", len(taps), np.uint16)
    order = _order(taps, codes, scratch)
    return taps[_find_seen(taps, order, before.cards, scratch)]


def clear_partition(taps: Records, before: CardsState, world: World, moment: Moment,
                    verdicts: Verdicts, scratch: Scratch) -> Cleared:
    """Clear the taps of one partition's cards on what those cards carried.

    taps: TAP rows in any order; before: of the same partition, at least for the cards in taps;
    verdicts: on every tap that list_suspects lists.
    """
    taps = _with_open(taps, before)
    codes = scratch.take("codes", len(taps), np.uint16)
    order = _order(taps, codes, scratch)
    seen = _find_seen(taps, order, before.cards, scratch)
    if len(seen):
        codes[seen] = [verdicts[place] for place in zip(
            taps["source_file"][seen].tolist(), taps["source_line"][seen].tolist(), strict=True)]
        order = order[codes[order] == Code.OK]
    cards = scratch.take("cards", len(order), records.CARD_STATE)
    cards = cards[:open_states(taps, order, before.cards, cards)]
    rides = scratch.take("rides", len(order), records.RIDE)
    carried = scratch.take("carried", len(order), np.uint32)
    rides_count, carried_count = pair_taps(
        taps, order, world.member_rows, rides, carried, ride_limit_s=world.network.ride_limit_s,
        horizon=moment.horizon, civil_offset_s=world.civil_offset_s,
        day_starts_s=world.day_starts_s)
    rides, carried = rides[:rides_count], carried[:carried_count]
    entries, accumulators = _price(taps, codes, rides, cards, before, world, moment, scratch)
    remember_taps(taps, order, codes, cards)
    open_taps = taps[carried]
    open_taps["flags"] |= records.TAP_FLAGS["CARRIED"]
    events = taps[order[taps["kind"][order] >= TapKind.TOP_UP]]
    state = CardsState(cards.copy(), accumulators.copy(), open_taps)
    return Cleared(taps, codes, entries, events, state)


def _with_open(taps: Records, before: CardsState) -> Records:
    return np.concatenate([before.open_taps, taps]) if len(before.open_taps) else taps


def _order(taps: Records, codes: npt.NDArray[np.uint16],
           scratch: Scratch) -> npt.NDArray[np.uint32]:
    """Indexes of the taps that are kept, by card and time; codes for all."""
    order = scratch.take("order", len(taps), np.uint32)
    keys = scratch.take("keys", len(taps) * SCRATCH_BYTES, np.uint8)
    return order[:order_taps(taps, order, codes, keys)]


def _find_seen(taps: Records, order: npt.NDArray[np.uint32], cards: Records,
               scratch: Scratch) -> npt.NDArray[np.uint32]:
    """Indexes of the kept taps whose counters the cards' state may have seen."""
    suspects = scratch.take("suspects", len(order), np.uint32)
    return suspects[:find_seen(taps, order, cards, suspects)]


def _price(taps: Records, codes: npt.NDArray[np.uint16], rides: Records, cards: Records,
           before: CardsState, world: World, moment: Moment,
           scratch: Scratch) -> tuple[Records, Records]:
    """Entries of the rides that have a fare, and the accumulators of the cards."""
    charges = scratch.take("charges", len(rides), records.CHARGE)
    room = len(before.accumulators) + len(rides) * world.plan.counts_to_most
    accumulators = scratch.take("accumulators", room, records.ACCUMULATOR)
    kept, _ = price_rides(world.plan, rides, cards, before.accumulators, charges, accumulators)
    entries = scratch.take("entries", len(rides), records.ENTRY)
    made = make_entries(taps, rides, charges, world.member_rows, world.agreements,
                        moment.first_open_day, entries, codes)
    return entries[:made], accumulators[:kept]
