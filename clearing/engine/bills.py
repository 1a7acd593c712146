"""What funders' bills differ by from what windows settled, when a month's last window closes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np

from clearing.book import Book
from clearing.book.archived import gone_through
from clearing.book.closed import closings
from clearing.book.legs import BETWEEN_TWO, sum_legs
from clearing.book.schema import FLOWS
from clearing.engine.kept_networks import kept_network
from ext.codes import Cause
from ext.records import Records
from network.civil import DAYS_MOST, day_of, number_of
from network.errors import OnecardError
from network.language import Phrase
from network.members import Member
from network.model import BillTerms
from network.names import Names
from network.numbering import NumberedNetwork, number_members
from settlement.bills import (
    Bill,
    Difference,
    Month,
    Ridden,
    first_month,
    first_month_needed,
    make_bills,
    month_days,
    month_of,
    terms_of,
)

# Whose cards' rides a bill pays: numbers of their issuers; None: all.
Paid = frozenset[int] | None

# Of windows that have left the book, from one to another, what a funder owes for rides with cards
# of others than some issuers: creditor, cause, rides and amount.
Unpaid = Callable[[int, int, int, frozenset[int]], Iterable[tuple[int, int, int, int]]]


class BilledBy(NamedTuple):
    """By what a network bills its funders."""

    terms: Sequence[BillTerms]
    paid: Sequence[Paid]        # by terms

    def find(self, funder: str, month: Month) -> tuple[BillTerms | None, Paid]:
        """By what it bills a funder's month."""
        terms = terms_of(self.terms, funder, month)
        return terms, None if terms is None else self.paid[self.terms.index(terms)]


class Billing(NamedTuple):
    """By what the months of a book are billed."""

    closed: Mapping[Month, BilledBy]    # by the networks that closed them
    current: BilledBy                   # all others; and bills that are not posted

    def find(self, funder: str, month: Month) -> tuple[BillTerms | None, Paid]:
        """By what a funder's month is billed."""
        if month in self.closed:
            terms, paid = self.closed[month].find(funder, month)
            if terms is not None and terms.difference == "posted":
                return terms, paid
        return self.current.find(funder, month)


class MonthsClosed(NamedTuple):
    """Months whose last window was closed by one run."""

    first: int          # window that it closed, and the last one: days since 1970
    last: int
    months: range
    numbered: NumberedNetwork


def billed_by(numbered: NumberedNetwork) -> BilledBy:
    """By what a network bills: an issuer that it does not have is in no city of a funder's."""
    terms, members = numbered.network.model.bill, {one.code: one for one in numbered.members}
    return BilledBy(terms, [_paid(one, members) for one in terms])


def _paid(terms: BillTerms, members: Mapping[str, Member]) -> Paid:
    if terms.recognises == "everyone":
        return None
    place = members[terms.funder].place(terms.recognises)
    return frozenset(one.number for one in members.values()
                     if one.role == "issuer" and one.place(terms.recognises) == place)


def months_closed(book: Book, names: Names, first: int = 0, last: int = DAYS_MOST
                  ) -> Iterator[MonthsClosed]:
    """Each closing that ended a month, oldest first, with the network that closed it.

    Those that end from one day to another.
    """
    known: dict[str, NumberedNetwork] = {}
    for closing in closings(book):
        months = _ended(closing.first, closing.window)
        if not months or not first <= closing.window <= last:
            continue
        run = book.find_run(closing.run)
        assert run is not None, "a closing is of a run"
        if run.network_digest not in known:
            with kept_network(book, run.network_digest) as network:
                known[run.network_digest] = number_members(network, names)
        yield MonthsClosed(closing.first, closing.window, months, known[run.network_digest])


def _ended(first: int, last: int) -> range:
    """The months that end when the windows from one to another close, days since 1970."""
    return range(month_of(day_of(first)), month_of(day_of(last + 1)))


def bill_closing(book: Book, numbered: NumberedNetwork, first: int, last: int,
                 more: Records | None = None, until: int | None = None,
                 unpaid: Unpaid | None = None) -> list[Difference]:
    """The differences that closing the windows from one to another posts, days since 1970.

    Of each month that ends with them, for each funder whose terms say so. A bill can need to know
    whose cards rode in windows that are archived: see Unpaid; None: it cannot be made then, and
    raises OnecardError.
    more, until: as for bill_funders. Where nothing was closed before, `first` is 1.
    """
    by, ended = billed_by(numbered), _ended(first, last)
    posting = {terms.funder for terms in by.terms if terms.difference == "posted"
               and any(terms_of(by.terms, terms.funder, month) is terms for month in ended)}
    if not posting:
        return []
    closed = {month: billed_by(one.numbered)
              for one in months_closed(book, numbered.names, last=first - 1)
              for month in one.months}
    funders = {code: numbered.names.known("member", code) for code in sorted(posting)}
    bills = bill_funders(book, numbered.names, Billing(closed, by), funders, ended[-1],
                         since=ended[0], more=more, until=until, unpaid=unpaid)
    return [one for code in funders for bill in bills[code]
            if bill.month in ended and bill.is_posted for one in bill.differences()]


