"""Bills of funders: a month's rides by the funder's terms, and the rides behind every amount."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from clearing.answers.brought import reach
from clearing.answers.card_numbers import card_writer
from clearing.answers.documents.document import Detail, Document, Section, add_up, file_stem
from clearing.answers.documents.excel_csv import ExcelCsv, open_excel_csv, text_cell
from clearing.answers.documents.page import write_page
from clearing.answers.documents.words import Words
from clearing.answers.documents.workbook import WorkbookFile, open_workbook
from clearing.answers.filters import Filter
from clearing.answers.periods import Period
from clearing.answers.rides_behind import Block, RidesBehind, detail_of, list_behind
from clearing.answers.session import Session
from clearing.book.legs import BETWEEN_TWO
from clearing.engine.bills import Billing, bill_funders, billed_by, months_closed
from ext.codes import Cause
from network.civil import day_of
from network.members import Member
from network.model import BillTerms
from network.numbering import NumberedNetwork
from settlement.bills import Bill, Month, Ridden, base_of, month_of, month_text, terms_of

BILL_COLUMNS = ("funder", "funder_name", "month", "terms", "rides", "shortfall", "base",
                "carried_in", "above", "billed", "difference", "posted")
_DISCOUNTS = f"leg_cause < {int(Cause.FARE)} AND {BETWEEN_TWO}"


class MadeBill(NamedTuple):
    """A bill, and what became of what it differs by from what windows settled."""

    bill: Bill
    paid: frozenset[int] | None     # issuers whose cards' rides it pays; None: all
    window: int | None              # in which the difference was posted; None: in none


@dataclass(frozen=True)
class BillWritten:
    """A bill whose files are written."""

    funder: Member
    made: MadeBill
    files: tuple[Path, ...]


def bills_of(session: Session, numbered: NumberedNetwork, until: Month,
             funders: Sequence[Member]) -> Iterator[tuple[Member, list[MadeBill]]]:
    """The bills of funders, each from its first month with rides or terms up to a month.

    Those whose differences were posted are by the networks that closed their months.
    """
    closed = [*months_closed(session.book, numbered.names)]
    windows = {month: one.last for one in closed for month in one.months}
    billing = Billing({month: billed_by(one.numbered) for one in closed for month in one.months},
                      billed_by(numbered))
    if any(paid is not None for by in (billing.current, *billing.closed.values())
           for paid in by.paid):
        reach(session)
    bills = bill_funders(session.book, numbered.names, billing,
                         {one.code: one.number for one in funders}, until)
    for funder in funders:
        yield funder, [_made(bill, funder.code, billing, windows) for bill in bills[funder.code]]


def _made(bill: Bill, funder: str, billing: Billing, windows: Mapping[Month, int]) -> MadeBill:
    _, paid = billing.find(funder, bill.month)
    was_posted = bill.is_posted and bill.month in windows and bill.terms == terms_of(
        billing.closed[bill.month].terms, funder, bill.month)
    return MadeBill(bill, paid, windows[bill.month] if was_posted else None)


def list_bills(session: Session, wanted: Filter) -> Iterator[tuple[Any, ...]]:
    """The bills of months with windows that are wanted, in the order of BILL_COLUMNS."""
    selected, numbered = wanted.select(session), session.numbered()
    found = session.book.ask("SELECT min(window) AS first, max(window) AS last FROM flows "
                               f"WHERE {session.book.as_of_last}")
    first_day, last_day = (max(int(found["first"][0]), selected.days[0]),
                           min(int(found["last"][0]), selected.days[1]))
    if first_day > last_day:
        return
    first, last = month_of(day_of(first_day)), month_of(day_of(last_day))
    funders = [one for one in sorted(numbered.members, key=lambda one: one.code)
               if selected.members is None or one.number in selected.members]
    for funder, bills in bills_of(session, numbered, last, funders):
        for bill, _, window in bills:
            if bill.month >= first:
                yield (funder.code, funder.name, month_text(bill.month), name_of(bill.terms),
                       sum(one.rides for one in bill.ridden.values()), bill.settled,
                       *(sum(share[index] for share in bill.shares.values()) for index in (0, 1)),
                       bill.above, bill.billed, bill.billed - bill.settled, 0 if window is None
                       else sum(one.amount for one in bill.differences()))


def name_of(terms: BillTerms | None) -> str:
    """What terms are called; a funder without any is billed by the shortfall."""
    return "shortfall" if terms is None else terms.bill


def write_bill(session: Session, funder: str, period: Period, folder: Path, *,
               cards_in_full: bool = False) -> BillWritten:
    """Write a funder's bill of a month: a workbook, a page to sign, and the rides as CSV.

    What the rides are billed, and the lines behind them, come to the bill exactly.
    funder: a member's code that the network has. Raises OnecardError where cards are to be in
    full and the network does not let them.
    """
    card = card_writer(session, in_full=cards_in_full)
    numbered = session.numbered()
    member = next(one for one in numbered.members if one.code == funder)
    month = month_of(day_of(period.first))
    [(_, bills)] = bills_of(session, numbered, month, [member])
    made = bills[-1] if bills else MadeBill(Bill(month, None, {}, {}, {}), None, None)
    folder.mkdir(parents=True, exist_ok=True)
    words, currency = Words(member.language), numbered.network.model.money
    stem, document = file_stem("bill", member, period.label), _document(
        numbered, member, made.bill, period, words)
    detail = _detail(words)
    with (open_workbook(folder / f"{stem}.xlsx", document, detail) as workbook,
          open_excel_csv(folder / f"{stem}-rides.csv", detail, currency.decimals) as table):
        forms: tuple[tuple[WorkbookFile | ExcelCsv, Callable[[str], str]], ...] = (
            (workbook, str), (table, text_cell))
        rides = [(form, RidesBehind(numbered, words, text, card)) for form, text in forms]
        where = f"{period.windows} AND leg_debtor = {member.number} AND {_DISCOUNTS}"
        for block in list_behind(session, where):
            billed = _billed(block, made)
            for form, behind in rides:
                form.add(_evidence(behind.rows(block, member.number), billed))
        for form, text in forms:
            form.add(_lines(made.bill, words, len(detail.columns), text))
        write_page(folder / f"{stem}.html", document)
    return BillWritten(member, made, tuple(
        folder / f"{stem}{end}" for end in (".xlsx", ".html", "-rides.csv")))


def _billed(block: Block, made: MadeBill) -> list[int]:
    """What each leg of a block is billed; less than nothing where it takes a ride back."""
    terms = made.bill.terms
    amounts = block["leg_amount"].astype(np.int64)
    if terms is not None and terms.basis == "unit_price":
        by_ride = block["leg_cause"] == int(Cause.CONCESSION)
        amounts = np.where(by_ride, np.sign(amounts) * (terms.amount or 0), amounts)
    elif terms is not None and terms.basis == "lump_sum":
        amounts = np.zeros_like(amounts)
    if made.paid is not None:
        amounts = np.where(np.isin(block["issuer"], sorted(made.paid)), amounts, 0)
    listed: list[int] = amounts.tolist()
    return listed


def _detail(words: Words) -> Detail:
    """The rides' columns, and what each is billed, or taken off the bill."""
    rides = detail_of(words)
    width = len(rides.columns)
    # To the funder a ride is what it owes: what is taken back stands on the other side.
    columns = (*rides.columns[:-2], *words.of("taken back", "shortfall", "billed", "taken off"))
    return Detail(rides.title, columns, frozenset(range(width - 2, width + 2)))


