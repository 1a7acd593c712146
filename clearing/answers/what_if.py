"""What riders and funders would pay by other tables; nothing is posted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from clearing.answers.brought import reach
from clearing.answers.session import Session
from clearing.book import Book
from clearing.book.views import LEGS_IN_SQL, REVERSAL, RIDES_LEFT
from clearing.engine.context import load_context
from clearing.engine.what_if import Period, price_period
from ext.clearing.journeys import REFUND_DAYS
from ext.codes import Cause
from ext.records import LEGS_MOST, Records
from network.civil import day_number
from network.errors import OnecardError
from network.language import Phrase
from network.money import Currency
from network.names import Names
from network.network import Network
from network.progress import Progress, no_progress

COLUMNS = ("by", "what", "rides", "now", "then", "difference")
CARD = np.dtype([("card_hi", "<u8"), ("card_lo", "<u8"), ("money", "<i8"), ("card_kind", "u1")])
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


def what_if(session: Session, network: str, first: str, last: str, *, threads: int = 1,
            progress: Progress = no_progress) -> Comparison:
    """What the rides of service days, both inclusive, would cost by another network.

    Raises OnecardError and TableError.
    """
    period = Period(day_number(first), day_number(last))
    if period.last < period.first:
        raise OnecardError("the period ends before it begins",
                           where=Phrase("{first} to {last}", first=first, last=last),
                           remedy="name the earlier day with --from")
    reach(session, period.first - REFUND_DAYS)
    names = session.names()
    context = load_context(network, names)
    sums = _Sums(context.network, names)
    sums.add_ledger(session.book, period)
    without_fare = price_period(context, session.book, period, sums.add, threads=threads,
                                progress=progress)
    riders, by_card_kind = sums.riders()
    return Comparison(list(sums.rows()), riders, by_card_kind, without_fare,
                      context.network.model.money)


# What rides are counted by, and the field of an entry that says it.
BY = {"card kind": "card_kind", "mode": "mode", "operator": "operator"}
DISCOUNTS = [int(cause) for cause in Cause if cause < Cause.FARE]
IS_DISCOUNT = np.isin(np.arange(256), DISCOUNTS)    # by the number of a cause


@dataclass
class _Sums:
    """Rides and money before and after, by what is asked for."""

    network: Network
    names: Names
    # By kind and number: rides before and after, money before and after.
    cells: dict[tuple[str, int], Cells] = field(default_factory=dict)
    # What rides of cards cost, or, in the ledger, do not cost any more; cards come repeatedly.
    cards: list[Records] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add_ledger(self, book: Book, period: Period) -> None:
        """Take in what stands; added up by the store, since what is taken back adds up to 0."""
        of_period = f"FROM entries WHERE service_day BETWEEN {period.first} AND {period.last}"
        columns = ", ".join(BY.values())
        found = book.ask(f"SELECT {columns}, {RIDES_LEFT} AS rides, sum(price) AS money "
                         f"{of_period} GROUP BY {columns}")
        for *numbers, rides, money in zip(*(found[name] for name in (
                *BY.values(), "rides", "money")), strict=True):
            for kind, number in zip(BY, numbers, strict=True):
                self._add(kind, int(number), BEFORE, int(rides), int(money))
        causes = ", ".join(map(str, DISCOUNTS))
        for leg in LEGS_IN_SQL[1:]:
            funded = book.ask(f"SELECT {leg.debtor} AS number, {RIDES_LEFT} AS rides, "
                              f"sum({leg.amount}) AS money {of_period} "
                              f"AND {leg.cause} IN ({causes}) GROUP BY number")
            for number, rides, money in zip(*(funded[name] for name in (
                    "number", "rides", "money")), strict=True):
                self._add("funder", int(number), BEFORE, int(rides), int(money))
        # Reversals come last. One number of 64 bits is compared four times as fast as two.
        found = book.ask(
            f"SELECT card_hi, card_lo, argMin(card_kind, bitShiftLeft(toUInt64({REVERSAL}), 32) "
            "+ if(started_at = 0, ended_at, started_at)) AS card_kind, sum(price) AS money, "
            f"{RIDES_LEFT} AS rides {of_period} GROUP BY card_hi, card_lo HAVING rides > 0")
        cards = np.zeros(len(found["money"]), CARD)
        for name in ("card_hi", "card_lo", "card_kind"):
            cards[name] = found[name]
        cards["money"] = -np.asarray(found["money"])
        self.cards.append(cards)

    def add(self, made: Records) -> None:
        """Take in entries that the other tables make, those of a card together."""
        sums = [(kind, _by_number(made[column], made["price"])) for kind, column in BY.items()]
        legs = made["legs"]
        for leg in range(1, LEGS_MOST):
            funded = IS_DISCOUNT[legs["cause"][:, leg]]
            sums.append(("funder", _by_number(legs["debtor"][funded, leg],
                                              legs["amount"][funded, leg])))
        cards = _by_card(made)
        with self._lock:
            self.cards.append(cards)
            for kind, found in sums:
                for number, rides, money in found:
                    self._add(kind, number, AFTER, rides, money)

    def _add(self, kind: str, number: int, when: int, rides: int, money: int) -> None:
        cell = self.cells.setdefault((kind, number), np.zeros(4, np.int64))
        cell[when] += rides
        cell[2 + when] += money

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

    def riders(self) -> tuple[Riders, dict[str, Riders]]:
        """How many cards pay more and less, and by how much: all, and by the code of their kind."""
        # What was made comes first: a card is of the kind that its first ride says.
        cards = _by_card(np.concatenate([*self.cards[1:], self.cards[0]]), "money")
        by_kind = {self.names.code("card_kind", int(kind)):
                   _riders(cards["money"][cards["card_kind"] == kind])
                   for kind in np.unique(cards["card_kind"])}
        return _riders(cards["money"]), dict(sorted(by_kind.items()))


def _row(kind: str, what: str, cell: Cells) -> tuple[Any, ...]:
    _, rides, before, after = cell.tolist()
    return kind, what, rides, before, after, after - before


def _riders(changes: npt.NDArray[np.int64]) -> Riders:
    """What some cards' changes come to."""
    changes = np.sort(changes)
    places = [tenth * (len(changes) - 1) // DECILES for tenth in range(DECILES + 1)]
    return Riders(int((changes > 0).sum()), int((changes < 0).sum()), int((changes == 0).sum()),
                  [int(changes[place]) for place in places] if len(changes) else [])


def _by_number(numbers: npt.NDArray[Any], amounts: npt.NDArray[np.int64]
               ) -> Iterator[tuple[int, int, int]]:
    """Each number that is there, how often, and the sum of its amounts."""
    rides = np.bincount(numbers)
    money = np.zeros(len(rides), np.int64)
    np.add.at(money, numbers, amounts)
    for number in np.flatnonzero(rides).tolist():
        yield number, int(rides[number]), int(money[number])


def _by_card(rows: Records, amount: str = "price") -> Records:
    """CARD rows, one for each card, with the kind of its first row."""
    order = np.lexsort([rows["card_lo"], rows["card_hi"]])
    highs, lows = rows["card_hi"][order], rows["card_lo"][order]
    starts = np.flatnonzero(np.concatenate([[True] * (len(order) > 0),
                                            (highs[1:] != highs[:-1]) | (lows[1:] != lows[:-1])]))
    found = np.zeros(len(starts), CARD)
    found["card_hi"], found["card_lo"] = highs[starts], lows[starts]
    found["card_kind"] = rows["card_kind"][order[starts]]
    if len(starts):
        found["money"] = np.add.reduceat(rows[amount][order], starts)
    return found
