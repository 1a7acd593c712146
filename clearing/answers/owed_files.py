"""Which files of a service day the contracts of senders ask for, and which of them came.

Owed are as many as a contract says a day has, and whatever lies before the last one that came in
its sequence. In a sequence that goes on from day to day, that begins behind the last one of the
seven days before.
"""

from __future__ import annotations

import datetime
from typing import NamedTuple

from clearing.book import Book
from network.civil import day_of
from network.file_names import FileNames, FileParts
from network.language import Phrase, joined
from network.network import Network

LOOK_BACK_DAYS = 7
NAMES_TOLD = 10


class OwedFiles(NamedTuple):
    """The files of a day by one contract."""

    sender: str
    name: str               # the contract's pattern
    expected: int
    received: int
    missing: int
    missing_files: str      # their names, as far as anybody can tell


def owed_files(book: Book, network: Network, day: int) -> list[OwedFiles]:
    """By contract, in the order of the network; day: a service day, days since 1970."""
    return [_owed(book, sender, names, day_of(day))
            for sender, contracts in network.file_names.items() for names in contracts
            if names.is_owed]


def _owed(book: Book, sender: str, names: FileNames, day: datetime.date) -> OwedFiles:
    contract, is_running = names.contract, names.contract.sequence == "running"
    days = [day - datetime.timedelta(back)
            for back in range(LOOK_BACK_DAYS + 1 if is_running else 1)]
    came = [parts for received in book.files_received(
                sender, {names.expression(FileParts(one)) for one in days})
            if (parts := names.read(received.name)) is not None]
    own = {parts.number or 0 for parts in came if parts.day == day}
    known = {parts.number or 0 for parts in came}
    if contract.sequence is None:
        wanted = range(1)
    else:
        start = max(known - own, default=min(own, default=contract.first) - 1) + 1 \
            if is_running else contract.first
        wanted = range(start, max(own | {start + contract.daily - 1}) + 1)
    missing = [number for number in wanted if number not in known]
    said_day = None if is_running else day      # which day lost a number nobody can tell
    told = [names.write(FileParts(said_day, number)) for number in missing[:NAMES_TOLD]]
    if len(missing) > NAMES_TOLD:
        told.append(Phrase("and {number} more", number=len(missing) - NAMES_TOLD))
    return OwedFiles(sender, contract.name, len(own) + len(missing), len(own), len(missing),
                     joined(", ", told))
