"""onecard tables import-gtfs: a GTFS feed's fares as a network of one's own."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from clearing.cli import REFUSED

SHOWN_MOST = 20         # notices of one code


@click.command("import-gtfs")
@click.argument("feed", type=click.Path(exists=True, path_type=Path))
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER",
              help="Where to write: a new or empty folder. By default named after the agency.")
def command(feed: Path, out: Path | None) -> None:
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
    from fare_tables.gtfs import import_feed
    from fare_tables.gtfs.notices import NOT_EXPRESSED

    imported = import_feed(feed, out)
    by_code: dict[str, list[str]] = {}
    for notice in imported.notices:
        by_code.setdefault(notice.code, []).append(str(notice))
    for said in by_code.values():
        for words in said[:SHOWN_MOST]:
            click.echo(words)
        if len(said) > SHOWN_MOST:
            click.echo(f"  and {len(said) - SHOWN_MOST} more, in SOURCES.md")
    lost = sum(len(said) for code, said in by_code.items() if code in NOT_EXPRESSED)
    click.echo(f"{imported.folder}: network {imported.network}, {imported.tables} tables, "
               f"{imported.fares} fare rows, {imported.transfers} transfer rows; "
               f"{lost or 'nothing'} not expressed, {len(imported.notices) - lost} assumed")
    sys.exit(REFUSED if lost else 0)
