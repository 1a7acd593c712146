"""What operators shared of rides when windows closed, and whether it is what is due."""

from __future__ import annotations

from collections.abc import Iterator

from clearing.answers.closings import closings
from clearing.answers.session import Session
from clearing.engine.kept_networks import kept_network
from clearing.engine.revenue_shares import flows_of_shares, share_closing, share_tables
from ext.codes import Cause
from network.civil import DAYS_MOST, day_of
from network.language import Phrase
from network.numbering import NumberedNetwork
from settlement.flows import FlowSums
from settlement.revenue_shares import Shared, ShareTable


def list_shared(session: Session, numbered: NumberedNetwork, first: int = 0, last: int = DAYS_MOST
                ) -> Iterator[tuple[int, list[Shared]]]:
    """What each closing that ends between two days shared, with its last window, and its working.

    By the network that closed it, from the entries of the book.
    """
    tables: dict[str, list[ShareTable]] = {}
    for run, begin, end in closings(session):
        if not first <= end <= last:
            continue
        if run.network_digest not in tables:
            with kept_network(session.book, run.network_digest) as network:
                tables[run.network_digest] = share_tables(network)
        yield end, share_closing(session.book, tables[run.network_digest], numbered.names, begin,
                                 end)


def find_changed_shares(session: Session, numbered: NumberedNetwork) -> list[str]:
    """Where the book has other shares than are due, in words."""
    names, unit = numbered.names, numbered.network.model.minor_unit
    numbers = {one.code: one.number for one in numbered.members}
    sums = FlowSums()
    posted = session.book.flows(0, DAYS_MOST)
    sums.merge(posted[posted["cause"] == Cause.REVENUE_SHARE])
    for end, shared in list_shared(session, numbered):
        due = flows_of_shares(shared, numbers, end)
        due["amount"], due["count"] = -due["amount"], -due["count"]
        sums.merge(due)
    return [Phrase("window {window}: {operator} shares {amount} {unit} more with {carrier} than "
                   "is due",
                   window=day_of(int(row["window"])),
                   operator=names.code("member", int(row["debtor"])), amount=int(row["amount"]),
                   unit=unit,
                   carrier=names.code("member", int(row["creditor"]))) for row in sums.rows()]
