"""onecard kept: an input file as it came."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from clearing.cli.options import book_option, keep_folder_option


@click.command("kept")
@click.argument("file", metavar="FILE")
@book_option
@keep_folder_option
def command(file: str, book: str, keep: Path | None) -> None:
    """Print an input file that was cleared, byte for byte as it came.

    FILE is its number or its SHA-256, as `onecard show files --csv` has them. It is looked at
    first: of a file that is damaged nothing is printed.

    \b
    Example:
      onecard kept 1 --book book > again.csv
    """
    from clearing.answers.kept import kept_file
    from clearing.answers.session import open_session
    from clearing.cli.output import say_snapshot

    with open_session(book) as session:
        say_snapshot(session.book)
        for part in kept_file(session, file, keep):
            sys.stdout.buffer.write(part)
