"""onecard dispute: what a member does not want to owe for a ride, from the question to the end."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli import REFUSED
from clearing.cli.options import (
    Command,
    Form,
    InputFile,
    book_option,
    civil_today,
    list_options,
    network_option,
)
from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from clearing.answers.dispute_file import StepsRead
    from clearing.answers.disputes import Taken
    from network.money import Currency

DISPUTE = click.argument("dispute", type=click.IntRange(1))


def _step_options(command: Command) -> Command:
    """--by, --amount, --reason and --on, which every step has."""
    for option in (
            click.option("--on", metavar="DAY", help="The day of it; by default today."),
            click.option("--reason", default="", metavar="TEXT", help="Why; who asks for money or "
                         "refuses it says so."),
            click.option("--amount", metavar="AMOUNT", help="How much of it, such as 1.50; by "
                         "default all."),
            click.option("--by", required=True, metavar="CODE", help="The member that does it.")):
        command = option(command)
    return command


@click.group("dispute")
def command() -> None:
    """Dispute what is owed for rides of closed windows: ask, charge back, answer, decide.

    A member that owes an operator for a ride asks it (query) or charges back; the operator accepts
    or refuses until its last day; what it refuses the member can put to the centre (exception).
    What is charged back is held by the centre until the dispute is over. By whose days, and who
    bears it, is [[dispute_terms]] in network.toml.

    \b
    Example:
      onecard dispute open 3105000020000000035/230 --as chargeback --by hk-card \\
          --reason "charged twice" --book book
      onecard dispute answer 1 --accept --by hk-bus --book book
    """


@command.command("open")
@click.argument("ride", metavar="CARD/COUNTER")
@click.option("--as", "step", required=True, type=click.Choice(("query", "chargeback",
                                                                "exception")),
              help="Ask the operator, charge the amount back, or have the centre decide.")
@_step_options
@book_option
def open_(ride: str, step: str, by: str, amount: str | None, reason: str, on: str | None, book: str
          ) -> None:
    """Dispute a ride, or go on with what the operator has refused.

    \b
    Example:
      onecard dispute open 3105000020000000035/230 --as query --by hk-card --book book
    """
    _take(book, step, by, amount, reason, on, ride=ride)


@command.command("answer")
@DISPUTE
@click.option("--accept/--refuse", "is_accepted", default=None,
              help="Bear the amount, or stand by the ride: one of the two.")
@_step_options
@book_option
def answer(dispute: int, is_accepted: bool | None, by: str, amount: str | None, reason: str,
           on: str | None, book: str) -> None:
    """Answer as the one who is asked: the operator, or the centre, which may award a part.

    \b
    Example:
      onecard dispute answer 1 --refuse --by hk-bus --reason "the card got off" --book book
    """
    if is_accepted is None:
        raise click.UsageError("say what the answer is: --accept or --refuse")
    _take(book, "accept" if is_accepted else "refuse", by, amount, reason, on, number=dispute)


@command.command("close")
@DISPUTE
@_step_options
@book_option
def close(dispute: int, by: str, amount: str | None, reason: str, on: str | None, book: str
          ) -> None:
    """End a dispute: withdraw it, or take what is due where the other side let its days pass.

    Of a chargeback that nobody has answered in time the claimant gets the amount; after a refusal
    that the claimant left at that, the operator closes.

    \b
    Example:
      onecard dispute close 1 --by hk-card --book book
    """
    _take(book, "close", by, amount, reason, on, number=dispute)


@command.command("read")
@click.argument("file", type=InputFile())
@click.option("--rejects", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Where refused lines are written, with why; by default FILE.rejects.csv.")
@book_option
def read(file: Path, rejects: Path | None, book: str) -> None:
    """Take the steps of a CSV, a step a line: what can be taken is, the rest is refused by line.

    Its columns are step (query, chargeback, exception, accept, refuse, close), by, on, ride (of the
    first three), dispute (of the others), amount (minor units) and reason.

    \b
    Example:
      onecard dispute read steps.csv --book book

    Exit code 0: all is taken, or known; 1: lines were refused; 2: nothing of the file was taken.
    """
    from clearing.answers.dispute_file import take_file
    from clearing.answers.session import open_session

    with open_session(book, read_only=False) as session:
        found = take_file(session, file, civil_today(session),
                          rejects or file.with_name(f"{file.name}.rejects.csv"))
        currency = session.described().model.money
    _print_read(file.name, found, currency)
    sys.exit(REFUSED if found.refused else 0)


@command.command("list")
@click.option("--asked", metavar="CODE", help="Only those in which it is this member's turn.")
@list_options
@book_option
@network_option
def list_(asked: str | None, form: Form, book: str, network: str | None) -> None:
    """List disputes; in --csv and --json money is minor units of the network's currency.

    \b
    Example:
      onecard dispute list --asked hk-bus --csv --book book
    """
    from clearing.answers.dispute_listings import list_disputes
    from clearing.cli.output import print_listing

    print_listing(book, network, form, lambda session: list_disputes(session, asked))


@command.command("show")
@DISPUTE
@list_options
@book_option
@network_option
def show(dispute: int, form: Form, book: str, network: str | None) -> None:
    """List the steps of a dispute, each with what it posts: below 0 is given back.

    \b
    Example:
      onecard dispute show 1 --book book
    """
    from clearing.answers.dispute_listings import list_steps
    from clearing.cli.output import print_listing

    print_listing(book, network, form, lambda session: list_steps(session, dispute))


def _take(book: str, step: str, by: str, amount: str | None, reason: str, on: str | None,
          *, ride: str | None = None, number: int | None = None) -> None:
    from clearing.answers.disputes import take_one
    from clearing.answers.named_ride import find_ride
    from clearing.answers.parse import parse_amount, parse_day
    from clearing.answers.session import open_session
    from settlement.disputes import Step

    with open_session(book, read_only=False) as session:
        currency, today = session.described().model.money, civil_today(session)
        taken = take_one(session, Step(
            step, by, today if on is None else parse_day(on, "--on"),
            None if amount is None else parse_amount(amount, currency, "--amount"), reason),
            None if ride is None else find_ride(session, ride), number, today)[1]
    _print_taken(taken, currency)


def _print_read(name: str, found: StepsRead, currency: Currency) -> None:
    from clearing.cli.output import print_table

    say(Phrase("{name}: {lines:,} steps = {taken:,} taken + {known:,} known + {refused:,} refused",
               name=name, lines=found.lines, taken=len(found.taken), known=found.known,
               refused=len(found.refused)))
    for taken in found.taken:
        _print_taken(taken, currency)
    if found.refused:
        say()
        print_table("refused", ("line", "code", "why"),
                    ((one.line, one.code.name, one.why) for one in found.refused),
                    right=("line",))
        say(Phrase("written, to be mended and read again: {rejects}", rejects=found.rejects))


def _print_taken(taken: Taken, currency: Currency) -> None:
    from clearing.answers.disputes import ride_text
    from network.civil import day_of

    row, after = taken.row, taken.after
    say(Phrase("dispute {dispute} is {state}: {claimant} disputes {amount} {currency} of ride "
               "{ride} with {operator}", dispute=row.dispute, state=after.state,
               claimant=after.claimant, amount=currency.text(after.amount), currency=currency.name,
               ride=ride_text(row), operator=after.operator))
    for one in taken.postings:
        say(Phrase("window {window}: {debtor} {owes} {creditor} {amount} ({cause})",
                   window=day_of(row.window), debtor=one.debtor,
                   owes="owes" if one.amount > 0 else "no longer owes", creditor=one.creditor,
                   amount=currency.text(abs(one.amount)), cause=one.cause.name.lower()))
    if after.asked:
        say(Phrase("{asked} is asked, until {until}", asked=after.asked, until=after.until)
            if after.until else Phrase("{asked} is asked", asked=after.asked))
