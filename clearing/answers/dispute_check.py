"""Whether disputes are what their steps, their terms and the ledger make of them."""

from __future__ import annotations

import datetime
from collections import defaultdict
from itertools import groupby

import numpy as np

from clearing.answers.disputed_rides import DisputedRide, Key, rides_at
from clearing.answers.disputes import (
    Networks,
    dispute_of,
    flows_of_postings,
    key_of,
    rows_where,
    terms_of,
)
from clearing.answers.session import Session
from clearing.book.payment_rows import DisputeRow
from network.civil import DAYS_MOST, day_of
from network.errors import OnecardError
from network.language import Phrase
from network.numbering import NumberedNetwork
from settlement.bank_days import BankDays
from settlement.disputes import (
    OWN_CAUSES,
    Dispute,
    Rules,
    Step,
    open_dispute,
    postings_of,
    take_step,
)
from settlement.flows import FlowSums

Steps = list[tuple[int, DisputeRow]]


def find_changed_disputes(session: Session, numbered: NumberedNetwork) -> list[str]:
    """Where disputes, or what they post, are not what comes of their steps, in words."""
    breaks, sums = list[str](), FlowSums()
    steps = rows_where(session.book)
    if steps:
        replay = _Replay(session, numbered, steps, sums)
        for number, own in groupby(steps, lambda one: one[1].dispute):
            try:
                replay.take([*own])
            except (OnecardError, LookupError, ValueError) as error:
                breaks.append(Phrase("dispute {number}: {error}", number=number,
                                     error=" ".join(str(error).split())))
    posted = session.book.flows(0, DAYS_MOST)
    due = sums.rows()
    due["amount"], due["count"] = -due["amount"], -due["count"]
    left = FlowSums()
    left.merge(due)
    left.merge(posted[np.isin(posted["cause"], OWN_CAUSES)])
    names, unit = numbered.names, numbered.network.model.minor_unit
    return breaks + [
        Phrase("window {window}: {debtor} owes {creditor} {amount} {unit} more than disputes "
               "come to",
               window=day_of(int(row["window"])), debtor=names.code("member", int(row["debtor"])),
               creditor=names.code("member", int(row["creditor"])), amount=int(row["amount"]),
               unit=unit) for row in left.rows()]


class _Replay:
    """Takes the steps of disputes again, and adds up what they post."""

    def __init__(self, session: Session, numbered: NumberedNetwork, steps: Steps, sums: FlowSums
                 ) -> None:
        self._networks, self._sums = Networks(session), sums
        self._numbers = {one.code: one.number for one in numbered.members}
        self._closed = {run.run: run.closed_through
                        for run in session.book.runs("kind = 'dispute'")}
        opened: defaultdict[int, list[Key]] = defaultdict(list)
        for run, row in steps:
            if row.place == 1:
                opened[run].append(key_of(row))
        self._rides = {run: rides_at(session.book, keys, run) for run, keys in opened.items()}

    def take(self, steps: Steps) -> None:
        """All of a dispute. Raises OnecardError, LookupError or ValueError where it cannot be."""
        run, first = steps[0]
        terms = terms_of(first, self._networks.of(run))
        before: Dispute | None = None
        for place, (run, row) in enumerate(steps, 1):
            network = self._networks.of(run)
            rules = Rules(terms, BankDays(network), network.model.money, datetime.date.max)
            after = self._opened(run, row, rules) if before is None else take_step(
                before, _step(row, row.awarded or None), rules)
            if (place, after, self._closed[run] + 1) != (row.place, dispute_of(row), row.window):
                raise ValueError(f"step {place} was stored with other effects than it has: it is "
                                 f"{row.state}, and {after.state} by its steps")
            self._sums.merge(flows_of_postings(postings_of(before, after, terms), row.window,
                                               self._numbers))
            before = after

    def _opened(self, run: int, row: DisputeRow, rules: Rules) -> Dispute:
        ride = self._rides[run].get(key_of(row), DisputedRide())
        if [(place.service_day, place.operator) for place in ride.standing] != [
                (row.service_day, self._numbers[row.operator])]:
            raise ValueError("its ride is not in the ledger")
        return open_dispute(_step(row, row.amount), row.operator,
                            ride.owed[self._numbers[row.by]], day_of(row.service_day), rules)


def _step(row: DisputeRow, amount: int | None) -> Step:
    return Step(row.step, row.by, day_of(row.day), amount, row.reason)
