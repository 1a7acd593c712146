"""Entries in memory: their order by card, and which of them stand."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from clearing.book.native import Array, choose
from ext.records import RIDE_FLAGS

IDENTITY = ("card_hi", "card_lo", "card_seq")
PLACE = (*IDENTITY, "out_seq", "started_at", "ended_at")    # of an entry among those that stand


def by_card(records: Array, order: Callable[[Array], Sequence[Array]] = lambda _: ()) -> Array:
    """Records by card, and by what `order` says after that."""
    keys = [records["card_hi"], records["card_lo"], *order(records)]
    return records if _are_sorted(keys) else choose(records, np.lexsort(keys[::-1]))


def _are_sorted(keys: Sequence[Array]) -> bool:
    """Whether rows are in order by their first key, then by the second, and so on."""
    equal = np.ones(max(0, len(keys[0]) - 1), bool)
    for key in keys:
        before, after = key[:-1], key[1:]
        if (equal & (before > after)).any():
            return False
        equal &= before == after
    return True


def ride_order(entries: Array) -> Sequence[Array]:
    """Ride time, way in before way out, counter: see ext.clearing.changes."""
    missing_in = entries["started_at"] == 0
    return (np.where(missing_in, entries["ended_at"], entries["started_at"]), missing_in,
            entries["card_seq"])


def not_taken_back(entries: Array) -> Array:
    """Those that stand, of entries whose `replaces` says their run, or which one they take back."""
    reversal = entries["flags"] & RIDE_FLAGS["REVERSAL"] != 0
    if not reversal.any():
        return entries
    keys = np.rec.fromarrays([entries[name] for name in (*PLACE, "replaces")])
    standing_: Array = entries[~reversal & ~np.isin(keys, keys[reversal])]
    return standing_
