"""What the card register says of a card at a moment (RULES.md §1 and §2)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, replace

from clearing.reference import calendar
from clearing.reference.taps import CLASS_OF, EVENT, Tap
from clearing.reference.world import World


@dataclass(frozen=True)
class Known:
    """What holds at a moment; None and "" where no row says it."""

    generation: int = 0         # of the number: how many of its rows hold by then
    card_kind: str = ""
    reviewed_until: datetime.date | None = None
    born_on: datetime.date | None = None
    valid_until: datetime.date | None = None
    status: str = ""


def known_at(world: World, card: str, at: int) -> Known:
    """Of the card's rows up to a moment (UTC seconds), what the last one says that says it."""
    known = Known()
    for row in sorted(world.cards.get(card, ()), key=lambda row: row.valid_from):
        if row.valid_from <= at:
            known = Known(known.generation + 1, row.card_kind or known.card_kind,
                          row.reviewed_until or known.reviewed_until, row.born_on or known.born_on,
                          row.valid_until or known.valid_until, row.status or known.status)
    return known


def stopped_by_register(world: World, tap: Tap) -> str:
    """The code of a tap that its card was not for (RULES.md §8); "": it was."""
    if CLASS_OF[tap.kind] == EVENT or tap.gives_back or tap.stopped == "ISSUER_NOT_ADMITTED":
        return ""
    known = known_at(world, tap.card, tap.time)
    if known.status not in ("", "active"):
        return "CARD_NOT_ACTIVE"
    day = calendar.service_day(world.model, tap.time)
    return "CARD_EXPIRED" if known.valid_until is not None and day > known.valid_until else ""


def stamp(world: World, taps: Iterable[Tap]) -> list[Tap]:
    """The taps, each of the generation of its number that its own time is in."""
    return [replace(tap, generation=known_at(world, tap.card, tap.time).generation)
            for tap in taps]
