"""onecard tables ways: a table of revenue shares from the ways that riders may take."""

from __future__ import annotations

from pathlib import Path

import click

from clearing.cli.options import InputFile
from clearing.cli.say import say
from network.language import Phrase

_FILE = InputFile()


@click.command("ways")
@click.argument("links", type=_FILE)
@click.option("--change", type=click.IntRange(0), default=0, metavar="COST",
              help="What changing from one operator to another costs riders, in the links' unit.")
@click.option("--spread", type=click.IntRange(0), default=0, metavar="COST",
              help="A way that costs so much more is e times less likely. Without: all riders go "
              "the best way.")
@click.option("--prices", type=_FILE, help="What each operator's stretch costs alone: parts are "
              "by these, and not by length. A CSV of the same columns.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True,
              metavar="FOLDER", help="Where shares.csv and ways.csv are written.")
def command(links: Path, change: int, spread: int, prices: Path | None, out: Path) -> None:
    """Make a table for [[revenue_share]] of the ways through a network of several operators.

    LINKS is a CSV (from,to,operator,weight): links between neighbouring stops, how long each is,
    in seconds or metres, and whose; nobody's is walked. shares.csv has parts per million of each
    two stops, ways.csv which ways they are from.

    \b
    Example:
      onecard tables ways track.csv --change 300 --spread 240 --out network/shares
    """
    from clearing.answers.weighed_ways import weigh_ways
    from settlement.weighed_ways import Choice

    made = weigh_ways(links, Choice(change, spread), prices, out)
    say(Phrase("{pairs:,} pairs of stops, {ways:,} ways", pairs=made.pairs, ways=made.ways))
    for path in made.files:
        say(Phrase("written: {path}", path=path))
