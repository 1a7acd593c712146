"""onecard pay: payments of closed windows, from the batch to the bank's answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli import REFUSED
from clearing.cli.options import (
    Form,
    InputFile,
    book_option,
    civil_today,
    list_options,
    network_option,
)
from clearing.cli.say import say
from network.language import Phrase, joined

if TYPE_CHECKING:
    from clearing.answers.pay_answer import Answered
    from clearing.answers.pay_listings import PayListing
    from clearing.answers.payments import Batch
    from clearing.answers.session import Session
    from network.money import Currency

# As in clearing.answers.pay, which --help does not import.
FORMATS = ("pain.001", "pacs.009", "csv")
# What a narrow terminal has of a payment.
FIRST = ("payment", "member", "action", "amount", "state", "status", "reason", "account")
BATCH = click.argument("batch", type=click.IntRange(1))


@click.group("pay")
def command() -> None:
    """Pay what closed windows instruct, and read what the bank says became of it.

    One person makes a batch, another one checks it; then it is written for the bank. What the
    bank rejects or gives back is open again, and goes into the next batch.

    \b
    Example:
      onecard pay make --by 'Li Na' --book book
      onecard pay check 1 --by 'Wang Wei' --book book
      onecard pay write 1 --format pain.001 --out batch-1.xml --book book
    """


@command.command("make")
@click.option("--window", "windows", multiple=True, metavar="DAY",
              help="Only this window, by the day that `settle` named; may be given again. By "
              "default all that have open positions.")
@click.option("--on", "pay_on", metavar="DAY", help="The bank day on which banks are to pay, "
              "by default today or the next one. Accounts are those of that day.")
@click.option("--by", required=True, metavar="NAME", help="Who makes the batch.")
@book_option
@network_option
def make(windows: tuple[str, ...], pay_on: str | None, by: str, book: str, network: str | None
         ) -> None:
    """Make a batch: one payment for each open position.

    \b
    Example:
      onecard pay make --window 2024-11-25 --by 'Li Na' --book book
    """
    from clearing.answers.pay import make_batch
    from clearing.answers.session import open_session

    with open_session(book, network, read_only=False) as session:
        _print_batch(session, make_batch(session, by, civil_today(session), pay_on, windows))


@command.command("check")
@BATCH
@click.option("--by", required=True, metavar="NAME", help="Who checks it: not who made it.")
@book_option
@network_option
def check(batch: int, by: str, book: str, network: str | None) -> None:
    """Check a batch that somebody else made; its amounts are added up again.

    \b
    Example:
      onecard pay check 1 --by 'Wang Wei' --book book
    """
    from clearing.answers.pay import check_batch
    from clearing.answers.session import open_session

    with open_session(book, network, read_only=False) as session:
        _print_batch(session, check_batch(session, batch, by))


@command.command("decline")
@BATCH
@click.option("--by", required=True, metavar="NAME", help="Who declines it.")
@book_option
@network_option
def decline(batch: int, by: str, book: str, network: str | None) -> None:
    """Decline a batch that was not written: its positions are open again.

    \b
    Example:
      onecard pay decline 1 --by 'Wang Wei' --book book
    """
    from clearing.answers.pay import decline_batch
    from clearing.answers.session import open_session

    with open_session(book, network, read_only=False) as session:
        _print_batch(session, decline_batch(session, batch, by))


@command.command("write")
@BATCH
@click.option("--format", "form", required=True, type=click.Choice(FORMATS),
              help="pain.001 for the settlement bank, pacs.009 between banks, or plain CSV.")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path),
              metavar="FILE", help="The file to write.")
@book_option
@network_option
def write(batch: int, form: str, out: Path, book: str, network: str | None) -> None:
    """Write a checked batch for the bank; written again, it is the same file byte for byte.

    \b
    Example:
      onecard pay write 1 --format pain.001 --out batch-1.xml --book book
    """
    from clearing.answers.pay import write_batch
    from clearing.answers.session import open_session

    with open_session(book, network, read_only=False) as session:
        written = write_batch(session, batch, form, out)
    say(Phrase("batch {batch} is written as {message}: {out}", batch=batch,
               message=written.message, out=out))
    say(Phrase("SHA-256 {sha256}", sha256=written.sha256))


@command.command("answer")
@click.argument("files", nargs=-1, required=True, metavar="FILE...", type=InputFile())
@click.option("--leave-others", is_flag=True, help="Leave out entries that name payments which "
              "are not of this book; else such a file is refused.")
@book_option
@network_option
def answer(files: tuple[Path, ...], leave_others: bool, book: str, network: str | None) -> None:
    """Read what the bank says became of payments: pain.002, pacs.002, camt.052, 053 or 054.

    All of a file is posted, or nothing of it; files behind one that is refused are not read. The
    position of a payment that was rejected or returned is open again.

    \b
    Example:
      onecard pay answer statement.xml --book book

    Exit code 0: nothing came back; 1: a payment was rejected or returned, and printed; 2: a file
    was refused.
    """
    from clearing.answers.pay_answer import answer_payments
    from clearing.answers.session import open_session

    came_back = False
    with open_session(book, network, read_only=False) as session:
        for file in files:
            answered = answer_payments(session, file, leave_others=leave_others)
            _print_answered(answered, session.described().model.money)
            came_back |= bool(answered.came_back)
    sys.exit(REFUSED if came_back else 0)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Batches and open positions as JSON.")
@book_option
@network_option
def list_(as_json: bool, book: str, network: str | None) -> None:
    """List batches, and the positions that are open.

    \b
    Example:
      onecard pay list --book book
    """
    from clearing.answers.pay_listings import list_all
    from clearing.answers.session import open_session
    from clearing.cli.output import print_object, say_snapshot

    with open_session(book, network) as session:
        say_snapshot(session.book)
        listing = list_all(session)
    if as_json:
        print_object(listing)
        return
    _print_batches(listing)
    _print_open(listing)


@command.command("show")
@BATCH
@list_options
@book_option
@network_option
def show(batch: int, form: Form, book: str, network: str | None) -> None:
    """List the payments of a batch, each with what became of it.

    \b
    Example:
      onecard pay show 1 --book book
    """
    from clearing.answers.pay_listings import list_payments
    from clearing.cli.output import print_listing

    print_listing(book, network, form, lambda session: list_payments(session, batch), FIRST)


def _print_batches(listing: PayListing) -> None:
    from clearing.cli.output import print_table

    text = listing.currency.text
    if not listing.batches:
        say("no batch was made yet")
        return
    print_table(Phrase("batches, in {currency}", currency=listing.currency.name), (
        "batch", "windows", "payments", "members pay", "members get", "state", "made by",
        "checked by", "answers"), (
        (one.batch, _span(one.windows), f"{one.payments:,}", text(one.members_pay),
         text(one.members_get), one.state, one.made_by, one.checked_by,
         joined(", ", (Phrase("{count:,} {state}", count=count, state=state)
                       for state, count in one.answered.items())))
        for one in listing.batches), right=("payments", "members pay", "members get"))


def _action(action: str, counterparty: str) -> Phrase:
    return (Phrase("{action} {counterparty}", action=action, counterparty=counterparty)
            if counterparty else Phrase("{action}", action=action))


def _print_open(listing: PayListing) -> None:
    from clearing.cli.output import print_table

    if not listing.open_positions:
        say("no position is open")
        return
    print_table(Phrase("open positions, in {currency}", currency=listing.currency.name), (
        "window", "member", "", "amount", "why"), (
        (one.window, one.member, _action(one.action, one.counterparty),
         listing.currency.text(one.amount), one.why)
        for one in listing.open_positions), right=("amount",))


def _print_answered(answered: Answered, currency: Currency) -> None:
    from clearing.cli.output import print_table
    from network.civil import day_of

    message, identity = answered.message
    if answered.is_known:
        say(Phrase("{name}: known: run {run} has read the same bytes", name=answered.name,
                   run=answered.run))
        return
    new = joined(", ", (Phrase("{count:,} {state}", count=count, state=state)
                        for state, count in sorted(answered.new.items())))
    say(f"{answered.name}: {message} {identity}")
    say(Phrase("payments: {new}; known before: {known:,}; entries of no payment of this book: "
               "{others:,}", new=new or Phrase("nothing new"), known=answered.known,
               others=answered.others))
    if answered.came_back:
        print_table(Phrase("open again, in {currency}", currency=currency.name), (
            "payment", "window", "member", "", "amount", "state", "status", "reason"), (
            (f"{one.batch}/{one.payment}", day_of(one.window), one.member,
             _action(one.action, one.counterparty), currency.text(one.amount), row.state,
             row.status, row.reason)
            for one, row in answered.came_back), right=("amount",))


def _span(windows: list[str]) -> str:
    return windows[0] if len(windows) == 1 else f"{windows[0]} … {windows[-1]}" if windows else ""


def _print_batch(session: Session, batch: Batch) -> None:
    from clearing.answers.pay_listings import summary_of

    one = summary_of(session, batch)
    text, name = session.described().model.money.text, session.described().model.money.name
    say(Phrase("batch {batch} is {state}: {payments:,} payments of windows {windows}, members pay "
               "{members_pay} {currency} and get {members_get}", batch=one.batch, state=one.state,
               payments=one.payments, windows=_span(one.windows),
               members_pay=text(one.members_pay), currency=name, members_get=text(one.members_get)))
    if not one.checked_by:
        say(Phrase("made by {made_by}", made_by=one.made_by))
    elif one.state == "declined":
        say(Phrase("made by {made_by}, declined by {by}", made_by=one.made_by, by=one.checked_by))
    else:
        say(Phrase("made by {made_by}, checked by {by}", made_by=one.made_by, by=one.checked_by))
