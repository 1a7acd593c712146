"""From a position down to the rides that it is made of, and from a ride up to its payment.

Down, rides come to the position exactly; up, it ends at the bytes of the records that came.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from typing import Any, NamedTuple

import msgspec
import numpy as np

from clearing.answers.brought import reach
from clearing.answers.disputes import rows_where
from clearing.answers.documents.words import Words
from clearing.answers.kept import folder_of
from clearing.answers.listings import flows_of, words_of_cause
from clearing.answers.masking import mask_text
from clearing.answers.member_statements import list_statements
from clearing.answers.named_ride import find_ride
from clearing.answers.netted import net_closing
from clearing.answers.payments import list_batches, list_closings, list_paid, payments_of
from clearing.answers.periods import Period
from clearing.answers.rides_behind import RidesBehind, list_behind
from clearing.answers.session import Session
from clearing.intake.kept import is_kept, read_kept
from ext.codes import Cause, Reason
from ext.records import RIDE_FLAGS, TAP
from network.civil import day_of
from network.errors import OnecardError
from network.language import Phrase
from network.numbering import NumberedNetwork
from settlement.payments import Payment
from settlement.positions import net_positions
from settlement.statements import Statement

RECORD_MOST = 1024          # bytes of a record that are shown
HEX_MOST = 128              # of one that is no text
# By their first bytes: files whose records are counted in what was made of them.
_TRANSLATED = (b"PK\x03\x04", b"\xff\xfe", b"\xfe\xff")
# A list, or a map, of MessagePack; words in GB18030 can begin with these, too.
_LISTED = tuple(bytes([byte]) for byte in (*range(0x80, 0xa0), 0xdc, 0xdd, 0xde, 0xdf))
RIDE_COLUMNS = ("window", "card", "card_seq", "boarded", "operator", "line", "cause", "with",
                "rule", "entered_as", "amount")


class Part(NamedTuple):
    """What a position has of one cause and counterparty, in minor units."""

    code: str
    name: str
    cause: str
    items: int
    is_owed: int
    owes: int
    net: int


def payment_of(session: Session, which: str) -> Payment:
    """A payment that is named BATCH/NUMBER. Raises OnecardError."""
    batch, _, number = which.partition("/")
    if all(word.isascii() and word.isdigit() and len(word) < 10 for word in (batch, number)):
        where = f"batch = {int(batch)} AND payment = {int(number)}"
        for payment in payments_of(session.book, where):
            return payment
    raise OnecardError(Phrase("there is no payment {which!r}",
                              which=which), where=session.book.store.where,
                       expected="BATCH/NUMBER, such as 1/3",
                       remedy="look for it with `onecard pay list`")


def parts_of(session: Session, period: Period, member: str, cause: str | None) -> list[Part]:
    """A member's position by cause and counterparty; with a cause, only that part of it."""
    members = {one.number: one for one in session.numbered().members}
    statement = next(one for one in list_statements(session, period) if one.member.code == member)
    lines = [line for line in statement.lines if cause in (None, words_of_cause(line.cause))]
    chosen = Statement(statement.member, lines)
    return [Part(members[number].code, members[number].name, words_of_cause(why), one.rides,
                 one.is_owed, one.owes, one.net)
            for one in chosen.sums(lambda line: (line.cause, chosen.other(line)))
            for why, number in [one.key]]


def rides_of(session: Session, period: Period, member: str, cause: str | None
             ) -> Iterator[tuple[Any, ...]]:
    """The rides that a position, or its part of a cause, is made of, in RIDE_COLUMNS.

    Amounts are what each adds to the position: below 0 where the member owes, or loses, it.
    """
    numbered = session.numbered()
    number = next(one.number for one in numbered.members if one.code == member)
    behind = RidesBehind(numbered, Words("en"))
    statement = next(one for one in list_statements(session, period) if one.member.code == member)
    if cause is not None:
        lines = [line for line in statement.lines if words_of_cause(line.cause) == cause]
        statement = Statement(statement.member, lines)
    where = f"{period.windows} AND (leg_debtor = {number} OR leg_creditor = {number})"
    if cause is not None:
        where += f" AND leg_cause = {int(Cause[cause.upper()])}"
    rides = (behind.rows(block, number) for block in list_behind(session, where))
    for (window, card, seq, boarded, _, operator, _, line, _, _, _, _, why, code, _, rule, reason,
         is_owed, owes) in chain(chain.from_iterable(rides), behind.of_no_ride(statement)):
        yield (window, card, seq, boarded, operator, line, why.replace(" ", "_"), code, rule,
               reason, (is_owed or 0) - (owes or 0))


