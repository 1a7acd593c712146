"""A ride as people name it: CARD/COUNTER."""

from __future__ import annotations

from typing import NamedTuple

from clearing.answers.session import Session
from network.cards import card_bits, card_pattern, card_text
from network.errors import OnecardError
from network.language import Phrase

COUNTER_MOST = (1 << 32) - 1        # ext/records.pxd has 32 bits for it


class NamedRide(NamedTuple):
    """The card of a ride, and the counter of its first tap."""

    card: str                   # as it was named
    bits: tuple[int, int]       # of the card, as card_bits
    card_seq: int

    @property
    def is_masked(self) -> bool:
        """Whether the card was named by a part of its number."""
        return card_pattern(self.card) is not None

    @property
    def in_full(self) -> str:
        """CARD/COUNTER, the card not masked."""
        return f"{card_text(*self.bits)}/{self.card_seq}"

    @property
    def sql(self) -> str:
        """A condition on entries: they are of this ride."""
        high, low = self.bits
        return f"card_hi = {high} AND card_lo = {low} AND card_seq = {self.card_seq}"


def find_ride(session: Session, ride: str, listed_by: str = "onecard show rides") -> NamedRide:
    """What CARD/COUNTER names in a book; the card can be masked, as lists have it.

    Raises OnecardError where it names none, or more than one.
    """
    card, _, counter = ride.rpartition("/")
    pattern = card_pattern(card) if card else None
    if pattern is None or not (counter.isascii() and counter.isdigit()):
        return read_ride(ride, listed_by)
    found = session.book.ask(
        f"SELECT DISTINCT card_hi, card_lo FROM ledger WHERE {session.book.as_of_last} "
        f"AND card_seq = {int(counter)} AND card LIKE '{pattern}'")
    cards = list(zip(*(map(int, column) for column in found.values()), strict=True))
    if len(cards) != 1:
        raise OnecardError(
            Phrase("{cards} cards like {card} have a ride {counter}", cards=len(cards), card=card,
                   counter=counter), where=session.book.store.where,
            expected="one", remedy=Phrase("copy the ride from `{listed_by}`; --cards full tells "
                                          "more", listed_by=listed_by))
    return NamedRide(card, cards[0], int(counter))


def read_ride(ride: str, listed_by: str = "onecard show rides") -> NamedRide:
    """What CARD/COUNTER names.

    listed_by: the command that lists rides to choose from. Raises OnecardError where it names none.
    """
    card, _, counter = ride.rpartition("/")
    if not (card and counter.isascii() and counter.isdigit() and len(counter) <= 10
            and int(counter) <= COUNTER_MOST):
        raise OnecardError(Phrase("{ride!r} does not name a ride",
                                  ride=ride), expected="CARD/COUNTER",
                           remedy=Phrase("copy both from `{listed_by}`", listed_by=listed_by))
    return NamedRide(card, card_bits(card), int(counter))