def _evidence(rows: Iterator[tuple[Any, ...]], billed: list[int]) -> Iterator[tuple[Any, ...]]:
    for row, amount in zip(rows, billed, strict=True):
        yield (*row, *_sides(amount))


def _lines(bill: Bill, words: Words, width: int, text: Callable[[str], str]
           ) -> Iterator[tuple[Any, ...]]:
    """What a bill has that is of no ride: lump sums, what was carried, what lies above."""
    by_ride = {operator: base_of(bill.terms, one) for operator, one in bill.ridden.items()}
    is_lump = bill.terms is not None and bill.terms.basis == "lump_sum"
    for operator, share in bill.shares.items():
        of_no_ride = share.base - (0 if is_lump else by_ride.get(operator, 0))
        for word, amount in (("lump sum", of_no_ride), ("carried in", share.carried_in),
                             ("above", -share.above)):
            if amount:
                yield (*[""] * 5, text(operator), *[""] * (width - 11), words[word], "", "",
                       *_sides(amount))


def _sides(amount: int) -> tuple[Any, Any]:
    return (amount, "") if amount > 0 else ("", -amount) if amount else ("", "")


def _document(numbered: NumberedNetwork, funder: Member, bill: Bill, period: Period, words: Words
              ) -> Document:
    model, terms = numbered.network.model, bill.terms
    unit, text = words.currency(model.money), model.money.text
    facts = [(words["funder"], f"{funder.code} {funder.name}"), (words["network"], model.title),
             (words["windows"], period.days()),
             (words["state"], words["closed" if period.is_closed else "open"]),
             (words["terms"], name_of(terms)), (words["unit"], unit),
             (words["billed"], f"{text(bill.billed)} {unit}"),
             (words["settled"], f"{text(bill.settled)} {unit}"),
             (words["difference"], f"{text(bill.billed - bill.settled)} {unit}")]
    if terms is not None and terms.amount is not None:
        facts.append((words[terms.basis.replace("_", " ")], f"{text(terms.amount)} {unit}"))
    if bill.room is not None and terms is not None:
        facts += [(words["ceiling"], f"{text(terms.ceiling or 0)} {unit}"),
                  (words["room"], f"{text(bill.room)} {unit}"),
                  (words["above"], f"{text(bill.above)} {unit}: {words[f'{terms.above} above']}")]
    names = {one.code: one.name for one in numbered.members}
    rows = [(operator, names.get(operator, ""), bill.ridden.get(operator, Ridden()).rides,
             bill.ridden.get(operator, Ridden()).shortfall, *share)
            for operator, share in bill.shares.items()]
    columns = words.of("operator", "name", "rides", "shortfall", "base", "carried in", "billed",
                       "above")
    sections = [Section(words["by operator"], columns, rows, frozenset((3, 4, 5, 6, 7)),
                        add_up(rows, range(2, 8), len(columns), words["total"]))]
    if bill.budgets:
        budgets = list(bill.budgets.items())
        sections.append(Section(words["by budget"], words.of("budget", "billed"), budgets,
                                frozenset((1,)), add_up(budgets, (1,), 2, words["total"])))
    return Document(f"{words['bill']} {period.label}", facts, sections,
                    words.of("maker", "checker", "seal", "date"), funder.language, model.money)
