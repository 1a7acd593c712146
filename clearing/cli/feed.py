"""onecard feed: what is new for a partner since a run."""

from __future__ import annotations

from pathlib import Path

import click

from clearing.cli.options import archive_option, book_option, network_option
from clearing.cli.say import say
from network.language import Phrase


@click.command("feed")
@click.option("--member", metavar="CODE", help="Whose: an operator, issuer, funder or centre.")
@click.option("--city", metavar="CODE", help="Of all members of this city.")
@click.option("--since-run", type=click.IntRange(1), default=1, show_default=True,
              metavar="NUMBER", help="The cursor: this run and those after it.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True,
              metavar="FOLDER", help="Where files go.")
@click.option("--form", type=click.Choice(("csv", "parquet", "arrow")), default="csv",
              show_default=True, help="What they are.")
@click.option("--cards", type=click.Choice(("masked", "full")), default="masked",
              show_default=True, help="How card numbers are written, where the network allows it. "
              "Masked ones have a pseudonym, card_id, beside them.")
@book_option
@archive_option
@network_option
def command(member: str | None, city: str | None, since_run: int, out: Path, form: str, cards: str,
            book: str, archive: Path | None, network: str | None) -> None:
    """Write a member's entries and flows since a run, and say which run comes next.

    Whoever keeps that number gets every row once: entries by run, card and time, and flows by run.
    What a later run takes back comes as rows of its own, with amounts below 0.

    \b
    Example:
      onecard feed --member hk-bus --since-run 5 --out feed --form parquet --book book
    """
    from clearing.answers.feed import write_feed
    from clearing.answers.filters import Filter
    from clearing.answers.session import open_session
    from clearing.cli.output import say_snapshot

    if (member is None) == (city is None):
        raise click.UsageError("a feed is of a member or of a city: give --member CODE or "
                               "--city CODE, and not both")
    with open_session(book, network, archive=archive) as session:
        say_snapshot(session.book)
        wanted = Filter(member=member, city=city, since_run=since_run)
        wanted.select(session)
        fed = write_feed(session, wanted, out, form,    # type: ignore[arg-type]
                         has_cards=cards == "full")
    for path in fed.paths:
        say(Phrase("written: {path}", path=path))
    if not fed.paths:
        say(Phrase("nothing is new: the last run is {last}", last=fed.last))
    say(Phrase("next: --since-run {next_run}", next_run=fed.last + 1))
