"""What closed windows come to: who pays whom, what is carried forward, and who owes too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from clearing.answers.closings import ClosedBy, closings
from clearing.answers.listings import flows_of
from clearing.answers.session import Session
from network.civil import DAYS_MOST, day_of, number_of
from settlement.carrying import Carrying, Paid, Span, first_day_carried
from settlement.limits import Exceeded, list_exceeded
from settlement.netting import Key, NetPosition, owe


class Netted(NamedTuple):
    """What the windows that were closed together come to, by the network that closed them."""

    span: Span
    positions: list[NetPosition]    # in each netting
    paid: Paid
    before: Mapping[Key, int]       # what was carried into it, by netting, payer and payee
    exceeded: list[Exceeded]        # debit caps, and what was laid in beforehand
    by_centres: bool                # whether the network says who settles with whom


def net_closing(session: Session, last: int) -> Netted:
    """What closing up to a day came to, which some run closed as its last."""
    [netted] = list_netted(session, last, last)
    return netted


def list_netted(session: Session, first: int = 0, last: int = DAYS_MOST) -> Iterator[Netted]:
    """Every closing that ends from one day to another, oldest first; days since 1970."""
    carried: dict[Key, int] = {}
    numbered = session.numbered()
    models = ClosedBy(session)
    since = number_of(first_day_carried(day_of(first))) if first else 0
    for run, begin, end in closings(session):
        if end < since or end > last:
            continue
        model = models.of(run)
        carrying = Carrying(model)
        if end < first and not carrying.carries:
            carried = {}
            continue
        flows = flows_of(session.book, begin, end)
        if begin == 1 and len(flows):       # nothing was closed before: it begins with what came
            begin = int(flows["window"].min())
        span = Span(day_of(begin), day_of(end))
        obligations = owe(flows, numbered.members, model.netting)
        before = carried
        paid = carrying.pay(obligations.due(), before, span)
        carried = paid.carried
        if end >= first:
            positions = obligations.positions()
            yield Netted(span, positions, paid, before,
                         list_exceeded(positions, before, model.debit_limit),
                         bool(model.netting))
