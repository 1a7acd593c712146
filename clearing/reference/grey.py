"""Grey records (闪卡): whether the record that a card has next shows that it paid (RULES.md §4)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

from clearing.reference import calendar
from clearing.reference.order import put_in_order
from clearing.reference.taps import CLASS_OF, EVENT, Tap
from clearing.reference.world import World

GREY_TAC = "FFFFFFFF"


def mark_unshown(world: World, taps: Iterable[Tap]) -> list[Tap]:
    """Taps of one card, of which the grey ones say whether nothing shows that they were paid."""
    marked = list(taps)
    for tap, after in pairwise([*put_in_order(world, marked), None]):
        if tap is not None and is_grey(tap) and not (
                after is not None and _shows(world, after, tap)):
            place = next(n for n, one in enumerate(marked) if one.identity == tap.identity)
            marked[place] = replace(marked[place], is_unshown=True)
    return marked


def is_grey(tap: Tap) -> bool:
    """Whether it claims money that the card did not sign."""
    return (CLASS_OF[tap.kind] != EVENT and tap.tac.upper() == GREY_TAC
            and tap.paid is not None and tap.paid > 0)


def _shows(world: World, after: Tap, grey: Tap) -> bool:
    """Whether the next record has the balance that the grey one left."""
    days = {calendar.service_day(world.model, tap.time) for tap in (after, grey)}
    return (len(days) == 1 and after.generation == grey.generation
            and 0 <= after.card_seq - grey.card_seq <= 1
            and after.balance_before is not None and grey.balance_before is not None
            and grey.paid is not None
            and after.balance_before == grey.balance_before - grey.paid)
