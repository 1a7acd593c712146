"""onecard describe: what a tap file holds, without a book."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from clearing.cli import REFUSED
from clearing.cli.options import InputFile, layout_network_option, one_layout_option
from clearing.cli.say import say
from network.language import Phrase


@click.command("describe")
@click.argument("file", type=InputFile())
@one_layout_option
@layout_network_option
def command(file: Path, layout: str | None, network: str | None) -> None:
    """Say what FILE holds: its form, its columns with an example of each, its records.

    A file that is not onecard-taps/1 is read by --layout, the network's own, or by one that is
    guessed. Card numbers are masked.

    \b
    Example:
      onecard describe export.xlsx
    """
    from clearing.answers.layouts import DEFAULT_NETWORK, describe, layout_for
    from clearing.cli.output import print_table
    from clearing.intake.convert import open_file
    from network.network import load_network
    from network.refusals import WORDS

    found = load_network(network or DEFAULT_NETWORK)
    with layout_for(file, layout, found) as (chosen, assumed), open_file(
            file, chosen, found.clock) as opened:
        told = describe(opened, chosen)
        digest, size = opened.reader.close(), opened.reader.size
    say(Phrase("{file}: {size:,} bytes, SHA-256 {digest}", file=file, size=size, digest=digest))
    for said in assumed:
        say(Phrase("assumed: {said}", said=said))
    print_table(Phrase("{layout}: {records:,} records", layout=told.layout, records=told.records),
                ("column", "comes from", "such as", "is read as"),
                ((name, " + ".join(columns), told.examples.get(name, ""),
                  told.values.get(name, "")) for name, columns in told.sources.items()))
    if told.unreadable:
        print_table("cannot be read", ("code", "records", "what it means and what to do"),
                    ((code.name, f"{count:,}", WORDS[code])
                     for code, count in sorted(told.unreadable.items())), right=("records",))
    sys.exit(REFUSED if told.unreadable else 0)
