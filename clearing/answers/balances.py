"""Where a card's balance is not what its record before left: money that moved and no record says.

By the card's own counter. Between two records whose counters follow each other nothing can have
happened; between others it is what the missing ones took, or loaded. It is told and refuses
nothing: the records that are there are good.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from clearing.answers.completeness import HALVES, LOOK_BACK_DAYS, Counters, ask_numbers
from clearing.book import Book
from ext.codes import TapKind
from ext.records import TAP_FLAGS
from network.cards import card_text

_SAID = ("card_seq", "balance_before", "paid", "kind", "flags")


class Break(NamedTuple):
    """Two records of a card, one after the other by its counter."""

    card: str
    after: int              # the counter of the first
    counter: int            # of the second
    missing: int            # numbers between the two
    left: int               # by the first, minor units
    found: int              # before the second
    unexplained: int        # found less left: below 0 where money was taken


def broken_balances(book: Book, day: int) -> list[Break]:
    """Of the cards with records of a day, where balances do not follow each other.

    Asked are records that say the balance before, and whose counter is one; corrections are not.
    day: days since 1970.
    """
    # A counter that is the record's own time says nothing of what lies between.
    says = f"bitAnd(flags, {TAP_FLAGS['HAS_BALANCE']}) != 0 AND card_seq != tapped_at"
    rows = ask_numbers(book, f"SELECT card_hi, card_lo, tapped_at, {', '.join(_SAID)} FROM records "
                       f"WHERE service_day = {day} AND correction = 0 AND {book.as_of_last} "
                       f"AND {says}")
    last = ", ".join(f"argMax({name}, (tapped_at, card_seq)) AS last_{name}" for name in _SAID)
    before = ask_numbers(
        book, f"SELECT card_hi, card_lo, {last} FROM records "
        f"WHERE service_day BETWEEN {day - LOOK_BACK_DAYS} AND {day - 1} AND correction = 0 "
        f"AND {book.as_of_last} AND {says} AND (card_hi, card_lo) IN (SELECT card_hi, card_lo "
        f"FROM records WHERE service_day = {day}) GROUP BY card_hi, card_lo")
    said = {name: np.concatenate([rows[name], before[f"last_{name}"]]) for name in _SAID}
    cards = [np.concatenate([rows[name], before[name]]) for name in HALVES]
    count = len(said["card_seq"])
    at = np.concatenate([rows["tapped_at"], np.zeros(len(before["card_hi"]), np.int64)])
    chain = Counters(cards, said["card_seq"], at, [np.arange(count)], len(rows["card_seq"]), 0)
    order, segments = chain.in_order()
    counters = said["card_seq"][order]
    is_load = said["kind"] == TapKind.TOP_UP
    left = (said["balance_before"] + np.where(is_load, said["paid"], -said["paid"]))[order]
    found = said["balance_before"][order]
    says_paid = (said["flags"] & TAP_FLAGS["HAS_PAID"] != 0)[order]
    # A counter that several records have says nothing of which came first.
    same = np.zeros(count + 1, dtype=np.bool_)
    same[1:-1] = (segments[1:] == segments[:-1]) & (counters[1:] == counters[:-1])
    is_one = ~(same[1:] | same[:-1])
    broken = np.flatnonzero((segments[1:] == segments[:-1]) & is_one[1:] & is_one[:-1]
                            & says_paid[:-1] & (left[:-1] != found[1:]))
    return [Break(card_text(int(cards[0][order[one]]), int(cards[1][order[one]])),
                  int(counters[one]), int(counters[one + 1]),
                  int(counters[one + 1] - counters[one]) - 1, int(left[one]), int(found[one + 1]),
                  int(found[one + 1] - left[one])) for one in broken.tolist()]
