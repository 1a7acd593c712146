"""Entries to who owes whom, per window (RULES.md §6)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from clearing.reference.results import Entry, Obligations

SHARE_OF = {
    "concession": "CONCESSION_SHARE", "promotion": "PROMOTION_SHARE",
    "transfer": "TRANSFER_SHARE", "tier": "TIER_SHARE", "cap": "CAP_SHARE",
}


def add_up(entries: Iterable[Entry]) -> Obligations:
    """What every debtor owes every creditor, by window and cause, and for how many rides."""
    owed: Obligations = {}
    for entry in entries:
        if entry.charge.held:
            continue
        for debtor, creditor, cause, amount in list_debts(entry):
            if debtor == creditor or amount == 0:
                continue
            key = (entry.window, debtor, creditor, cause)
            so_far, rides = owed.get(key, (0, 0))
            owed[key] = (so_far + amount, rides + 1)
    return owed


def list_debts(entry: Entry) -> Iterator[tuple[str, str, str, int]]:
    """Debtor, creditor, cause and amount of everything that one entry makes owed."""
    operator, issuer = entry.ride.operator, entry.ride.issuer
    yield issuer, operator, "FARE", entry.charge.paid
    for leg in entry.charge.legs:
        yield leg.funder, operator, SHARE_OF[leg.kind], leg.amount
    yield operator, entry.centre, "CLEARING_FEE", entry.clearing_fee
    yield operator, issuer, "ISSUER_FEE", entry.issuer_fee
