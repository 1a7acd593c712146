"""Imports the fares of a GTFS feed as a network's folder: `onecard tables import-gtfs`.

The way of a feed: archive (files, bounded) → rows and feed (read, checked) → fares_v1 or fares_v2
(a plan: rules on lines, zones, hours) → days, hours, grid (who pays what when) → fare_rows and
transfer_rows (a table for each period) → writing.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from fare_tables.gtfs.notices import Notice
from network.errors import TableError
from network.language import Phrase

if TYPE_CHECKING:
    from fare_tables.gtfs.fares_v1 import Contains

NEEDS = {"gtfs_loader": "py-gtfs-loader", "tomli_w": "tomli-w"}


class Imported(NamedTuple):
    """What became of a feed."""

    folder: Path
    network: str
    tables: int
    fares: int              # rows
    transfers: int
    notices: list[Notice]


def import_feed(source: Path, folder: Path | None, contains: Contains = "exactly") -> Imported:
    """Write a feed's fares into a folder, by default one named after the network.

    contains: how fares v1 that name zones by contains_id are read.

    Raises TableError: FeedRefused for a feed that cannot be imported, and where the folder cannot
    be written, or the libraries of the extra `gtfs` are not installed.
    """
    missing = [name for module, name in NEEDS.items() if importlib.util.find_spec(module) is None]
    if missing:
        raise TableError(Phrase("importing GTFS needs {missing}, which is not installed",
                                missing=" and ".join(missing)),
                         "install it: pip install 'onecard-clearing[gtfs]'")
    from fare_tables.gtfs.tables import make_tables

    made = make_tables(source, contains)
    target = folder if folder is not None else Path(made.network)
    made.folder.write(target)
    return Imported(target, made.network, len(made.tables),
                    sum(len(table.fare) for table in made.tables),
                    sum(len(table.transfer) for table in made.tables), made.notices)
