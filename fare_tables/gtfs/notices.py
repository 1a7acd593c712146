"""What is said of a feed: why it is refused, what could not be expressed, what was assumed.

A code, once given, keeps its meaning.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from network.errors import TableError
from network.language import Phrase, joined

# The feed is not imported.
REFUSALS = {
    "GTFS_UNREADABLE": "the feed, or a file of it, cannot be read",
    "GTFS_TOO_LARGE": "a file has more bytes or rows than are read",
    "GTFS_ZIP_PATH": "a name in the zip leads out of the feed, or is there twice",
    "GTFS_FILE_MISSING": "a file that must be there is not",
    "GTFS_FILE_EMPTY": "a file has no header",
    "GTFS_ENCODING": "a file is not UTF-8",
    "GTFS_NUL": "a file contains NUL bytes",
    "GTFS_LINE_END": "a line does not end with LF or CRLF",
    "GTFS_CELLS": "a row has more cells than the header",
    "GTFS_COLUMN_MISSING": "a column that must be there is not, or is there twice",
    "GTFS_VALUE": "a value is not of the sort that its column takes",
    "GTFS_VALUE_MISSING": "a value that must be there is blank",
    "GTFS_AMOUNT": "an amount is not one of its currency",
    "GTFS_CURRENCY": "a currency is not known, or not that of the rest of the feed",
    "GTFS_TWICE": "two rows have the same key",
    "GTFS_REFERENCE": "a row names what no other file has",
    "GTFS_FORBIDDEN": "something is given that must not be there beside something else",
    "GTFS_OVERLAP": "two timeframes of one group and service overlap",
    "GTFS_NO_FARES": "the feed has no fares",
}
# Imported without it.
NOT_EXPRESSED = {
    "GTFS_COLUMN": "a column is not of the specification, and was not read",
    "GTFS_EXTENSION": "a value of a column that only some readers know was not taken over",
    "GTFS_FARES_V1": "the older fares were left out, because the feed has fares v2",
    "GTFS_FARES_V2": "fares v2 were left out for v1, because their areas have no stops",
    "GTFS_NEVER": "a rule can never hold",
    "GTFS_DEARER_PRODUCT": "dearer products for the same ride, as passes, were left out",
    "GTFS_CONTAINS": "a fare depends on zones passed through, and the way is not known",
    "GTFS_TIMEFRAMES": "a fare depends on the time of entry and that of exit at once",
    "GTFS_DATES": "days on which a service does not run as on others of its weekday",
    "GTFS_TRANSFER_FROM": "a transfer depends on more of the ride before than can be told",
    "GTFS_TRANSFER_DEARER": "a transfer would cost more than the ride does without it",
    "GTFS_TRANSFER_REFUND": "a transfer would give back money that has been paid",
    "GTFS_TRANSFER_CHAIN": "later transfers of a chain are counted otherwise than in the feed",
    "GTFS_TRANSFER_CLOCK": "a time limit of transfers is counted from another moment",
    "GTFS_JOIN": "legs are joined into one by more than their networks and stops",
    "GTFS_COUNT_IGNORED": "a number of transfers between two different leg groups was not read",
}
# Imported, and marked as assumed in the tables.
ASSUMED = {
    "GTFS_CELLS_FEW": "a row has fewer cells than the header",
    "GTFS_NO_LIMIT": "a transfer has no time limit in the feed, and has one here",
    "GTFS_JOIN_STATION": "joined legs are not held to one station here",
    "GTFS_NO_FARE_HERE": "rides for which the feed has no fare are refused",
    "GTFS_RIDERS": "fares v1 are for the riders whose category their names name",
    "GTFS_WAY": "the zones passed through are those of the shortest way",
}
MEANINGS = {**REFUSALS, **NOT_EXPRESSED, **ASSUMED}

SHOWN_MOST = 20         # refusals that one error lists


class Notice(NamedTuple):
    """One thing to say of a feed. Rows are lines of the file, from 1; 0: the file as a whole."""

    code: str
    file: str
    row: int
    reason: Phrase

    @property
    def text(self) -> Phrase:
        """The notice as it is said."""
        where = f"{self.file}:{self.row}" if self.row else self.file
        return Phrase("{where}: {reason} [{code}]", where=where, reason=self.reason,
                      code=self.code)


class FeedRefused(TableError):
    """A feed cannot be imported; `notices` has every reason that was found."""

    def __init__(self, feed: str, notices: list[Notice]) -> None:
        """Say the first reasons, and how many more there are."""
        self.notices = notices
        refusals = [one for one in notices if one.code in REFUSALS]
        lines: list[str] = [Phrase("{feed}: the feed is not imported: {faults} faults", feed=feed,
                                   faults=len(refusals))]
        lines += [Phrase("  {notice}", notice=one.text) for one in refusals[:SHOWN_MOST]]
        if len(refusals) > SHOWN_MOST:
            lines.append(Phrase("  and {more} more", more=len(refusals) - SHOWN_MOST))
        super().__init__(joined("\n", lines),
                         Phrase("correct these rows, or ask the publisher for a corrected "
                                "feed"),
                         code=refusals[0].code)


@dataclass
class Notices:
    """What has been said of a feed so far; each thing once."""

    said: dict[Notice, None] = field(default_factory=dict)

    def say(self, code: str, file: str, row: int, reason: str) -> None:
        """Add a notice."""
        assert code in MEANINGS, code
        self.said[Notice(code, file, row, Phrase(reason))] = None

    def listed(self) -> list[Notice]:
        """Every notice, by file and row."""
        return sorted(self.said, key=lambda one: (one.file, one.row, one.code, one.reason))

    def refuse_where_faulty(self, feed: str) -> None:
        """Pass where nothing so far refuses the feed.

        Raises FeedRefused.
        """
        if any(one.code in REFUSALS for one in self.said):
            raise FeedRefused(feed, self.listed())
