"""What banks say of payments: pain.002 and pacs.002 of messages, camt.052 to 054 of accounts.

A file is read as a stream: of a statement only what is between its tags at the moment is held. It
is a stranger's: entities and DTDs are refused, and nothing is fetched. What it says is told as it
stands, in the bank's own codes; whether that can be is for the caller to judge, but for sums within
the file, which are added up on the way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from lxml import etree

from network.errors import OnecardError
from network.language import Phrase

DECIMALS_MOST = 5       # of an amount in ISO 20022
_DIGITS_MOST = 18
_CURRENCY = re.compile(r"[A-Z]{3}")
_OPENING, _CLOSING = ("OPBD", "PRCD"), "CLBD"       # balances: of this statement, or the one before
_TEXT_MOST = 140        # characters of anything that is kept; ISO 20022 has 35 for names
_AMOUNT = re.compile(r"\+?(\d*)(?:\.(\d*))?")
_MESSAGE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:((?:pain\.002|pacs\.002|camt\.05[234])"
                      r"\.\d{3}\.\d{2})")
MESSAGES = "a pain.002, pacs.002, camt.052, camt.053 or camt.054 message of ISO 20022"
NOT_GIVEN = ("", "NOTPROVIDED")         # what stands for an EndToEndId where there is none
_PROLOG_BYTES = 1 << 16


class Source(Protocol):
    """Bytes that are read once."""

    def read(self, size: int, /) -> bytes:
        """The next bytes, up to so many; none at the end."""


class Message(NamedTuple):
    """What a file is: the first thing that is told of it."""

    message: str        # such as camt.053.001.08
    identity: str       # MsgId


class Amount(NamedTuple):
    """An amount as it is written, and in units of 10 ** -DECIMALS_MOST."""

    text: str
    value: int
    decimals: int
    currency: str       # "": the message does not say


class Answer(NamedTuple):
    """What is said of a payment, of a block of them, or of all of a message."""

    line: int
    scope: str          # "payment", "block", "message"; "entry": of an account
    reference: str      # of that
    status: str
    reason: str         # "": not given
    amount: Amount | None
    side: str           # "CRDT" or "DBIT" of an entry
    is_return: bool     # the entry says that it gives something back
    account: str        # whose entry it is; "": the message is of no account


class Fault(NamedTuple):
    """A sum in the file that does not come out."""

    line: int
    found: str
    expected: str


class Report(NamedTuple):
    """An account's statement, report or notification, told at its end."""

    line: int
    account: str
    amounts: dict[str, Amount]  # by currency the one with most decimals
    faults: list[Fault]


class Sent(NamedTuple):
    """How many payments a message had that was sent, and their sum, as the bank has it."""

    line: int
    original: str
    payments: str       # "": not given
    total: Amount | None


Item = Message | Answer | Report | Sent


@dataclass
class _Record:
    """An element that is told of as a whole: its line, and what is known of it so far."""

    kind: str
    line: int
    depth: int
    above: _Record | None
    fields: dict[str, str] = field(default_factory=dict)
    # Of what was told within it: entries of a report, or payments of an entry.
    parts: int = 0
    priced: int = 0     # payments that have an amount of their own in the entry's currency
    total: int = 0      # what they come to: credits less debits, or as the entry's side has it
    gross: int = 0      # and whatever their side
    balances: dict[str, int] = field(default_factory=dict)
    amounts: dict[str, Amount] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def get(self, *paths: str) -> str:
        """The first of these that is given; "": none is."""
        return next((found for path in paths if (found := self.fields.get(path))), "")

    def amount(self, *paths: str) -> Amount | None:
        """The first of these amounts that is given."""
        path = next((path for path in paths if path in self.fields), None)
        return None if path is None else _amount_of(
            self.fields[path], self.fields.get(f"{path}@Ccy", ""), self.line)


_REPORTS = ("Stmt", "Rpt", "Ntfctn")
_KINDS = {"GrpHdr", "OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts", "TxInfAndSts", *_REPORTS, "Bal",
          "Ntry", "TxDtls"}
_REASON = ("StsRsnInf/Rsn/Cd", "StsRsnInf/Rsn/Prtry")
_RETURN = ("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry")
_INSTRUCTED = ("OrgnlTxRef/Amt/InstdAmt", "OrgnlTxRef/IntrBkSttlmAmt")
_ACCOUNT = ("Acct/Id/Othr/Id", "Acct/Id/IBAN", "Acct/Id/PrtryAcct/Id")
_DETAIL = ("Amt", "AmtDtls/TxAmt/Amt")
_OF_REPORT = frozenset({
    *_ACCOUNT, "Acct/Ccy", "StmtPgntn/PgNb", "StmtPgntn/LastPgInd",
    "TxsSummry/TtlNtries/NbOfNtries", "TxsSummry/TtlNtries/Sum"})
