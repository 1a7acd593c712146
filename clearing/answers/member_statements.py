"""Statements for members: what was settled, by whom, why and where, down to the rides.

A statement comes to the member's position exactly. What a window charged that is of no ride stands
in it, too: flows less the legs of rides.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from clearing.answers.card_numbers import card_writer
from clearing.answers.documents.document import Document, Section, add_up, file_stem
from clearing.answers.documents.excel_csv import ExcelCsv, open_excel_csv, text_cell
from clearing.answers.documents.page import write_page
from clearing.answers.documents.words import Words
from clearing.answers.documents.workbook import WorkbookFile, open_workbook
from clearing.answers.listings import flows_of
from clearing.answers.owing import place_names
from clearing.answers.periods import Period
from clearing.answers.rides_behind import RidesBehind, detail_of, list_behind
from clearing.answers.session import Session
from clearing.book.legs import BETWEEN_TWO, sum_legs
from ext.codes import Cause
from network.civil import day_of
from network.members import NATION, Member
from network.money import Currency
from network.numbering import NumberedNetwork
from settlement.statements import Line, Statement, make_statements

_BY = ("window", "leg_debtor", "leg_creditor", "leg_cause", "operator", "mode", "card_kind",
       "reason")
# Each has three files open or more, and a process has 1,024 by default.
OPEN_MOST = 100
_SIDES = ("items", "is owed", "owes", "net")


class Written(NamedTuple):
    """A statement whose files are written; amounts in minor units."""

    member: Member
    is_owed: int
    owes: int
    files: tuple[Path, ...]

    @property
    def net(self) -> int:
        """The member's position."""
        return self.is_owed - self.owes


@dataclass(frozen=True)
class Books:
    """What every statement of a period is made with."""

    session: Session
    numbered: NumberedNetwork
    period: Period
    run: int                # as after which it is
    card: Callable[[str], str]      # how card numbers are written

    @property
    def currency(self) -> Currency:
        """What amounts are in."""
        return self.numbered.network.model.money


def list_statements(session: Session, period: Period) -> list[Statement]:
    """Every member's statement, of which some are empty."""
    return make_statements(_lines(session, period), session.numbered().members)


def write_statements(session: Session, period: Period, members: Sequence[str], folder: Path, *,
                     with_rides: bool = True, cards_in_full: bool = False) -> Iterator[Written]:
    """Write the statements of some members, or of all that owe or are owed anything.

    For each a workbook, a page to sign and, with_rides, a CSV of the rides, which are in the
    workbook, too. members: codes that the network has. Raises OnecardError where cards are to be
    in full and the network does not let them.
    """
    card = card_writer(session, in_full=cards_in_full)
    folder.mkdir(parents=True, exist_ok=True)
    run = session.book.last_run()
    books = Books(session, session.numbered(), period, run.run if run else 0, card)
    chosen = [one for one in make_statements(_lines(session, period), books.numbered.members)
              if one.member.code in members or (not members and one.lines)]
    for start in range(0, len(chosen), OPEN_MOST):
        yield from _write_some(books, chosen[start:start + OPEN_MOST], folder,
                               with_rides=with_rides)


def _write_some(books: Books, chosen: Sequence[Statement], folder: Path, *, with_rides: bool
                ) -> Iterator[Written]:
    """Write so many statements as can be open at once: the rides are read once for all of them."""
    with ExitStack() as open_files:
        files = [_Files(books, one, folder, open_files, with_rides=with_rides) for one in chosen]
        if with_rides:
            listed = ", ".join(str(one.member.number) for one in chosen)
            for block in list_behind(books.session, (
                    f"{books.period.windows} AND (leg_debtor IN ({listed}) "
                    f"OR leg_creditor IN ({listed}))")):
                for file in files:
                    file.add(block)
        for file in files:
            file.finish()
    for statement, file in zip(chosen, files, strict=True):
        total = statement.total()
        yield Written(statement.member, total.is_owed, total.owes, file.paths)


def _lines(session: Session, period: Period) -> list[Line]:
    """The legs of the period's rides, and what its flows have beside them."""
    found = sum_legs(session.book, _BY, f"{period.windows} AND {BETWEEN_TWO}")
    lines = [Line(*row) for row in zip(
        *(np.asarray(column).tolist() for column in found.values()), strict=True)]
    left: dict[tuple[int, int, int, int], list[int]] = {}
    for flow in flows_of(session.book, period.first, period.last):
        key = (int(flow["window"]), int(flow["debtor"]), int(flow["creditor"]), int(flow["cause"]))
        left[key] = [int(flow["count"]), int(flow["amount"])]
    for line in lines:
        rest = left.setdefault(line[:4], [0, 0])
        rest[0] -= line.rides
        rest[1] -= line.amount
    return lines + [Line(*key, 0, 0, 0, 0, *rest) for key, rest in sorted(left.items())
                    if rest != [0, 0]]


