"""onecard tables diff: what a new version of a table changes, in words and in prices."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from clearing.answers.tables_diff import Difference


@click.command("diff")
@click.argument("versions", nargs=-1, metavar="[NETWORK] A B")
@click.option("--json", "as_json", is_flag=True, help="For machines; money in minor units.")
def command(versions: tuple[str, ...], as_json: bool) -> None:
    """Say what version B of a table changes of version A: in words, and in prices, for whom.

    A and B are TABLE@DAY of NETWORK; without one, NETWORK/TABLE@DAY or the paths of two tables.
    A table with one version needs no @DAY. Prices are of cards that have counted nothing and do
    not transfer; where there are many rides, some of them, chosen by lot. Where tiers, caps or
    transfers differ, so is a month of one card: every day out and back, each way with a change.

    \b
    Example:
      onecard tables diff hongkong mtr@2024-06-30 mtr@2026-04-03
      onecard tables diff mytown/bus.toml mytown-new/bus.toml
    """
    from clearing.answers.tables_diff import diff_tables
    from clearing.cli.output import print_object

    if len(versions) not in (2, 3):
        raise click.UsageError(Phrase("{versions} names are given; expected A and B, or NETWORK, "
                                      "A and B", versions=len(versions)))
    *network, before, after = versions
    found = diff_tables(before, after, network[0] if network else None)
    if as_json:
        print_object({**vars(found), "currency": found.currency.name,
                      "changes": [one._asdict() for one in found.changes],
                      "months": [one._asdict() for one in found.months]})
    else:
        _print(found)
        if found.journey:
            _print_months(found)


def _print_months(found: Difference) -> None:
    from clearing.answers.tables_diff import Month
    from clearing.cli.output import print_table

    say(Phrase("a month of one card, every day: {journey}", journey=found.journey))
    if not found.months:
        say(Phrase("nobody's month changes, of those for whom both versions have these fares"))
        return
    text = found.currency.text
    print_table(
        Phrase("what it comes to, in {currency}", currency=found.currency.name), Month._fields,
        ((*row[:4], f"{row.rides:,}", text(row.before), text(row.after)) for row in found.months),
        right=("rides", "before", "after"))


def _print(found: Difference) -> None:
    from clearing.answers.tables_diff import Change
    from clearing.cli.output import print_table

    say(f"{found.before} → {found.after}")
    for line in found.words:
        say(Phrase("  {line}", line=line))
    some = ("" if found.rides == found.rides_there else
            Phrase(", chosen by lot from {rides:,}", rides=found.rides_there))
    looked_at = Phrase("rides priced by both, of each sort of rider: {rides:,}{some}",
                       rides=found.rides, some=some)
    if not found.changes:
        say(Phrase("no price changes; {looked_at}", looked_at=looked_at))
        return
    text = found.currency.text
    print_table(
        Phrase("who pays more or less, in {currency}",
               currency=found.currency.name), Change._fields,
        ((*row[:4], *(f"{count:,}" for count in row[4:7]), row.example, text(row.before),
          text(row.after)) for row in found.changes),
        right=("rides", "dearer", "cheaper", "before", "after"))
    say(Phrase("for {unchanged:,} other sorts of riders no price changes; {looked_at}",
               unchanged=found.unchanged, looked_at=looked_at))