# What is kept of a record: nothing else of it takes memory.
_KEPT = {
    "GrpHdr": {"MsgId"},
    "OrgnlGrpInfAndSts": {"OrgnlMsgId", "OrgnlNbOfTxs", "OrgnlCtrlSum", "GrpSts", *_REASON},
    "OrgnlPmtInfAndSts": {"OrgnlPmtInfId", "PmtInfSts", *_REASON},
    "TxInfAndSts": {"OrgnlEndToEndId", "OrgnlInstrId", "TxSts", *_REASON, *_INSTRUCTED},
    **dict.fromkeys(_REPORTS, _OF_REPORT),
    "Bal": {"Tp/CdOrPrtry/Cd", "Tp/Cd", "Amt", "CdtDbtInd"},
    "Ntry": {"Amt", "CdtDbtInd", "RvslInd", "Sts", "Sts/Cd", "NtryDtls/Btch/NbOfTxs",
             "NtryDtls/Btch/PmtInfId"},
    "TxDtls": {"Refs/EndToEndId", "CdtDbtInd", *_RETURN, *_DETAIL},
}


def read_answers(file: Source, where: str) -> Iterator[Item]:
    """What a bank's file says, in its order, beginning with what it is.

    where: what to call the file. Raises OnecardError where it is none of MESSAGES, or not to its
    end; what was told of it until then is not to be believed.
    """
    try:
        yield from _Reader(file).items()
    except etree.XMLSyntaxError as error:
        line = (error.position or (1, 0))[0]
        raise OnecardError(
            Phrase("this is no XML that can be read: {why}",
                   why=(error.msg or "it is empty").splitlines()[0]),
            where=f"{where}:{line}", expected=MESSAGES,
            remedy="fetch the file from the bank again; nothing was posted") from None
    except _Unreadable as error:
        raise OnecardError(error.found, where=f"{where}:{error.line}", expected=error.expected,
                           remedy="ask the bank for a file that is right; nothing was posted"
                           ) from None


class _Unreadable(Exception):
    def __init__(self, line: int, found: str, expected: str = MESSAGES) -> None:
        super().__init__(found)
        self.line, self.found, self.expected = line, found, expected


class _Prolog:
    """A file whose beginning is looked at before a parser sees any of it."""

    def __init__(self, file: Source) -> None:
        self._file, self._first = file, file.read(_PROLOG_BYTES)
        # Also where a letter takes two bytes.
        if b"<!DOCTYPE" in self._first.replace(b"\0", b""):
            raise _Unreadable(1, "the file has a DTD, which can name other files and make much of "
                              "little", Phrase("{messages}, which has none", messages=MESSAGES))

    def read(self, size: int) -> bytes:
        first, self._first = self._first[:size], self._first[size:]
        return first or self._file.read(size)


