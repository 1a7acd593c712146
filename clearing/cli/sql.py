"""onecard sql: questions to a book in SQL."""

from __future__ import annotations

import click

from clearing.cli.options import Form, book_option, list_options, network_option


@click.command("sql")
@click.argument("question", metavar="SELECT…")
@book_option
@network_option
@list_options
def command(question: str, book: str, network: str | None, form: Form) -> None:
    """Ask a book in ClickHouse's SQL: docs/ledger-in-sql.md has its views, and questions to begin.

    It only reads, beside a run that goes on, and has committed runs only. Amounts are minor units.
    Views called named_… have names, cities and civil times. Whatever reads as a card's number is
    masked.

    \b
    Example:
      onecard sql "SELECT issuer_name, sum(paid) AS paid FROM named_rides GROUP BY issuer_name"
    """
    from clearing.answers.sql import ask
    from clearing.cli.output import print_listing

    print_listing(book, network, form, lambda session: ask(session, question))
