"""onecard settle: close a window."""

from __future__ import annotations

import datetime
from pathlib import Path

import click

from clearing.cli.options import book_option, network_option


@click.command("settle")
@click.option("--window", required=True, metavar="DAY",
              help="The service day to close, such as 2024-11-25, with all before it.")
@book_option
@network_option
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Where positions, instructions and statements go: by default "
              "`settlement/DAY` in the book's folder, or here for a book on a server.")
def command(window: str, book: str, network: str | None, out: Path | None) -> None:
    """Close a window: what is posted later counts in the next open one.

    A window that is closed already is not closed again; but where its files are missing, as after
    a crash, they are written.

    \b
    Example:
      onecard settle --window 2024-11-25 --book book
    """
    from clearing.answers.session import open_session
    from clearing.answers.settle import settle
    from clearing.cli.output import print_table

    with open_session(book, network, read_only=False) as session:
        settled = settle(session, window, folder=out,
                         today=datetime.datetime.now(datetime.UTC).date())
    text = settled.currency.text
    print_table(f"window {window} is closed: positions in {settled.currency.name}",
                ("level", "member", "is owed", "owes", "position"),
                ((one.level, one.member, text(one.receives), text(one.owes), text(one.net))
                 for one in settled.positions), right=("is owed", "owes", "position"))
    run = settled.run
    if run.rides > run.reversed:
        click.echo(f"{run.rides - run.reversed:,} open rides ended without an exit")
    if run.reversed:
        click.echo(f"{run.reversed:,} entries taken back: tables or network have changed since")
    click.echo(f"positions add up to {text(0)} at every level")
    click.echo(f"positions, instructions and statements: {settled.folder}")
