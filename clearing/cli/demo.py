"""onecard demo: a day of the demonstration network, from files to positions."""

from __future__ import annotations

import datetime
import re
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from clearing.cli.options import threads_option

if TYPE_CHECKING:
    from clearing.book import Book
    from clearing.engine.run import Report
    from network.numbering import NumberedNetwork

MARKER = "onecard-demo"
DAY = datetime.date(2024, 11, 25)


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
    from clearing.book import open_book
    from clearing.cli.output import progress_bar
    from clearing.cli.session import reading
    from clearing.engine.run import clear_files, close_window, day_number
    from clearing.sample.day import write_day

    _prepare(folder)
    clock = time.perf_counter()
    click.echo(f"writing a day of about {taps:,} taps …")
    paths = write_day(folder / "taps", taps=taps, day=DAY, seed=seed, threads=threads)
    written = time.perf_counter() - clock
    book = str(folder / "book")
    with open_book(book) as opened, progress_bar() as progress:
        report = clear_files(paths, "demo", opened, threads=threads,
                             received_at=int(time.time()), progress=progress)
        clock = time.perf_counter()
        close_window(day_number(DAY.isoformat()), "demo", opened)
        report.seconds["close the window"] = time.perf_counter() - clock
    with reading(book, "demo") as (opened, world):
        _print_files(report, paths)
        _print_rides(opened, world)
        _print_payers(opened, world)
        _print_positions(opened, world)
        ride = _a_ride(opened, world)
    _print_stages(report, written)
    click.echo(f"""
Try next, on the book that is left in {book}:
  onecard show rides --book {book}
  onecard explain {ride} --book {book}
  onecard verify --book {book}""")


def _prepare(folder: Path) -> None:
    """Make an empty folder for the demo; only an earlier demo is ever removed."""
    from network.errors import OnecardError

    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise OnecardError("this folder holds other things than a demo", where=str(folder),
                               remedy="name another one with --folder")
        shutil.rmtree(folder)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARKER).write_text("Made by `onecard demo`, and replaced by the next one.\n")


def _print_files(report: Report, paths: list[Path]) -> None:
    from clearing.cli.clear import print_refusals
    from clearing.cli.output import print_table

    operators: dict[str, list[int]] = {}
    for file in report.files:
        sums = operators.setdefault(_operator_of(file.name), [0, 0, 0, 0])
        for place, value in enumerate((1, file.records, file.accepted, file.refused)):
            sums[place] += value
    print_table(f"{len(paths)} files, {report.run.taps:,} records = "
                f"{report.run.accepted:,} accepted + {report.run.refused:,} refused",
                ("operator", "files", "records", "accepted", "refused"),
                ((name, *(f"{value:,}" for value in sums))
                 for name, sums in sorted(operators.items())),
                right=("files", "records", "accepted", "refused"))
    print_refusals(report.refusals)


def _operator_of(name: str) -> str:
    """The operator in a sample file's name, which ends with day and part."""
    return re.split(r"-\d{4}-", name)[0]


def _print_rides(book: Book, world: NumberedNetwork) -> None:
    from clearing.cli.output import print_table, yuan

    found = book.query(
        "SELECT operator, mode, count() AS rides, sum(due) AS due, sum(paid) AS paid FROM ledger "
        "GROUP BY operator, mode")
    cities = {city.code: city.name for city in world.network.model.city}
    home = {member.number: cities.get(member.city or "", "") for member in world.members}
    sums: dict[tuple[str, str], list[int]] = {}
    for operator, mode, *values in zip(*found.values(), strict=True):
        key = home[int(operator)], world.names.code("mode", int(mode))
        so_far = sums.setdefault(key, [0, 0, 0])
        for place, value in enumerate(values):
            so_far[place] += int(value)
    print_table("rides by city and mode, in yuan", ("city", "mode", "rides", "due", "riders paid"),
                ((*key, f"{rides:,}", yuan(due), yuan(paid))
                 for key, (rides, due, paid) in sorted(sums.items())),
                right=("rides", "due", "riders paid"))


