"""onecard verify: the books added up again, and rides priced again by the plain engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli import REFUSED
from clearing.cli.options import book_option, keep_folder_option, network_option
from clearing.cli.say import say
from network.language import Phrase, joined

if TYPE_CHECKING:
    from clearing.book import Run


@click.command("verify")
@book_option
@network_option
@click.option("--cards", default=1_000, show_default=True, type=click.IntRange(0),
              help="How many cards' rides are priced again.")
@click.option("--all", "every", is_flag=True, help="Price every card's rides again, and look at "
              "every input file.")
@click.option("--seed", type=click.IntRange(0, (1 << 64) - 1), metavar="NUMBER",
              help="Which cards: the number that an earlier sample printed takes the same again. "
              "By default others each time.")
@click.option("--chain", metavar="LINE",
              help="A chain that was printed and kept: is it still the book's?")
@keep_folder_option
def command(book: str, network: str | None, cards: int, every: bool, seed: int | None,
            chain: str | None, keep: Path | None) -> None:
    """Check a book: rows are as runs stored them, entries balance, sums and prices hold.

    The input files that the rides are from have to be kept as they came. Who kept the chain that
    `clear` or `settle` printed finds with --chain whether anything before it was changed since,
    by whomever.

    \b
    Example:
      onecard verify --all --book book
      onecard verify --chain e44d27bfa7f75946 --book book

    Exit code 0: all agrees; 1: a difference was found, and printed.
    """
    from clearing.answers.session import open_session
    from clearing.answers.verify import find_kept, verify
    from clearing.cli.output import say_snapshot
    from clearing.cli.progress import progress_bar

    with open_session(book, network) as session, progress_bar() as progress:
        say_snapshot(session.book)
        kept = None if chain is None else find_kept(session.book, chain)
        verified = verify(session, None if every else cards, keep, seed, progress)
    for line in verified.breaks:
        say(Phrase("does not add up: {line}", line=line))
    if not verified.breaks:
        say("every row is as its run stored it\n"
            "entries balance; flows are the sums of entries; positions add up to 0")
    for line in verified.differences:
        say(Phrase("differs: {line}", line=line))
    say(Phrase("{checked:,} rides priced again by the plain engine: {differences} differences",
               checked=verified.checked, differences=len(verified.differences) or "no"))
    if verified.sample.cards:
        say(Phrase("these cards were taken by chance; --seed {seed} takes the same again",
                   seed=verified.sample.seed))
    files = verified.files
    for line in files.faults:
        say(Phrase("input file: {line}", line=line))
    told = [Phrase("{whole:,} input files are kept, byte for byte as they came",
                   whole=files.whole)]
    if files.not_kept:
        told.append(Phrase("{not_kept:,} are not kept, as --keep nothing said",
                           not_kept=files.not_kept))
    say(joined("; ", told))
    if chain is not None:
        say(Phrase("kept chain: {kept}", kept=_told(kept, is_whole=not verified.breaks)))
    sys.exit(0 if verified.agrees and (chain is None or kept) else REFUSED)


def _told(kept: Run | None, *, is_whole: bool) -> Phrase:
    """What a chain that somebody kept says of the book."""
    if kept is None:
        return Phrase("no run of this book has it: something before it has been changed since it "
                      "was printed, or it is another book's")
    if is_whole:
        return Phrase("it is run {run}'s; nothing up to there has been changed", run=kept.run)
    return Phrase("it is run {run}'s, but rows are not as they were stored: see above",
                  run=kept.run)
