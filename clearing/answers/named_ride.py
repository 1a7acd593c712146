"""A ride as people name it: CARD/COUNTER."""

from __future__ import annotations

from typing import NamedTuple

from network.cards import card_bits
from network.errors import OnecardError

COUNTER_MOST = (1 << 32) - 1        # ext/records.pxd has 32 bits for it


class NamedRide(NamedTuple):
    """The card of a ride, and the counter of its first tap."""

    card: str
    bits: tuple[int, int]       # of the card, as card_bits
    card_seq: int

    @property
    def sql(self) -> str:
        """A condition on entries: they are of this ride."""
        high, low = self.bits
        return f"card_hi = {high} AND card_lo = {low} AND card_seq = {self.card_seq}"


def read_ride(ride: str, listed_by: str = "onecard show rides") -> NamedRide:
    """What CARD/COUNTER names.

    listed_by: the command that lists rides to choose from. Raises OnecardError where it names none.
    """
    card, _, counter = ride.rpartition("/")
    if not (card and counter.isascii() and counter.isdigit() and len(counter) <= 10
            and int(counter) <= COUNTER_MOST):
        raise OnecardError(f"{ride!r} does not name a ride", expected="CARD/COUNTER",
                           remedy=f"copy both from `{listed_by}`")
    return NamedRide(card, card_bits(card), int(counter))
