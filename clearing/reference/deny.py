"""Denied cards, from RULES.md §8: which version of the list holds for a tap, and what it says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clearing.reference.taps import CLASS_OF, EVENT, Tap

Entry = tuple[str, str]     # a card from one number to another, both inclusive; mostly the same


@dataclass(frozen=True)
class ListVersion:
    """One version of the deny list."""

    since: int                          # UTC seconds
    is_full: bool
    added: frozenset[Entry] = frozenset()
    removed: frozenset[Entry] = frozenset()


def is_denied(versions: Sequence[ListVersion], tap: Tap) -> bool:
    """Whether the tap's card had to be stopped when it was tapped."""
    if CLASS_OF[tap.kind] == EVENT or tap.correction == "cancel":
        return False
    if tap.paid is not None and tap.paid < 0:
        return False
    moment = tap.in_at if tap.kind == "ride" and tap.in_at is not None else tap.tapped_at
    entries: set[Entry] = set()
    for version in versions:
        if version.since <= moment:
            kept = set() if version.is_full else entries - version.removed
            entries = kept | version.added
    return any(_has(entry, tap.card) for entry in entries)


def _has(entry: Entry, card: str) -> bool:
    first, last = entry
    if first == last:
        return card == first
    return len(card) == len(first) and card.isdigit() and int(first) <= int(card) <= int(last)
