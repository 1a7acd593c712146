"""onecard completeness: which records of a day should have come and did not."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from clearing.cli import REFUSED
from clearing.cli.options import archive_option, book_option
from network.civil import day_number
from network.language import Phrase

COLUMNS = ("first", "last", "expected", "found", "missing", "repeated", "set_back",
           "missing_numbers", "repeated_numbers")
FILE_COLUMNS = ("sender", "name", "expected", "received", "missing", "missing_files")


@click.command("completeness")
@click.option("--window", required=True, metavar="DAY", help="The service day, as 2024-11-25.")
@book_option
@archive_option
@click.option("--json", "as_json", is_flag=True, help="All of it as JSON.")
def command(window: str, book: str, archive: Path | None, as_json: bool) -> None:
    """Say which numbers of validators and of cards are missing on a day, and which are there twice.

    And which files, where senders have contracts; and where a card's balance is not what its record
    before left. Looked at are accepted records: what was refused is missing here until it is given
    again, see `onecard show refusals`. What a validator recorded last on a day is missed when its
    next day comes. Exit code 0: nothing is missing or repeated, and balances follow each other; 1:
    something is not so.

    \b
    Example:
      onecard completeness --window 2024-11-25 --book book
    """
    from clearing.answers.balances import Break, broken_balances
    from clearing.answers.completeness import completeness
    from clearing.answers.session import open_session
    from clearing.cli.output import print_object, print_table, say_snapshot

    with open_session(book, archive=archive) as session:
        say_snapshot(session.book)
        found = completeness(session, session.described(), window)
        breaks = broken_balances(session.book, day_number(window))
    sides = {"validators": found.devices, "cards": found.cards}
    code = 0 if found.is_complete and not breaks else REFUSED
    if as_json:
        told = {name: asdict(side) | {"gaps": [gap._asdict() for gap in side.gaps]}
                for name, side in (("devices", found.devices), ("cards", found.cards))}
        print_object({"window": window, "is_complete": code == 0,
                      "records": found.records, **told,
                      "files": [owed._asdict() for owed in found.owed_files],
                      "balances": [one._asdict() for one in breaks]})
        sys.exit(code)
    sums = ("counted", "expected", "found", "missing", "repeated", "set_back", "uncounted")
    print_table(Phrase("window {window}: {records:,} accepted records", window=window,
                       records=found.records), ("of", *sums),
                ((name, *(f"{getattr(side, one):,}" for one in sums))
                 for name, side in sides.items()), right=sums)
    for name, side, key in (("validators", found.devices, ("operator", "device")),
                            ("cards", found.cards, ("card",))):
        if side.gaps:
            print_table(Phrase("{name} with gaps", name=name), (*key, *COLUMNS),
                        ((*gap.of, *(getattr(gap, one) for one in COLUMNS)) for gap in side.gaps),
                        right=COLUMNS[:-2])
    if found.owed_files:
        print_table("files that senders owe", FILE_COLUMNS, found.owed_files,
                    right=FILE_COLUMNS[2:-1])
    if breaks:
        print_table("balances that do not follow each other", Break._fields, breaks,
                    right=Break._fields[1:])
    sys.exit(code)