def bill_funders(book: Book, names: Names, billing: Billing, funders: Mapping[str, int],
                 last: Month, *, since: Month = 0, more: Records | None = None,
                 until: int | None = None, unpaid: Unpaid | None = None
                 ) -> dict[str, list[Bill]]:
    """The bills of funders up to a month, each from the first month with rides or terms.

    funders: numbers by code. since: the first month whose bill is asked for; those before it are
    as far as these go by them. more: FLOW rows that the book has not yet, and until: the run that
    is written with them. unpaid: as for bill_closing. Raises OnecardError as that does.
    """
    ridden = _ridden(book, names, funders, more)
    bills = {}
    for code, number in funders.items():
        own, begin = ridden[code], first_month(billing.current.terms, code, ridden[code], last)
        found = {month: billing.find(code, month) for month in range(begin, last + 1)}
        terms = {month: one for month, (one, _) in found.items()}
        needed = first_month_needed(terms, max(since, begin))
        for month, (one, paid) in found.items():
            if one is not None and paid is not None and month >= needed and month in own:
                if unpaid is None:
                    _check_there(book, one, month)
                _leave_out(book, names, own[month], number, (month, paid), until, unpaid)
        bills[code] = make_bills(terms, own)
    return bills


def _ridden(book: Book, names: Names, funders: Mapping[str, int], more: Records | None
            ) -> dict[str, dict[Month, dict[str, Ridden]]]:
    """What each month's windows have of funders' rides, by operator, whosever cards."""
    listed = ", ".join(map(str, funders.values())) or "0"
    found = book.ask(
        f"SELECT window, debtor, creditor, cause, sum(`count`) AS rides, sum(amount) AS owed "
        f"FROM {FLOWS.name} WHERE {book.committed} AND debtor IN ({listed}) "
        f"AND cause < {int(Cause.FARE)} GROUP BY window, debtor, creditor, cause")
    rows = [*zip(*(np.asarray(column).tolist() for column in found.values()), strict=True)]
    if more is not None:
        own = more[np.isin(more["debtor"], list(funders.values())) & (more["cause"] < Cause.FARE)]
        rows += zip(*(own[name].tolist() for name in
                      ("window", "debtor", "creditor", "cause", "count", "amount")), strict=True)
    codes = {number: code for code, number in funders.items()}
    ridden: dict[str, dict[Month, dict[str, Ridden]]] = {
        code: defaultdict(dict) for code in funders}
    for window, debtor, creditor, cause, rides, amount in rows:
        month, is_concession = ridden[codes[debtor]][month_of(day_of(window))], _is_free(cause)
        _add(month, names.code("member", creditor), Ridden(
            rides, amount, 0, is_concession * rides, (not is_concession) * amount))
    return ridden


def _leave_out(book: Book, names: Names, month: dict[str, Ridden], funder: int,
               paid: tuple[Month, frozenset[int]], until: int | None, unpaid: Unpaid | None
               ) -> None:
    """Take off a month what is of cards whose rides are not paid."""
    first, last = map(number_of, month_days(paid[0]))
    issuers = ", ".join(map(str, sorted(paid[1]))) or "0"
    found = sum_legs(
        book, ("leg_creditor", "leg_cause"),
        f"leg_debtor = {funder} AND leg_cause < {int(Cause.FARE)} AND {BETWEEN_TWO} "
        f"AND window BETWEEN {first} AND {last} AND issuer NOT IN ({issuers})", until)
    left = () if unpaid is None else unpaid(first, last, funder, paid[1])
    for creditor, cause, rides, amount in chain(left, zip(
            *(np.asarray(column).tolist() for column in found.values()), strict=True)):
        is_concession = _is_free(cause)
        _add(month, names.code("member", creditor), Ridden(
            0, 0, amount, -is_concession * rides, -(not is_concession) * amount))


def _is_free(cause: int) -> bool:
    return cause == Cause.CONCESSION


def _add(month: dict[str, Ridden], operator: str, more: Ridden) -> None:
    month[operator] = Ridden(*map(sum, zip(month.get(operator, Ridden()), more, strict=True)))


def _check_there(book: Book, terms: BillTerms, month: Month) -> None:
    """Refuse a bill that needs to know whose cards rode in windows that have left the book."""
    gone, (first, _) = gone_through(book), month_days(month)
    if number_of(first) <= gone:
        raise OnecardError(
            Phrase("bill {bill!r} of {funder} needs rides of windows that are archived",
                   bill=terms.bill, funder=terms.funder), where=book.store.where,
            expected=Phrase("rides from {first} on, as it pays those of some issuers' cards",
                            first=first),
            remedy=Phrase("end these terms (in_force_until), and let others begin in a month "
                          "behind {gone}", gone=day_of(gone)))
