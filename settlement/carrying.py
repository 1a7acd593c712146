"""What is paid of what is due, and what is carried forward: until a cycle ends, or it is enough.

Nothing is carried for ever: with the last period of a cycle that ends in a month all is paid. So
what is carried into a window follows from the closings since the month before.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from ext.codes import Cause
from ext.records import Records
from network.checks import pairs_of
from network.model import NetworkFile, SettlementCycle
from settlement.cycles import WEEK_DAYS, members_of, period_end
from settlement.instructions import Instruction
from settlement.netting import ACCOUNT, Key

Dues = Mapping[str, Mapping[Key, int]]      # by cycle of some causes; "": what no such cycle is for

ONE_DAY = datetime.timedelta(days=1)
PERIODS = ("day", "week", "month")


class Span(NamedTuple):
    """The windows that were closed together."""

    first: datetime.date
    last: datetime.date


class Paid(NamedTuple):
    """What a closing has paid, and what it leaves for a later one: more than 0, by who owes it."""

    instructions: list[Instruction]
    carried: dict[str, dict[Key, int]]      # by cycle, as Dues

    def left(self) -> list[tuple[str, Key, int]]:
        """What is carried: for what cycle, by whom to whom, and how much."""
        return [(cycle, key, amount) for cycle, keys in self.carried.items()
                for key, amount in keys.items()]


def flows_by_cycle(flows: Records, numbers: Mapping[str, int], model: NetworkFile
                   ) -> dict[str, Records]:
    """FLOW rows by the cycles that are for their causes, the first that fits; "": by none.

    numbers: of members, by code.
    """
    found = dict[str, Records]()
    for cycle in model.settlement_cycle:
        if cycle.causes is None:
            continue
        ours, others = ([numbers[code] for code in codes or ()]
                        for codes in (cycle.members, cycle.counterparties))
        debtor, creditor = flows["debtor"], flows["creditor"]
        fits = np.isin(flows["cause"], [Cause[cause.upper()] for cause in cycle.causes])
        if cycle.counterparties is not None:
            fits &= (np.isin(debtor, ours) & np.isin(creditor, others)
                     | np.isin(debtor, others) & np.isin(creditor, ours))
        elif cycle.members is not None:
            fits &= np.isin(debtor, ours) | np.isin(creditor, ours)
        found[cycle.settlement_cycle], flows = flows[fits], flows[~fits]
    return {"": flows, **found}


class Carrying:
    """When payments of a network are made."""

    def __init__(self, model: NetworkFile) -> None:
        """The cycles and nettings of network.toml decide."""
        self._nettings = {one.netting: one for one in model.netting}
        whatever_for = [one for one in model.settlement_cycle if one.causes is None]
        self._by_causes = {one.settlement_cycle: one for one in model.settlement_cycle
                           if one.causes is not None}
        self._cycles = {member: cycle for cycle in whatever_for if cycle.counterparties is None
                        for member in members_of(cycle, model)}
        self._between = {pair: cycle for cycle in whatever_for for pair in pairs_of(cycle)}

    @property
    def carries(self) -> bool:
        """Whether anything can be left for a later closing."""
        return (any(one.pay_from for one in self._nettings.values())
                or any(one.every != "day"
                       for one in (*self._cycles.values(), *self._between.values(),
                                   *self._by_causes.values())))

    def pay(self, due: Dues, before: Dues, span: Span) -> Paid:
        """Pay what is due when windows close.

        due, before: what is to be paid by netting, payer and payee, and what was carried. Both
        together are what is paid and what is carried now. What is paid at once is one payment,
        whatever cycles it is of.
        """
        ready, carried = list[dict[Key, int]](), dict[str, dict[Key, int]]()
        for name, parts in self._by_cycle(due, before).items():
            for key, amount in sorted(self._together(*parts).items()):
                cycle = self._by_causes.get(name) or self._cycle_of(*key[1:])
                one = self._nettings.get(key[0])
                enough = one is None or amount >= one.pay_from or _is_last(span, cycle)
                if enough and _ends(span, cycle):
                    ready.append({key: amount})
                else:
                    carried.setdefault(name, {})[key] = amount
        paid = [_instruction(*key, amount)
                for key, amount in sorted(self._together(*ready).items())]
        # A centre, or the account, is paid before it pays out.
        return Paid(sorted(paid, key=lambda one: (one.netting, self._pays_out(one))), carried)

    def _by_cycle(self, *dues: Dues) -> dict[str, list[Mapping[Key, int]]]:
        """What is due by the cycles that there are: what was carried of another is as the rest."""
        found: dict[str, list[Mapping[Key, int]]] = {"": []}
        for name, keys in (item for one in dues for item in one.items()):
            found.setdefault(name if name in self._by_causes else "", []).append(keys)
        return found

    def _pays_out(self, one: Instruction) -> bool:
        netting = self._nettings.get(one.netting)
        return one.action == "receives" or (netting is not None and one.member == netting.centre)

    def _together(self, *dues: Mapping[Key, int]) -> dict[Key, int]:
        """All added up; what two owe each other is netted, unless they pay gross."""
        found: dict[Key, int] = {}
        for key, amount in (item for due in dues for item in due.items()):
            netting, payer, payee = key
            back = netting, payee, payer
            one = self._nettings.get(netting)
            if one is not None and one.method == "gross":
                found[key] = found.get(key, 0) + amount
                continue
            net = found.pop(key, 0) + amount - found.pop(back, 0)
            if net:
                found[key if net > 0 else back] = abs(net)
        return found

    def _cycle_of(self, *parties: str) -> SettlementCycle | None:
        """The one between two parties, or the longest of theirs; None: what is due is paid now."""
        if (between := self._between.get(frozenset(parties))) is not None:
            return between
        cycles = [cycle for party in parties if (cycle := self._cycles.get(party)) is not None]
        return max(cycles, key=lambda one: PERIODS.index(one.every), default=None)


def first_day_carried(begin: datetime.date) -> datetime.date:
    """The first day from which anything can be carried into a closing that begins with a day.

    What is before is paid, if the cycles are the same until the month before that day is closed.
    """
    return begin.replace(day=1) - (WEEK_DAYS - 1) * ONE_DAY


def _instruction(netting: str, payer: str, payee: str, amount: int) -> Instruction:
    if payer == ACCOUNT:
        return Instruction(payee, "receives", amount, ACCOUNT, netting)
    return Instruction(payer, "pays", amount, payee, netting)


def _ends(span: Span, cycle: SettlementCycle | None) -> bool:
    """Whether a period ends among the windows that were closed."""
    return next(_period_ends(span, cycle), None) is not None


def _is_last(span: Span, cycle: SettlementCycle | None) -> bool:
    """Whether one of these periods is the last that ends in its month."""
    return any(_period_end(end + ONE_DAY, cycle).month != end.month
               for end in _period_ends(span, cycle))


def _period_ends(span: Span, cycle: SettlementCycle | None) -> Iterator[datetime.date]:
    end = _period_end(span.first, cycle)
    while end <= span.last:
        yield end
        end = _period_end(end + ONE_DAY, cycle)


def _period_end(day: datetime.date, cycle: SettlementCycle | None) -> datetime.date:
    return day if cycle is None else period_end(day, cycle)
