"""The rows that tell of payments and disputes, each field with its ClickHouse type.

See settlement/payments.py and settlement/disputes.py.
"""

from __future__ import annotations

from typing import NamedTuple

from clearing.book.runs import U16, U32, U64, Amount, Text


class BatchRow(NamedTuple):
    """Something that happened to a batch of payments."""

    batch: U32          # batches count up from 1
    event: Text         # made, checked, declined, written
    by: Text            # who did it, as they say
    message: Text       # written: of which kind, such as pain.001.001.09
    sha256: Text        # of the file that was written, in hex


class PaymentRow(NamedTuple):
    """A payment, as it was made: the fields of settlement.payments.Payment."""

    batch: U32
    payment: U32
    window: U16
    member: Text
    action: Text
    amount: Amount
    counterparty: Text
    netting: Text
    currency: Text
    pay_on: U16
    reference: Text
    payer_bank: Text
    payer_account: Text
    payer_name: Text
    payee_bank: Text
    payee_account: Text
    payee_name: Text


class AnswerRow(NamedTuple):
    """What a bank says became of a payment. The newest counts."""

    batch: U32
    payment: U32
    state: Text         # pending, paid, rejected, returned
    status: Text        # in the bank's own codes: ACSC, RJCT, BOOK
    reason: Text        # and why: AC04; blank: it does not say
    sha256: Text        # of the file that says so, in hex
    line: U32           # where in it


class AnswerFileRow(NamedTuple):
    """A bank's file that was read."""

    sha256: Text
    name: Text
    bytes: U64
    message: Text       # of which kind, such as camt.053.001.08
    identity: Text      # what the bank calls it: MsgId
    answers: U32        # that tell something new of payments
    known: U32          # that say again what was known
    others: U32         # entries that are of no payment of this book


class DisputeRow(NamedTuple):
    """A step of a dispute, and how it leaves the dispute."""

    dispute: U32        # disputes count up from 1
    place: U32          # of the step among those of its dispute, from 1
    step: Text          # query, chargeback, exception, accept, refuse, close
    by: Text            # the member that took it
    day: U16            # on which
    reason: Text
    card_hi: U64        # the ride
    card_lo: U64
    card_seq: U32
    service_day: U16
    claimant: Text
    operator: Text
    amount: Amount      # that is disputed
    state: Text         # since this step
    asked: Text         # whose turn it is; blank: the dispute is over
    until: U16          # the last day for that; 0: there is none
    awarded: Amount
    window: U16         # in which it posts
    sha256: Text        # of the file that has it, in hex; blank: none
    line: U32           # where in it
