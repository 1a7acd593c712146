"""onecard book: keep a book that lives for years."""

from __future__ import annotations

import click

from clearing.cli.options import book_option


@click.group("book")
def command() -> None:
    """Keep a book in order.

    \b
    Example:
      onecard book fold --book book
    """


@command.command("fold")
@book_option
def fold(book: str) -> None:
    """Fold small runs together now, and not a few at a time as later runs begin.

    The ledger and every answer stay what they are; a book of many small runs opens faster and takes
    less room.

    \b
    Example:
      onecard book fold --book book
    """
    from clearing.answers.session import open_session

    with open_session(book, read_only=False) as session:
        folded, last = session.book.fold(), session.book.last_run()
    click.echo(f"runs up to {folded} are folded, of {last.run if last else 0}")
