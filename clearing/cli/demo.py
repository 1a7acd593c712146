"""onecard demo: a day of the demonstration network, from files to positions."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli.options import threads_option
from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from clearing.answers.demo import Demonstration


@click.command("demo")
@click.option("--folder", default="demo", show_default=True,
              type=click.Path(file_okay=False, path_type=Path),
              help="Where taps and book go; a demo that is there already is replaced.")
@click.option("--taps", default=1_000_000, show_default=True, type=click.IntRange(1_000),
              help="About how many taps the day has.")
@click.option("--seed", default=1, show_default=True, help="Another seed is another day.")
@threads_option
def command(folder: Path, taps: int, seed: int, threads: int) -> None:
    """Write a day of taps as operators would submit it, clear it, and close the window.

    The taps are made up; fares and concessions are those of Guangdong, Hainan and Anhui where
    they are public, and marked as assumed where they are not (fare_tables/data/demo/SOURCES.md).

    \b
    Example:
      onecard demo --taps 100000
    """
    from clearing.answers.demo import demonstrate
    from clearing.cli.progress import progress_bar

    say(Phrase("writing a day of about {taps:,} taps …", taps=taps))
    with progress_bar() as progress:
        demo = demonstrate(folder, taps=taps, seed=seed, threads=threads,
                           received_at=int(time.time()), progress=progress)
    _print_files(demo)
    _print_rides(demo)
    _print_payers(demo)
    _print_positions(demo)
    _print_stages(demo)
    say(Phrase("\nTry next, on the book that is left in {book}:\n  onecard show rides --book "
               "{book}\n  onecard explain {ride} --book {book}\n  onecard verify --book {book}",
               book=demo.book, ride=demo.ride))


def _print_files(demo: Demonstration) -> None:
    from clearing.cli.clear import print_refusals
    from clearing.cli.output import print_table

    run = demo.report.run
    print_table(Phrase("{files} files, {taps:,} records = {accepted:,} accepted + {known:,} known "
                       "+ {refused:,} refused", files=len(demo.report.files), taps=run.taps,
                       accepted=run.accepted, known=run.known, refused=run.refused),
                ("operator", "files", "records", "accepted", "known", "refused"),
                ((one.operator, *(f"{count:,}" for count in one[1:])) for one in demo.files),
                right=("files", "records", "accepted", "known", "refused"))
    print_refusals(demo.report.refusals)


def _print_rides(demo: Demonstration) -> None:
    from clearing.cli.output import print_table

    text = demo.currency.text
    print_table(Phrase("rides by city and mode, in {currency}", currency=demo.currency.name),
                ("city", "mode", "rides", "due", "riders paid"),
                ((one.city, one.mode, f"{one.rides:,}", text(one.due), text(one.paid))
                 for one in demo.rides),
                right=("rides", "due", "riders paid"))


def _print_payers(demo: Demonstration) -> None:
    """Who paid what, and what operators are due: the two sides of the same money."""
    from clearing.cli.output import print_table

    text, currency = demo.currency.text, demo.currency.name
    print_table(Phrase("who paid, in {currency} (riders through their card's issuer)",
                       currency=currency),
                ("who", "member", "name", "paid"),
                ((one.who, one.member, one.name, text(one.paid)) for one in demo.payers),
                right=("paid",))
    print_table(Phrase("what each operator is due, in {currency}", currency=currency),
                ("operator", "from riders", "from funders", "fees", "due"),
                ((one.operator, text(one.from_riders), text(one.from_funders), text(-one.fees),
                  text(one.due)) for one in demo.operators),
                right=("from riders", "from funders", "fees", "due"))


def _print_positions(demo: Demonstration) -> None:
    from clearing.cli.output import print_table

    text = demo.currency.text
    for level in dict.fromkeys(one.level for one in demo.positions):
        rows = [one for one in demo.positions if one.level == level]
        print_table(
            Phrase("positions per {level}, in {currency}", level=level,
                   currency=demo.currency.name),
            (level, "name", "is owed", "owes", "position"),
            [*((one.member, one.name, text(one.is_owed), text(one.owes), text(one.net))
               for one in rows), (Phrase("sum"), "", "", "", text(sum(one.net for one in rows)))],
            right=("is owed", "owes", "position"))


def _print_stages(demo: Demonstration) -> None:
    from clearing.cli.output import print_table

    taps, cleared = demo.report.run.taps, sum(demo.report.seconds.values())
    stages = {**demo.seconds, "files to a closed window": cleared}
    print_table("seconds and taps per second", ("stage", "seconds", "taps/s"),
                ((stage, f"{seconds:.2f}", f"{taps / seconds:,.0f}")
                 for stage, seconds in stages.items()), right=("seconds", "taps/s"))
