"""By what terms funders are billed: what cannot be such terms."""

from __future__ import annotations

import datetime

from network.dates import overlap
from network.errors import TableError
from network.language import Phrase
from network.locations import KeyPath
from network.model import BillTerms, NetworkFile

LUMP_SUM_MOST = 10 ** 13        # of an amount or ceiling, minor units: exact in every sum


def check_bill_terms(model: NetworkFile) -> None:
    """Pass where terms can be kept, are of members, for whole months, and never two for one.

    Raises TableError, whose key is of network.toml.
    """
    members = [one.code for group in (model.funder, model.issuer, model.operator, model.centre)
               for one in group]
    for index, one in enumerate(model.bill):
        here, what = ("bill", index), Phrase("bill {code!r}", code=one.bill)
        if one.funder not in members:
            raise TableError(Phrase("{what} is for {funder!r}, which network.toml does not have",
                                    what=what, funder=one.funder),
                             "correct the code, or add the funder", expected=", ".join(members),
                             key=(*here, "funder"))
        _check_amounts(one, what, here)
        _check_budgets(one, what, here)
        _check_months(one, what, here)
        for other in model.bill[:index]:
            if other.funder == one.funder and overlap(one, other):
                raise TableError(
                    Phrase("{what} and {bill!r} are both for months of {funder!r}", what=what,
                           bill=other.bill, funder=one.funder),
                    "say until when the one holds (in_force_until), and from when on the other "
                    "(in_force_from)", expected="one for each month", key=here)


def _check_amounts(one: BillTerms, what: str, here: KeyPath) -> None:
    if (one.amount is None) != (one.basis == "shortfall"):
        raise TableError(
            Phrase("{what} is by {basis} and has no amount", what=what, basis=one.basis)
            if one.amount is None else
            Phrase("{what} is by {basis} and has the amount {amount}", what=what, basis=one.basis,
                   amount=one.amount),
            "write the amount, or take it out", expected="an amount in minor units for a unit "
            "price or a lump sum, and none for shortfall", key=(*here, "basis"))
    for key in ("amount", "ceiling"):
        amount = getattr(one, key)
        if amount is not None and not 0 <= amount <= LUMP_SUM_MOST:
            raise TableError(Phrase("the {key} of {what} is {amount}", key=key, what=what,
                                    amount=amount), "correct it",
                             expected=Phrase("minor units, from 0 to {lump_sum_most}",
                                             lump_sum_most=LUMP_SUM_MOST), key=(*here, key))


def _check_budgets(one: BillTerms, what: str, here: KeyPath) -> None:
    names = [budget.budget for budget in one.budgets]
    for place, budget in enumerate(one.budgets):
        key = (*here, "budgets", place)
        if not budget.budget.strip() or names.index(budget.budget) != place:
            raise TableError(Phrase("{what} has the budget {budget!r} twice, or without a name",
                                    what=what, budget=budget.budget),
                             "give every budget its own name", key=key)
        if not 0 < budget.weight <= LUMP_SUM_MOST:
            raise TableError(Phrase("budget {budget!r} of {what} has the weight {weight}",
                                    budget=budget.budget, what=what, weight=budget.weight),
                             "write a share of any size, such as its percent",
                             expected="a whole number above 0", key=(*key, "weight"))


def _check_months(one: BillTerms, what: str, here: KeyPath) -> None:
    first, last = one.in_force_from, one.in_force_until
    day = datetime.timedelta(days=1)
    for key, given, is_whole in (
            ("in_force_from", first, first is None or first.day == 1),
            ("in_force_until", last, last is None or (last + day).day == 1)):
        if not is_whole:
            raise TableError(Phrase("{what} has {key} = {given}, in the middle of a month",
                                    what=what, key=key, given=given),
                             "name the first, or the last, day of a month",
                             expected="whole months: a bill is of one", key=(*here, key))
    if first is not None and last is not None and first > last:
        raise TableError(Phrase("{what} is in force from {first} until {last}", what=what,
                                first=first, last=last), "correct one of the days",
                         expected="a first day that is not after the last",
                         key=(*here, "in_force_until"))
