"""A network with its fare tables: what the plain engine clears by."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from fare_tables.model import Table
from network.network import Network
from network.register import RegisterRow


@dataclass
class World(Network):
    """What clearing needs to know besides taps and state."""

    tables: list[Table] = field(default_factory=list)
    # Distances already found, by (file of links, stop).
    reached: dict[tuple[str, str], dict[str, int]] = field(default_factory=dict, repr=False)

    # Rows of the card register; None: those of the network's file.
    listed: Iterable[RegisterRow] | None = None

    @cached_property
    def cards(self) -> dict[str, list[RegisterRow]]:
        """What the card register has of each card."""
        rows = defaultdict[str, list[RegisterRow]](list)
        file = self.register_file() if self.listed is None else None
        for row in self.listed or (() if file is None else file.rows()):
            rows[row.card].append(row)
        return dict(rows)

    @cached_property
    def _owned(self) -> dict[str, tuple[str, ...]]:
        """Of cards that replace each other, all cards of their owner, the first one first."""
        if self.model.totals_follow == "card":
            return {}
        following = {row.predecessor: card for card, rows in self.cards.items()
                     for row in rows if row.predecessor}
        owned: dict[str, tuple[str, ...]] = {}
        for card in following.keys() - set(following.values()):
            cards = [card]
            while cards[-1] in following:
                cards.append(following[cards[-1]])
            owned |= dict.fromkeys(cards, tuple(cards))
        return owned

    def cards_of_owner(self, card: str) -> tuple[str, ...]:
        """The cards that share their totals with one, in the order in which they replaced others.

        Where totals follow the card that is the card alone.
        """
        return self._owned.get(card, (card,))


def world_of(network: Network, tables: list[Table]) -> World:
    """A network that is loaded already, with its tables: its files are not read again."""
    return World(network.model, network.folder, tables)
