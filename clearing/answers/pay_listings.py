"""Batches, payments and open positions as people and machines read them; amounts in minor units."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearing.answers.payments import (
    NEWEST_ANSWERS,
    Batch,
    batch_of,
    list_batches,
    list_paid,
    open_positions,
)
from clearing.answers.session import Session
from clearing.answers.show import Listing
from network.civil import day_of
from network.money import Currency

PAYMENT_COLUMNS = ("payment", "window", "member", "action", "amount", "pay_on", "bank", "account",
                   "name", "reference", "state", "status", "reason")


@dataclass(frozen=True)
class BatchSummary:
    """A batch as it is listed."""

    batch: int
    windows: list[str]
    payments: int
    paid_in: int
    paid_out: int
    state: str                  # made, checked, declined, written
    made_by: str
    checked_by: str             # or declined
    message: str
    answered: dict[str, int]    # payments by what the bank says


@dataclass(frozen=True)
class OpenPositionRow:
    """A position that nobody was told to pay, or that a bank gave back."""

    window: str
    member: str
    action: str
    amount: int
    why: str


@dataclass(frozen=True)
class PayListing:
    """All batches, and what is to be paid next."""

    batches: list[BatchSummary]
    open_positions: list[OpenPositionRow]
    currency: Currency


def list_all(session: Session) -> PayListing:
    """All batches, and all open positions."""
    return PayListing(
        [summary_of(session, batch) for batch in list_batches(session.book).values()],
        [OpenPositionRow(day_of(one.window).isoformat(), *one.instruction[:3], one.why)
         for one in open_positions(session)],
        session.described().model.money)


def summary_of(session: Session, batch: Batch) -> BatchSummary:
    """A batch, its payments added up."""
    book = session.book
    own = f"batch = {batch.batch} AND {book.as_of_last}"
    found = book.query(
        "SELECT window, count() AS payments, sumIf(amount, action = 'pays') AS paid_in, "
        f"sumIf(amount, action = 'receives') AS paid_out FROM payments WHERE {own} "
        "GROUP BY window ORDER BY window")
    answers = book.query(
        f"SELECT answer, count() AS payments FROM ({NEWEST_ANSWERS.format(runs=own)}) "
        "GROUP BY answer ORDER BY answer")
    totals = {name: sum(map(int, found[name])) for name in ("payments", "paid_in", "paid_out")}
    return BatchSummary(
        batch.batch, [day_of(int(day)).isoformat() for day in found["window"]],
        **totals, state=batch.state, made_by=batch.made_by, checked_by=batch.decided_by,
        message=batch.message, answered=dict(zip(
            map(str, answers["answer"]), np.asarray(answers["payments"]).tolist(), strict=True)))


def list_payments(session: Session, number: int) -> Listing:
    """The payments of a batch, each with what became of it. Raises OnecardError."""
    batch = batch_of(session, number)
    return Listing(f"payments of batch {number}", PAYMENT_COLUMNS,
                   _payment_rows(session, batch), ("payment",), ("amount",),
                   session.described().model.money)


def _payment_rows(session: Session, batch: Batch) -> Iterator[tuple[Any, ...]]:
    for one in list_paid(session.book, batch):
        paid = one.payment
        yield (paid.payment, day_of(paid.window).isoformat(), paid.member, paid.action,
               paid.amount, day_of(paid.pay_on).isoformat(), paid.bank, paid.account, paid.name,
               paid.reference, one.state, one.status, one.reason)
