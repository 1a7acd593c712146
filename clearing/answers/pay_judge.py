"""Whether what a bank says of payments can be, against what the book knows of them.

Everything is judged before anything is posted: what is refused first, refuses the file.
"""

from __future__ import annotations

from clearing.answers.payments import Batch, answers_of, list_batches, payments_of
from clearing.book import Book
from clearing.book.payment_rows import AnswerRow
from network.errors import OnecardError
from network.language import Phrase, joined
from network.money import Currency
from settlement.formats.answers import (
    DECIMALS_MOST,
    NOT_GIVEN,
    Amount,
    Answer,
    Item,
    Message,
    Report,
    Sent,
)
from settlement.payments import REFERENCE, STATES, Payment, State, becomes

Key = tuple[int, int]       # batch and payment
NOTHING_POSTED = "nothing of the file was posted"
_IN_PARTS = "PART"          # of a message: its payments say each for itself


class Judge:
    """What a file says, as far as it was read."""

    def __init__(self, book: Book, currency: Currency, where: str, *, leave_others: bool) -> None:
        """leave_others: entries of payments that are not of this book are left out."""
        self._book, self._currency, self._where = book, currency, where
        self._leave_others = leave_others
        self.message = Message("", "")
        self.known = 0          # answers that say again what was known
        self.others = 0         # entries of no payment of this book
        self.payments: dict[Key, Payment] = {}
        self._batches: dict[int, Batch] = list_batches(book)
        self._by_reference: dict[int, dict[str, Payment]] = {}
        self._said: dict[Key, tuple[State, Answer]] = {}
        self._of_many: list[Answer] = []        # of messages and blocks
        self._reports = 0
        self._accounts = set(map(str, book.ask(
            "SELECT DISTINCT arrayJoin([payer_account, payee_account]) AS account FROM payments "
            f"WHERE {book.as_of_last}")["account"]))

    def take(self, item: Item) -> None:
        """Judge the next item of the file. Raises OnecardError."""
        match item:
            case Message():
                self.message = item
            case Sent():
                self._take_sent(item)
            case Report():
                self._take_report(item)
            case Answer(scope="message" | "block"):
                self._of_many.append(item)
            case Answer():
                self._take_answer(item)

    def finish(self) -> None:
        """Judge what is said of many payments together: it is of those of which nothing else is."""
        named = set(self._said)
        # What is said of a block is closer to a payment than what is said of the message.
        for one in sorted(self._of_many, key=lambda one: one.scope):
            if one.status == _IN_PARTS:
                continue
            many = {(payment.batch, payment.payment): payment for payment in self._many(one)}
            for key in many.keys() - named:
                self.payments[key] = many[key]
                self._say(key, self._state_of(one), one)
            named |= many.keys()
        if not self._said and not self._reports:
            raise self._refused(1, Phrase("this {message} says nothing of any payment",
                                          message=self.message.message),
                                "what became of payments")

    def rows(self, digest: str) -> list[AnswerRow]:
        """What is new of each payment, by batch and payment. Raises OnecardError.

        digest: of the file.
        """
        batches = sorted({batch for batch, _ in self._said})
        listed = ", ".join(map(str, [0, *batches]))
        before = answers_of(self._book, f"batch IN ({listed})")
        rows = []
        for (batch, payment), (said, one) in sorted(self._said.items()):
            state = before.get((batch, payment), (self._batches[batch].state,))[0]
            new = self._after(state, said, one)
            if new is None:
                self.known += 1
            else:
                rows.append(AnswerRow(batch, payment, new, one.status, one.reason, digest,
                                      one.line))
        return rows

    def _take_answer(self, one: Answer) -> None:
        found = self._find(one)
        if not found:
            self.others += 1
            return
        self._check_amount(one, sum(payment.amount for payment in found))
        for payment in found:
            key = payment.batch, payment.payment
            self.payments[key] = payment
            self._say(key, self._state_of(one, payment), one)

    def _find(self, one: Answer) -> list[Payment]:
        """The payment that is meant, or a block that is booked as one; none: it is not ours."""
        if one.scope == "entry" and one.reference in NOT_GIVEN:
            return []
        name = REFERENCE.fullmatch(one.reference)
        if name is not None and name[2] is None and one.scope == "entry":
            return self._many(one)
        if name is not None:
            found = self._payments_of(int(name[1]), one.line).get(one.reference)
            if found is not None:
                return [found]
        if one.scope == "entry" and name is None and self._leave_others:
            return []
        amount = Phrase(" of {amount} {code}", amount=one.amount.text,
                        code=one.amount.currency) if one.amount else ""
        others = one.scope == "entry" and name is None
        raise self._refused(
            one.line, Phrase("an answer to the payment {reference!r}{amount}, which this book "
                             "does not have", reference=one.reference, amount=amount),
            "a reference that `onecard pay show` lists",
            "ask the bank whose it is; --leave-others takes the rest of the file without such "
            "entries" if others else "ask the bank whose it is")

    def _payments_of(self, batch: int, line: int) -> dict[str, Payment]:
        """The payments of a written batch by reference; none where there is no such batch."""
        if batch not in self._by_reference:
            found = {one.reference: one for one in payments_of(self._book, f"batch = {batch}")}
            if found and self._batches[batch].state != "written":
                raise self._refused(
                    line, Phrase("an answer to batch {batch}, which is {state}", batch=batch,
                                 state=self._batches[batch].state),
                    "one that was written for the bank", "ask the bank where it has it from")
            self._by_reference[batch] = found
        return self._by_reference[batch]

    def _many(self, one: Answer) -> list[Payment]:
        """The payments of a message or a block: a payer's own, or all that receive."""
        name = REFERENCE.fullmatch(one.reference)
        found = {} if name is None else self._payments_of(int(name[1]), one.line)
        chosen = [payment for payment in found.values()
                  if payment.reference == one.reference
                  or (payment.reference.startswith(f"{one.reference}-")
                      and (one.scope == "message" or payment.action == "receives"))]
        if not chosen:
            raise self._refused(
                one.line, Phrase("an answer to {reference!r}, which this book has not written",
                                 reference=one.reference), "the MsgId, or a PmtInfId, of a batch",
                "ask the bank whose it is")
        return chosen

    def _state_of(self, one: Answer, payment: Payment | None = None) -> State:
        """What the bank's status means; payment: that an entry is of."""
        state = STATES.get(one.status)
        if state is None:
            raise self._refused(one.line, Phrase("the status {status!r}", status=one.status),
                                Phrase("one of {names}", names=joined(", ", STATES)),
                                "ask the bank what became of the payment")
        if one.scope != "entry" or payment is None or state != "paid":
            return state
        sides = {payment.payee.account: "CRDT", payment.payer.account: "DBIT"}
        if one.account not in sides:
            raise self._refused(
                one.line, Phrase("{reference} is answered by the account {account!r}",
                                 reference=one.reference, account=one.account),
                Phrase("that of its payer or its payee, {names}",
                       names=joined(" or ", sorted(sides))),
                "ask the bank whose account it is")
        return "returned" if one.is_return or one.side != sides[one.account] else "paid"

    def _say(self, key: Key, state: State, one: Answer) -> None:
        """Take note of what is said of a payment; of what is said twice the furthest counts."""
        if key not in self._said:
            self._said[key] = state, one
            return
        new = self._after(self._said[key][0], state, one)
        if new is None:
            self.known += 1
        else:
            self._said[key] = new, one

    def _after(self, state: str, said: State, one: Answer) -> State | None:
        try:
            return becomes(state, said)
        except ValueError:
            raise self._refused(
                one.line, Phrase("{reference} was {said}, by {status}, and before that it was "
                                 "{state}", reference=one.reference, said=said, status=one.status,
                                 state=state), "one of the two",
                "ask the bank what became of the money, before anybody pays again") from None

    def _check_amount(self, one: Answer, sent: int) -> None:
        if one.amount is None:
            return
        self._check_currency(one.line, one.amount)
        if one.amount.value != self._scaled(sent):
            raise self._refused(
                one.line, Phrase("{reference} is answered with {amount}", reference=one.reference,
                                 amount=one.amount.text),
                Phrase("{amount}, as was sent", amount=self._currency.plain(sent)),
                "ask the bank where the rest is; a part of a payment settles nothing")

    def _check_currency(self, line: int, amount: Amount) -> None:
        code, decimals = self._currency.code, self._currency.decimals
        if amount.currency and amount.currency != code:
            raise self._refused(line, Phrase("an amount in {currency}", currency=amount.currency),
                                Phrase("{amount}, as was sent", amount=code),
                                "ask the bank for the statement of the account in that currency")
        if amount.decimals > decimals:
            raise self._refused(
                line, Phrase("the amount {amount} has {decimals} decimals", amount=amount.text,
                             decimals=amount.decimals),
                Phrase("{decimals} at most: {code} has no more", decimals=decimals, code=code),
                "ask the bank for a file with the amounts that it has booked")

    def _take_sent(self, one: Sent) -> None:
        """How many payments the bank has of a message, and their sum, are those that were sent."""
        name = REFERENCE.fullmatch(one.original)
        sent = {} if name is None else self._payments_of(int(name[1]), one.line)
        if not any(reference.startswith(f"{one.original}-") for reference in sent):
            raise self._refused(
                one.line, Phrase("an answer to the message {original!r}, which this book has "
                                 "not written", original=one.original), "the MsgId of a batch",
                "ask the bank whose it is")
        if one.payments and one.payments.lstrip("0") != str(len(sent)):
            raise self._refused(one.line,
                                Phrase("the bank has {payments} payments of {original}",
                                       payments=one.payments, original=one.original),
                                Phrase("{number}, as were sent", number=len(sent)),
                                "ask the bank which are missing")
        total = sum(payment.amount for payment in sent.values())
        if one.total is not None and one.total.value != self._scaled(total):
            raise self._refused(
                one.line, Phrase("the bank has {total} in all of {original}", total=one.total.text,
                                 original=one.original),
                Phrase("{amount}, as was sent", amount=self._currency.plain(total)),
                "ask the bank what differs")

    def _take_report(self, one: Report) -> None:
        """Its sums come out, and it is in our currency and of an account that takes part."""
        self._reports += 1
        for amount in one.amounts.values():
            self._check_currency(one.line, amount)
        if one.account not in self._accounts:
            raise self._refused(one.line, Phrase("this is about the account {account!r}",
                                                 account=one.account),
                                "an account that a payment of this book is from or goes to",
                                "read the file of that account")
        for fault in one.faults:
            raise self._refused(fault.line, fault.found, fault.expected,
                                "ask the bank for a file that adds up")

    def _scaled(self, amount: int) -> int:
        """Minor units in those of `Amount`."""
        scale: int = 10 ** (DECIMALS_MOST - self._currency.decimals)
        return amount * scale

    def _refused(self, line: int, found: str, expected: str, remedy: str = "ask the bank for "
                 "another file") -> OnecardError:
        return OnecardError(found, where=f"{self._where}:{line}", expected=expected,
                            remedy=f"{remedy}; {NOTHING_POSTED}")
