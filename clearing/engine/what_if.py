"""Prices a period that the book has by other tables. Nothing is posted."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from clearing.book import Book
from clearing.book.cards import Cards
from clearing.book.native import choose, join_records
from clearing.book.state import no_state
from clearing.engine.context import ClearingContext
from clearing.engine.partition import (
    Clearer,
    Stretch,
    before,
    cards_in,
    first_day_of,
    on_threads,
)
from clearing.engine.stages import TAPS_AT_ONCE, last_before, partitions_for
from ext import records
from ext.codes import Code
from ext.records import TAP_FLAGS, Records
from network.progress import Progress, no_progress

DAY_S = 86_400
# Half as many as elsewhere: while some are priced, those of the next cards are read.
_RECORDS_AT_ONCE = TAPS_AT_ONCE // 2
WITHOUT_FARE = [int(Code.NO_FARE), int(Code.PRICE_OVERFLOW)]

# Takes in entries, which lie in memory that is used again; called from several threads at once.
Take = Callable[[Records], None]


@dataclass(frozen=True)
class Period:
    """Service days, days since 1970, both inclusive."""

    first: int
    last: int

    def of(self, entries: Records) -> Records:
        """The entries of these days."""
        days = entries["service_day"]
        return choose(entries, (days >= self.first) & (days <= self.last))


def price_period(context: ClearingContext, book: Book, period: Period, take: Take, *,
                 threads: int, progress: Progress = no_progress) -> int:
    """Hand over what the tables of a context make of a period's records, card by card.

    Cards begin with what they had counted at the end of the last closed window before the period.
    Returns how many records are of rides without a fare.
    """
    base = last_before(period.first, book.closed_windows())
    closed = book.closed_through
    # A ride that begins on the last day can end so much later.
    until = period.last - (-context.network.model.ride_limit_s // DAY_S)
    stretch = Stretch(base, base + 1, min(period.last, -1 if closed is None else closed))
    without_fare = 0
    split = book.split_cards(base, until, _RECORDS_AT_ONCE, context.persons)
    with ThreadPoolExecutor(1) as reader:
        read = partial(book.records_since, base, until=until)
        reading = reader.submit(read, cards=split[0])
        for cards, following in zip(split, [*split[1:], None], strict=True):
            taps = reading.result()
            if following is not None:
                reading = reader.submit(read, cards=following)
            context.check_calendar(int(taps["tapped_at"].max(initial=0)))
            without_fare += _price(context, book, stretch, taps, cards,
                                   lambda entries: take(period.of(entries)), threads, progress)
    return without_fare


def _price(context: ClearingContext, book: Book, stretch: Stretch, taps: Records, cards: Cards,
           take: Take, threads: int, progress: Progress) -> int:
    """Hand over the entries of some cards; how many of their records have no fare."""
    state = no_state() if stretch.base < 0 else book.load_state(
        stretch.base, cards_in(context, taps))
    open_rides = cards.of(state.open_rides)
    open_rides["flags"] |= TAP_FLAGS["CARRIED"]
    if len(open_rides):
        taps = join_records([open_rides, taps], records.TAP)
    partitions = partitions_for(len(taps))
    prepared = before(context, state, taps, np.zeros(0, records.ENTRY),
                      first_day_of(context.network, stretch.base), partitions)
    refused: list[int] = []

    def clear(clearer: Clearer, partition: int) -> None:
        clearer.prepare(None, partition)
        cleared = clearer.clear(partition)
        take(cleared.changes)
        refused.append(int(np.count_nonzero(np.isin(cleared.codes, WITHOUT_FARE))))
        progress("price", len(refused), partitions)

    on_threads([Clearer(context, prepared, stretch) for _ in range(threads)], clear,
               range(partitions))
    return sum(refused)
