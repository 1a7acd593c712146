"""onecard show: what a book holds."""

from __future__ import annotations

import click

from clearing.cli.options import book_option, format_options, network_option

# As in clearing.answers.show, which --help does not import.
TOPICS = ("rides", "entries", "postings", "positions", "runs", "files", "refusals", "variances",
          "clocks", "clock-conflicts")
# What people can do without in a table; --csv and --json have every column.
HIDDEN = ("medium", "card_kind", "price", "window", "issuer", "reason", "digest", "sha256",
          *(f"leg{leg}_{part}" for leg in range(4, 8)
            for part in ("cause", "rule", "debtor", "creditor", "amount")))


@click.command("show")
@click.argument("what", type=click.Choice(TOPICS))
@book_option
@network_option
@click.option("--window", metavar="DAY", help="Only this clearing day, such as 2024-11-25.")
@click.option("--run", type=int, metavar="NUMBER", help="Only this run.")
@click.option("--card", metavar="CARD", help="Only this card.")
@click.option("--as-of", type=int, metavar="RUN",
              help="What the book said after this run, whatever came later.")
@format_options
def command(what: str, book: str, network: str | None, window: str | None, run: int | None,
            card: str | None, as_of: int | None, form: str | None) -> None:
    """List what a book holds; committed runs only.

    Money is minor units of the network's currency: fen, cents, rupiah.

    \b
    Example:
      onecard show positions --book book
      onecard show rides --csv --book book > rides.csv
      onecard show entries --card 3105170010170907984 --book book
    """
    from clearing.answers.session import open_session
    from clearing.answers.show import Filter, show
    from clearing.cli.output import print_rows, say_snapshot

    with open_session(book, network, as_of=as_of) as session:
        say_snapshot(session.book)
        listing = show(session, what, Filter(window, run, card))
        print_rows(form, listing.title, listing.columns, listing.rows, listing.numbers, HIDDEN)
