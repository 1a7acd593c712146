"""Make payments of what windows instruct, have somebody else check them, write them for a bank."""

from __future__ import annotations

import datetime
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from clearing.answers.documents.unfinished import whole_file
from clearing.answers.payments import (
    Batch,
    batch_of,
    check_amounts,
    list_batches,
    list_closings,
    newest_run,
    open_positions,
    payments_of,
)
from clearing.answers.session import Session
from clearing.book import Run
from clearing.book.payment_rows import BatchRow
from clearing.book.schema import BATCHES, PAYMENTS
from clearing.engine.payment_run import payment_run
from network.bank_accounts import find_account, whose
from network.civil import day_number, day_of
from network.errors import BookDamaged, OnecardError
from network.files import sha256_of
from network.language import Phrase, joined
from settlement.bank_days import BankDays
from settlement.formats.iso20022 import (
    PACS_009,
    PAIN_001,
    MessageHead,
    write_pacs_009,
    write_pain_001,
)
from settlement.formats.payment_csv import CSV, write_payment_csv
from settlement.payments import Account, OpenPosition, make_payments

Writer = Callable[[BinaryIO, MessageHead, Any], None]
# By what the command calls them: the kind of message, and who writes it.
FORMATS: dict[str, tuple[str, Writer]] = {
    "pain.001": (PAIN_001, write_pain_001), "pacs.009": (PACS_009, write_pacs_009),
    "csv": (CSV, write_payment_csv)}
KEY_DIGITS = 10     # of the chain: what tells this book's payments from those of others
ROWS_AT_ONCE = 10_000
_LISTED = 3         # members that an error names


def make_batch(session: Session, by: str, today: datetime.date, pay_on: str | None = None,
               windows: Sequence[str] = ()) -> Batch:
    """A batch of a payment for each open position.

    by: who makes it. pay_on: the bank day on which banks are to pay, by the accounts of that day;
    None: today, by the civil clock, or the next one.
    windows: the days that windows were closed with; none: all that have open positions.
    Raises OnecardError, and TableError for a year whose holidays nobody has published.
    """
    by, last = _person(by), newest_run(session)
    day = _bank_day(session, today, pay_on)
    due = _chosen(session, open_positions(session), windows)
    currency = session.described().model.money
    if not currency.code:
        raise OnecardError(Phrase("banks do not know {currency}",
                                  currency=currency.name), where=session.locator(),
                           expected="its code of ISO 4217",
                           remedy="add currency_code to network.toml, and name its folder with "
                                  "--network")
    account_of = _accounts(session, day, due)
    number = max(list_batches(session.book), default=0) + 1
    payments = make_payments(number, last.chain[:KEY_DIGITS].upper(), due, day, currency,
                             account_of)
    with payment_run(session.book, last, ["make", by, str(day), *windows]) as run:
        run.write_rows(BATCHES, [BatchRow(number, "made", by, "", "")])
        for start in range(0, len(payments), ROWS_AT_ONCE):
            run.write_rows(PAYMENTS, payments[start:start + ROWS_AT_ONCE])
    return batch_of(session, number)


def check_batch(session: Session, number: int, by: str) -> Batch:
    """A batch that somebody other than its maker has checked: it may be written.

    Its amounts are added up again from the flows of its windows. Who has checked it already is told
    so and changes nothing. Raises OnecardError.
    """
    batch, by, last = batch_of(session, number), _person(by), newest_run(session)
    if batch.decided_by and (batch.state == "declined" or batch.decided_by != by):
        raise _wrong_state(batch, Phrase("was {state} by {decided_by}", state=_past(batch),
                                         decided_by=batch.decided_by),
                           "a batch that nobody has checked yet",
                           "look at it with `onecard pay show`")
    if batch.decided_by:
        return batch
    if by.casefold() == batch.made_by.casefold():
        raise _wrong_state(batch, Phrase("was made by {made_by}", made_by=batch.made_by),
                           "somebody else who checks it",
                           "have another person check it, by their own name")
    breaks = check_amounts(session, f"batch = {number}")
    if breaks:
        raise BookDamaged(breaks[0], where=Phrase("batch {batch}", batch=number),
                          expected="payments that add up to the positions of their windows",
                          remedy="nothing was checked; `onecard verify` says what holds")
    return _tell(session, last, BatchRow(number, "checked", by, "", ""))


