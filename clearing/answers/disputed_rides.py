"""What members owe operators for rides, as the ledger had it after some run."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from clearing.answers.payments import rows_of
from clearing.book import Book
from clearing.book.views import LEGS_IN_SQL
from ext.records import RIDE_FLAGS

Key = tuple[int, int, int]      # of a ride: its card's two halves, and its counter

_ASKED_AT_ONCE = 1_000
# Each under a name of its own: the first leg's columns are the entry's, too.
_LEGS = ", ".join(f"{leg.debtor} AS debtor_{number}, {leg.creditor} AS creditor_{number}, "
                  f"{leg.amount} AS amount_{number}" for number, leg in enumerate(LEGS_IN_SQL))


class Place(NamedTuple):
    """Whose ride it is, and when."""

    operator: int               # a member's number
    service_day: int
    out_seq: int
    started_at: int
    ended_at: int


@dataclass
class DisputedRide:
    """All entries of a ride together, in whatever order."""

    window: int = 0             # the last one that it posts in
    entered: Counter[Place] = field(default_factory=Counter)    # less what was taken back
    owed: defaultdict[int, int] = field(default_factory=lambda: defaultdict(int))   # by debtor

    @property
    def standing(self) -> list[Place]:
        """The rides that stand: a card's new chip may have counted to the same number again."""
        return [place for place, left in self.entered.items() if left > 0]

    def add(self, entry: tuple[Any, ...]) -> None:
        """Add an entry, or what takes it back."""
        service_day, window, operator, flags, out_seq, started_at, ended_at, *legs = entry
        self.window = max(self.window, window)
        self.entered[Place(operator, service_day, out_seq, started_at, ended_at)] += (
            -1 if flags & RIDE_FLAGS["REVERSAL"] else 1)
        if flags & RIDE_FLAGS["HELD"]:
            return
        for debtor, creditor, amount in zip(legs[::3], legs[1::3], legs[2::3], strict=True):
            if creditor == operator != debtor:
                self.owed[debtor] += amount


def rides_at(book: Book, keys: Iterable[Key], run: int) -> dict[Key, DisputedRide]:
    """The rides of these that the ledger had after a run."""
    rides: defaultdict[Key, DisputedRide] = defaultdict(DisputedRide)
    for key, entry in _entries(book, sorted({*keys}), run):
        rides[key].add(entry)
    return rides


def _entries(book: Book, keys: list[Key], run: int) -> Iterator[tuple[Key, tuple[Any, ...]]]:
    for start in range(0, len(keys), _ASKED_AT_ONCE):
        listed = ",".join(f"({high},{low},{seq})" for high, low, seq in
                          keys[start:start + _ASKED_AT_ONCE])
        for high, low, seq, *entry in rows_of(book, (
                "SELECT card_hi, card_lo, card_seq, service_day, window, operator, flags, out_seq, "
                f"started_at, ended_at, {_LEGS} FROM ledger WHERE {book.as_of_last} "
                f"AND run <= {run} AND (card_hi, card_lo, card_seq) IN ({listed})")):
            yield (high, low, seq), tuple(entry)
