"""onecard feed: what is new for a partner since a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli.options import archive_option, book_option, network_option
from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from clearing.answers.feed import FeedForm


@click.command("feed")
@click.option("--member", metavar="CODE", help="Whose: an operator, issuer, funder or centre.")
@click.option("--city", metavar="CODE", help="Of all members of this city.")
@click.option("--since-run", type=click.IntRange(1), metavar="NUMBER",
              help="The cursor: this run and those after it; by default all.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              metavar="FOLDER", help="Where files go.")
@click.option("--form", type=click.Choice(("csv", "parquet", "arrow")),
              help="What they are; by default CSV.")
@click.option("--into", metavar="DATABASE", help="In place of files: clickhouse://host/database of "
              "the partner's own, which gets what it has not yet.")
@click.option("--cards", type=click.Choice(("masked", "full")), default="masked",
              show_default=True, help="How card numbers are written, where the network allows it. "
              "Masked ones have a pseudonym, card_id, beside them.")
@book_option
@archive_option
@network_option
def command(member: str | None, city: str | None, since_run: int | None, out: Path | None,
            form: FeedForm | None, into: str | None, cards: str, book: str, archive: Path | None,
            network: str | None) -> None:
    """Write a member's entries and flows since a run, and say which run comes next.

    Whoever keeps that number gets every row once: entries by run, card and time, and flows by run.
    What a later run takes back comes as rows of its own, with amounts below 0. A database that is
    fed keeps that number itself, and its readers need no rights to the book.

    \b
    Example:
      onecard feed --member hk-bus --since-run 5 --out feed --form parquet --book book
    """
    from clearing.answers.feed import feed_database, write_feed
    from clearing.answers.filters import Filter
    from clearing.answers.session import open_session
    from clearing.cli.output import say_snapshot

    if (member is None) == (city is None):
        raise click.UsageError("a feed is of a member or of a city: give --member CODE or "
                               "--city CODE, and not both")
    if (out is None) == (into is None):
        raise click.UsageError("a feed goes to files or into a database: give --out FOLDER or "
                               "--into DATABASE, and not both")
    if into is not None and (since_run, form) != (None, None):
        raise click.UsageError("a database knows what it has: leave out --since-run and --form")
    with open_session(book, network, archive=archive) as session:
        say_snapshot(session.book)
        wanted = Filter(member=member, city=city, since_run=since_run or 1)
        wanted.select(session)
        if into is not None:
            given = feed_database(session, wanted, into, has_cards=cards == "full")
        else:
            assert out is not None
            fed = write_feed(session, wanted, out, form or "csv", has_cards=cards == "full")
    if into is not None:
        say(Phrase("nothing is new: the last run is {last}", last=given.last) if not given.rows
            else Phrase("fed by runs {first} to {last}: entries {entries:,}, flows {flows:,}",
                        first=given.first, last=given.last, **given.rows))
        return
    for path in fed.paths:
        say(Phrase("written: {path}", path=path))
    if not fed.paths:
        say(Phrase("nothing is new: the last run is {last}", last=fed.last))
    say(Phrase("next: --since-run {next_run}", next_run=fed.last + 1))
