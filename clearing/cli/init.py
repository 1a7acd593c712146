"""onecard init: a county's network to begin with."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from clearing.cli.say import say
from network.language import Phrase, translated

NEEDED = ("county",)
QUESTIONS = {
    "county": "County, as CODE=NAME; the code is that of its cards, its city's (GB/T 13497): "
              "3760=霍山县",
    "province": "Province, as CODE=NAME, such as 34=安徽 (blank where the county's code says it)",
    "operators": "Bus companies, as CODE=NAME, with a semicolon between several",
    "funders": "Who pays concessions, as CODE=NAME, with a semicolon between several",
    "fare": "What a ride costs, in yuan",
    "lines": "Lines with another fare, as LINE=YUAN, with a semicolon between several",
    "elder": "What elder cards pay, in percent (none: no concession)",
    "student": "What student cards pay, in percent",
    "disabled": "What cards of disabled people pay, in percent",
    "transfer": "A change: MINUTES:YUAN taken off (none: nothing)",
}
DEFAULTS = {"fare": "2.00", "elder": "0", "student": "50", "disabled": "0", "transfer": "60:1.00"}
SEVERAL = ("operators", "funders", "lines")


def _concession_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """What cards of each kind pay, and who pays the rest."""
    for kind in ("disabled", "student", "elder"):
        command = click.option(
            f"--{kind}-funders", default="", metavar="CODE:PERCENT,…",
            help="Who pays the rest; by default the first funder.")(command)
        command = click.option(
            f"--{kind}", metavar="PERCENT", help=f"What {kind} cards pay, or none; by default "
            f"{DEFAULTS[kind]}.")(command)
    return command


@click.command("init")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--county", metavar="CODE=NAME", help="The county, with the code of its cards: "
              "its city's (GB/T 13497).")
@click.option("--province", metavar="CODE=NAME", help="Its province; left out where the "
              "county's code says it.")
@click.option("--operator", "operators", multiple=True, metavar="CODE=NAME",
              help="A bus company; may be repeated. By default one, named after the county.")
@click.option("--funder", "funders", multiple=True, metavar="CODE=NAME", help="Who pays "
              "concessions; may be repeated. By default `finance` and `civil` of the county.")
@click.option("--fare", metavar="YUAN", help="Of every line without its own; by default 2.00.")
@click.option("--line", "lines", multiple=True, metavar="LINE=YUAN",
              help="A line with a fare of its own; may be repeated.")
@_concession_options
@click.option("--transfer", metavar="MINUTES:YUAN", help="What a change within so many minutes "
              "takes off, or none; by default 60:1.00.")
@click.option("--from", "since", type=click.DateTime(["%Y-%m-%d"]), metavar="DAY",
              help="The first day; by default the first of this year.")
def command(folder: Path, since: datetime.datetime | None, **options: Any) -> None:
    """Write a county's network into FOLDER: a network that passes `onecard tables check`.

    On a terminal, what is not given is asked for. What is written has the company, lines, card
    kinds, concessions with who pays them, a transfer, a layout, three sample taps and SOURCES.md.

    \b
    Example:
      onecard init my-county --county 3760=霍山县 --fare 2.00 --line 101=4.00 \\
          --elder 0 --elder-funders civil:60,finance:40
      onecard clear my-county/taps/sample.csv --network my-county --book book
    """
    from clearing.answers.init import KINDS, CountyQuestion, init

    if sys.stdin.isatty():
        _ask(options)
    missing = [name for name in NEEDED if not options[name]]
    if missing:
        raise click.UsageError(
            Phrase("{missing} not given: write for example --county 3760=霍山县",
                   missing=" and ".join(f"--{name}" for name in missing)))
    said = {name: options[name] or default for name, default in DEFAULTS.items()}
    first = datetime.datetime.now(datetime.UTC).date().replace(month=1, day=1)
    report = init(CountyQuestion(
        county=options["county"], province=options["province"] or "",
        since=first if since is None else since.date(), operators=options["operators"],
        funders=options["funders"], lines=options["lines"], fare=said["fare"],
        pays={kind: said[kind] for kind in KINDS},
        paid_by={kind: options[f"{kind}_funders"] for kind in KINDS}, transfer=said["transfer"]),
        folder)
    say(Phrase("{folder}: {combinations:,} sorts of rides each have one price; every figure is "
               "made up until SOURCES.md says where it is from", folder=folder,
               combinations=report.combinations))
    say(Phrase("try it:  onecard clear {folder}/taps/sample.csv --network {folder} --book book",
               folder=folder))
    say(Phrase("then:    change {folder}/bus.toml and run  onecard tables check {folder}",
               folder=folder))


def _ask(options: dict[str, Any]) -> None:
    """Ask for what was not given."""
    for name, question in QUESTIONS.items():
        if options[name]:
            continue
        default = DEFAULTS.get(name, None if name in NEEDED else "")
        answer = click.prompt(translated(question), default=default, show_default=bool(default),
                              err=True)
        options[name] = [part for part in str(answer).replace("；", ";").split(";") if part.strip()
                         ] if name in SEVERAL else answer
