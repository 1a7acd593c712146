"""What riders and funders would pay by other tables; nothing is posted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from clearing.answers.session import Session
from clearing.engine.context import load_context
from clearing.engine.what_if import Period, price_period
from ext.codes import Cause
from ext.records import LEGS_MOST, Records
from network.civil import day_number
from network.errors import OnecardError
from network.money import Currency
from network.names import Names
from network.network import Network

COLUMNS = ("by", "what", "rides", "now", "then", "difference")
BEFORE, AFTER = 0, 1
DECILES = 10
Cells = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Riders:
    """How the cards fare: what all rides of each would cost more, or less."""

    pay_more: int
    pay_less: int
    pay_the_same: int
    # The least, each tenth of the cards, and the most: DECILES and one more differences.
    deciles: list[int]


@dataclass(frozen=True)
class Comparison:
    """A period by other tables. Prices are what the tables say riders should pay."""

    rows: list[tuple[Any, ...]]         # in the order of COLUMNS
    riders: Riders
    by_card_kind: dict[str, Riders]     # a card being of the kind that its first ride says
    without_fare: int                   # records of rides for which the other tables have none
    currency: Currency


def what_if(session: Session, network: str, first: str, last: str, *, threads: int = 1
            ) -> Comparison:
    """What the rides of service days, both inclusive, would cost by another network.

    Raises OnecardError and TableError.
    """
    period = Period(day_number(first), day_number(last))
    if period.last < period.first:
        raise OnecardError("the period ends before it begins", where=f"{first} to {last}",
                           remedy="name the earlier day with --from")
    names = session.names()
    context = load_context(network, names)
    sums = _Sums(context.network, names)
    without_fare = price_period(context, session.book, period, sums.add, threads=threads)
    return Comparison(list(sums.rows()), sums.riders(), sums.riders_by_card_kind(), without_fare,
                      context.network.model.money)


@dataclass
class _Sums:
    """Rides and money before and after, by what is asked for."""

    network: Network
    names: Names
    # By kind and number: rides before and after, money before and after.
    cells: dict[tuple[str, int], Cells] = field(default_factory=dict)
    # One per card, and the number of its kind.
    changes: list[npt.NDArray[np.int64]] = field(default_factory=list)
    card_kinds: list[npt.NDArray[np.uint8]] = field(default_factory=list)

    def add(self, made: Records, ledger: Records) -> None:
        """Take in all entries of some cards: by the other tables, and as they stand."""
        for when, entries in ((BEFORE, ledger), (AFTER, made)):
            for kind, column in (("card kind", "card_kind"), ("mode", "mode"),
                                 ("operator", "operator")):
                self._add(kind, entries[column], entries["price"], when)
            legs = entries["legs"]
            for leg in range(1, LEGS_MOST):
                funded = np.isin(legs["cause"][:, leg], DISCOUNTS)
                self._add("funder", legs["debtor"][funded, leg], legs["amount"][funded, leg], when)
        changes, card_kinds = _change_of_cards(made, ledger)
        self.changes.append(changes)
        self.card_kinds.append(card_kinds)

    def _add(self, kind: str, numbers: npt.NDArray[Any], amounts: npt.NDArray[np.int64],
             when: int) -> None:
        found, places = np.unique(numbers, return_inverse=True)
        rides, money = np.zeros((2, len(found)), np.int64)
        np.add.at(rides, places, 1)
        np.add.at(money, places, amounts)
        for index, number in enumerate(found.tolist()):
            cell = self.cells.setdefault((kind, number), np.zeros(4, np.int64))
            cell[when] += rides[index]
            cell[2 + when] += money[index]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """In the order of COLUMNS, all first, then by city, and so on."""
        by_operator = {number: cell for (kind, number), cell in self.cells.items()
                       if kind == "operator"}
        yield _row("all", "", sum(by_operator.values(), np.zeros(4, np.int64)))
        cities: dict[str, Cells] = {}
        for number, cell in by_operator.items():
            operator = self.network.operators.get(self.names.code("member", number))
            city = operator.city if operator else ""
            cities[city] = cities.get(city, np.zeros(4, np.int64)) + cell
        for city in sorted(cities):
            yield _row("city", city, cities[city])
        for kind, names in (("operator", "member"), ("mode", "mode"), ("card kind", "card_kind"),
                            ("funder", "member")):
            found = {self.names.code(names, number): cell
                     for (one, number), cell in self.cells.items() if one == kind}
            for code in sorted(found):
                yield _row(kind, code, found[code])

    def riders(self) -> Riders:
        """How many cards pay more and less, and by how much."""
        return _riders(np.concatenate([np.zeros(0, np.int64), *self.changes]))

    def riders_by_card_kind(self) -> dict[str, Riders]:
        """The same of each kind of card, by its code."""
        changes = np.concatenate([np.zeros(0, np.int64), *self.changes])
        numbers = np.concatenate([np.zeros(0, np.uint8), *self.card_kinds])
        found = {self.names.code("card_kind", int(number)): _riders(changes[numbers == number])
                 for number in np.unique(numbers)}
        return dict(sorted(found.items()))


DISCOUNTS = [int(cause) for cause in Cause if cause < Cause.FARE]


def _row(kind: str, what: str, cell: Cells) -> tuple[Any, ...]:
    _, rides, before, after = cell.tolist()
    return kind, what, rides, before, after, after - before


def _riders(changes: npt.NDArray[np.int64]) -> Riders:
    """What some cards' changes come to."""
    changes = np.sort(changes)
    places = [tenth * (len(changes) - 1) // DECILES for tenth in range(DECILES + 1)]
    return Riders(int((changes > 0).sum()), int((changes < 0).sum()), int((changes == 0).sum()),
                  [int(changes[place]) for place in places] if len(changes) else [])


def _change_of_cards(made: Records, ledger: Records
                     ) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.uint8]]:
    """What each card's rides cost more, or less; and the number of the card's kind."""
    highs = np.concatenate([made["card_hi"], ledger["card_hi"]])
    lows = np.concatenate([made["card_lo"], ledger["card_lo"]])
    amounts = np.concatenate([made["price"], -ledger["price"]])
    order = np.lexsort([lows, highs])
    highs, lows, amounts = highs[order], lows[order], amounts[order]
    card_kinds = np.concatenate([made["card_kind"], ledger["card_kind"]])[order]
    if len(order) == 0:
        return amounts, card_kinds
    starts = np.flatnonzero(np.concatenate([[True], (highs[1:] != highs[:-1])
                                            | (lows[1:] != lows[:-1])]))
    changes: npt.NDArray[np.int64] = np.add.reduceat(amounts, starts)
    return changes, card_kinds[starts]
