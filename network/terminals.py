"""A network's terminals: of which operator, on which line and vehicle each of them is, and when.

A CSV beside network.toml: a row for each terminal (a validator, or its SAM) and stretch of days.
"""

from __future__ import annotations

import datetime
from collections import defaultdict
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from network.civil import EPOCH, LAST_TAP_DAY, number_of
from network.errors import TableError
from network.files import read_csv, refuse_row
from network.language import Phrase
from network.network import Network

COLUMNS = ("operator", "device", "line", "vehicle", "in_force_from", "in_force_until")


class Terminal(NamedTuple):
    """Where a device is on some service days; "" where it is on no line or vehicle of its own."""

    first: int              # days since 1970, both inclusive
    last: int
    line: str
    vehicle: str
    row: int                # of the file


def read_terminals(network: Network) -> dict[tuple[str, str], list[Terminal]]:
    """The rows of each (operator, device), by day; none where the network has no list.

    Raises TableError, with file and line, for rows that cannot be or contradict each other.
    """
    found = defaultdict[tuple[str, str], list[Terminal]](list)
    if network.model.terminals is None:
        return found
    path = network.folder.file(network.model.terminals)
    for line, row in enumerate(read_csv(path, COLUMNS), 2):
        operator, device, on_line, vehicle, since, until = row
        if operator not in network.operators or not device:
            raise refuse_row(path, line, row, Phrase(
                "the network has no operator {operator!r}", operator=operator)
                if device else Phrase("a terminal has no device"), "correct that line")
        first = _day(path, line, row, since, EPOCH)
        last = _day(path, line, row, until, LAST_TAP_DAY)
        if first > last:
            raise refuse_row(path, line, row, "the terminal is in force from a day behind its last",
                             "correct one of the two days")
        found[operator, device].append(Terminal(first, last, on_line, vehicle, line))
    for rows in found.values():
        rows.sort()
        for one, following in pairwise(rows):
            if following.first <= one.last:
                raise refuse_row(path, max(one.row, following.row), (), Phrase(
                    "the terminal is listed for the same day on line {line}, too",
                    line=min(one.row, following.row)), "end the one before the other begins")
    return found


def _day(path: Path, line: int, row: list[str], text: str, blank: datetime.date) -> int:
    """Days since 1970 of a date."""
    try:
        day = datetime.date.fromisoformat(text) if text else blank
        if len(text) not in (0, len("2024-11-25")) or not EPOCH <= day <= LAST_TAP_DAY:
            raise ValueError
    except ValueError:
        raise refuse_row(path, line, row, Phrase("{text!r} is no day", text=text),
                         Phrase("write a date such as 2024-11-25, up to {last}, or leave it blank",
                                last=LAST_TAP_DAY)) from None
    return number_of(day)


def check_terminals(network: Network) -> None:
    """Pass where the list can be read. Raises TableError."""
    if network.model.terminals is None and network.model.unknown_terminals == "refused":
        raise TableError('unknown_terminals is "refused", and there is no list of terminals',
                         'write terminals = "terminals.csv", or leave unknown_terminals out',
                         key=("unknown_terminals",))
    read_terminals(network)
