"""onecard convert: a file of any layout as onecard-taps/1 or JSON Lines."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from clearing.cli import REFUSED
from clearing.cli.options import InputFile, layout_network_option, one_layout_option
from clearing.cli.say import say
from network.language import Phrase


@click.command("convert")
@click.argument("file", type=InputFile())
@one_layout_option
@layout_network_option
@click.option("--to", "form", type=click.Choice(["csv", "jsonl"]), default="csv",
              show_default=True, help="onecard-taps/1, or an object to a line.")
@click.option("--whole-cards", is_flag=True, help="Write card numbers as they are, not masked.")
def command(file: Path, layout: str | None, network: str | None, form: str, whole_cards: bool
            ) -> None:
    """Print FILE as onecard-taps/1, or as JSON Lines; card numbers are masked unless asked for.

    A value that is wrong stays as it is, to be refused by `onecard clear`. A record that cannot be
    read at all is left out and told; the exit code is 1 then.

    \b
    Example:
      onecard convert export.xlsx --layout export --network town --whole-cards > taps.csv
    """
    from clearing.answers.layouts import DEFAULT_NETWORK, layout_for
    from clearing.intake.convert import open_file
    from ext.codes import Code
    from network.cards import mask_card
    from network.network import load_network
    from network.refusals import WORDS

    found = load_network(network or DEFAULT_NETWORK)
    left_out = 0
    with layout_for(file, layout, found) as (chosen, assumed), open_file(
            file, chosen, found.clock) as opened:
        for said in assumed:
            say(Phrase("assumed: {said}", said=said), err=True)
        names = opened.adapter.shape.columns
        if form == "csv":
            sys.stdout.write(",".join(names) + "\n")
        for record in opened.records():
            if record.code != Code.OK:
                left_out += 1
                say(Phrase("left out: line {line}, byte {offset}: {code}: {words}",
                           line=record.line, offset=record.offset, code=record.code.name,
                           words=WORDS[record.code]), err=True)
                continue
            values = record.values
            if not whole_cards:
                values = values | {"card": mask_card(values["card"])}
            sys.stdout.write((json.dumps({name: one for name, one in values.items() if one},
                                         ensure_ascii=False) if form == "jsonl" else
                              opened.adapter.write(list(values.values())).decode()) + "\n")
    sys.exit(REFUSED if left_out else 0)
