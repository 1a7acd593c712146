"""What closed windows come to: who pays whom, what is carried forward, and who owes too much."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from clearing.answers.listings import flows_of
from clearing.answers.session import Session
from clearing.book import Run
from clearing.engine.kept_networks import kept_network
from network.civil import DAYS_MOST, day_of, number_of
from network.model import NetworkFile
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
    models = _Models(session)
    since = number_of(first_day_carried(day_of(first))) if first else 0
    for run, begin, end in _closings(session):
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


def _closings(session: Session) -> Iterator[tuple[Run, int, int]]:
    """The runs that closed windows, with the first and the last of them, days since 1970."""
    runs = session.book.runs("kind = 'close'")
    ends = [0, *(run.closed_through for run in runs)]
    for run, (before, last) in zip(runs, pairwise(ends), strict=True):
        yield run, before + 1, last


class _Models:
    """network.toml as runs cleared by it, read once each."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._found: dict[str, NetworkFile] = {}

    def of(self, run: Run) -> NetworkFile:
        """As a run had it."""
        if run.network_digest not in self._found:
            with kept_network(self._session.book, run.network_digest) as network:
                self._found[run.network_digest] = network.model
        return self._found[run.network_digest]
