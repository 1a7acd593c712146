"""Fees of a window or a month: by volume, lump sums, bounds over a period, tax on other fees.

They are charged when the window closes that ends the period, by the flows of its windows. What is
posted later, a late record or a correction, counts in the period that it is posted in.
"""

from __future__ import annotations

import calendar
import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from ext.codes import Cause
from ext.records import Records
from network.civil import number_of
from network.model import PeriodFee, VolumeTier
from network.money import part_of
from settlement.flows import OwnFlow, rows_of_flows

OWN_CAUSES = (Cause.PERIOD_FEE, Cause.TAX)      # of flows that no entry has


class Charged(NamedTuple):
    """A fee of a period, with its working; amounts in minor units."""

    period_fee: str
    payer: str
    payee: str
    cause: str
    first: datetime.date    # the windows that it is for
    last: datetime.date
    rides: int              # that it goes by, and what they come to
    base: int
    ppm: int                # by the tier that the rides reach
    per_ride: int
    lump: int
    asked: int              # together, before bounds
    amount: int             # within them


def first_day_needed(first: datetime.date) -> datetime.date:
    """The first window whose flows decide what is charged when windows from a day on close."""
    return first.replace(day=1)


def charge(flows: Records, fees: Sequence[PeriodFee], numbers: Mapping[str, int],
           first: datetime.date, last: datetime.date) -> list[Charged]:
    """What is charged when the windows from one day to another close together.

    flows: FLOW rows from first_day_needed on; what was charged for these windows is left out of
    them. numbers: of members, by code. A fee can go by those that stand before it.
    """
    is_own = np.isin(flows["cause"], OWN_CAUSES) & (flows["window"] >= number_of(first))
    flows, found = flows[~is_own], list[Charged]()
    for fee in fees:
        own = [_charged(fee, payer, flows, numbers, begin, end)
               for begin, end in _periods(fee, first, last) for payer in fee.payers]
        flows = np.concatenate([flows, flows_of_fees(own, numbers, last)])
        found += own
    return found


def flows_of_fees(charged: Sequence[Charged], numbers: Mapping[str, int], window: datetime.date
                  ) -> Records:
    """FLOW rows that post fees in a window; a fee of 0 is none."""
    return rows_of_flows((OwnFlow(one.payer, one.payee, Cause[one.cause.upper()], one.amount, 1)
                          for one in charged if one.amount), numbers, number_of(window))


def _periods(fee: PeriodFee, first: datetime.date, last: datetime.date
             ) -> Iterator[tuple[datetime.date, datetime.date]]:
    """The periods that end when these windows close, as far as the fee is in force."""
    periods = months(first, last) if fee.every == "month" else [(first, last)]
    for begin, end in periods:
        if end <= last and (fee.in_force_from or end) <= end <= (fee.in_force_until or end):
            yield begin, end


def months(first: datetime.date, last: datetime.date
           ) -> Iterator[tuple[datetime.date, datetime.date]]:
    """The first and the last day of each month that has some of the days from one to another."""
    begin = first.replace(day=1)
    while begin <= last:
        end = _month_end(begin)
        yield begin, end
        begin = end + datetime.timedelta(days=1)


def _month_end(day: datetime.date) -> datetime.date:
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])


def _charged(fee: PeriodFee, payer: str, flows: Records, numbers: Mapping[str, int],
             begin: datetime.date, end: datetime.date) -> Charged:
    """A fee of one payer, for one period."""
    rows = flows[np.isin(flows["cause"], [Cause[word.upper()] for word in fee.of])
                 & (flows["window"] >= number_of(begin)) & (flows["window"] <= number_of(end))]
    number = numbers[payer]
    sides = (rows["debtor"] == number), (rows["creditor"] == number)
    if fee.counterparties is not None:
        others = [numbers[code] for code in fee.counterparties]
        sides = (sides[0] & np.isin(rows["creditor"], others),
                 sides[1] & np.isin(rows["debtor"], others))
    rows = rows[sides[0] | sides[1]]
    rides, base = sum(rows["count"].tolist()), sum(rows["amount"].tolist())
    tier = _tier(fee, rides)
    asked = fee.lump + part_of(base, tier.ppm, fee.rounding) + tier.per_ride * rides
    amount = asked if fee.most is None else min(asked, fee.most)
    return Charged(fee.period_fee, payer, fee.payee, fee.cause, begin, end, rides, base, tier.ppm,
                   tier.per_ride, fee.lump, asked,
                   amount if fee.least is None else max(amount, fee.least))


def _tier(fee: PeriodFee, rides: int) -> VolumeTier:
    """The rate for so many rides, of which all have it: that of the highest tier reached."""
    reached = [one for one in fee.tier if one.from_rides <= rides]
    return reached[-1] if reached else VolumeTier(from_rides=0, ppm=fee.ppm, per_ride=fee.per_ride)
