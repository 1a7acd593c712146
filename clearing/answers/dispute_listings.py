"""List disputes: how far each has come, whose turn it is, and what each step has posted."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from typing import Any

from clearing.answers.disputes import Networks, dispute_of, ride_text, rows_where, terms_of
from clearing.answers.filters import Filter
from clearing.answers.session import Session
from clearing.answers.show import Listing
from clearing.book.payment_rows import DisputeRow
from network.civil import day_of
from network.errors import OnecardError
from network.language import Phrase
from settlement.disputes import Dispute, postings_of

COLUMNS = ("dispute", "ride", "claimant", "operator", "state", "asked", "until", "amount",
           "held_amount", "awarded", "opened", "last_step")
STEP_COLUMNS = ("step", "on", "by", "what", "reason", "run", "window", "debtor", "creditor",
                "cause", "amount")


def list_disputes(session: Session, asked: str | None = None) -> Listing:
    """All disputes, or those in which it is a member's turn. Raises OnecardError."""
    Filter(member=asked).select(session)        # there is such a member
    return Listing("disputes", COLUMNS, _rows(session, asked), ("dispute",),
                   ("amount", "held_amount", "awarded"), session.described().model.money)


def _rows(session: Session, asked: str | None) -> Iterator[tuple[Any, ...]]:
    for number, steps in groupby(rows_where(session.book), lambda one: one[1].dispute):
        rows = [row for _, row in steps]
        last, now = rows[-1], dispute_of(rows[-1])
        if asked in (None, now.asked):
            yield (number, ride_text(last), now.claimant, now.operator, now.state, now.asked,
                   now.until.isoformat() if now.until else "", now.amount, now.held, now.awarded,
                   day_of(rows[0].day).isoformat(), day_of(last.day).isoformat())


def list_steps(session: Session, number: int) -> Listing:
    """The steps of a dispute, a row for each amount that they post. Raises OnecardError."""
    rows = rows_where(session.book, f"dispute = {number}")
    if not rows:
        raise OnecardError(Phrase("there is no dispute {number}",
                                  number=number), where=session.book.store.where,
                           remedy="look for it with `onecard dispute list`")
    return Listing(Phrase("dispute {number} of ride {ride}", number=number,
                          ride=ride_text(rows[0][1])), STEP_COLUMNS,
                   _step_rows(session, rows), ("step", "run"), ("amount",),
                   session.described().model.money)


def _step_rows(session: Session, rows: list[tuple[int, DisputeRow]]) -> Iterator[tuple[Any, ...]]:
    terms = terms_of(rows[0][1], Networks(session).of(rows[0][0]))
    before: Dispute | None = None
    for run, row in rows:
        after = dispute_of(row)
        posted = [(one.debtor, one.creditor, one.cause.name.lower(), one.amount)
                  for one in postings_of(before, after, terms)]
        for amounts in posted or [("", "", "", 0)]:
            yield (row.place, day_of(row.day).isoformat(), row.by, row.step, row.reason, run,
                   day_of(row.window).isoformat(), *amounts)
        before = after
