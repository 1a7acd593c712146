"""What a validator would charge, as look-up arrays: a network's tables, read once more.

Written from the published rules for what a validator knows when a card is tapped: fares,
concessions and the transfer credit. Monthly tiers are left out: nobody reaches them in one day.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from fractions import Fraction
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from fare_tables.bands import fare_of_bands
from fare_tables.compile.distances import shortest_metres
from fare_tables.model import Concession, Fare, PriceBand, Table, Transfer
from network.model import NetworkFile, Operator
from network.network import Network

Row = TypeVar("Row", Concession, Transfer)

class Prices:
    """A network's tables on one day. A *due class* is the place of an amount in `dues`."""

    def __init__(self, network: NetworkFile, tables: Sequence[Table], day: datetime.date) -> None:
        """Take the tables in force; refuse what a validator cannot work out by itself."""
        self.network = network
        self.tables = [table for table in tables if _in_force(table, day)]
        for table in self.tables:
            _check(table)
        self._cities = {city.code: index for index, city in enumerate(network.city)}
        self._classes: dict[int, int] = {}

    def find_table(self, operator: str, mode: str, line: str) -> int:
        """The place of the table of a ride; one that names the line comes first."""
        fitting = [
            index for index, table in enumerate(self.tables)
            if operator in table.operators and (table.modes is None or mode in table.modes)
            and (table.lines is None or line in table.lines)
        ]
        return min(fitting, key=lambda index: self.tables[index].lines is None)

    def due_class(self, due: int) -> int:
        """The class of an amount, a new one if need be."""
        return self._classes.setdefault(due, len(self._classes))

    def dues(self) -> list[int]:
        """Every class's amount."""
        return list(self._classes)

    def prices(self) -> NDArray[np.int32]:
        """What a card pays: [table, city of the card, card kind, due class]."""
        kinds, dues = self.network.card_kinds, self.dues()
        paid = np.zeros((len(self.tables), len(self._cities), len(kinds), len(dues)), np.int32)
        for t, table in enumerate(self.tables):
            for city, c in self._cities.items():
                for k, kind in enumerate(kinds):
                    row = _find_row(table.concession, table, city, kind)
                    paid[t, c, k] = [price_after(row, due) for due in dues]
        return paid

    def credits(self) -> NDArray[np.int32]:
        """What a card is credited for a transfer: [table, city of the card, card kind]."""
        kinds = self.network.card_kinds
        credit = np.zeros((len(self.tables), len(self._cities), len(kinds)), np.int32)
        for t, table in enumerate(self.tables):
            for city, c in self._cities.items():
                for k, kind in enumerate(kinds):
                    row = _find_row(table.transfer, table, city, kind)
                    credit[t, c, k] = 0 if row is None else row.credit or 0
        return credit

    def transfer_within(self, operators: Sequence[Operator]) -> NDArray[np.int32]:
        """Seconds in which a transfer counts: [table, operator before]; -1 for never."""
        seconds = np.full((len(self.tables), len(operators)), -1, np.int32)
        for t, table in enumerate(self.tables):
            for row in table.transfer:
                for o, operator in enumerate(operators):
                    if (row.from_operators is None or operator.code in row.from_operators) and (
                        row.from_modes is None or set(operator.modes) & set(row.from_modes)
                    ):
                        seconds[t, o] = row.within_s
        return seconds


def _in_force(table: Table, day: datetime.date) -> bool:
    until = table.in_force_until
    return table.in_force_from <= day and (until is None or day <= until)


def _check(table: Table) -> None:
    """Refuse a table that the arrays cannot hold."""
    plain = (
        table.fare[0].basis in ("flat", "distance")
        and table.fare[0].distance == "stops"
        and not table.fare[0].discounts_on_incomplete
        and table.order.index("concession") < table.order.index("transfer")
        and len(table.transfer) <= 1
        and all(row.credit and row.measured_from == "end" and not row.same_line
                for row in table.transfer)
    )
    if not plain:
        raise ValueError(f"table {table.table}: has a rule that made-up taps cannot be priced by")


def _find_row(rows: Sequence[Row], table: Table, city: str, kind: str) -> Row | None:
    """The first row that fits a card (not a QR code)."""
    for row in rows:
        if (
            _is_from(row.cards, city, table.city)
            and (row.card_kinds is None or kind in row.card_kinds)
            and (row.media is None or "card" in row.media)
        ):
            return row
    return None


def _is_from(cards: str | list[str], city: str, home: str) -> bool:
    if isinstance(cards, list):
        return city in cards
    return cards == "any" or (cards == "home") == (city == home)


def price_after(row: Concession | None, due: int) -> int:
    """What is left of a fare, half up to a fen."""
    if row is None:
        return due
    if row.pays_amount is not None:
        return min(due, row.pays_amount)
    bands = row.bands or [PriceBand(pays_percent=row.pays_percent or 0)]
    pays, start = Fraction(0), 0
    for band in bands:
        end = due if band.to is None else min(due, band.to)
        pays += max(0, end - start) * Fraction(band.pays_percent) / 100
        start = max(start, end)
    return (2 * pays.numerator + pays.denominator) // (2 * pays.denominator)


class Track(NamedTuple):
    """A system's stops and the shortest ways between them."""

    stops: list[str]
    metres: NDArray[np.int64]


def read_track(network: Network, operator: str) -> Track:
    """The stops and ways of an operator's system."""
    stops = list(network.stops_of(operator) or ())
    return Track(stops, shortest_metres(network.links_of(operator), stops))


def fare_of(fare: Fare, metres: int) -> int:
    """The fare of a distance; 0 beyond the last band."""
    if fare.bands is None:
        return fare.amount or 0
    return fare_of_bands(fare.bands, metres) or 0


def word_of(word: int | str, fares: Sequence[int], same: int) -> int:
    """What a table's word for an unusual ride costs, given the stop's other fares."""
    if isinstance(word, int):
        return word
    return {"lowest": min(fares), "highest": max(fares), "fare": same}[word]
