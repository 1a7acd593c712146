"""Payments: the instructions of closed windows on their way through a bank.

A payment carries out one instruction: of one window and one member, by the accounts that were in
force. So the payments of a window add up to its positions, and one that a bank gives back opens
exactly one position again.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple

from network.civil import number_of
from network.errors import OnecardError
from network.language import Phrase
from network.money import Currency
from settlement.instructions import Instruction

State = Literal["pending", "paid", "rejected", "returned"]
# What banks say of a payment (ExternalPaymentTransactionStatus1Code), and of an entry of an
# account (ExternalEntryStatus1Code), before sides are looked at.
STATES: dict[str, State] = {
    **dict.fromkeys(("RCVD", "PDNG", "ACTC", "ACCP", "ACFC", "ACSP", "ACWC", "ACWP", "PATC",
                     "PRES", "INFO", "FUTR"), "pending"),
    **dict.fromkeys(("ACSC", "ACCC", "BOOK"), "paid"),
    **dict.fromkeys(("RJCT", "CANC", "BLCK"), "rejected"),
}
FAILED: tuple[State, ...] = ("rejected", "returned")    # whose positions are open again
# See reference_of: the batch, and the payment where it is one's.
REFERENCE = re.compile(r"OC[0-9A-F]{10}-([1-9][0-9]{0,8})(?:-([1-9][0-9]{0,8}))?")
SUM_MOST = 10 ** 17     # of a message, in minor units: ISO 20022 has 18 digits for an amount


class Account(NamedTuple):
    """Where money is: a bank's CNAPS code, the account there, and its owner as the bank has it."""

    bank: str
    account: str
    name: str


class Payment(NamedTuple):
    """One transfer between a member's account and the settlement account, or another member's."""

    batch: int
    payment: int        # from 1 in its batch
    window: int         # the day that was closed, with all before it; days since 1970
    member: str
    action: Literal["pays", "receives"]
    amount: int         # minor units, more than 0
    counterparty: str   # a member's code; "": the settlement account
    netting: str        # by which of the network's it came about
    currency: str       # of ISO 4217
    pay_on: int         # the day on which banks are to pay, days since 1970
    reference: str      # EndToEndId: by it the bank's answers name the payment
    payer_bank: str
    payer_account: str
    payer_name: str
    payee_bank: str
    payee_account: str
    payee_name: str

    @property
    def payer(self) -> Account:
        """Whose account is debited."""
        return Account(self.payer_bank, self.payer_account, self.payer_name)

    @property
    def payee(self) -> Account:
        """Whose account is credited."""
        return Account(self.payee_bank, self.payee_account, self.payee_name)

    @property
    def position(self) -> tuple[int, str, str, str, str]:
        """What it pays: one payment at a time stands for that."""
        return self.window, self.netting, self.member, self.action, self.counterparty


class OpenPosition(NamedTuple):
    """A position that is open: nobody was told to pay it, or what was told came to nothing."""

    window: int
    instruction: Instruction
    why: str


def make_payments(batch: int, key: str, open_positions: Iterable[OpenPosition],
                  pay_on: datetime.date, currency: Currency,
                  account_of: Callable[[str | None], Account]) -> list[Payment]:
    """A payment for each open position; those of payers come first, as messages have them.

    key: what tells this book's payments from those of all others, see reference_of.
    account_of: of a member, or None: the settlement account; it raises where there is none.
    Raises OnecardError where the amounts do not fit a message.
    """
    ordered = sorted(open_positions, key=lambda one: (
        one.instruction.action, one.window, one.instruction.member, one.instruction))
    total = sum(one.instruction.amount for one in ordered)
    if total >= SUM_MOST:
        raise OnecardError(
            Phrase("the payments come to {total} {currency}", total=currency.text(total),
                   currency=currency.name),
            expected=Phrase("less than {sum_most}: a message has 18 digits for a sum",
                            sum_most=currency.text(SUM_MOST)),
            remedy="make a batch of fewer windows: name them with --window")
    payments = []
    for number, (window, one, _) in enumerate(ordered, 1):
        sides = [account_of(one.member), account_of(one.counterparty or None)]
        payer, payee = sides if one.action == "pays" else reversed(sides)
        payments.append(Payment(batch, number, window, *one, currency.code, number_of(pay_on),
                                reference_of(key, batch, number), *payer, *payee))
    return payments


def reference_of(key: str, batch: int, payment: int | None = None) -> str:
    """What a batch's message, or a payment, is called towards banks: 35 characters at most."""
    return "-".join([f"OC{key}", str(batch), *([] if payment is None else [str(payment)])])


def becomes(state: str, said: State) -> State | None:
    """What a payment is by one more answer; None: it says nothing new.

    state: by the answers before, or its batch's. Answers come in any order, so an older one may
    come late: money that has come back went out before, and who has paid had it pending.
    Raises ValueError where both cannot be: it was rejected, or it was paid.
    """
    if {state, said} == {"paid", "rejected"}:
        raise ValueError(f"{state} and {said}")
    later = {"pending": ("paid", *FAILED), "paid": ("returned",), "rejected": (), "returned": ()}
    return said if said in later.get(state, ("pending", "paid", *FAILED)) else None