class _Reader:
    """Walks over a file and holds the elements that it is in."""

    def __init__(self, file: Source) -> None:
        self._events = etree.iterparse(
            _Prolog(file), events=("start", "end"), resolve_entities=False, no_network=True,
            load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True)
        self._names: list[str] = []
        self._record: _Record | None = None
        self._message = ""
        self._wrapping: _Unreadable | None = None   # what is around it: an envelope, or no message
        self._is_told = False
        self._reports = 0

    def items(self) -> Iterator[Item]:
        for event, element in self._events:
            if event == "start":
                self._begin(element)
            else:
                yield from self._end(element)
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
        if not self._message:
            assert self._wrapping is not None, "a document has an outermost element"
            raise self._wrapping
        if self._message.startswith("camt") and not self._reports:
            raise _Unreadable(1, Phrase("this {message} message has no statement in it",
                                        message=self._message),
                              "the entries of an account")

    def _begin(self, element: Any) -> None:
        name = etree.QName(element)
        if not self._names:
            if element.getroottree().docinfo.internalDTD is not None:
                raise _Unreadable(1, "the file has a DTD", Phrase("{messages}, which has none",
                                                                  messages=MESSAGES))
            found = _MESSAGE.fullmatch(name.namespace or "")
            if name.localname != "Document" or found is None:
                self._wrapping = self._wrapping or _Unreadable(element.sourceline or 1, Phrase(
                    "the outermost element is {name!r} of {namespace!r}", name=name.localname,
                    namespace=name.namespace or "-"))
                return
            if self._message:
                raise _Unreadable(element.sourceline or 1, "a second message begins",
                                  "one message in a file")
            self._message = found[1]
        self._names.append(name.localname)
        if name.localname in _KINDS:
            self._record = _Record(name.localname, element.sourceline or 0, len(self._names),
                                   self._record)

    def _end(self, element: Any) -> Iterator[Item]:
        if not self._names:
            return
        record = self._record
        if record is not None and len(self._names) == record.depth:
            self._record = record.above
            yield from self._told(record)
        elif record is not None:
            path = "/".join(self._names[record.depth:])
            if path in _KEPT[record.kind] and element.text and path not in record.fields:
                record.fields[path] = text = element.text.strip()
                if len(text) > _TEXT_MOST:
                    raise _Unreadable(element.sourceline or 0, Phrase(
                        "{path} has {number:,} characters", path=path, number=len(text)),
                        Phrase("{most} at most", most=_TEXT_MOST))
                if "Ccy" in element.attrib:
                    record.fields[f"{path}@Ccy"] = element.attrib["Ccy"]
        self._names.pop()

    def _told(self, record: _Record) -> Iterator[Item]:
        if record.kind == "GrpHdr":
            identity = record.get("MsgId")
            if not identity:
                raise _Unreadable(record.line, "the message has no MsgId", "its name at the bank")
            self._is_told = True
            yield Message(self._message, identity)
            return
        if not self._is_told:
            raise _Unreadable(record.line, Phrase("{kind} stands before GrpHdr", kind=record.kind),
                              "the head of the message first")
        yield from _TELL[record.kind](self, record)

    def group(self, one: _Record) -> Iterator[Item]:
        """What a status report says of the whole message that was sent."""
        original = one.get("OrgnlMsgId")
        yield Sent(one.line, original, one.get("OrgnlNbOfTxs"), one.amount("OrgnlCtrlSum"))
        if one.get("GrpSts"):
            yield Answer(one.line, "message", original, one.get("GrpSts"), one.get(*_REASON),
                         None, "", False, "")

    def block(self, one: _Record) -> Iterator[Item]:
        """What it says of a block of payments."""
        if one.get("PmtInfSts"):
            yield Answer(one.line, "block", one.get("OrgnlPmtInfId"), one.get("PmtInfSts"),
                         one.get(*_REASON), None, "", False, "")

    def transaction(self, one: _Record) -> Iterator[Item]:
        """What it says of a payment."""
        reference = one.get("OrgnlEndToEndId")
        if reference in NOT_GIVEN:
            reference = one.get("OrgnlInstrId")
        yield Answer(one.line, "payment", reference, one.get("TxSts"), one.get(*_REASON),
                     one.amount(*_INSTRUCTED), "", False, "")

    def balance(self, one: _Record) -> Iterator[Item]:
        """Note what an account has."""
        amount, report = one.amount("Amt"), _above(one)
        if amount is not None:
            _note(report, amount)
            kind = one.get("Tp/CdOrPrtry/Cd", "Tp/Cd")
            if kind in (*_OPENING, _CLOSING):
                report.balances.setdefault(kind, _signed(one, amount))
        return iter(())

    def detail(self, one: _Record) -> Iterator[Item]:
        """A payment of an entry; what the entry is, stands before its details."""
        entry = _above(one)
        amount, whole = one.amount(*_DETAIL), entry.amount("Amt")
        entry.parts += 1
        if amount is not None and whole is not None and amount.currency == whole.currency:
            _note(_above(entry), amount)
            entry.priced += 1
            # A batch may mix both sides.
            same = one.get("CdtDbtInd") in ("", entry.get("CdtDbtInd"))
            entry.total += amount.value if same else -amount.value
        yield self._entry(one, entry, one.get("Refs/EndToEndId"), amount or whole,
                          one.get("CdtDbtInd") or entry.get("CdtDbtInd"))

    def entry(self, one: _Record) -> Iterator[Item]:
        """An entry of an account, whose details were told before."""
        report, amount = _above(one), one.amount("Amt")
        if amount is None or one.get("CdtDbtInd") not in ("CRDT", "DBIT"):
            raise _Unreadable(one.line, "an entry has no amount, or does not say on which side",
                              "Amt, and CRDT or DBIT as CdtDbtInd")
        _note(report, amount)
        report.parts += 1
        if one.get("Sts", "Sts/Cd") == "BOOK":
            report.total += _signed(one, amount)
        report.gross += amount.value
        if not report.faults:       # one is enough to refuse a file
            report.faults += _entry_faults(one, amount)
        if not one.parts:       # a block of payments may be booked as one amount
            yield self._entry(one, one, one.get("NtryDtls/Btch/PmtInfId"), amount,
                              one.get("CdtDbtInd"))

    def _entry(self, one: _Record, entry: _Record, reference: str, amount: Amount | None, side: str
               ) -> Answer:
        is_return = bool(one.get(*_RETURN)) or entry.get("RvslInd") in ("true", "1")
        return Answer(one.line, "entry", reference, entry.get("Sts", "Sts/Cd"), one.get(*_RETURN),
                      amount, side, is_return, _above(entry).get(*_ACCOUNT))

    def report(self, one: _Record) -> Iterator[Item]:
        """All of an account: its sums are known now."""
        self._reports += 1
        if one.get("Acct/Ccy"):
            one.amounts.setdefault(one.get("Acct/Ccy"), Amount("0", 0, 0, one.get("Acct/Ccy")))
        yield Report(one.line, one.get(*_ACCOUNT), one.amounts,
                     [*one.faults, *_report_faults(one)])


