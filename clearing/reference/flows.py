"""Entries to who owes whom, per window (RULES.md §6)."""

from __future__ import annotations

from collections.abc import Iterable

from clearing.reference.results import Entry, Flows


def add_up(entries: Iterable[Entry], reversals: Iterable[Entry] = ()) -> Flows:
    """What every debtor owes every creditor, by window and cause, and for how many rides.

    What comes to nothing is left out.
    """
    owed: Flows = {}
    for entry, sign in [*((entry, 1) for entry in entries), *((entry, -1) for entry in reversals)]:
        if entry.charge.held:
            continue
        for leg in entry.legs:
            if leg.debtor == leg.creditor or leg.amount == 0:
                continue
            key = (entry.window, leg.debtor, leg.creditor, leg.cause)
            so_far, rides = owed.get(key, (0, 0))
            owed[key] = (so_far + sign * leg.amount, rides + sign)
    return {key: both for key, both in owed.items() if both != (0, 0)}