def _print_payers(book: Book, world: NumberedNetwork) -> None:
    """Who paid what, and what operators are due: the two sides of the same money."""
    from clearing.answers.listings import obligations_of
    from clearing.cli.output import print_table, yuan
    from ext.codes import Cause

    code, names = world.names.code, {member.number: member.name for member in world.members}
    payers: dict[tuple[str, str, str], int] = {}
    due: dict[str, list[int]] = {}
    for row in obligations_of(book):
        debtor, creditor, amount = int(row["debtor"]), int(row["creditor"]), int(row["amount"])
        if row["cause"] in (Cause.CLEARING_FEE, Cause.ISSUER_FEE):
            due.setdefault(code("member", debtor), [0, 0, 0])[2] += amount
            continue
        riders = row["cause"] == Cause.FARE
        key = ("riders" if riders else "funder", code("member", debtor), names[debtor])
        payers[key] = payers.get(key, 0) + amount
        due.setdefault(code("member", creditor), [0, 0, 0])[0 if riders else 1] += amount
    print_table("who paid, in yuan (riders through their card's issuer)",
                ("who", "member", "name", "paid"),
                ((*key, yuan(amount)) for key, amount in sorted(payers.items(), reverse=True)),
                right=("paid",))
    print_table("what each operator is due, in yuan",
                ("operator", "from riders", "from funders", "fees", "due"),
                ((name, yuan(fares), yuan(shares), yuan(-fees), yuan(fares + shares - fees))
                 for name, (fares, shares, fees) in sorted(due.items())),
                right=("from riders", "from funders", "fees", "due"))


def _print_positions(book: Book, world: NumberedNetwork) -> None:
    from clearing.answers.listings import obligations_of
    from clearing.cli.output import print_table, yuan
    from network.members import LEVELS
    from settlement.positions import net_positions

    positions = net_positions(obligations_of(book), world.members)
    named = {city.code: city.name for city in world.network.model.city}
    named |= {province.code: province.name for province in world.network.model.province}
    for level in LEVELS:
        rows = [one for one in positions if one.level == level]
        total = sum(one.net for one in rows)
        print_table(
            f"positions per {level}, in yuan",
            (level, "name", "is owed", "owes", "position"),
            [*((one.member, _name(one.member, named, world), yuan(one.receives), yuan(one.owes),
                yuan(one.net)) for one in rows),
             ("sum", "", "", "", yuan(total))],
            right=("is owed", "owes", "position"))


def _name(code: str, named: dict[str, str], world: NumberedNetwork) -> str:
    members = {member.code: member.name for member in world.members}
    return members.get(code) or named.get(code, "")


def _a_ride(book: Book, world: NumberedNetwork) -> str:
    """A ride that is worth explaining: one with more than one discount, where there is one."""
    from network.cards import card_text

    for where in ("leg2_kind != 0", "leg1_kind != 0", "1"):
        found = book.query(f"SELECT card_hi, card_lo, card_seq FROM ledger WHERE {where} "
                           "ORDER BY card_hi, card_lo, card_seq LIMIT 1")
        if len(found["card_seq"]):
            high, low, seq = (int(column[0]) for column in found.values())
            return f"{card_text(high, low)}/{seq}"
    return "CARD/COUNTER"


def _print_stages(report: Report, written: float) -> None:
    from clearing.cli.output import print_table

    stages: dict[str, Any] = {"write the day's files": written, **report.seconds}
    cleared = sum(report.seconds.values())
    print_table("seconds and taps per second", ("stage", "seconds", "taps/s"),
                [*((stage, f"{seconds:.2f}", f"{report.run.taps / seconds:,.0f}")
                   for stage, seconds in stages.items()),
                 ("files to a closed window", f"{cleared:.2f}",
                  f"{report.run.taps / cleared:,.0f}")], right=("seconds", "taps/s"))
