"""onecard settle: close a window."""

from __future__ import annotations

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli.options import archive_option, book_option, network_option, threads_option
from clearing.cli.say import say
from network.language import Phrase, translated

if TYPE_CHECKING:
    from clearing.answers.closing import Closing
    from clearing.answers.settle import Settlement
    from settlement.instructions import Instruction

ACCOUNT = Phrase("(settlement account)")


@click.command("settle")
@click.option("--window", required=True, metavar="DAY",
              help="The service day to close, such as 2024-11-25, with all before it.")
@book_option
@archive_option
@network_option
@threads_option
@click.option("--out", type=click.Path(file_okay=False, path_type=Path),
              help="Where positions, instructions and statements go: by default "
              "`settlement/DAY` in the book's folder, or here for a book on a server.")
@click.option("--yes", is_flag=True, help="Close it without asking, as machines have to.")
@click.option("--gaps", metavar="WHY",
              help="Why it closes although records are missing, where the network's [completeness] "
              "asks.")
@click.option("--by", metavar="CODE",
              help="With --gaps: who says so, an [[approver]] of network.toml.")
@click.option("--empty", is_flag=True, help="Close it although no record of this day came.")
def command(window: str, book: str, archive: Path | None, network: str | None, threads: int,
            out: Path | None, yes: bool, empty: bool, gaps: str | None, by: str | None) -> None:
    """Close a window: what is posted later counts in the next open one.

    What that closes is shown, and asked about: records, operators, and what is in doubt. A
    window that is closed already is not closed again; but where its files are missing, as after
    a crash, they are written.

    \b
    Example:
      onecard settle --window 2024-11-25 --book book --yes
    """
    from clearing.answers.certificates import Named
    from clearing.answers.session import open_session
    from clearing.answers.settle import settle
    from clearing.cli.progress import progress_bar

    if (gaps is None) != (by is None):
        raise click.UsageError(
            "--gaps and --by go together: why it closes with gaps, and who says so")
    named = None if gaps is None or by is None else Named(gaps, by)

    def ask(closing: Closing) -> bool:
        _print_closing(closing)
        return yes or _agree(closing.window)

    with (open_session(book, network, read_only=False, archive=archive) as session,
          progress_bar() as progress):
        settled = settle(session, window, folder=out, threads=threads, may_be_empty=empty,
                         ask=ask, progress=progress, named=named,
                         today=datetime.datetime.now(datetime.UTC).date())
    if settled is None:
        raise click.Abort
    _print_settlement(settled)


def _agree(window: str) -> bool:
    """Whether the user says yes. Raises OnecardError where there is nobody to ask."""
    from network.errors import OnecardError

    if not sys.stdin.isatty():
        raise OnecardError("nobody can be asked whether to close this window: standard input is "
                           "no terminal", where=window,
                           expected="yes or no; nothing was closed",
                           remedy="look at what it closes, and add --yes to the command")
    return click.confirm(translated(Phrase("close window {window}?", window=window)))


def _print_closing(closing: Closing) -> None:
    from clearing.cli.output import print_table

    text = closing.currency.text
    print_table(Phrase("window {window} closes", window=closing.window),
                ("day", "records", "operators"),
                ((day.day, f"{day.records:,}", ", ".join(day.operators)) for day in closing.days),
                right=("records",))
    if closing.missing:
        print_table("operators that sent records lately, and none of these days",
                    ("operator", "last day", "records"),
                    ((one.operator, one.last_day, f"{one.records:,}") for one in closing.missing),
                    right=("records",))
    print_table(Phrase("in doubt, money in {currency}", currency=closing.currency.name),
                ("what", "number", "amount"), (
        (Phrase("open rides that end without an exit"), f"{closing.open_rides:,}", ""),
        (Phrase("entries held, not settled: paid"), f"{closing.held.entries:,}",
         text(closing.held.amount)),
        (Phrase("variances: validator less table"), f"{closing.variances.entries:,}",
         text(closing.variances.amount)),
        (Phrase("uncollected: no record says what the validator took"),
         f"{closing.uncollected.entries:,}", text(closing.uncollected.amount))),
        right=("number", "amount"))


