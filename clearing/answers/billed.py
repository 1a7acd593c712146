"""What bills of months differed by when windows closed, and whether it is what is due."""

from __future__ import annotations

from collections.abc import Iterator

from clearing.answers.archived_legs import unpaid_of
from clearing.answers.session import Session
from clearing.engine.bills import bill_closing, months_closed
from ext.codes import Cause
from network.civil import DAYS_MOST, day_of
from network.language import Phrase
from network.numbering import NumberedNetwork
from settlement.bills import Difference, flows_of_bills
from settlement.flows import FlowSums, rows_of_flows


def list_billed(session: Session, first: int = 0, last: int = DAYS_MOST
                ) -> Iterator[tuple[int, list[Difference]]]:
    """What each closing that ends between two days posted, with its last window, and its working.

    By the network that closed it, and what the book has of its rides.
    """
    for one in months_closed(session.book, session.names(), first, last):
        yield one.last, bill_closing(session.book, one.numbered, one.first, one.last,
                                     unpaid=unpaid_of(session))


def find_changed_bills(session: Session, numbered: NumberedNetwork) -> list[str]:
    """Where the book has other differences of bills than are due, in words."""
    names, unit = numbered.names, numbered.network.model.minor_unit
    numbers = {code: number for number, code in enumerate(names.codes("member"))}
    sums = FlowSums()
    posted = session.book.flows(0, DAYS_MOST)
    sums.merge(posted[posted["cause"] == Cause.BILL_DIFFERENCE])
    for end, differences in list_billed(session):
        due = rows_of_flows(flows_of_bills(differences), numbers, end)
        due["amount"], due["count"] = -due["amount"], -due["count"]
        sums.merge(due)
    return [Phrase("window {window}: {debtor} was charged {amount} {unit} more than its bill "
                   "comes to, for {creditor}", window=day_of(int(row["window"])),
                   debtor=names.code("member", int(row["debtor"])), amount=int(row["amount"]),
                   unit=unit, creditor=names.code("member", int(row["creditor"])))
            for row in sums.rows()]
