"""Read what a bank says became of payments, all of a file or nothing of it."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from clearing.answers.pay_judge import NOTHING_POSTED, Judge
from clearing.answers.session import Session
from clearing.book import Book
from clearing.book.payment_rows import AnswerFileRow, AnswerRow
from clearing.book.schema import ANSWER_FILES, ANSWERS
from clearing.engine.payment_run import payment_run
from network.errors import OnecardError
from network.language import Phrase
from settlement.formats.answers import Message, read_answers
from settlement.payments import FAILED, Payment

ROWS_AT_ONCE = 10_000


@dataclass
class Answered:
    """What a bank's file said."""

    name: str
    message: Message
    run: int                            # that posted it, or has posted it before
    is_known: bool = False              # all of the file was read before
    new: Counter[str] = field(default_factory=Counter)      # payments by what they are now
    known: int = 0                      # answers that say what was known
    others: int = 0                     # entries that are of no payment of this book
    came_back: list[tuple[Payment, AnswerRow]] = field(default_factory=list)


def answer_payments(session: Session, path: Path, *, leave_others: bool = False) -> Answered:
    """Post what a bank's file says of payments: all of it, or nothing where this raises.

    leave_others: entries that name payments which are not of this book are left out; else the file
    is refused. Raises OnecardError.
    """
    last = session.book.last_run()
    judge = Judge(session.book, session.described().model.money, str(path),
                  leave_others=leave_others)
    with path.open("rb") as file:
        digest, size = _read(judge, file, str(path))
    before = _read_before(session.book, judge.message, digest, str(path))
    if before is not None:
        return Answered(path.name, judge.message, before, is_known=True)
    rows = judge.rows(digest)
    assert last is not None, "a book with payments has runs"
    with payment_run(session.book, last, ["answer", digest, leave_others]) as run:
        for start in range(0, len(rows), ROWS_AT_ONCE):
            run.write_rows(ANSWERS, rows[start:start + ROWS_AT_ONCE])
        run.write_rows(ANSWER_FILES, [AnswerFileRow(
            digest, path.name, size, *judge.message, len(rows), judge.known, judge.others)])
    return Answered(path.name, judge.message, run.number, False,
                    Counter(row.state for row in rows), judge.known, judge.others,
                    [(judge.payments[row.batch, row.payment], row) for row in rows
                     if row.state in FAILED])


class _Hashed:
    """A file whose bytes are counted into a digest as they are read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest = file, hashlib.sha256()

    def read(self, size: int) -> bytes:
        part = self._file.read(size)
        self.digest.update(part)
        return part


def _read(judge: Judge, file: BinaryIO, where: str) -> tuple[str, int]:
    """Have all of a file judged; the digest of what was judged, and its size."""
    hashed, before = _Hashed(file), os.fstat(file.fileno())
    for item in read_answers(hashed, where):
        judge.take(item)
    while hashed.read(1 << 20):     # behind the last element
        pass
    after = os.fstat(file.fileno())
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise OnecardError(
            Phrase("the file changed while it was read: {before:,} bytes before, {after:,} "
                   "after", before=before.st_size,
                   after=after.st_size), where=where, expected="a file that nobody writes to",
            remedy=Phrase("wait until it is whole, and read it again; {nothing_posted}",
                          nothing_posted=NOTHING_POSTED))
    judge.finish()
    return hashed.digest.hexdigest(), after.st_size


def _read_before(book: Book, message: Message, digest: str, where: str) -> int | None:
    """The run that has read this file before. Raises OnecardError where it was another one then."""
    found = book.ask(
        f"SELECT run, sha256, identity, message FROM answer_files WHERE {book.as_of_last}")
    kind = message.message[:8]      # a bank may go on to a newer version
    for run, sha256, identity, other in zip(*found.values(), strict=True):
        if sha256 == digest:
            return int(run)
        if (identity, str(other)[:8]) == (message.identity, kind):
            raise OnecardError(
                Phrase("the bank's message {identity} was read in run {run} with other contents",
                       identity=message.identity,
                       run=int(run)), where=where, expected=Phrase("the bytes of SHA-256 {sha256}",
                                                                   sha256=sha256),
                remedy=Phrase("ask the bank which of the two holds; {nothing_posted}",
                              nothing_posted=NOTHING_POSTED))
    return None
