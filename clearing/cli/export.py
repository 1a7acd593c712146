"""onecard export: what a book holds, for who has not the book."""

from __future__ import annotations

from pathlib import Path

import click

from clearing.cli.options import archive_option, book_option, network_option
from clearing.cli.say import say
from network.language import Phrase


@click.command("export")
@click.option("--audit", type=click.Path(path_type=Path), required=True, metavar="FOLDER",
              help="A folder for who audits the book: all of its rows, the networks that it was "
              "cleared by, and lists of entries, postings and positions.")
@click.option("--cards", type=click.Choice(("full",)), required=True, expose_value=False,
              help="Card numbers are in full in it, since rides are priced again of it: say so.")
@book_option
@archive_option
@network_option
def command(audit: Path, book: str, archive: Path | None, network: str | None) -> None:
    """Write a book into FOLDER as text under one seal; `onecard verify FOLDER` checks it anywhere.

    Note the seal that is printed, and hand it over by another way than the folder: who has both
    finds any change of it.

    \b
    Example:
      onecard export --audit audit-2024 --cards full --book book
      onecard verify audit-2024 --all
    """
    from clearing.answers.audit import export_audit
    from clearing.answers.session import open_session
    from clearing.cli.output import say_snapshot
    from clearing.cli.progress import progress_bar

    with open_session(book, network, archive=archive) as session, progress_bar() as progress:
        say_snapshot(session.book)
        sealed = export_audit(session, audit, progress)
    say(Phrase("{folder}: the book after run {run}, {files:,} files of {bytes:,} bytes",
               folder=audit, run=sealed.run, files=sealed.files, bytes=sealed.bytes))
    say(Phrase("chain {chain}", chain=sealed.chain))
    say(Phrase("seal {seal}", seal=sealed.seal))
