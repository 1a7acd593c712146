"""Some of all cards, of which a book is asked at a time."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clearing.book.native import Array, bytes_of, choose
from ext.clearing.persons import NO_PERSON, Persons

LAST_CARD = (1 << 64) - 1


class Cards(NamedTuple):
    """Some of all cards: those whose lower 64 bits are from one number to another.

    A person's cards, see ext.clearing.persons, are all among them or none is: where there are
    persons, their cards are in parts of their own.
    """

    first: int = 0
    last: int = LAST_CARD
    persons: Persons | None = None      # None: nobody has several cards
    parts: int = 1
    part: int = -1                      # of the persons; -1: without their cards

    def sql(self) -> str:
        """As a condition, which a few more can fulfil."""
        return f"card_lo BETWEEN {self.first} AND {self.last}"

    @property
    def card_filter(self) -> Array | None:
        """What fewer fulfil, if there is such a filter; see ext.clearing.partition."""
        return None if self.persons is None or self.part < 0 else self.persons.card_filter

    def of(self, records: Array) -> Array:
        """The records of these cards."""
        if self == EVERY_CARD:
            return records
        chosen = (records["card_lo"] >= self.first) & (records["card_lo"] <= self.last)
        if self.persons is not None:
            numbers = np.empty(len(records), np.uint32)
            self.persons.number(bytes_of(records), numbers)
            alone = numbers == NO_PERSON
            chosen &= alone if self.part < 0 else ~alone & (numbers % self.parts == self.part)
        return choose(records, chosen)


EVERY_CARD = Cards()
