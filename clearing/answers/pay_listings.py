"""Batches, payments and open positions as people and machines read them; amounts in minor units."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from clearing.answers.payments import (
    NEWEST_ANSWERS,
    Batch,
    batch_of,
    list_batches,
    list_paid,
    open_positions,
    rows_of,
)
from clearing.answers.session import Session
from clearing.answers.show import Listing
from network.civil import day_of
from network.language import Phrase
from network.money import Currency

PAYMENT_COLUMNS = ("payment", "window", "member", "action", "amount", "counterparty", "netting",
                   "pay_on", "bank", "account", "name", "reference", "state", "status", "reason")


@dataclass
class BatchSummary:
    """A batch as it is listed."""

    batch: int
    windows: list[str]
    payments: int
    members_pay: int
    members_get: int
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
    counterparty: str           # "": the settlement account
    netting: str
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
        _summaries(session, list_batches(session.book)),
        [OpenPositionRow(day_of(one.window).isoformat(), *one.instruction, one.why)
         for one in open_positions(session)],
        session.described().model.money)


def summary_of(session: Session, batch: Batch) -> BatchSummary:
    """A batch, its payments added up."""
    return _summaries(session, {batch.batch: batch})[0]


def _summaries(session: Session, batches: Mapping[int, Batch]) -> list[BatchSummary]:
    book = session.book
    first, last = min(batches, default=0), max(batches, default=0)
    own = f"{book.as_of_last} AND batch BETWEEN {first} AND {last}"
    summaries = {batch.batch: BatchSummary(
        batch.batch, [], 0, 0, 0, batch.state, batch.made_by, batch.decided_by, batch.message, {})
        for batch in batches.values()}
    for number, window, payments, pay, get in rows_of(book, (
            "SELECT batch, window, count() AS payments, sumIf(amount, action = 'pays') AS pay, "
            "sumIf(amount, (action = 'receives') OR (counterparty != '')) AS get "
            f"FROM payments WHERE {own} GROUP BY batch, window ORDER BY batch, window")):
        one = summaries[number]
        one.windows.append(day_of(window).isoformat())
        one.payments += payments
        one.members_pay += pay
        one.members_get += get
    for number, answer, payments in rows_of(book, (
            "SELECT batch, answer, count() AS payments FROM "
            f"({NEWEST_ANSWERS.format(runs=own)}) GROUP BY batch, answer ORDER BY batch, answer")):
        summaries[number].answered[answer] = payments
    return list(summaries.values())


def list_payments(session: Session, number: int) -> Listing:
    """The payments of a batch, each with what became of it. Raises OnecardError."""
    batch = batch_of(session, number)
    return Listing(Phrase("payments of batch {number}", number=number), PAYMENT_COLUMNS,
                   _payment_rows(session, batch), ("payment",), ("amount",),
                   session.described().model.money)


def _payment_rows(session: Session, batch: Batch) -> Iterator[tuple[Any, ...]]:
    for one in list_paid(session.book, batch):
        paid = one.payment
        account = paid.payer if paid.action == "pays" else paid.payee
        yield (paid.payment, day_of(paid.window).isoformat(), paid.member, paid.action,
               paid.amount, paid.counterparty, paid.netting, day_of(paid.pay_on).isoformat(),
               *account, paid.reference, one.state, one.status, one.reason)