def decline_batch(session: Session, number: int, by: str) -> Batch:
    """A batch that is not to be paid: its positions are open again. Anybody may decline.

    Raises OnecardError where it was written: a bank may have it.
    """
    batch, by, last = batch_of(session, number), _person(by), newest_run(session)
    if batch.state == "declined":
        return batch
    if batch.state == "written":
        raise _wrong_state(batch, "was written: a bank may have it", "a batch that was not",
                           "have the bank cancel it, and read its answer with `onecard pay answer`")
    return _tell(session, last, BatchRow(number, "declined", by, "", ""))


def write_batch(session: Session, number: int, form: str, path: Path) -> Batch:
    """Write a checked batch for a bank; the same bytes whenever it is written again.

    form: one of FORMATS. One batch is written in one form: two could be paid twice. The book says
    that it was written before the file has its name, so that no bank has what the book does not
    know of. Raises OnecardError.
    """
    batch, last = batch_of(session, number), newest_run(session)
    message, write = FORMATS[form]
    if batch.state not in ("checked", "written"):
        raise _wrong_state(batch, Phrase("is {state}", state=_past(batch)),
                           "a batch that was checked",
                           Phrase("have somebody else check it: `onecard pay check {number} "
                                  "--by NAME`", number=number)
                           if batch.state == "made" else "make another one")
    if batch.message not in ("", message):
        raise _wrong_state(batch, Phrase("was written as {message}", message=batch.message),
                           Phrase("the same form again: a bank that gets it as {message}, too, "
                                  "could pay twice", message=message),
                           "write it in its own form, or make another batch of what comes back")
    try:
        with whole_file(path) as unfinished:
            with unfinished.open("wb") as out:
                write(out, _head_of(session, batch),
                      payments_of(session.book, f"batch = {number}"))
                out.flush()
                os.fsync(out.fileno())
            digest = sha256_of(unfinished)
            if batch.sha256 not in ("", digest):
                raise _wrong_state(batch, "comes out with other bytes than it was written with",
                                   Phrase("SHA-256 {sha256}", sha256=batch.sha256),
                                   "write it with the version that it was written with")
            if not batch.message:
                batch = _tell(session, last, BatchRow(number, "written", "", message, digest))
    except OSError as error:
        raise OnecardError(Phrase("the file cannot be written: {strerror}",
                                  strerror=error.strerror), where=str(path),
                           remedy="run the same command again, with another --out") from None
    return batch


def _head_of(session: Session, batch: Batch) -> MessageHead:
    """What the batch's message says of all its payments."""
    own = f"batch = {batch.batch}"
    first = next(payments_of(session.book, f"{own} AND payment = 1"))
    # The settlement account's owner has the bank pay, where that takes part; else who pays first.
    for one in payments_of(session.book, f"{own} AND payment IN (SELECT min(payment) FROM payments "
                           f"WHERE {own} AND counterparty = '')"):
        initiator = (one.payee if one.action == "pays" else one.payer).name
        break
    else:
        initiator = first.payer.name
    found = session.book.ask(
        f"SELECT action, count() AS payments, sum(amount) AS total FROM payments WHERE {own} "
        f"AND {session.book.as_of_last} GROUP BY action")
    counts, sums = {"pays": 0, "receives": 0}, {"pays": 0, "receives": 0}
    for action, count, total in zip(*found.values(), strict=True):
        counts[str(action)], sums[str(action)] = int(count), int(total)
    made = session.book.find_run(batch.run)
    assert made is not None, "a batch is of a run"
    return MessageHead(
        first.reference.rpartition("-")[0], batch.batch,
        datetime.datetime.fromtimestamp(made.started_at, datetime.UTC), day_of(first.pay_on),
        session.described().model.money._replace(code=first.currency),
        initiator, counts, sums)


