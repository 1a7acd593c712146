"""onecard verify: the books added up again, and rides priced again by the plain engine."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from clearing.cli import REFUSED
from clearing.cli.options import book_option, keep_folder_option, network_option


@click.command("verify")
@book_option
@network_option
@click.option("--cards", default=1_000, show_default=True, type=click.IntRange(0),
              help="How many cards' rides are priced again.")
@click.option("--all", "every", is_flag=True, help="Price every card's rides again, and look at "
              "every input file.")
@keep_folder_option
def command(book: str, network: str | None, cards: int, every: bool, keep: Path | None) -> None:
    """Check a book: rows are as runs stored them, entries balance, sums and prices hold.

    The input files that the rides are from have to be kept as they came.

    \b
    Example:
      onecard verify --all --book book

    Exit code 0: all agrees; 1: a difference was found, and printed.
    """
    from clearing.answers.session import open_session
    from clearing.answers.verify import verify

    with open_session(book, network) as session:
        verified = verify(session, None if every else cards, keep)
    for line in verified.breaks:
        click.echo(f"does not add up: {line}")
    if not verified.breaks:
        click.echo("every row is as its run stored it\n"
                   "entries balance; flows are the sums of entries; positions add up to 0")
    for line in verified.differences:
        click.echo(f"differs: {line}")
    click.echo(f"{verified.checked:,} rides priced again by the plain engine: "
               f"{len(verified.differences) or 'no'} differences")
    files = verified.files
    for line in files.faults:
        click.echo(f"input file: {line}")
    click.echo(f"{files.whole:,} input files are kept, byte for byte as they came"
               + (f"; {files.not_kept:,} are not kept, as --keep nothing said" * bool(
                   files.not_kept)))
    sys.exit(0 if verified.agrees else REFUSED)
