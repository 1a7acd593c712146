"""From where on cards can still be cleared, once older windows have left a book for an archive.

A card is cleared from the end of a closed window, with the rides that can still change behind it
(first_day_of) and all records since; what left must not be among them. A refund reaches further
back than its own day. So records are taken from some days behind an archived window on only, and
none of them can make its card go back beyond the *floor*: the first closed window so far behind.
"""

from __future__ import annotations

from clearing.book import Book
from clearing.engine.context import ClearingContext
from clearing.engine.partition import first_day_of
from ext.clearing.journeys import REFUND_DAYS
from network.civil import day_of
from network.errors import OnecardError
from network.language import Phrase
from network.network import Network

NO_FLOOR = -1


def floor_behind(network: Network, archived: int, closed: list[int]) -> int | None:
    """The first closed window from whose end on nothing is read of windows up to one.

    None: there is none yet, or not all the windows are closed that refunds can reach it from.
    """
    floor = next((one for one in closed if first_day_of(network, one) > archived), None)
    return None if floor is None or closed[-1] < floor + REFUND_DAYS else floor


def floor_of(context: ClearingContext, book: Book) -> int:
    """The window from whose end on cards of a book can be cleared; NO_FLOOR: from the beginning.

    Raises OnecardError where the network's rides may last longer than when windows were archived.
    """
    archives = book.archives()
    if not archives:
        return NO_FLOOR
    floor = floor_behind(context.network, archives[-1].window, book.closed_windows())
    if floor is None:
        raise OnecardError(
            Phrase("rides of this network may last so long that they reach into archived windows"),
            where=context.network.locator,
            expected=Phrase("rides that end days before the open windows, as when {day} was "
                            "archived", day=day_of(archives[-1].window).isoformat()),
            remedy="write a shorter ride_limit_s into network.toml")
    return floor


def first_day_taken(floor: int) -> int:
    """The first service day of which records are taken."""
    return 0 if floor == NO_FLOOR else floor + REFUND_DAYS + 1
