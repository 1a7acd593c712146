"""What a funder is billed for its months: by the ride or at once, up to a ceiling, by budgets.

Windows settle what each ride fell short of its price. A bill says what the terms make of that; the
difference is told, or posted with the month's last window: `difference` of the terms.
"""

from __future__ import annotations

import datetime
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from ext.codes import Cause
from network.model import BillTerms
from network.money import apportion
from settlement.flows import OwnFlow

Month = int             # year * 12 + month - 1


class Ridden(NamedTuple):
    """What a funder's rides with an operator came to in a month; minor units."""

    rides: int = 0          # less those that are taken back
    shortfall: int = 0      # that windows settle
    unrecognised: int = 0   # of it, of cards whose rides the terms do not pay
    concessions: int = 0    # rides with a concession, of cards that they do
    other: int = 0          # of it, other discounts of such cards


class Share(NamedTuple):
    """What is billed for one operator; base + carried_in = billed + above."""

    base: int               # by the terms
    carried_in: int         # from the month before
    billed: int
    above: int              # the ceiling


class Difference(NamedTuple):
    """What a month's bill differs by from what windows settled with an operator; minor units."""

    bill: str               # its terms
    funder: str
    operator: str
    month: str              # 2024-11
    rides: int
    settled: int
    base: int               # by the terms
    carried_in: int
    billed: int
    above: int              # the ceiling
    amount: int             # billed less settled


@dataclass(frozen=True)
class Bill:
    """A funder's bill of a month; amounts in minor units."""

    month: Month
    terms: BillTerms | None             # None: what rides fell short
    ridden: Mapping[str, Ridden]        # by operator
    shares: Mapping[str, Share]         # by operator; "" for what no ride can be found for
    budgets: Mapping[str, int]          # what each pays
    room: int | None = None             # under the ceiling before this bill

    @property
    def billed(self) -> int:
        """The amount of the bill."""
        return sum(share.billed for share in self.shares.values())

    @property
    def above(self) -> int:
        """What lies above the ceiling."""
        return sum(share.above for share in self.shares.values())

    @property
    def is_carried(self) -> bool:
        """Whether that goes to the next month's bill; else the operators bear it."""
        return self.terms is not None and self.terms.above == "carried"

    @property
    def is_posted(self) -> bool:
        """Whether what it differs by from that is posted when its month's last window closes."""
        return self.terms is not None and self.terms.difference == "posted"

    @property
    def settled(self) -> int:
        """What the windows of the month settle for rides."""
        return sum(one.shortfall for one in self.ridden.values())

    def differences(self) -> list[Difference]:
        """By operator, between what is billed and what windows settled.

        A lump sum of a month in which no ride fell short is no operator's, and in none of them.
        """
        if self.terms is None:
            return []
        found = []
        for operator in sorted({*self.ridden, *self.shares} - {""}):
            ridden = self.ridden.get(operator, Ridden())
            share = self.shares.get(operator, Share(0, 0, 0, 0))
            found.append(Difference(self.terms.bill, self.terms.funder, operator,
                                    month_text(self.month), ridden.rides, ridden.shortfall, *share,
                                    share.billed - ridden.shortfall))
        return found


@dataclass
class _SoFar:
    """What months before have left under the same terms."""

    terms: BillTerms | None = None
    carried: dict[str, int] = field(default_factory=dict)
    year: int = 0
    billed_in_year: int = 0


def make_bills(terms: Mapping[Month, BillTerms | None],
               ridden: Mapping[Month, Mapping[str, Ridden]]) -> list[Bill]:
    """The bills of months one after the other.

    terms: of every month from the first to the last. What was carried ends with terms of another
    name, and where the difference begins to be posted.
    """
    so_far, bills = _SoFar(), []
    for month in sorted(terms):
        so_far = replace(so_far, terms=terms[month]) if _go_on(
            so_far.terms, terms[month]) else _SoFar(terms[month])
        if month // 12 != so_far.year:
            so_far.year, so_far.billed_in_year = month // 12, 0
        bill = _bill(month, so_far, ridden.get(month, {}))
        so_far.billed_in_year += bill.billed
        so_far.carried = {operator: share.above for operator, share in bill.shares.items()
                          if share.above} if bill.is_carried else {}
        bills.append(bill)
    return bills


def first_month(every: Sequence[BillTerms], funder: str, ridden: Collection[Month], last: Month
                ) -> Month:
    """The first month with rides or terms of a funder; behind the last one where there is none."""
    begun = [month_of(one.in_force_from) for one in every
             if one.funder == funder and one.in_force_from is not None]
    # Terms that hold from always on cannot bill months of which the book knows nothing.
    return min([*ridden, *(month for month in begun if not ridden or month >= min(ridden))],
               default=last + 1)


