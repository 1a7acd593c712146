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
    """Ask a book in ClickHouse's SQL: docs/ledger-in-sql.md has its tables, and questions to begin.

    It only reads, beside a run that goes on, and has committed runs only. Amounts are minor units.
    Whatever reads as a card's number is masked.

    \b
    Example:
      onecard sql "SELECT toDate(window) AS day, sum(paid) AS paid FROM rides GROUP BY day"
    """
    from clearing.answers.sql import ask
    from clearing.cli.output import print_listing

    print_listing(book, network, form, lambda session: ask(session, question))