def _bank_day(session: Session, today: datetime.date, pay_on: str | None) -> datetime.date:
    """The day on which banks are to pay. Raises OnecardError where they do not work on it."""
    bank_days = BankDays(session.described())
    if pay_on is None:
        return today if bank_days.is_bank_day(today) else bank_days.after(today, 1)
    day = day_of(day_number(pay_on))
    if not bank_days.is_bank_day(day):
        raise OnecardError("banks do not work on this day", where=pay_on,
                           expected="a workday of the network's calendar, and no bank_holiday",
                           remedy=Phrase("the next one is {after}: name it with --on",
                                         after=bank_days.after(day, 1)))
    return day


def _chosen(session: Session, due: list[OpenPosition], windows: Sequence[str]
            ) -> list[OpenPosition]:
    """Open positions of these windows. Raises OnecardError where one of them has none."""
    for text in windows:
        day = day_number(text)
        if any(one.window == day for one in due):
            continue
        if day not in list_closings(session.book):
            raise OnecardError(
                "no window was closed with this day", where=text,
                expected="the day that `onecard settle` named",
                remedy=Phrase("close it first: `onecard settle --window {text}`; a day that was "
                              "closed with a later one is paid with that", text=text))
        batches = sorted({one.batch for one in payments_of(session.book, f"window = {day}")})
        raise OnecardError(
            Phrase("nothing is to be paid: it is in batch {batches}",
                   batches=joined(", ", map(str, batches))) if batches else
            "nothing is to be paid: nobody owes anything",
            where=Phrase("window {window}", window=text),
            expected="a window with open positions: none is paid twice",
            remedy="look at it with `onecard pay list`")
    days = set(map(day_number, windows))
    chosen = [one for one in due if not days or one.window in days]
    if not chosen:
        raise OnecardError(
            "nothing is to be paid: no position is open", where=session.book.store.where,
            expected="a closed window that is in no batch, or a payment that came back",
            remedy="close a window with `onecard settle`; `onecard pay list` shows the batches")
    return chosen


def _accounts(session: Session, day: datetime.date, due: Sequence[OpenPosition]
              ) -> Callable[[str | None], Account]:
    """Whose account is which on a day. Raises OnecardError where one of them has none."""
    model = session.described().model
    accounts: dict[str | None, Account] = {}
    missing: list[str | None] = []
    parties = {code or None for one in due
               for code in (one.instruction.member, one.instruction.counterparty)}
    for member in sorted(parties, key=str):
        found = find_account(model, member, day)
        if found is None:
            missing.append(member)
        else:
            accounts[member] = Account(found.bank, found.account, found.name)
    if missing:
        more = (Phrase(", and {number} more", number=len(missing) - _LISTED)
                if len(missing) > _LISTED else "")
        raise OnecardError(
            Phrase("no bank account on {day}: {whose}{more}", day=day,
                   whose=joined(", ", map(whose, missing[:_LISTED])), more=more),
            where=session.locator(), expected="one for each member that pays or receives",
            remedy="add a [[bank_account]] for each to network.toml, and name its folder with "
                   "--network; nothing was made")
    return accounts.__getitem__


def _tell(session: Session, last: Run, row: BatchRow) -> Batch:
    """Commit what happened to a batch."""
    with payment_run(session.book, last, list(row)) as run:
        run.write_rows(BATCHES, [row])
    return batch_of(session, row.batch)


def _person(name: str) -> str:
    name = name.strip()
    if not (name and name.isprintable()):
        raise OnecardError("--by is blank", expected="the name of who does this",
                           remedy="write it, such as --by 'Li Na'")
    return name


def _past(batch: Batch) -> str:
    return Phrase("made, and not checked") if batch.state == "made" else batch.state


def _wrong_state(batch: Batch, found: str, expected: str, remedy: str) -> OnecardError:
    return OnecardError(found, where=Phrase("batch {batch}", batch=batch.batch),
                        expected=expected, remedy=remedy)