_TELL: dict[str, Callable[[_Reader, _Record], Iterator[Item]]] = {
    "OrgnlGrpInfAndSts": _Reader.group, "OrgnlPmtInfAndSts": _Reader.block,
    "TxInfAndSts": _Reader.transaction, "Bal": _Reader.balance, "TxDtls": _Reader.detail,
    "Ntry": _Reader.entry, **dict.fromkeys(_REPORTS, _Reader.report)}


def _above(one: _Record) -> _Record:
    if one.above is None:
        raise _Unreadable(one.line, Phrase("{kind} stands by itself", kind=one.kind),
                          "it within an account's report")
    return one.above


def _note(report: _Record, amount: Amount) -> None:
    """Remember of each currency the amount with most decimals."""
    known = report.amounts.get(amount.currency)
    if known is None or amount.decimals > known.decimals:
        report.amounts[amount.currency] = amount


def _signed(one: _Record, amount: Amount) -> int:
    return -amount.value if one.get("CdtDbtInd") == "DBIT" else amount.value


def _entry_faults(one: _Record, amount: Amount) -> Iterator[Fault]:
    said = one.get("NtryDtls/Btch/NbOfTxs")
    if said and one.parts and said.lstrip("0") != str(one.parts):
        yield Fault(one.line, Phrase("an entry has {parts} payments in it", parts=one.parts),
                    Phrase("{said}, as it says", said=said))
    # Where some have no amount of their own, or one in another currency, nothing can be added up.
    if one.parts and one.priced == one.parts and one.total != amount.value:
        yield Fault(one.line, Phrase("the payments of an entry come to {text}",
                                     text=_text(one.total)),
                    Phrase("its amount, {text}", text=amount.text))


def _report_faults(one: _Record) -> Iterator[Fault]:
    said = one.get("TxsSummry/TtlNtries/NbOfNtries")
    if said and said.lstrip("0") != str(one.parts or ""):
        yield Fault(one.line, Phrase("the account has {parts} entries", parts=one.parts),
                    Phrase("{said}, as it says", said=said))
    total = one.amount("TxsSummry/TtlNtries/Sum")
    if total is not None and total.value != one.gross:
        yield Fault(one.line, Phrase("its entries come to {text}", text=_text(one.gross)),
                    Phrase("{said}, as it says", said=total.text))
    opening = next((one.balances[name] for name in _OPENING if name in one.balances), None)
    closing = one.balances.get(_CLOSING)
    is_whole = one.get("StmtPgntn/PgNb") in ("", "1") and (
        one.get("StmtPgntn/LastPgInd") in ("", "true", "1"))
    if is_whole and opening is not None and closing is not None and (
            opening + one.total != closing):
        yield Fault(one.line, Phrase("its entries lead from {opening} to {total}",
                                     opening=_text(opening), total=_text(opening + one.total)),
                    Phrase("its closing balance, {text}", text=_text(closing)))


def _amount_of(text: str, currency: str, line: int) -> Amount:
    found = _AMOUNT.fullmatch(text)
    whole, decimals = (found[1] or "", found[2] or "") if found else ("", "")
    if not (whole + decimals) or len(whole + decimals) > _DIGITS_MOST or (
            len(decimals) > DECIMALS_MOST or not (whole + decimals).isascii()):
        raise _Unreadable(line, Phrase("{text!r} is no amount", text=text),
                          Phrase("up to {digits} digits, {decimals} of them behind a "
                                 "point", digits=_DIGITS_MOST, decimals=DECIMALS_MOST))
    if currency and not _CURRENCY.fullmatch(currency):
        raise _Unreadable(line,
                          Phrase("{currency!r} is no currency", currency=currency[:_TEXT_MOST]),
                          "three capital letters of ISO 4217")
    return Amount(text, int(whole + decimals.ljust(DECIMALS_MOST, "0")), len(decimals), currency)


def _text(value: int) -> str:
    """A sum as it would be written."""
    whole, part = divmod(abs(value), 10 ** DECIMALS_MOST)
    decimals = f"{part:0{DECIMALS_MOST}}".rstrip("0").ljust(2, "0")
    return f"{'-' if value < 0 else ''}{whole}.{decimals}"
