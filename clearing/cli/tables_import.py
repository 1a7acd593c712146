"""onecard tables import-gtfs: a GTFS feed's fares as a network of one's own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli import REFUSED
from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from fare_tables.gtfs.fares_v1 import Contains

SHOWN_MOST = 20         # notices of one code


@click.command("import-gtfs")
@click.argument("feed", type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Where to write: a new or empty folder. By default named after the agency.")
@click.option("--contains", type=click.Choice(["exactly", "covers"]), default="exactly",
              show_default=True, help="Fares v1 that name zones by contains_id: for rides "
              "that pass exactly these zones, or for rides that pass no other zone.")
def command(feed: Path, out: Path | None, contains: Contains) -> None:
    """Make a network with fare tables from a GTFS feed's fares, v1 or v2.

    FEED is a zip or a folder. What the tables cannot express, and what had to be assumed, is
    printed with its file and line, and written to SOURCES.md.

    Exit codes: 0 everything is in the tables, 1 something could not be expressed, 2 the feed is
    refused.

    \b
    Example:
      onecard tables import-gtfs bart.zip --out bart
      onecard tables check bart
    """
    from clearing.answers.import_gtfs import import_gtfs

    answer = import_gtfs(feed, out, contains)
    for notices in answer.by_code.values():
        for notice in notices[:SHOWN_MOST]:
            say(notice.text)
        if len(notices) > SHOWN_MOST:
            say(Phrase("  and {notices} more, in SOURCES.md", notices=len(notices) - SHOWN_MOST))
    made = answer.imported
    say(Phrase("{folder}: network {network}, {tables} tables, {fares} fare rows, {transfers} "
               "transfer rows; {not_expressed} not expressed, {assumed} assumed",
               folder=made.folder, network=made.network, tables=made.tables, fares=made.fares,
               transfers=made.transfers, not_expressed=answer.not_expressed or "nothing",
               assumed=answer.assumed))
    sys.exit(REFUSED if answer.not_expressed else 0)
