"""Who owes whom, who pays in, who paid for whose rides: listings of what a book comes to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from clearing.answers.filters import Selection
from clearing.answers.listings import flows_of, words_of_cause
from clearing.answers.netted import list_netted
from clearing.answers.session import Session
from clearing.book import Book
from clearing.book.legs import BETWEEN_TWO, sum_legs
from clearing.book.schema import FLOWS
from ext.codes import Cause
from ext.records import FLOW, Records
from network.civil import day_of, number_of
from network.members import NATION, Level
from network.numbering import NumberedNetwork
from settlement.obligations import list_obligations

OBLIGATION_COLUMNS = ("debtor", "debtor_name", "creditor", "creditor_name", "cause", "items",
                      "amount")
FLOW_COLUMNS = ("run", "window", *OBLIGATION_COLUMNS)
INSTRUCTION_COLUMNS = ("window", "member", "name", "action", "amount", "counterparty", "netting")
CONCESSION_COLUMNS = ("funder", "funder_name", "operator", "operator_name", "cause", "rule",
                      "card_kind", "rides", "amount")

Rows = Iterator[tuple[Any, ...]]


def place_names(numbered: NumberedNetwork, level: Level) -> dict[str, str]:
    """The names of members, cities or provinces by their codes."""
    model = numbered.network.model
    provinces = {one.code: one.name for one in model.province} | {NATION: NATION}
    if level == "member":
        return {one.code: one.name for one in numbered.members}
    return provinces | {one.code: one.name for one in model.city if level == "city"}


def obligations(session: Session, wanted: Selection, level: Level) -> Rows:
    """Who owes whom in the windows that are wanted, in the order of OBLIGATION_COLUMNS.

    Of some rides it is added up from their legs: what is owed for no ride is not among it.
    """
    numbered = session.numbered()
    names = place_names(numbered, level)
    flows = (_flows_of_rides(session.book, wanted) if wanted.is_of_rides
             else wanted.of_flows(flows_of(session.book, *wanted.days)))
    for one in list_obligations(flows, numbered.members, level):
        yield (one.debtor, names.get(one.debtor, ""), one.creditor, names.get(one.creditor, ""),
               words_of_cause(one.cause), one.items, one.amount)


def flows(session: Session, wanted: Selection) -> Rows:
    """What each run brought members to owe another, in the order of FLOW_COLUMNS and of runs."""
    members = {one.number: one for one in session.numbered().members}
    by = "run, window, debtor, creditor, cause"
    found = session.book.ask(
        f"SELECT {by}, sum(`count`) AS items, sum(amount) AS owed FROM {FLOWS.name} "
        f"WHERE {session.book.committed} AND {wanted.of_rows()} "
        f"AND {wanted.of_leg('cause', 'debtor', 'creditor')} GROUP BY {by} ORDER BY {by}")
    for run, window, debtor, creditor, cause, items, amount in zip(
            *(np.asarray(column).tolist() for column in found.values()), strict=True):
        owes, is_owed = members[debtor], members[creditor]
        yield (run, day_of(window).isoformat(), owes.code, owes.name, is_owed.code, is_owed.name,
               words_of_cause(cause), items, amount)


def _flows_of_rides(book: Book, wanted: Selection) -> Records:
    """What members owe each other for the rides that are wanted: FLOW rows, of all windows."""
    leg = "leg_cause", "leg_debtor", "leg_creditor"
    found = sum_legs(book, leg, f"{BETWEEN_TWO} AND {wanted.of_rides()} AND {wanted.of_leg(*leg)}")
    flows = np.zeros(len(found["amount"]), FLOW)
    for name, column in zip(("cause", "debtor", "creditor", "count", "amount"), found.values(),
                            strict=True):
        flows[name] = column
    return flows


def instructions(session: Session, wanted: Selection) -> Rows:
    """What each closed window had members pay and receive, in the order of INSTRUCTION_COLUMNS."""
    members = {one.code: one for one in session.numbered().members}
    first, last = wanted.days
    for netted in list_netted(session, first):
        if number_of(netted.span.first) > last:
            return
        for one in netted.paid.instructions:
            member = members[one.member]
            if wanted.members is None or member.number in wanted.members:
                yield (netted.span.last.isoformat(), one.member, member.name, one.action,
                       one.amount, one.counterparty, one.netting)


def concessions(session: Session, wanted: Selection, funder: int | None = None) -> Rows:
    """Who paid for whose rides, and by which row, in the order of CONCESSION_COLUMNS.

    funder: the number of who paid; None: whoever.
    """
    numbered, names = session.numbered(), session.names()
    members = {one.number: one for one in numbered.members}
    of_funder = "" if funder is None else f" AND leg_debtor = {funder}"
    found = sum_legs(
        session.book, ("leg_debtor", "leg_creditor", "leg_cause", "leg_rule", "card_kind"),
        f"leg_cause < {int(Cause.FARE)} AND {wanted.of_rides()} "
        f"AND {wanted.of_leg('leg_cause', 'leg_debtor', 'leg_creditor')}{of_funder}")
    rows = []
    for debtor, creditor, cause, rule, kind, rides, amount in zip(
            *(np.asarray(column).tolist() for column in found.values()), strict=True):
        payer, operator = members[debtor], members[creditor]
        rows.append((payer.code, payer.name, operator.code, operator.name,
                     words_of_cause(cause), names.code("rule", rule),
                     names.code("card_kind", kind), rides, amount))
    return iter(sorted(rows))
