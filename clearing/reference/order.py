"""In which order a card's taps are taken: its counter's, or the clocks' (RULES.md §2)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from clearing.reference import calendar
from clearing.reference.taps import CLASS_OF, EVENT, Tap
from clearing.reference.world import World


def put_in_order(world: World, taps: Iterable[Tap]) -> list[Tap]:
    """The boardings and exits of one card, a service day and a generation after the other."""
    by_time = sorted((tap for tap in taps if CLASS_OF[tap.kind] != EVENT),
                     key=lambda tap: (tap.time, *tap.by_counter))
    days = groupby(by_time, key=lambda tap: (calendar.service_day(world.model, tap.time),
                                             tap.generation))
    return [tap for _, day in days for tap in _order_day(world, list(day))]


def _order_day(world: World, by_time: list[Tap]) -> list[Tap]:
    by_counter = sorted(by_time, key=lambda tap: tap.by_counter)
    if by_counter == by_time or _contradiction(by_counter) > world.model.clock_tolerance_s:
        return by_time
    # The last of a day needs no mark: whatever follows it is of another day.
    return [*(replace(tap, before_by_counter=True) for tap in by_counter[:-1]), by_counter[-1]]


def _contradiction(by_counter: list[Tap]) -> int:
    """By how many seconds, at most, a tap's clock is behind that of one before it."""
    return max(max(tap.time for tap in by_counter[:place + 1]) - by_counter[place].time
               for place in range(len(by_counter)))