def first_month_needed(terms: Mapping[Month, BillTerms | None], month: Month) -> Month:
    """The first month that a month's bill goes by: what was carried, or a year's ceiling."""
    while (before := terms.get(month - 1)) is not None and _go_on(before, terms[month]) and (
            before.above == "carried" or (before.ceiling_per == "year" and month % 12)) and (
            before.ceiling is not None):
        month -= 1
    return month


def _go_on(before: BillTerms | None, now: BillTerms | None) -> bool:
    """Whether what the terms of a month have left goes on in the next one."""
    if before is None or now is None:
        return before is now
    return (before.bill, before.difference) == (now.bill, now.difference)


def flows_of_bills(differences: Sequence[Difference]) -> list[OwnFlow]:
    """What posts them, one flow for each that is not nothing."""
    return [OwnFlow(one.funder, one.operator, Cause.BILL_DIFFERENCE, one.amount, 1)
            for one in differences if one.amount]


def base_of(terms: BillTerms | None, ridden: Ridden) -> int:
    """What rides come to by their terms, but for a lump sum."""
    recognised = ridden.shortfall - ridden.unrecognised
    if terms is None or terms.basis == "shortfall":
        return recognised
    return ridden.concessions * (terms.amount or 0) + ridden.other


def _bill(month: Month, so_far: _SoFar, ridden: Mapping[str, Ridden]) -> Bill:
    terms, carried = so_far.terms, so_far.carried
    base = _lump_sums(month, terms, ridden) if terms and terms.basis == "lump_sum" else {
        operator: base_of(terms, one) for operator, one in ridden.items()}
    gross = {operator: base.get(operator, 0) + carried.get(operator, 0)
             for operator in sorted({*base, *carried})}
    room = _room(so_far)
    billed = _up_to(room, gross)
    shares = {operator: Share(base.get(operator, 0), carried.get(operator, 0), billed[operator],
                              gross[operator] - billed[operator]) for operator in gross}
    budgets = list(terms.budgets) if terms else []
    parts = apportion(sum(billed.values()), [one.weight for one in budgets])
    return Bill(month, terms, ridden, shares,
                {one.budget: part for one, part in zip(budgets, parts, strict=True)}, room)


def _lump_sums(month: Month, terms: BillTerms, ridden: Mapping[str, Ridden]) -> dict[str, int]:
    """A month's part of a lump sum, for operators as their rides fell short."""
    amount, twelfth = terms.amount or 0, month % 12
    if terms.per == "year":
        amount = amount * (twelfth + 1) // 12 - amount * twelfth // 12
    operators = sorted(one for one in ridden if ridden[one].shortfall > 0)
    if not operators:
        return {"": amount}
    parts = apportion(amount, [ridden[one].shortfall for one in operators])
    return dict(zip(operators, parts, strict=True))


def _room(so_far: _SoFar) -> int | None:
    """What can still be billed; None: anything."""
    terms = so_far.terms
    if terms is None or terms.ceiling is None:
        return None
    billed = so_far.billed_in_year if terms.ceiling_per == "year" else 0
    return terms.ceiling - billed


def _up_to(room: int | None, gross: Mapping[str, int]) -> dict[str, int]:
    """What is billed of each amount: all of it, or shares that come to the room."""
    if room is None or sum(gross.values()) <= room:
        return dict(gross)
    # What is taken back stays whole: the rest shares what it leaves room for.
    owed = {operator: amount for operator, amount in gross.items() if amount > 0}
    left = room - sum(amount for amount in gross.values() if amount < 0)
    parts = apportion(left, list(owed.values()))
    return dict(gross) | dict(zip(owed, parts, strict=True))


def month_of(day: datetime.date) -> Month:
    """The month that a day is in."""
    return day.year * 12 + day.month - 1


def month_days(month: Month) -> tuple[datetime.date, datetime.date]:
    """The first and the last day of a month."""
    first, behind = (datetime.date(one // 12, one % 12 + 1, 1) for one in (month, month + 1))
    return first, behind - datetime.timedelta(days=1)


def month_text(month: Month) -> str:
    """A month as 2024-11."""
    return f"{month // 12:04}-{month % 12 + 1:02}"


def terms_of(every: Sequence[BillTerms], funder: str, month: Month) -> BillTerms | None:
    """The terms of a funder's month, where it has some."""
    return next((one for one in every if one.funder == funder
                 and (one.in_force_from is None or month_of(one.in_force_from) <= month)
                 and (one.in_force_until is None or month <= month_of(one.in_force_until))), None)
