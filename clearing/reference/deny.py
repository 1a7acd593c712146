"""Cards that had to be stopped, from RULES.md §8: not admitted, or on the list of their time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from clearing.reference import calendar
from clearing.reference.taps import BOARDING, CLASS_OF, EVENT, Tap
from network.dates import holds_on
from network.model import NetworkFile

Entry = tuple[str, str]     # a card from one number to another, both inclusive; mostly the same


@dataclass(frozen=True)
class ListVersion:
    """One version of the deny list."""

    since: int                          # UTC seconds
    is_full: bool
    added: frozenset[Entry] = frozenset()
    removed: frozenset[Entry] = frozenset()


def is_denied(versions: Sequence[ListVersion], tap: Tap) -> bool:
    """Whether the tap's card was on the list when it was tapped."""
    if not _is_asked(tap):
        return False
    entries: set[Entry] = set()
    for version in versions:
        if version.since <= tap.time:
            kept = set() if version.is_full else entries - version.removed
            entries = kept | version.added
    return any(_has(entry, tap.card) for entry in entries)


def is_admitted(model: NetworkFile, tap: Tap) -> bool:
    """Whether the tap's issuer was admitted then, if that is asked of it."""
    day = calendar.service_day(model, tap.time)
    return not (model.admission and _is_asked(tap)) or any(
        one.issuer == tap.issuer and holds_on(one, day) for one in model.admission)


def _is_asked(tap: Tap) -> bool:
    gives_back = CLASS_OF[tap.kind] == BOARDING and tap.paid is not None and tap.paid < 0
    return CLASS_OF[tap.kind] != EVENT and tap.correction != "cancel" and not gives_back


def _has(entry: Entry, card: str) -> bool:
    first, last = entry
    if first == last:
        return card == first
    return len(card) == len(first) and card.isdigit() and int(first) <= int(card) <= int(last)