@dataclass(frozen=True)
class TracedLeg:
    """One amount of an entry."""

    cause: str
    debtor: str
    creditor: str
    rule: str
    amount: int


@dataclass(frozen=True)
class TracedRecord:
    """A record that an entry is from."""

    file: str               # its SHA-256
    name: str               # as it was called when it came
    line: int
    offset: int             # byte of the record in its file
    text: str               # the record as it came; "": nobody can show it, `why` not
    why: str


@dataclass(frozen=True)
class TracedInstruction:
    """What a member was told to pay, or that it receives."""

    action: str
    amount: int
    counterparty: str       # a member's code; "": the settlement account


@dataclass(frozen=True)
class TracedPosition:
    """A member's position that an entry counts in, and what became of it."""

    member: str
    name: str
    position: int
    instructions: list[TracedInstruction]
    payments: list[str]     # in words


@dataclass(frozen=True)
class TracedEntry:
    """An entry of a ride on its way from the records to the payments; amounts in minor units."""

    run: int
    reason: str
    window: str
    takes_back: bool        # it is a reversal
    held: bool              # no position has it
    closed: str             # the day whose closing settles the window; "": it is open
    legs: list[TracedLeg]
    positions: list[TracedPosition]
    records: list[TracedRecord]
    disputes: list[str]     # of the ride, in words


def trace_ride(session: Session, ride: str) -> list[TracedEntry]:
    """Every entry of a ride, which is named CARD/COUNTER, oldest first.

    Raises OnecardError where that names no ride of a committed run.
    """
    reach(session)
    named = find_ride(session, ride)
    own = named.sql
    numbered = session.numbered()
    disputes: list[str] = [Phrase("dispute {dispute} by {claimant}: {state}", dispute=row.dispute,
                       claimant=row.claimant, state=row.state) for row in
                {row.dispute: row for _, row in rows_where(session.book, own)}.values()]
    found = [_entry(session, numbered, run, row, disputes)
             for run in session.book.runs_with_entries(own)
             for rows in session.book.entries(f"run = {run} AND {own}") for row in rows]
    if not found:
        raise OnecardError(Phrase("the book has no ride {ride}",
                                  ride=ride), where=session.book.store.where,
                           expected="a ride of a committed run",
                           remedy=Phrase("list the card's rides: onecard show rides --card {card}",
                                         card=named.card))
    return [_masked(entry) for entry in found] if named.is_masked else found


def _masked(entry: TracedEntry) -> TracedEntry:
    """An entry whose records do not show the card in full, as it was not named so."""
    return replace(entry, records=[replace(one, text=mask_text(one.text))
                                   for one in entry.records])


def _entry(session: Session, numbered: NumberedNetwork, run: int, row: Any, disputes: list[str]
           ) -> TracedEntry:
    window, held = int(row["window"]), bool(row["flags"] & RIDE_FLAGS["HELD"])
    code = numbered.names.code
    legs = [TracedLeg(words_of_cause(cause), code("member", debtor), code("member", creditor),
                      code("rule", rule), amount)
            for cause, debtor, creditor, rule, amount in zip(
                *(row["legs"][part].tolist() for part in
                  ("cause", "debtor", "creditor", "rule", "amount")), strict=True) if cause]
    closing = next((last for last, first in list_closings(session.book).items()
                    if first <= window <= last), None)
    involved = {party for leg in legs if leg.amount for party in (leg.debtor, leg.creditor)}
    return TracedEntry(
        run, Reason(int(row["reason"])).name.lower(), day_of(window).isoformat(),
        bool(row["flags"] & RIDE_FLAGS["REVERSAL"]), held,
        "" if closing is None else day_of(closing).isoformat(), legs,
        [] if held else _positions(session, numbered, window, closing, involved),
        list(_records(session, row)), disputes)


