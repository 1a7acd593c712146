"""onecard settle: close a window."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli.options import book_option, network_option

if TYPE_CHECKING:
    from clearing.book import Book, Run


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
    from clearing.answers.listings import obligations_of
    from clearing.answers.statements import LAST_FILE, write_settlement
    from clearing.cli.output import print_table, yuan
    from clearing.cli.session import writing
    from clearing.engine.run import close_window, day_number
    from network.errors import OnecardError
    from network.names import Names
    from network.network import load_network
    from network.numbering import number_members
    from settlement.positions import net_positions

    day = day_number(window)
    _check_begun(day)
    folder = out or default_folder(book, window)
    with writing(book, network, create=False) as (opened, name):
        run = _run_that_closed(opened, day)
        if run is None or (folder / LAST_FILE).exists():
            run = close_window(day, name, opened).run
        numbered = number_members(load_network(name), Names(opened.names()))
        before = next((one.closed_through for one in opened.runs() if one.run == run.parent), 0)
        obligations = obligations_of(opened, before + 1, day)
        positions = net_positions(obligations, numbered.members)
    try:
        write_settlement(folder, obligations, positions, list(numbered.members))
    except OSError as error:
        raise OnecardError(
            f"the files cannot be written: {error.strerror}", where=str(folder),
            expected=f"window {window} is closed and stays so",
            remedy="run the same command again, with another folder as --out") from None
    print_table(f"window {window} is closed: positions in yuan",
                ("level", "member", "is owed", "owes", "position"),
                ((one.level, one.member, yuan(one.receives), yuan(one.owes), yuan(one.net))
                 for one in positions), right=("is owed", "owes", "position"))
    if run.rides:
        click.echo(f"{run.rides:,} entries that were still open are rides without an exit")
    click.echo("positions add up to 0.00 at every level")
    click.echo(f"positions, instructions and statements: {folder}")


def _check_begun(day: int) -> None:
    """Refuse to close a day that has not begun anywhere: it and all before it would be shut."""
    from network.civil import day_of, number_of
    from network.errors import OnecardError

    tomorrow = number_of(datetime.datetime.now(datetime.UTC).date()) + 1
    if day > tomorrow:
        raise OnecardError("this day is still to come", where=day_of(day).isoformat(),
                           expected="a service day that has begun; it is closed with all before it",
                           remedy="check the year, the month and the day")


def _run_that_closed(book: Book, day: int) -> Run | None:
    """The run that closed this day as its last one."""
    return next((run for run in book.runs()
                 if run.kind == "close" and run.closed_through == day), None)


def default_folder(book: str, window: str) -> Path:
    """Where settlement files go unless somebody says otherwise."""
    base = Path() if book.startswith("clickhouse://") else Path(book)
    return base / "settlement" / window
