"""Rows by card: long lists a range of cards at a time, as the store sorts what it holds; or a few.

Within a day of the ledger rows lie by card, so that a range reads little more than its own rows.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from clearing.book.schema import ENTRIES, Table
from clearing.book.store import Store

BY_CARD_FIRST = "card_hi, card_lo"      # how an order begins that ranges of cards do not change
ROWS_SORTED = 65_536                    # about, at a time: some 20 MB of the store
_LISTED_MOST = 4_096                    # cards that are looked up: each costs a stretch of rows
_ONE_OF = 1_024                         # cards is looked at, for where a range ends


def card_ranges(store: Store, where: str, order: str, table: Table = ENTRIES,
                most: int | None = None, rows: int | None = None) -> list[str]:
    """Conditions on a table's rows, each on some of all cards, in the order of their numbers.

    where: SQL, which rows are to be listed. One range where they are few, or not by card. How many
    there are is told from a sample: each question would read what all of them are found by.
    most: about how many rows of a range; None: ROWS_SORTED. rows: how many the table has at most,
    where that is known: of so few none is looked at.
    """
    most = most or ROWS_SORTED
    if not order.startswith(BY_CARD_FIRST) or (rows is not None and rows <= most):
        return ["1"]
    cuts = list(_cuts(store, where, table, most))
    lower = ["1", *(f"(card_hi > {high} OR (card_hi = {high} AND card_lo >= {low}))"
                    for high, low in cuts)]
    upper = [*(f"(card_hi < {high} OR (card_hi = {high} AND card_lo < {low}))"
               for high, low in cuts), "1"]
    return [f"{first} AND {last}" for first, last in zip(lower, upper, strict=True)]


def _cuts(store: Store, where: str, table: Table, most: int) -> Iterator[tuple[int, int]]:
    """Cards at which ranges begin, but for the first one; by a sample of all cards."""
    found = store.columns(
        f"SELECT card_hi, card_lo, count() AS counted FROM {table.name} WHERE {where} "
        f"AND intHash64(card_lo) % {_ONE_OF} = 0 GROUP BY card_hi, card_lo "
        "ORDER BY card_hi, card_lo")
    so_far = 0
    for high, low, counted in zip(*(np.asarray(column).tolist() for column in found.values()),
                                  strict=True):
        if so_far >= most:
            so_far = 0
            yield high, low
        so_far += counted * _ONE_OF


def listed_cards(of: np.ndarray[Any, Any] | None) -> str:
    """The cards of some records as a condition; any card where they are not known, or many."""
    listed = np.zeros(0) if of is None else np.unique(of[["card_hi", "card_lo"]])
    if not 0 < len(listed) <= _LISTED_MOST:
        return "1"
    return f"(card_hi, card_lo) IN ({', '.join(map(str, listed.tolist()))})"