def _print_settlement(settled: Settlement) -> None:
    from clearing.cli.output import print_chain, print_table

    text = settled.currency.text
    print_table(Phrase("window {window} is closed: positions in {currency}", window=settled.window,
                       currency=settled.currency.name),
                ("level", "member", "is owed", "owes", "position"),
                ((one.level, one.member, text(one.is_owed), text(one.owes), text(one.net))
                 for one in settled.positions), right=("is owed", "owes", "position"))
    _print_charged(settled)
    _print_billed(settled)
    _print_netted(settled)
    run = settled.run
    if run.rides > run.reversed:
        say(Phrase("{rides:,} open rides ended without an exit", rides=run.rides - run.reversed))
    if run.reversed:
        say(Phrase("{reversed:,} entries taken back: tables or network have changed since",
                   reversed=run.reversed))
    if settled.uncollected_rides:
        say(Phrase("{uncollected} uncollected, of {uncollected_rides:,} rides: their validators "
                   "charge, and no record says what they took; nobody owes it",
                   uncollected=text(settled.uncollected),
                   uncollected_rides=settled.uncollected_rides))
    say(Phrase("root of window {window}: {root}", window=settled.window, root=settled.root))
    say(Phrase("positions add up to {value} at every level", value=text(0)))
    say(Phrase("positions, instructions and statements: {folder}", folder=settled.folder))
    print_chain(settled.run)


def _print_charged(settled: Settlement) -> None:
    """What is charged by the window or month, with its working."""
    from clearing.cli.output import print_table

    if not settled.charged:
        return
    text = settled.currency.text
    columns = ("fee", "payer", "payee", "for", "rides", "of", "ppm", "a ride", "lump", "asked",
               "amount")
    title = Phrase("charged by the window or month, in {currency}", currency=settled.currency.name)
    print_table(title, columns, (
        (one.period_fee, one.payer, one.payee,
         f"{one.first}" if one.first == one.last else f"{one.first} … {one.last}",
         f"{one.rides:,}", text(one.base), f"{one.ppm:,}", text(one.per_ride), text(one.lump),
         text(one.asked), text(one.amount)) for one in settled.charged), right=columns[4:])


def _print_billed(settled: Settlement) -> None:
    """What bills of months differ by from what windows settled, with its working."""
    from clearing.cli.output import print_table

    if not settled.billed:
        return
    text = settled.currency.text
    columns = ("bill", "funder", "operator", "month", "rides", "settled", "by the terms",
               "carried in", "billed", "above the ceiling", "amount")
    print_table(Phrase("bills, and what is owed beside what windows settled, in {currency}",
                       currency=settled.currency.name), columns,
                ((*one[:4], f"{one.rides:,}", *map(text, one[5:])) for one in settled.billed),
                right=columns[4:])


def _print_netted(settled: Settlement) -> None:
    """Who pays whom where that is not everybody by the settlement account; limits; what is left."""
    from clearing.cli.output import print_table

    text, netted, unit = settled.currency.text, settled.netted, settled.currency.name
    if netted.by_centres and netted.paid.instructions:
        print_table(Phrase("who pays whom, in {currency}", currency=unit),
                    ("netting", "payer", "payee", "amount"),
                    ((one.netting, *_sides(one), text(one.amount))
                     for one in netted.paid.instructions), right=("amount",))
    if netted.paid.carried:
        print_table(Phrase("carried forward, not paid yet, in {currency}", currency=unit),
                    ("netting", "payer", "payee", "cycle", "amount"),
                    ((netting, payer or ACCOUNT, payee or ACCOUNT, cycle, text(amount))
                     for cycle, (netting, payer, payee), amount in netted.paid.left()),
                    right=("amount",))
    if netted.exceeded:
        print_table(Phrase("limits exceeded, in {currency}", currency=unit),
                    ("netting", "member", "limit", "owes", "may owe", "above"),
                    ((one.netting, one.member, one.limit, text(one.owes), text(one.may_owe),
                      text(one.above)) for one in netted.exceeded),
                    right=("owes", "may owe", "above"))


def _sides(one: Instruction) -> tuple[str, str]:
    """Payer and payee."""
    sides = one.member, one.counterparty or ACCOUNT
    return sides if one.action == "pays" else (sides[1], sides[0])
