"""What closed windows come to: who pays whom, what is carried forward, and who owes too much."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from clearing.answers.closings import ClosedBy, closings
from clearing.answers.listings import flows_of
from clearing.answers.session import Session
from clearing.book import Run
from ext.records import Records
from network.civil import DAYS_MOST, day_of, number_of
from network.errors import OnecardError
from network.language import Phrase, joined
from network.members import Member
from settlement.carrying import Carrying, Dues, Paid, Span, first_day_carried, flows_by_cycle
from settlement.limits import Exceeded, list_exceeded
from settlement.netting import NetPosition, owe

if TYPE_CHECKING:       # it compiles tables, which who only asks needs not
    from clearing.engine.context import ClearingContext


class Netted(NamedTuple):
    """What the windows that were closed together come to, by the network that closed them."""

    span: Span
    positions: list[NetPosition]    # in each netting
    paid: Paid
    before: Dues                    # what was carried into it
    exceeded: list[Exceeded]        # debit caps, and what was laid in beforehand
    by_centres: bool                # whether the network says who settles with whom
    members: list[Member]           # where they were, also those that had left by then


def net_closing(session: Session, last: int) -> Netted:
    """What closing up to a day came to, which some run closed as its last."""
    [netted] = list_netted(session, last, last)
    return netted


def list_netted(session: Session, first: int = 0, last: int = DAYS_MOST) -> Iterator[Netted]:
    """Every closing that ends from one day to another, oldest first; days since 1970."""
    carried: Dues = {}
    models = ClosedBy(session)
    listed = [*closings(session)]
    since = _first_needed(listed, models, first)
    for run, begin, end in listed:
        if end < since or end > last:
            continue
        model, members = models.of(run), models.members_of(run)
        numbers = {one.code: one.number for one in members}
        carrying = Carrying(model)
        if end < first and not carrying.carries:
            carried = {}
            continue
        flows = flows_of(session.book, begin, end)
        if begin == 1 and len(flows):       # nothing was closed before: it begins with what came
            begin = int(flows["window"].min())
        span = Span(day_of(begin), day_of(end))
        before = carried
        owed = {cycle: owe(some, members, model.netting)
                for cycle, some in flows_by_cycle(flows, numbers, model).items()}
        paid = carrying.pay({cycle: one.due() for cycle, one in owed.items()}, before, span)
        carried = paid.carried
        if end >= first:
            whole = owed[""] if len(owed) == 1 else owe(flows, members, model.netting)
            positions = whole.positions()
            yield Netted(span, positions, paid, before,
                         list_exceeded(positions, before, model.debit_limit),
                         bool(model.netting), members)


def _first_needed(listed: Sequence[tuple[Run, int, int]], models: ClosedBy, first: int) -> int:
    """From which day on closings decide what is carried into those that end from one on.

    The month before is enough where its last week was closed by the same cycles as the month.
    listed: see closings.
    """
    since = min((begin for _, begin, end in listed if end >= first), default=0)
    while since > 1:
        month = day_of(since).replace(day=1)
        since = number_of(first_day_carried(month))
        ending = [models.of(run).settlement_cycle for run, begin, end in listed
                  if end >= since - 1 and begin < number_of(month)]
        if all(cycles == ending[0] for cycles in ending):
            break
    return since


def check_limits(session: Session, day: int, context: ClearingContext, flows: Records) -> None:
    """Pass where no limit that stops closings is exceeded by the windows up to a day.

    context, flows: by what they are being closed, and the FLOW rows that this adds to the book's.
    Raises OnecardError, which names every member that owes too much.
    """
    model, book = context.network.model, session.book
    stopping = [one for one in model.debit_limit if one.stops]
    if not stopping:
        return
    closed = book.closed_through
    before = {} if closed is None else net_closing(session, closed).paid.carried
    own = np.concatenate([flows_of(book, (closed or 0) + 1, day), flows[flows["window"] <= day]])
    positions = owe(own, context.members, model.netting).positions()
    if exceeded := list_exceeded(positions, before, stopping):
        text = model.money.text
        raise OnecardError(
            joined("; ", [Phrase("{member} would owe {owes} in {netting}, {above} above its "
                                 "{limit}", member=one.member, owes=text(one.owes),
                                 netting=one.netting, above=text(one.above), limit=one.limit)
                          for one in exceeded]),
            where=day_of(day).isoformat(),
            expected="members within the limits of network.toml that stop a closing",
            remedy="write to its [[debit_limit]] what the member has laid in, or may owe; or take "
                   "`stops` out")
