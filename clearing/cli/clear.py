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
    from clearing.answers.clear import Clearing
    from ext.codes import Code


@click.command("clear")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@book_option
@network_option
@click.option("--layout", help="The input layout of files that are not onecard-taps/1, by name; "
              "by default the network's own.")
@click.option("--acknowledgements", type=click.Path(file_okay=False, path_type=Path),
              metavar="FOLDER", help="Where acknowledgements and reject files go: by default "
              "`acknowledgements` in the book's folder, or here for a book on a server.")
@click.option("--json", "as_json", is_flag=True, help="Print the acknowledgement as JSON.")
@memory_option
@threads_option
def command(files: tuple[str, ...], book: str, network: str | None, layout: str | None,
            acknowledgements: Path | None, as_json: bool, memory: int | None,
            threads: int) -> None:
    """Check, pair, price and post tap files: all of them in one run, or nothing.

    \b
    Example:
      onecard clear gz-metro-*.csv gz-bus-*.csv --network demo --book book

    Exit code 0: every record was accepted; 1: some were refused, see the reject files.
    """
    from clearing.answers.clear import clear
    from clearing.answers.session import open_session
    from clearing.cli.output import progress_bar

    with (open_session(book, network, read_only=False, create=True) as session,
          progress_bar() as progress):
        cleared = clear(session, [Path(file) for file in files], threads=threads,
                        received_at=int(time.time()), layout=layout, memory_bytes=memory,
                        folder=acknowledgements, progress=progress)
    if as_json:
        sys.stdout.write(cleared.acknowledgement.read_text("utf-8"))
    else:
        _print_clearing(cleared)
    sys.exit(0 if cleared.is_all_accepted else REFUSED)


def _print_clearing(cleared: Clearing) -> None:
    from clearing.cli.output import print_table

    run, report = cleared.report.run, cleared.report
    print_table(
        (f"run {run.run}" if report.is_committed else "nothing was taken")
        + f": {run.taps:,} records, {run.accepted:,} accepted, "
        f"{run.refused:,} refused, {run.rides:,} rides, {run.open_rides:,} open rides"
        + (f", {run.reversed:,} entries taken back" if run.reversed else ""),
        ("file", "records", "accepted", "refused", "outcome"),
        ((file.name, f"{file.records:,}", f"{file.accepted:,}", f"{file.refused:,}",
          file.message or "taken") for file in report.files),
        right=("records", "accepted", "refused"))
    if report.refusals:
        print_refusals(report.refusals)
    for earlier in cleared.earlier:
        click.echo(f"acknowledgement of an earlier run, which was missing: {earlier}")
    click.echo(f"acknowledgement: {cleared.acknowledgement}")


def print_refusals(counts: Mapping[Code, int]) -> None:
    """Refusals by code, with what each means."""
    from clearing.cli.output import print_table
    from network.refusals import WORDS

    print_table("refusals", ("code", "records", "what it means and what to do"),
                ((code.name, f"{count:,}", WORDS[code])
                 for code, count in sorted(counts.items())), right=("records",))
