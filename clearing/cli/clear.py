"""onecard clear: tap files into a book."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli import REFUSED
from clearing.cli.options import book_option, memory_option, network_option, threads_option

if TYPE_CHECKING:
    from ext.codes import Code


@click.command("clear")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@book_option
@network_option
@click.option("--layout", help="The input layout of files that are not onecard-taps/1, by name; "
              "by default the network's own.")
@click.option("--replies", type=click.Path(file_okay=False, path_type=Path),
              help="Where acknowledgements and reject files go: by default `replies` in the "
              "book's folder, or here for a book on a server.")
@click.option("--json", "as_json", is_flag=True, help="Print the acknowledgement as JSON.")
@memory_option
@threads_option
def command(files: tuple[str, ...], book: str, network: str | None, layout: str | None,
            replies: Path | None, as_json: bool, memory: int | None, threads: int) -> None:
    """Check, pair, price and post tap files: all of them in one run, or nothing.

    \b
    Example:
      onecard clear gz-metro-*.csv gz-bus-*.csv --network demo --book book

    Exit code 0: every record was accepted; 1: some were refused, see the reject files.
    """
    from clearing.answers.acknowledgements import acknowledge, acknowledge_again, default_folder
    from clearing.cli.output import print_table, progress_bar
    from clearing.cli.session import writing
    from clearing.engine.run import clear_files
    from network.errors import OnecardError

    with writing(book, network) as (opened, name), progress_bar() as progress:
        report = clear_files([Path(file) for file in files], name, opened, threads=threads,
                             received_at=int(time.time()), layout=layout, memory_bytes=memory,
                             progress=progress)
        folder = replies or default_folder(book)
        try:
            written = acknowledge(report, folder)
            again = acknowledge_again(opened, report, folder)
        except OSError as error:
            raise OnecardError(
                f"the replies cannot be written: {error.strerror}", where=str(folder),
                expected=f"run {report.run.run} is committed and stays so",
                remedy="name another folder with --replies and give the same files again: "
                       "their first replies are written then") from None
    if as_json:
        sys.stdout.write(written.read_text("utf-8"))
    else:
        print_table(
            f"run {report.run.run}: {report.run.taps:,} records, {report.run.accepted:,} accepted, "
            f"{report.run.refused:,} refused, {report.run.rides:,} rides, "
            f"{report.run.carried:,} entries still open",
            ("file", "records", "accepted", "refused", "outcome"),
            ((file.name, f"{file.records:,}", f"{file.accepted:,}", f"{file.refused:,}",
              file.message or "taken") for file in report.files),
            right=("records", "accepted", "refused"))
        if report.refusals:
            print_refusals(report.refusals)
        for earlier in again:
            click.echo(f"acknowledgement of an earlier run, which was missing: {earlier}")
        click.echo(f"acknowledgement: {written}")
    refused = report.refusals or any(file.code for file in report.files)
    sys.exit(REFUSED if refused else 0)


def print_refusals(counts: Mapping[Code, int]) -> None:
    """Refusals by code, with what each means."""
    from clearing.cli.output import print_table
    from clearing.engine.run import words_of

    print_table("refusals", ("code", "records", "what it means and what to do"),
                ((code.name, f"{count:,}", words_of(code))
                 for code, count in sorted(counts.items())), right=("records",))
