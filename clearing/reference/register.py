"""What the card register says of a card at a moment (RULES.md §1 and §2)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace

from clearing.reference.taps import Tap
from clearing.reference.world import World


@dataclass(frozen=True)
class Known:
    """What holds at a moment; None and "" where no row says it."""

    generation: int = 0         # of the number: how many of its rows hold by then
    card_kind: str = ""
    reviewed_until: datetime.date | None = None
    born_on: datetime.date | None = None


def known_at(world: World, card: str, at: int) -> Known:
    """Of the card's rows up to a moment (UTC seconds), what the last one says that says it."""
    known = Known()
    for row in sorted(world.cards.get(card, ()), key=lambda row: row.valid_from):
        if row.valid_from <= at:
            known = Known(known.generation + 1, row.card_kind or known.card_kind,
                          row.reviewed_until or known.reviewed_until, row.born_on or known.born_on)
    return known


def stamp(world: World, taps: Iterable[Tap]) -> list[Tap]:
    """The taps, each of the generation of its number that its own time is in."""
    return [replace(tap, generation=known_at(world, tap.card, tap.time).generation)
            for tap in taps]
