"""Entries to who owes whom, per window (RULES.md §6)."""

from __future__ import annotations

from collections.abc import Iterable

from clearing.reference.results import Entry, Flows


def add_up(entries: Iterable[Entry]) -> Flows:
    """What every debtor owes every creditor, by window and cause, and for how many rides."""
    owed: Flows = {}
    for entry in entries:
        if entry.charge.held:
            continue
        for leg in entry.legs:
            if leg.debtor == leg.creditor or leg.amount == 0:
                continue
            key = (entry.window, leg.debtor, leg.creditor, leg.cause)
            so_far, rides = owed.get(key, (0, 0))
            owed[key] = (so_far + leg.amount, rides + 1)
    return owed
