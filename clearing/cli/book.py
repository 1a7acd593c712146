"""onecard book: keep a book that lives for years."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from clearing.cli import REFUSED
from clearing.cli.options import book_option
from clearing.cli.say import say
from network.language import Phrase


@click.group("book")
def command() -> None:
    """Keep a book in order.

    \b
    Example:
      onecard book fold --book book
    """


@command.command("fold")
@book_option
def fold(book: str) -> None:
    """Fold small runs together now, and not a few at a time as later runs begin.

    The ledger and every answer stay what they are; a book of many small runs opens faster and takes
    less room.

    \b
    Example:
      onecard book fold --book book
    """
    from clearing.answers.session import open_session

    with open_session(book, read_only=False) as session:
        folded, last = session.book.fold(), session.book.last_run()
    say(Phrase("runs up to {folded} are folded, of {run}", folded=folded,
               run=last.run if last else 0))


@command.command("acknowledge")
@click.option("--run", type=click.IntRange(1), help="Of this run; else of all whose is missing.")
@click.option("--acknowledgements", type=click.Path(file_okay=False, path_type=Path),
              metavar="FOLDER", help="Where they go; by default where `onecard clear` writes them.")
@book_option
def acknowledge(run: int | None, acknowledgements: Path | None, book: str) -> None:
    """Write acknowledgements and reject files again, the same bytes, where they were lost.

    Reject files are made of the input files, as they are kept.

    \b
    Example:
      onecard book acknowledge --book book
    """
    from clearing.answers.acknowledgements import FOLDER, write_again
    from clearing.answers.session import open_session

    with open_session(book) as session:
        for path in (written := write_again(
                session, acknowledgements or session.beside(FOLDER), run)):
            say(Phrase("acknowledgement: {acknowledgement}", acknowledgement=path))
    if not written:
        say(Phrase("no acknowledgement is missing"))


@command.command("archive")
@click.option("--before", metavar="DAY", required=True,
              help="All that were closed before this clearing day leave, such as 2024-11-25.")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path),
              metavar="FOLDER", required=True, help="Where they go: a folder for each.")
@book_option
def archive(before: str, folder: Path, book: str) -> None:
    """Have old windows leave a book in a folder, as sealed Parquet files that stay readable.

    Entries, records and refusals leave; who owed whom, positions, payments and roots stay. What is
    asked of these days is read from FOLDER, where it is there. From then on records of them, and of
    a month and more behind them, are refused: they could change what has left.

    Nothing leaves before every row was given back by the files. Where it is stopped, nothing has
    left; the same command begins anew.

    \b
    Example:
      onecard book archive --before 2024-07-01 --to archive --book book
    """
    from clearing.answers.archive import archive as archive_windows
    from clearing.cli.output import print_chain
    from clearing.cli.progress import progress_bar

    with progress_bar() as progress:
        archived = archive_windows(book, before, folder, progress)
    entries, records, refusals = archived.rows.values()
    say(Phrase("windows up to {day} are in {folder}: {entries:,} entries, {records:,} records and "
               "{refusals:,} refusals", day=archived.through, folder=folder, entries=entries,
               records=records, refusals=refusals))
    say(Phrase("records of days before {day} are refused from now on", day=archived.taken_from))
    print_chain(archived.last)


@command.command("backup")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@book_option
def backup(folder: Path, book: str) -> None:
    """Back a book up into FOLDER as after its last run, also while another one goes on.

    A folder of earlier backups of the book gets what is new, and keeps them all: every file is
    there once, under its SHA-256.

    \b
    Example:
      onecard book backup backups --book book
    """
    from clearing.answers.backup import back_up
    from clearing.cli.progress import progress_bar

    with progress_bar() as progress:
        taken = back_up(book, folder, progress)
    say(Phrase("the book after run {run}: {files:,} files of {bytes:,} bytes, {new_bytes:,} of "
               "them new", run=taken.run, files=taken.files, bytes=taken.bytes,
               new_bytes=taken.new_bytes))


@command.command("restore")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--run", type=click.IntRange(1), help="The backup after this run; else the newest.")
@book_option
def restore(folder: Path, run: int | None, book: str) -> None:
    """Make a book of a backup in FOLDER, where no book is yet.

    \b
    Example:
      onecard book restore backups --book again
    """
    from clearing.answers.backup import restore as restore_book
    from clearing.cli.progress import progress_bar

    with progress_bar() as progress:
        restored = restore_book(folder, book, run, progress)
    say(Phrase("{book} is the book after run {run}, chain {chain}", book=book, run=restored.run,
               chain=restored.chain))


@command.command("check")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def check(folder: Path) -> None:
    """Read every file of the backups in FOLDER, and hold it to its SHA-256.

    \b
    Example:
      onecard book check backups

    Exit code 0: all are as they were written; 1: some are not, and printed.
    """
    from clearing.answers.backup import check_backups, list_backups
    from clearing.cli.progress import progress_bar

    with progress_bar() as progress:
        wrong = list(check_backups(folder, progress))
    for line in wrong:
        say(line)
    runs = ", ".join(str(listed.run) for listed in list_backups(folder))
    say(Phrase("backups after runs {runs}: not whole; remove what is named, and back the book up "
               "again: what it still has is stored anew", runs=runs) if wrong
        else Phrase("backups after runs {runs}: whole", runs=runs))
    sys.exit(REFUSED if wrong else 0)


@command.command("upgrade")
@click.option("--copy", "copies", type=click.Path(file_okay=False, path_type=Path),
              metavar="FOLDER", help="Where a book in a folder is backed up to first; by default "
              "beside it.")
@book_option
def upgrade(copies: Path | None, book: str) -> None:
    """Make a book that an older version wrote one of this version's.

    It is copied first, and every row is held to what its run stored. Where it is stopped, the same
    command goes on. A folder's copy is a backup, for `onecard book restore`; a server's is a
    database beside it. On a server it makes views in words, too, where there are none yet.

    \b
    Example:
      onecard book upgrade --book book
    """
    from clearing.answers.named_views import keep_named_views
    from clearing.answers.session import open_session
    from clearing.book.address import SCHEMES
    from clearing.book.schema import SCHEMA_VERSION
    from clearing.book.upgrade import upgrade as upgrade_book
    from clearing.cli.progress import progress_bar

    with progress_bar() as progress:
        upgraded = upgrade_book(book, copies, progress)
    if book.startswith(SCHEMES):
        with open_session(book, read_only=False) as session:
            keep_named_views(session)
    say(Phrase("the book had schema {before}, and has schema {now}; as it was, it is in {copy}",
               before=upgraded.before, now=SCHEMA_VERSION, copy=upgraded.copy)
        if upgraded.copy else Phrase("there is nothing to do: the book has schema {now}",
                                     now=SCHEMA_VERSION))
