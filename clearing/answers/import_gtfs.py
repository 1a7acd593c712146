"""A GTFS feed's fares as a network of one's own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from fare_tables.gtfs import Imported, import_feed
from fare_tables.gtfs.notices import NOT_EXPRESSED, Notice

if TYPE_CHECKING:
    from fare_tables.gtfs.fares_v1 import Contains


@dataclass(frozen=True)
class GtfsImport:
    """A feed as a network's folder, and what had to be left out or assumed."""

    imported: Imported

    @property
    def by_code(self) -> dict[str, list[Notice]]:
        """What was noted, in the order of the first of each code."""
        sorted_: dict[str, list[Notice]] = {}
        for notice in self.imported.notices:
            sorted_.setdefault(notice.code, []).append(notice)
        return sorted_

    @property
    def not_expressed(self) -> int:
        """How much of the feed is not in the tables."""
        return sum(notice.code in NOT_EXPRESSED for notice in self.imported.notices)

    @property
    def assumed(self) -> int:
        """How much is in the tables that the feed does not say."""
        return len(self.imported.notices) - self.not_expressed


def import_gtfs(feed: Path, folder: Path | None = None, contains: Contains = "exactly"
                ) -> GtfsImport:
    """Write a feed's fares into a new or empty folder; None: one named after the network.

    contains: see fare_tables.gtfs.import_feed.

    Raises TableError: FeedRefused for a feed that cannot be imported.
    """
    return GtfsImport(import_feed(feed, folder, contains))
