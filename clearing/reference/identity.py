"""The same record twice, or corrected: which one stays, what others are called (RULES.md §1)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from clearing.reference.results import Refusal
from clearing.reference.taps import Identity, Tap


def sift(received: Iterable[Tap], taps: Iterable[Tap]) -> tuple[list[Tap], list[Refusal]]:
    """The records that rides are made of, and a refusal for every other, but for cancellations.

    received: what came in earlier runs, but for duplicates; taps: what came now. Who came first
    decides only which of equal copies is the duplicate, and whether one that is corrected is told.
    """
    groups: dict[Identity, list[tuple[bool, Tap]]] = defaultdict(list)
    for tap in received:
        groups[tap.identity].append((False, tap))
    for tap in taps:
        groups[tap.identity].append((True, tap))
    kept: list[Tap] = []
    refusals: list[Refusal] = []
    for group in groups.values():
        highest = max(tap.revision for _, tap in group)
        refusals += [Refusal("CORRECTED", *tap.place) for is_new, tap in group
                     if is_new and tap.revision < highest]
        group = [(is_new, tap) for is_new, tap in group if tap.revision == highest]
        (_, first), *copies = sorted(group, key=lambda one: (one[0], one[1].place))
        if any(copy.content != first.content for _, copy in copies):
            refusals += [Refusal("CONFLICT", *tap.place) for _, tap in group]
        else:
            kept += [first] * (first.correction != "cancel")
            refusals += [Refusal("DUPLICATE", *copy.place) for _, copy in copies]
    return kept, refusals
