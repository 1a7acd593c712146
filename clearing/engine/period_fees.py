"""What is charged by the window or month when windows close, from the flows of a book."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from clearing.book import Book
from ext.records import Records
from network.civil import day_of, number_of
from network.model import NetworkFile
from settlement.period_fees import Charged, charge, first_day_needed


def charge_closing(book: Book, model: NetworkFile, numbers: Mapping[str, int], first: int,
                   last: int, more: Records | None = None) -> list[Charged]:
    """The fees of a closing of the windows from one to another, days since 1970.

    more: FLOW rows that the book has not yet. Where nothing was closed before, `first` is 1.
    """
    if not model.period_fee:
        return []
    flows = book.flows(number_of(first_day_needed(day_of(first))) if first > 1 else 0, last)
    flows = flows if more is None else np.concatenate([flows, more[more["window"] <= last]])
    if first == 1:      # it begins with what came
        first = int(flows["window"].min()) if len(flows) else last
    return charge(flows, model.period_fee, numbers, day_of(first), day_of(last))
