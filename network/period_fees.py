"""Fees by window and month that can be charged: between members, by rates that go up or down."""

from __future__ import annotations

from network.dates import check_dates
from network.errors import TableError
from network.language import Phrase
from network.locations import KeyPath
from network.model import NetworkFile, PeriodFee
from network.money import PPM

AMOUNT_MOST = 10 ** 15      # minor units: with it sums of all members fit 64 bits


def check_period_fees(model: NetworkFile, members: set[str]) -> None:
    """Pass where fees name members, and say what they ask for.

    members: the codes of all. Raises TableError, whose key is of network.toml.
    """
    for index, one in enumerate(model.period_fee):
        here, what = ("period_fee", index), Phrase("period fee {code!r}", code=one.period_fee)
        named = {"payers": one.payers, "payee": [one.payee],
                 "counterparties": one.counterparties or []}
        for key, codes in named.items():
            for code in codes:
                if code not in members:
                    raise TableError(Phrase("{what} names {code!r}, which is no member of the "
                                            "network", what=what, code=code),
                                     "add it, or correct the name",
                                     expected="a member's code", key=(*here, key))
        if one.payee in one.payers:
            raise TableError(Phrase("{payee!r} would pay itself by {what}", payee=one.payee,
                                    what=what),
                             "take it out of the payers", key=(*here, "payers"))
        if len({*one.payers}) != len(one.payers) or not one.payers:
            raise TableError(Phrase("{what} has a payer twice", what=what) if one.payers
                             else Phrase("{what} has no payers", what=what),
                             "name each once", expected="members' codes", key=(*here, "payers"))
        _check_rates(one, what, here)
        _check_bounds(one, what, here)


def _check_rates(one: PeriodFee, what: str, here: KeyPath) -> None:
    rates: list[tuple[KeyPath, int, int]] = [(here, one.ppm, one.per_ride)]
    reached = -1
    for number, tier in enumerate(one.tier):
        key = (*here, "tier", number)
        if tier.from_rides <= reached:
            raise TableError(Phrase("a tier of {what} is from {from_rides} rides on", what=what,
                                    from_rides=tier.from_rides),
                             "put tiers in order", expected=Phrase("more than {reached}",
                                                                   reached=reached), key=key)
        reached = tier.from_rides
        rates.append((key, tier.ppm, tier.per_ride))
    for key, ppm, per_ride in rates:
        if not (0 <= ppm <= PPM and 0 <= per_ride <= AMOUNT_MOST):
            raise TableError(Phrase("{what} asks for {ppm} parts per million and {per_ride} a ride",
                                    what=what, ppm=ppm, per_ride=per_ride),
                             "correct them", expected=Phrase("0 to {ppm}, and 0 to {amount_most}",
                                                             ppm=PPM, amount_most=AMOUNT_MOST),
                             key=key)
    goes_by = any(ppm or per_ride for _, ppm, per_ride in rates)
    if goes_by and not one.of:
        raise TableError(Phrase("{what} does not say which flows it goes by",
                                what=what), 'add `of = ["fare"]`',
                         expected="causes of flows", key=here)
    if not (goes_by or one.lump or one.least):
        raise TableError(Phrase("{what} asks for nothing",
                                what=what), "write a rate, a lump sum or a least amount",
                         key=here)


def _check_bounds(one: PeriodFee, what: str, here: KeyPath) -> None:
    for key in ("lump", "least", "most"):
        amount = getattr(one, key)
        if amount is not None and not 0 <= amount <= AMOUNT_MOST:
            raise TableError(Phrase("{what} has {key} {amount}", what=what, key=key,
                                    amount=amount), "write it in minor units",
                             expected=Phrase("0 to {amount_most}",
                                             amount_most=AMOUNT_MOST), key=(*here, key))
    if one.least is not None and one.most is not None and one.most < one.least:
        raise TableError(Phrase("{what} is at least {least} and at most {most}", what=what,
                                least=one.least, most=one.most),
                         "correct one of the two", key=(*here, "most"))
    check_dates(one.in_force_from, one.in_force_until, what, here)