class _Files:
    """The files of one statement on their way."""

    def __init__(self, books: Books, statement: Statement, folder: Path, open_files: ExitStack,
                 *, with_rides: bool) -> None:
        words = Words(statement.member.language)
        stem = file_stem("statement", statement.member, books.period.label)
        document, detail = _document(books, statement, words), detail_of(words)
        self._statement = statement
        write_page(folder / f"{stem}.html", document)
        workbook = open_files.enter_context(
            open_workbook(folder / f"{stem}.xlsx", document, detail))
        self._forms: list[tuple[WorkbookFile | ExcelCsv, RidesBehind]] = []
        self.paths: tuple[Path, ...] = (folder / f"{stem}.xlsx", folder / f"{stem}.html")
        if with_rides:
            path = folder / f"{stem}-rides.csv"
            table = open_files.enter_context(
                open_excel_csv(path, detail, books.currency.decimals))
            self._forms = [
                (workbook, RidesBehind(books.numbered, words, card=books.card)),
                (table, RidesBehind(books.numbered, words, text_cell, books.card))]
            self.paths += (path,)

    def add(self, block: dict[str, Any]) -> None:
        """Write the member's rides of a block of legs."""
        for form, behind in self._forms:
            form.add(behind.rows(block, self._statement.member.number))

    def finish(self) -> None:
        """Write what is of no ride."""
        for written, behind in self._forms:
            written.add(behind.of_no_ride(self._statement))


def _document(books: Books, statement: Statement, words: Words) -> Document:
    member, total, currency = statement.member, statement.total(), books.currency
    unit = words.currency(currency)
    return Document(
        f"{words['statement']} {books.period.label}",
        [(words["member"], f"{member.code} {member.name}"),
         (words["role"], words[f"{member.role} role"]),
         (words["network"], books.numbered.network.model.title),
         (words["windows"], books.period.days()),
         (words["state"], words["closed" if books.period.is_closed else "open"]),
         (words["run"], str(books.run)), (words["unit"], unit),
         (words["position"], f"{currency.text(total.net)} {unit}")],
        _sections(books, statement, words),
        words.of("maker", "checker", "seal", "date"), member.language, currency)


def _sections(books: Books, statement: Statement, words: Words) -> list[Section]:
    """The statement by counterparty and cause, and the same again by all that tells rides apart."""
    members = {one.number: one for one in books.numbered.members}
    cities = place_names(books.numbered, "city")
    names = books.numbered.names
    no_rides = words["no rides"]

    def city(code: str) -> str:
        return words["nation"] if code == NATION else cities.get(code, code)

    def ride_city(line: Line) -> str:
        return city(members[line.operator].place("city")) if line.operator else no_rides

    def coded(kind: str, number: int) -> str:
        return names.code(kind, number) or no_rides

    def funder(line: Line) -> str:
        return members[line.debtor].name

    rows = []
    for one in statement.sums(lambda line: (members[statement.other(line)].code, line.cause)):
        code, cause = one.key
        other = next(member for member in books.numbered.members if member.code == code)
        rows.append((code, other.name, city(other.place("city")), words.cause(cause), one.rides,
                     one.is_owed, one.owes, one.net))
    columns = (*words.of("counterparty", "name", "city", "cause"), *words.of(*_SIDES))
    by_cause = Section(words["by cause"], columns, rows, frozenset((5, 6, 7)),
                       add_up(rows, (4, 5, 6, 7), len(columns), words["total"]))
    discounts = Statement(statement.member, [
        line for line in statement.lines if line.cause < Cause.FARE])
    return [by_cause, *(
        _broken_down(of, title, words, key) for of, title, key in (
            (statement, "reason", lambda line: words.reason(line.reason)),
            (statement, "window", lambda line: day_of(line.window).isoformat()),
            (statement, "city", ride_city),
            (statement, "mode", lambda line: coded("mode", line.mode)),
            (statement, "card_kind", lambda line: coded("card_kind", line.card_kind)),
            (discounts, "funder", funder)) if of.lines)]


def _broken_down(statement: Statement, what: str, words: Words, key: Callable[[Line], str]
                 ) -> Section:
    """A statement by one of its features, which add up to the whole again."""
    rows = [(one.key, one.rides, one.is_owed, one.owes, one.net) for one in statement.sums(key)]
    columns = words.of(what, *_SIDES)
    return Section(words[f"by {what}"], columns, rows, frozenset((2, 3, 4)),
                   add_up(rows, (1, 2, 3, 4), len(columns), words["total"]))
