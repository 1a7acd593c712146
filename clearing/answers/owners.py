"""Cards that share their totals, and when each of their rides counts among the others' (RULES §4).

Where a network's totals follow the person, a ride's price depends on those of all cards of its
owner, by the network that priced it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from clearing.answers.priced_by import Card, PricedBy
from clearing.answers.told_by import by_one_record, gate_ins_alone
from clearing.book import Book
from clearing.reference.world import World
from ext.records import Records
from network.names import Names

OWNERS_AT_ONCE = 1_000


class Owners:
    """Finds the cards that somebody has, by each network that their rides were priced by."""

    def __init__(self, networks: PricedBy, names: Names) -> None:
        self._networks, self._names = networks, names
        self._aside = set[tuple[Card, ...]]()

    def of(self, rows: Records) -> list[tuple[Card, ...]]:
        """For each entry all cards of its card's owner, in the order in which they replaced others.

        By the network that priced the entry; where totals follow the card that is the card alone.
        """
        cards: list[Card] = list(zip(rows["card_hi"].tolist(), rows["card_lo"].tolist(),
                                     strict=True))
        owned = [self._networks.mates(digest, self._names)
                 for digest in self._networks.digests(rows)]
        return [mates.get(card, (card,)) for mates, card in zip(owned, cards, strict=True)]

    def put_aside(self, rows: Records) -> Records:
        """Those of some entries whose cards share totals with none; the others' are remembered."""
        owned = [one for one in self.of(rows) if len(one) > 1]
        if not owned:
            return rows
        self._aside |= set(owned)
        together = {card for one in owned for card in one}
        others = [card not in together for card in rows[["card_hi", "card_lo"]].tolist()]
        alone: Records = rows[others]
        return alone

    def groups(self) -> Iterator[set[Card]]:
        """The cards that were put aside, of so many people at once.

        Those that any network has as one person's are together.
        """
        groups: dict[Card, set[Card]] = {}
        for cards in self._aside:
            together = set(cards).union(*(groups.get(card, ()) for card in cards))
            groups.update(dict.fromkeys(together, together))
        apart = list({id(group): group for group in groups.values()}.values())
        for first in range(0, len(apart), OWNERS_AT_ONCE):
            yield set[Card]().union(*apart[first:first + OWNERS_AT_ONCE])

    def rides_of(self, book: Book, cards: Iterable[Card], order: str) -> Records:
        """All entries that stand of some cards, and of their owners' other cards, by card."""
        known = set[Card]()
        wanted = set(cards)
        while wanted != known:
            known = wanted
            rows = self._networks.in_order(_rides(book, known, order), self._names)
            wanted = known.union(*self.of(rows))
        return rows


def _rides(book: Book, cards: Iterable[Card], order: str) -> Records:
    listed = ",".join(f"({high},{low})" for high, low in sorted(cards))
    return np.concatenate(list(book.rides(f"(card_hi, card_lo) IN ({listed})",
                                          f"card_hi, card_lo, {order}")))


def moments_of(book: Book, rows: Records, worlds: Sequence[World]) -> list[int]:
    """When each of some cards' rides counts among those of their owners' other cards.

    rows: by card, each card's in the order priced. A gate-in without an exit counts when its card
    is used next, or so late that no exit can fit any more; of the card's next use its rides are
    what is seen here.
    """
    gate_ins, moments = gate_ins_alone(book, rows), list[int]()
    cards = list(zip(rows["card_hi"].tolist(), rows["card_lo"].tolist(), strict=True))
    begins = np.where(rows["started_at"] == 0, rows["ended_at"], rows["started_at"]).tolist()
    # A record that has both ends counts when it begins.
    ends = np.where(by_one_record(rows) | (rows["ended_at"] == 0), begins,
                    rows["ended_at"]).tolist()
    for place, (card, seq, moment) in enumerate(zip(
            cards, rows["card_seq"].tolist(), ends, strict=True)):
        if (*card, seq, begins[place]) in gate_ins:
            moment += worlds[place].model.ride_limit_s
            if cards[place + 1:place + 2] == [card]:
                moment = min(moment, begins[place + 1])
        if place and cards[place - 1] == card:
            moment = max(moment, moments[-1])
        moments.append(moment)
    return moments
