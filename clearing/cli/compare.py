"""onecard compare: an operator's own total, held to the ledger."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli import REFUSED
from clearing.cli.options import archive_option, book_option, network_option
from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from clearing.answers.compare import Comparison


@click.command("compare")
@click.option("--operator", required=True, metavar="CODE", help="Whose total.")
@click.option("--totals", required=True, multiple=True, metavar="SUM|FILE",
              help="What its validators took on the day, such as 12345.60; or its tap files, whose "
                   "trailers say it. May be given several times.")
@click.option("--window", metavar="DAY", help="The service day, as 2024-11-25. By default the one "
              "that the files are of.")
@book_option
@archive_option
@network_option
def command(operator: str, totals: tuple[str, ...], window: str | None, book: str,
            archive: Path | None, network: str | None) -> None:
    """Say line by line why an operator's total is not what settles.

    A sum is held to the kept files that have records of the operator's day; files that are named
    are read instead of them. Records whose time cannot be read count for the day. Exit code 1:
    something is not explained.

    \b
    Example:
      onecard compare --operator hk-bus --totals 1952.30 --window 2024-11-25 --book book
      onecard compare --operator hk-bus --totals hk-bus-2024-11-25.csv --book book
    """
    from clearing.answers.compare import compare
    from clearing.answers.session import open_session
    from clearing.cli.output import say_snapshot

    with open_session(book, network, archive=archive) as session:
        say_snapshot(session.book)
        found = compare(session, operator, totals, window)
    _print(found)
    sys.exit(REFUSED if found.unexplained else 0)


def _print(found: Comparison) -> None:
    from clearing.cli.output import print_table

    text = found.currency.text
    say(Phrase("{operator}, {window}: files read: {files}, money in {currency}",
               operator=found.operator, window=found.window, files=len(found.files),
               currency=found.currency.name))
    say()
    for step in found.steps:
        rows = [(line.what, f"{line.records:,}" if line.records else "", text(line.amount))
                for line in (step.begin, *step.lines, step.end)]
        print_table(step.title, ("", "records", "amount"), rows, right=("records", "amount"))
    if found.uncollected.records:
        say(Phrase("beside all this: {records:,} rides with {amount} {what}",
                   records=found.uncollected.records, amount=text(found.uncollected.amount),
                   what=found.uncollected.what))
    say(Phrase("not explained: {unexplained}", unexplained=text(found.unexplained)))
