"""Whose rides a changed network can make or price otherwise."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clearing import __version__
from clearing.book import Book
from clearing.book.native import bytes_of
from clearing.engine.context import ClearingContext
from clearing.engine.kept_networks import kept_network
from clearing.engine.partition import filter_of, of_cards
from ext.clearing.partition import add_to_card_filter
from ext.records import CARD_ROW, Records
from fare_tables.changed import Priced, changed_operators
from fare_tables.source import load_tables
from network.card_rows import CardRows, card_rows, changed_cards
from network.network import Network


@dataclass(frozen=True)
class Changed:
    """Operators whose rides can cost otherwise, and cards of which the register says otherwise."""

    operators: frozenset[int] | None    # member numbers; None: it can be anybody's
    cards: Records                      # CARD_ROW

    @property
    def is_nothing(self) -> bool:
        """Whether every ride is as it was."""
        return self.operators == frozenset() and len(self.cards) == 0

    def of(self, taps: Records) -> npt.NDArray[np.bool_]:
        """Which taps are of these operators or cards, and of a few others."""
        if self.operators is None:
            return np.ones(len(taps), bool)
        chosen = np.isin(taps["operator"], list(self.operators))
        if len(self.cards):
            cards = filter_of(len(self.cards))
            add_to_card_filter(bytes_of(self.cards), cards)
            chosen |= of_cards(taps, cards)
        return chosen


ALL = Changed(None, np.zeros(0, CARD_ROW))


def changed_since(context: ClearingContext, book: Book, made_by: Iterable[tuple[str, str]]
                  ) -> Changed:
    """What can be otherwise by a network than by those that made it.

    made_by: these networks, by digest, each with the version of the software.
    """
    now, changed = Priced(context.network, context.tables), frozenset[str]()
    cards = [np.zeros(0, CARD_ROW)]
    for digest, version in made_by:
        if version != __version__:
            return ALL
        if digest == context.network.digest:
            continue
        with kept_network(book, digest) as network:
            operators = changed_operators(
                Priced(network, load_tables(network.folder.path)), now)
            cards.append(_changed_cards(context, network))
        if operators is None:
            return ALL
        changed |= operators
    return Changed(frozenset(context.names.number("member", code) for code in changed),
                   np.concatenate(cards))


def _changed_cards(context: ClearingContext, before: Network) -> Records:
    """CARD_ROW of the cards of which the register says something else than it did before."""
    if _register_of(before) == _register_of(context.network):
        return np.zeros(0, CARD_ROW)
    return changed_cards(card_rows(before, context.names),
                         CardRows(context.register.rows, context.persons.rows))


def _register_of(network: Network) -> tuple[bytes | None, str]:
    return (network.contents.get(network.model.card_register or ""),
            network.model.totals_follow)
