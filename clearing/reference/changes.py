"""What a ledger has to change for what the records say now (RULES.md §7)."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import replace

from clearing.reference import calendar
from clearing.reference.results import Entry

Place = tuple[object, ...]


def compare(ledger: Iterable[Entry], made: Iterable[Entry], closed_through: datetime.date | None
            ) -> tuple[list[Entry], list[Entry], list[Entry]]:
    """What stands then, which entries are new, and which are taken back, in whose window.

    ledger: the entries that stand; made: those of all records.
    """
    before = {_place(entry): entry for entry in ledger}
    now = {_place(entry): entry for entry in made}
    stays = {place for place in before.keys() & now.keys()
             if _content(before[place]) == _content(now[place])}
    entered = [entry for place, entry in now.items() if place not in stays]
    reversals = [replace(entry, window=calendar.window_of(entry.window, closed_through))
                 for place, entry in before.items() if place not in stays]
    standing = [before[place] if place in stays else entry for place, entry in now.items()]
    return standing, entered, reversals


def _place(entry: Entry) -> Place:
    ride = entry.ride
    return (ride.card, *ride.place)


def _content(entry: Entry) -> tuple[object, ...]:
    """All that an entry says, but for its window and which copies of its records it is from.

    Of what the validator says a ledger has no amounts, only whether it says what is due.
    """
    ride, last = entry.ride, entry.ride.taps[-1]
    shown = replace(ride, due=None if ride.due is None else 0, paid=None)
    return (*shown.row()[:-2], ride.own_line, ride.own_vehicle, last.card_seq, last.device_seq,
            *entry.charge.row(), entry.fees)
