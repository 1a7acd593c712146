"""Payments as messages of ISO 20022: pain.001 to the settlement bank, pacs.009 between banks.

Payments come one by one and go out as they come, so that memory does not follow their number. All
that a message says of them together stands before them, in its head, and is known by its caller.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

from lxml import etree

from network.civil import day_of
from network.money import Currency
from settlement.payments import Account, Payment

PAIN_001, PACS_009 = "pain.001.001.09", "pacs.009.001.08"
CLEARING_SYSTEM = "CNAPS"       # external code of ISO 20022 for China's payment system
_ACCOUNT_NAME_MOST = 70


@dataclass(frozen=True)
class MessageHead:
    """What a message says of all its payments."""

    identity: str                   # MsgId
    batch: int
    made_at: datetime.datetime      # UTC
    pay_on: datetime.date
    currency: Currency
    initiator: str                  # who has the bank pay
    counts: dict[str, int]          # payments by action
    sums: dict[str, int]            # their amounts, in minor units


def write_pain_001(out: BinaryIO, head: MessageHead, payments: Iterable[Payment]) -> None:
    """A CustomerCreditTransferInitiation.

    Each payer has a block of its own, since a block has one debtor; all receivers are in the last,
    which the settlement account pays. payments: payers first.
    """
    with _Document(out, PAIN_001, "CstmrCdtTrfInitn") as document:
        document.write(_head(head, [("InitgPty", [("Nm", head.initiator)])]))
        rest = iter(payments)
        receiver = None
        for one in rest:
            if one.action == "receives":
                receiver = one
                break
            with document.within("PmtInf"):
                _write_block(document, head, one.reference, 1, one.amount, one.payer)
                document.write(_transfer(head, one))
        if receiver is not None:
            with document.within("PmtInf"):
                _write_block(document, head, head.identity, head.counts["receives"],
                             head.sums["receives"], receiver.payer)
                document.write(_transfer(head, receiver))
                for one in rest:
                    document.write(_transfer(head, one))


def write_pacs_009(out: BinaryIO, head: MessageHead, payments: Iterable[Payment]) -> None:
    """A FinancialInstitutionCreditTransfer: each member's bank and the settlement bank as parties.

    Whose account it is stands in the account's name.
    """
    day = head.pay_on.isoformat()
    with _Document(out, PACS_009, "FICdtTrf") as document:
        document.write(_head(head, [("IntrBkSttlmDt", day),
                                    ("SttlmInf", [("SttlmMtd", "CLRG")])]))
        for one in payments:
            document.write(("CdtTrfTxInf", [
                _identity(one), ("IntrBkSttlmAmt", _amount(head, one.amount), head.currency.code),
                ("Dbtr", [_bank(one.payer)]), ("DbtrAcct", _account(one.payer, named=True)),
                ("Cdtr", [_bank(one.payee)]), ("CdtrAcct", _account(one.payee, named=True)),
                _remittance(one)]))


# An element: its name, what is in it (text, or elements), and a currency.
Element = tuple[Any, ...]


def _head(head: MessageHead, more: list[Element]) -> Element:
    return ("GrpHdr", [
        ("MsgId", head.identity), ("CreDtTm", head.made_at.strftime("%Y-%m-%dT%H:%M:%SZ")),
        ("NbOfTxs", str(sum(head.counts.values()))),
        ("CtrlSum", _amount(head, sum(head.sums.values()))), *more])


def _write_block(document: _Document, head: MessageHead, identity: str, count: int, total: int,
                 payer: Account) -> None:
    """The head of a block of payments that one account pays."""
    for element in (
            ("PmtInfId", identity), ("PmtMtd", "TRF"), ("NbOfTxs", str(count)),
            ("CtrlSum", _amount(head, total)),
            ("ReqdExctnDt", [("Dt", head.pay_on.isoformat())]),
            ("Dbtr", [("Nm", payer.name)]), ("DbtrAcct", _account(payer)),
            ("DbtrAgt", [_bank(payer)])):
        document.write(element)


def _transfer(head: MessageHead, one: Payment) -> Element:
    return ("CdtTrfTxInf", [
        _identity(one),
        ("Amt", [("InstdAmt", _amount(head, one.amount), head.currency.code)]),
        ("CdtrAgt", [_bank(one.payee)]), ("Cdtr", [("Nm", one.payee.name)]),
        ("CdtrAcct", _account(one.payee)), _remittance(one)])


def _identity(one: Payment) -> Element:
    return ("PmtId", [("InstrId", one.reference), ("EndToEndId", one.reference)])


def _bank(account: Account) -> Element:
    return ("FinInstnId", [("ClrSysMmbId", [
        ("ClrSysId", [("Cd", CLEARING_SYSTEM)]), ("MmbId", account.bank)])])


def _account(account: Account, *, named: bool = False) -> list[Element]:
    name = [("Nm", account.name[:_ACCOUNT_NAME_MOST])] if named else []
    return [("Id", [("Othr", [("Id", account.account)])]), *name]


def _remittance(one: Payment) -> Element:
    """Which window and batch the money is of: members read it on their bank's statements."""
    return ("RmtInf", [("Ustrd", f"window {day_of(one.window)} batch {one.batch}")])


def _amount(head: MessageHead, amount: int) -> str:
    return head.currency.plain(amount)


class _Document:
    """A message that is being written: elements go out as they are handed over.

    They have bare names: the namespace stands once, in the outermost element, and holds for all.
    """

    def __init__(self, out: BinaryIO, message: str, body: str) -> None:
        self._namespace = f"urn:iso:std:iso:20022:tech:xsd:{message}"
        self._body = body
        self._stack, self._file = ExitStack(), etree.xmlfile(out, encoding="UTF-8")

    def __enter__(self) -> _Document:
        self._xml = self._stack.enter_context(self._file)
        self._xml.write_declaration()
        self._stack.enter_context(self._xml.element("Document", nsmap={None: self._namespace}))
        self._xml.write("\n")
        self._stack.enter_context(self.within(self._body))
        return self

    def __exit__(self, *error: Any) -> None:
        self._stack.__exit__(*error)

    @contextmanager
    def within(self, name: str) -> Iterator[None]:
        """An element whose children are written one by one."""
        with self._xml.element(name):
            self._xml.write("\n")
            yield
        self._xml.write("\n")

    def write(self, element: Element) -> None:
        """Write a whole element, on a line of its own."""
        self._xml.write(_made(element), "\n")


def _made(element: Element) -> Any:
    name, content, *currency = element
    made = etree.Element(name)
    if currency:
        made.set("Ccy", currency[0])
    if isinstance(content, str):
        made.text = content
    else:
        made.extend(map(_made, content))
    return made
