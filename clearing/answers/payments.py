"""What a book says of payments: batches, payments with what became of them, open positions."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from clearing.answers.netted import list_netted, net_closing
from clearing.answers.session import Session
from clearing.book import Book, Run
from clearing.book.schema import PAYMENTS
from network.civil import day_of, number_of
from network.errors import OnecardError
from network.language import Phrase, joined
from settlement.instructions import Instruction
from settlement.payments import FAILED, OpenPosition, Payment

# The newest answer of each payment that has one.
NEWEST_ANSWERS = (
    "SELECT batch, payment, argMax(state, run) AS answer, argMax(status, run) AS bank_status, "
    "argMax(reason, run) AS bank_reason FROM answers WHERE {runs} GROUP BY batch, payment")


@dataclass(frozen=True)
class Batch:
    """A batch of payments, and how far it has come."""

    batch: int
    state: str          # made, checked, declined, written
    made_by: str
    decided_by: str     # who checked or declined it
    message: str        # of which kind it was written; "": it was not
    sha256: str         # of the file that was written
    run: int            # that made it


@dataclass(frozen=True)
class Paid:
    """A payment, and what became of it."""

    payment: Payment
    state: str          # its batch's; once the bank has answered: pending, paid, rejected, returned
    status: str         # what the bank says, and why
    reason: str


def newest_run(session: Session) -> Run:
    """The run to go on from. Raises OnecardError where the book has none."""
    last = session.book.last_run()
    if last is None:
        raise OnecardError("the book is new", where=session.book.store.where,
                           expected="a book with a closed window",
                           remedy="clear files with `onecard clear`, then `onecard settle`")
    return last


def list_batches(book: Book) -> dict[int, Batch]:
    """Every batch by its number."""
    batches: dict[int, Batch] = {}
    for run, batch, event, by, message, sha256 in rows_of(book, (
            f"SELECT run, batch, event, by, message, sha256 FROM batches WHERE {book.as_of_last} "
            "ORDER BY run")):
        if event == "made":
            batches[batch] = Batch(batch, event, by, "", "", "", run)
            continue
        old = batches[batch]
        decided_by = by if event in ("checked", "declined") else old.decided_by
        batches[batch] = Batch(batch, event, old.made_by, decided_by, message, sha256, old.run)
    return batches


def batch_of(session: Session, number: int) -> Batch:
    """A batch by its number. Raises OnecardError where there is none."""
    batches = list_batches(session.book)
    if number not in batches:
        raise OnecardError(
            Phrase("there is no batch {number}", number=number), where=session.book.store.where,
            expected=Phrase("1 to {batches}",
                            batches=max(batches)) if batches else "a book with batches",
            remedy="look for it with `onecard pay list`, or make one with `onecard pay make`")
    return batches[number]


def payments_of(book: Book, where: str) -> Iterator[Payment]:
    """Payments in blocks of the store, by batch and number; where: SQL, which."""
    names = [name for name, _ in PAYMENTS.content]
    listed = ", ".join(f"`{name}`" for name in names)
    for block in book.store.blocks(f"SELECT {listed} FROM payments WHERE {book.as_of_last} "
                                   f"AND ({where}) ORDER BY batch, payment"):
        yield from (Payment(*row) for row in zip(*(
            column.tolist() if isinstance(column, np.ndarray) else map(str, column)
            for column in (block[name] for name in names)), strict=True))


def answers_of(book: Book, where: str = "1") -> dict[tuple[int, int], tuple[str, str, str]]:
    """State, status and reason by batch and payment, of those that a bank has answered."""
    newest = NEWEST_ANSWERS.format(runs=f"{book.as_of_last} AND ({where})")
    return {(batch, payment): (state, status, reason) for batch, payment, state, status, reason
            in rows_of(book, newest)}


def list_paid(book: Book, batch: Batch) -> Iterator[Paid]:
    """The payments of a batch."""
    answers = answers_of(book, f"batch = {batch.batch}")
    for one in payments_of(book, f"batch = {batch.batch}"):
        yield Paid(one, *answers.get((one.batch, one.payment), (batch.state, "", "")))


def list_closings(book: Book) -> dict[int, int]:
    """The windows that were closed: by their last day the first, days since 1970."""
    ends = [closed for closed, in rows_of(
        book, f"SELECT closed_through FROM runs WHERE {book.as_of_last} AND kind = 'close' "
        "ORDER BY run")]
    return {last: before + 1 for before, last in pairwise([0, *ends])}


def open_positions(session: Session) -> list[OpenPosition]:
    """The positions of closed windows that nobody was told to pay, or that a bank gave back."""
    book = session.book
    covered = {window for window, in rows_of(
        book, f"SELECT DISTINCT window FROM payments WHERE {_standing(book)}")}
    waiting = set(list_closings(book)) - covered
    due = [OpenPosition(number_of(netted.span.last), one, Phrase("not in a batch yet"))
           for netted in (list_netted(session, min(waiting), max(waiting)) if waiting else ())
           if number_of(netted.span.last) in waiting
           for one in netted.paid.instructions]
    return sorted([*due, *_given_back(book)])


def _given_back(book: Book) -> Iterator[OpenPosition]:
    """Positions whose newest payment came to nothing."""
    came_back = _answered(book, FAILED)
    newest: dict[tuple[int, str, str, str, str], Payment] = {}
    for one in payments_of(book, f"{_standing(book)} AND (window, member) IN (SELECT window, "
                           f"member FROM payments WHERE (batch, payment) IN {came_back})"):
        newest[one.position] = one
    answers = answers_of(book, f"(batch, payment) IN {came_back}") if newest else {}
    for one in newest.values():
        if (answer := answers.get((one.batch, one.payment))) is not None:
            state, status, reason = answer
            yield OpenPosition(
                one.window, Instruction(one.member, one.action, one.amount, one.counterparty,
                                        one.netting),
                joined(" ", filter(None, [Phrase("{state} in batch {batch}:", state=state,
                                                 batch=one.batch), status, reason])))


def settled_days(session: Session) -> set[datetime.date]:
    """The days of windows whose payments have all arrived."""
    book = session.book
    paid = {window for window, waiting in rows_of(book, (
        f"SELECT window, countIf((batch, payment) NOT IN {_answered(book, ('paid', *FAILED))}) "
        f"AS waiting FROM payments WHERE {_standing(book)} GROUP BY window")) if not waiting}
    paid -= {one.window for one in _given_back(book)}
    return {day_of(day) for last, first in list_closings(book).items() if last in paid
            for day in range(first, last + 1)}


def _standing(book: Book) -> str:
    """A condition on payments: their batch was not declined."""
    return (f"{book.as_of_last} AND batch NOT IN (SELECT batch FROM batches "
            f"WHERE {book.as_of_last} AND event = 'declined')")


def _answered(book: Book, states: Sequence[str]) -> str:
    """In SQL, batch and payment of those that are in one of these states by their answers."""
    listed = ", ".join(map(repr, states))
    return (f"(SELECT batch, payment FROM ({NEWEST_ANSWERS.format(runs=book.as_of_last)}) "
            f"WHERE answer IN ({listed}))")


def check_amounts(session: Session, where: str = "1") -> list[str]:
    """Payments that are not what their windows' positions come to, in words.

    where: SQL, which payments.
    """
    book, breaks = session.book, list[str]()
    closings = list_closings(book)
    text = session.described().model.money.text
    expected: dict[int, dict[tuple[str, ...], int]] = {}
    for one in payments_of(book, where):
        if one.window not in expected:
            instructions = (net_closing(session, one.window).paid.instructions
                            if one.window in closings else ())
            expected[one.window] = {
                (due.netting, due.member, due.action, due.counterparty): due.amount
                for due in instructions}
        due = expected[one.window].get(one.position[1:])
        if due != one.amount:
            breaks.append(
                Phrase("payment {batch}/{payment}: {member} {action} {amount} for window "
                       "{window}, and by its position {due}", batch=one.batch,
                       payment=one.payment, member=one.member, action=one.action,
                       amount=text(one.amount), window=day_of(one.window),
                       due=Phrase("nothing") if due is None else text(due)))
    return breaks


def find_paid_twice(book: Book) -> list[str]:
    """Positions that two payments stand for, in words."""
    if not int(book.ask(f"SELECT count() AS rows FROM {PAYMENTS.name} WHERE {book.committed}"
                        )["rows"][0]):
        return []       # as in most books: the question below is a long one
    found = rows_of(book, (
        "SELECT window, member, min(batch) AS first, max(batch) AS last FROM payments "
        f"WHERE {_standing(book)} AND (batch, payment) NOT IN {_answered(book, FAILED)} "
        "GROUP BY window, netting, member, action, counterparty HAVING count() > 1 "
        "ORDER BY window, member"))
    return [Phrase("{member} is paid twice for window {window}: in batch {first} and in {last}",
                   member=member, window=day_of(window), first=first, last=last)
            for window, member, first, last in found]


def rows_of(book: Book, sql: str) -> Iterator[tuple[Any, ...]]:
    """The rows of a question, as Python has numbers and text."""
    return zip(*(np.asarray(column).tolist() if isinstance(column, np.ndarray) else
                 map(str, column) for column in book.ask(sql).values()), strict=True)
