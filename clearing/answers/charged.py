"""What was charged by the window or month when windows closed, and whether it is what is due."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearing.answers.closings import ClosedBy, closings
from clearing.answers.session import Session
from clearing.engine.period_fees import charge_closing
from network.civil import DAYS_MOST, day_of
from network.language import Phrase
from network.numbering import NumberedNetwork
from settlement.flows import FlowSums
from settlement.period_fees import OWN_CAUSES, Charged, flows_of_fees


def list_charged(session: Session, numbered: NumberedNetwork, first: int = 0,
                 last: int = DAYS_MOST) -> Iterator[tuple[int, list[Charged]]]:
    """What each closing that ends between two days charged, with its last window, and its working.

    By the network that closed it, from the flows of the book.
    """
    numbers = {one.code: one.number for one in numbered.members}
    closed_by = ClosedBy(session)
    for run, begin, end in closings(session):
        if first <= end <= last:
            yield end, charge_closing(session.book, closed_by.of(run), numbers, begin, end)


def find_changed_fees(session: Session, numbered: NumberedNetwork) -> list[str]:
    """Where the book has other fees of a window or month than were due, in words."""
    names, unit = numbered.names, numbered.network.model.minor_unit
    numbers = {one.code: one.number for one in numbered.members}
    sums = FlowSums()
    posted = session.book.flows(0, DAYS_MOST)
    sums.merge(posted[np.isin(posted["cause"], OWN_CAUSES)])
    for end, charged in list_charged(session, numbered):
        due = flows_of_fees(charged, numbers, day_of(end))
        due["amount"], due["count"] = -due["amount"], -due["count"]
        sums.merge(due)
    return [Phrase("window {window}: {payer} was charged {amount} {unit} more than its fees by "
                   "window and month come to, for {payee}", window=day_of(int(row["window"])),
                   payer=names.code("member", int(row["debtor"])), amount=int(row["amount"]),
                   unit=unit,
                   payee=names.code("member", int(row["creditor"]))) for row in sums.rows()]
