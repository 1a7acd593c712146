"""onecard settle: close a window."""

from __future__ import annotations

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

    \b
    Example:
      onecard settle --window 2024-11-25 --book book
    """
    from clearing.cli.output import print_table, yuan
    from clearing.cli.session import writing
    from clearing.listings import obligations_of
    from clearing.names import Names
    from clearing.run import close_window, day_number
    from clearing.statements import write_settlement
    from clearing.world import load_world
    from settlement.positions import net_positions

    day = day_number(window)
    with writing(book, network, create=False) as (opened, name):
        closed_before = opened.closed_through
        report = close_window(day, name, opened)
        world = load_world(name, Names(opened.names()))
        first = 0 if closed_before is None else closed_before + 1
        folder = out or default_folder(book, window)
        obligations = obligations_of(opened, first, day)
        positions = net_positions(obligations, world.members)
    write_settlement(folder, obligations, positions, list(world.members))
    print_table(f"window {window} is closed: positions in yuan",
                ("level", "member", "is owed", "owes", "position"),
                ((one.level, one.member, yuan(one.receives), yuan(one.owes), yuan(one.net))
                 for one in positions), right=("is owed", "owes", "position"))
    if report.run.rides:
        click.echo(f"{report.run.rides:,} entries that were still open are rides without an exit")
    click.echo("positions add up to 0.00 at every level")
    click.echo(f"positions, instructions and statements: {folder}")


def default_folder(book: str, window: str) -> Path:
    """Where settlement files go unless somebody says otherwise."""
    base = Path() if book.startswith("clickhouse://") else Path(book)
    return base / "settlement" / window
