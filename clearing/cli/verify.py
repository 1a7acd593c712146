"""onecard verify: the books added up again, and rides priced again by the plain engine."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from clearing.cli import REFUSED
from clearing.cli.options import archive_option, book_option, keep_folder_option, network_option
from clearing.cli.say import say
from network.language import Phrase, joined

if TYPE_CHECKING:
    from clearing.answers.audit import Audit
    from clearing.answers.verify import Verification
    from clearing.book import Run


@click.command("verify")
@click.argument("folder", required=False, metavar="[FOLDER]",
                type=click.Path(exists=True, file_okay=False, path_type=Path))
@book_option
@archive_option
@network_option
@click.option("--cards", default=1_000, show_default=True, type=click.IntRange(0),
              help="How many cards' rides are priced again.")
@click.option("--all", "every", is_flag=True, help="Read every row, price every card's rides "
              "again, and look at every input file.")
@click.option("--seed", type=click.IntRange(0, (1 << 64) - 1), metavar="NUMBER",
              help="Which cards: the number that an earlier sample printed takes the same again. "
              "By default others each time.")
@click.option("--chain", metavar="LINE",
              help="A chain that was printed and kept: is it still the book's?")
@click.option("--seal", metavar="SEAL",
              help="Of FOLDER: the seal that `onecard export` printed. Is it still sealed so?")
@keep_folder_option
@click.pass_context
def command(context: click.Context, folder: Path | None, book: str, archive: Path | None,
            network: str | None, cards: int, every: bool, seed: int | None, chain: str | None,
            seal: str | None, keep: Path | None) -> None:
    """Check a book: rows are as runs stored them, entries balance, sums and prices hold.

    Of a large book some runs and closed windows are read, others each time; sums are added up over
    everything. The input files that the rides are from have to be kept as they came. Who kept the
    chain that `clear` or `settle` printed finds with --chain whether anything before it was changed
    since, by whomever.

    FOLDER is one that `onecard export --audit` wrote: it is checked instead of a book, on any
    machine, and the rows that were changed are named. Its networks are those that it has.

    \b
    Example:
      onecard verify --all --book book
      onecard verify --chain e44d27bfa7f75946 --book book
      onecard verify audit-2024 --all

    Exit code 0: all agrees; 1: a difference was found, and printed.
    """
    from clearing.cli.progress import progress_bar

    sample = None if every else cards
    if folder is not None:
        _check_no_book(context)
        from clearing.answers.audit import verify_audit

        with progress_bar() as progress:
            audit = verify_audit(folder, sample, seed, seal, chain, keep, progress)
        _say_audit(audit)
        verified, kept, agrees = audit.verified, audit.kept, audit.agrees
    else:
        from clearing.answers.session import open_session
        from clearing.answers.verify import find_kept, verify
        from clearing.cli.output import say_snapshot

        if seal is not None:
            raise click.UsageError("--seal is of an audit folder: name the folder, or leave it out")
        with open_session(book, network, archive=archive) as session, progress_bar() as progress:
            say_snapshot(session.book)
            kept = None if chain is None else find_kept(session.book, chain)
            verified = verify(session, sample, keep, seed, progress)
        agrees = verified.agrees
    if verified is not None:
        _say_verified(verified, with_files=folder is None or keep is not None)
    if chain is not None:
        is_whole = agrees or (verified is not None and not verified.breaks)
        say(Phrase("kept chain: {kept}", kept=_told(kept, is_whole=is_whole)))
    sys.exit(0 if agrees and (chain is None or kept) else REFUSED)


def _check_no_book(context: click.Context) -> None:
    """Refuse options that are of a book where a folder is checked instead."""
    for name in ("book", "network"):
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(Phrase("--{name} does not apply where an audit folder is "
                                          "checked; leave one of them out", name=name))


def _say_audit(audit: Audit) -> None:
    """What the folder itself was found to be."""
    for line in audit.faults:
        say(Phrase("changed: {line}", line=line))
    if not audit.faults:
        say(Phrase("every file is as it was sealed, and every row as it was exported: the book "
                   "after run {run}, chain {chain}", run=audit.run, chain=audit.chain))
    say({None: Phrase("seal {seal}: is it the one that was noted? --seal compares them",
                      seal=audit.seal),
         True: Phrase("the seal is the one that was noted"),
         False: Phrase("the seal is another one: {seal}", seal=audit.seal)}[audit.is_sealed])


def _say_verified(verified: Verification, *, with_files: bool) -> None:
    """What a book was found to be, in a folder or not."""
    for line in verified.breaks:
        say(Phrase("does not add up: {line}", line=line))
    if not verified.breaks:
        say("every row is as its run stored it" if verified.runs_one_of == 1 else Phrase(
            "every row that was read is as its run stored it: of one run in {one_of:,}, and of "
            "{windows:,} closed windows for their roots; --all reads all",
            one_of=verified.runs_one_of, windows=verified.windows))
        say("entries balance; flows are the sums of entries; positions add up to 0")
    for line in verified.differences:
        say(Phrase("differs: {line}", line=line))
    for folder in verified.absent:
        say(Phrase("not there, and not looked at: the archive {folder}; without it no ride is "
                   "priced again, nor shares and disputes; --archive says where it is",
                   folder=folder))
    say(Phrase("{checked:,} rides priced again by the plain engine: {differences} differences",
               checked=verified.checked, differences=len(verified.differences) or "no"))
    if verified.sample.cards:
        say(Phrase("these cards were taken by chance; --seed {seed} takes the same again",
                   seed=verified.sample.seed))
    if not with_files:
        say("input files were not looked at; --keep says where they are")
        return
    files = verified.files
    for line in files.faults:
        say(Phrase("input file: {line}", line=line))
    told = [Phrase("{whole:,} input files are kept, byte for byte as they came",
                   whole=files.whole)]
    if files.not_kept:
        told.append(Phrase("{not_kept:,} are not kept, as --keep nothing said",
                           not_kept=files.not_kept))
    say(joined("; ", told))


def _told(kept: Run | None, *, is_whole: bool) -> Phrase:
    """What a chain that somebody kept says of the book."""
    if kept is None:
        return Phrase("no run of this book has it: something before it has been changed since it "
                      "was printed, or it is another book's")
    if is_whole:
        return Phrase("it is run {run}'s; nothing up to there has been changed", run=kept.run)
    return Phrase("it is run {run}'s, but rows are not as they were stored: see above",
                  run=kept.run)