def _positions(session: Session, numbered: NumberedNetwork, window: int, closing: int | None,
               involved: set[str]) -> list[TracedPosition]:
    """The positions of members in the windows that were closed together, or in the open one."""
    first = window if closing is None else list_closings(session.book)[closing]
    flows = flows_of(session.book, first, window if closing is None else closing)
    names = {one.code: one.name for one in numbered.members}
    instructions = [] if closing is None else net_closing(session, closing).paid.instructions
    return [TracedPosition(
        one.member, names[one.member], one.net,
        [TracedInstruction(each.action, each.amount, each.counterparty)
         for each in instructions if each.member == one.member],
        [] if closing is None else list(_payments(session, closing, one.member)))
        for one in net_positions(flows, numbered.members)
        if one.level == "member" and one.member in involved]


def _payments(session: Session, closing: int, member: str) -> Iterator[str]:
    """What was paid of a position, in words."""
    batches = list_batches(session.book)
    for payment in payments_of(session.book, f"window = {closing}"):
        if payment.member == member:
            state = next(paid.state for paid in list_paid(session.book, batches[payment.batch])
                         if paid.payment.payment == payment.payment)
            yield (Phrase("payment {payment} of batch {batch}, {reference}: {state}",
                          payment=payment.payment, batch=payment.batch,
                          reference=payment.reference, state=state))


def _records(session: Session, row: Any) -> Iterator[TracedRecord]:
    """The records of an entry, with their bytes where their files are kept."""
    wanted = np.zeros(2, TAP)
    wanted["card_hi"], wanted["card_lo"] = row["card_hi"], row["card_lo"]
    wanted["card_seq"] = row["card_seq"], row["out_seq"]
    taps = {(int(tap["source_file"]), int(tap["source_line"])): int(tap["source_offset"])
            for tap in session.book.find_records(wanted)}
    digests = session.book.find_files(f"file IN ({int(row['in_file'])}, {int(row['out_file'])})")
    places = dict.fromkeys((int(row[f"{way}_file"]), int(row[f"{way}_line"]))
                           for way in ("in", "out") if row[f"{way}_line"])
    for file, line in places:
        digest, offset = digests[file], taps[file, line]
        name = session.book.files_given({digest})[digest].name
        yield TracedRecord(digest, name, line, offset, *_bytes_of(session, digest, offset))


def _bytes_of(session: Session, digest: str, offset: int) -> tuple[str, str]:
    """The record at a byte of a kept file, or why there is none to show."""
    folder = folder_of(session, digest)
    if not is_kept(folder, digest):
        return "", Phrase("its file is not in {folder}", folder=folder)
    return show_record(read_kept(folder, digest), offset)


def show_record(parts: Iterable[bytes], offset: int) -> tuple[str, str]:
    """The record at a byte of a file as text, or in hexadecimal; or why there is none to show."""
    place, found = 0, b""
    parts = iter(parts)
    begin = next(parts, b"")
    if begin.startswith(_LISTED):
        begin += b"".join(parts)
    if begin.startswith(_TRANSLATED) or _is_msgpack(begin):
        return "", Phrase("its file is a workbook, MessagePack or UTF-16: look for the line in it")
    for part in chain([begin], parts):
        if place + len(part) > offset:
            found += part[max(0, offset - place):][:RECORD_MOST - len(found)]
            if len(found) == RECORD_MOST:
                break
        place += len(part)
    record = found.partition(b"\n")[0].rstrip(b"\r")
    for encoding in ("utf-8", "gb18030"):
        try:
            text = record.decode(encoding)
        except UnicodeDecodeError:
            continue
        if text.replace("\t", "").isprintable():
            return text, ""
    return f"0x{found[:HEX_MOST].hex()}", ""


def _is_msgpack(content: bytes) -> bool:
    """Whether what begins as a list or a map of MessagePack is one."""
    if not content.startswith(_LISTED):
        return False
    try:
        msgspec.msgpack.decode(content)
    except (ValueError, RecursionError):
        return False
    return True
