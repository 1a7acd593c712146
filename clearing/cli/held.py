"""onecard held: what is not settled yet, and who decides about it."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING

import click

from clearing.cli import REFUSED
from clearing.cli.options import (
    Form,
    book_option,
    list_options,
    network_option,
    threads_option,
)
from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from ext.codes import CorrectionReason


@click.group("held")
def command() -> None:
    """List rides that are held back from settlement, and release or reject them.

    \b
    Example:
      onecard held list --book book
      onecard held release 3105000020000000043/62 --by li.wei --book book
    """


@command.command("list")
@book_option
@network_option
@list_options
def list_(book: str, network: str | None, form: Form) -> None:
    """List what is held; in --csv and --json money is minor units of the network's currency.

    \b
    Example:
      onecard held list --csv --book book
    """
    from clearing.answers.held import list_held
    from clearing.cli.output import print_listing

    print_listing(book, network, form, list_held, ("ride", "why", "paid", "due"))


by_option = click.option("--by", required=True, metavar="CODE",
                         help="Who says so: an [[approver]] of network.toml.")


@command.command("release")
@click.argument("rides", nargs=-1, required=True, metavar="CARD/COUNTER...")
@by_option
@book_option
@network_option
@threads_option
def release(rides: tuple[str, ...], by: str, book: str, network: str | None, threads: int) -> None:
    """Believe what the records of held rides claim: they are settled in the window that is open.

    \b
    Example:
      onecard held release 3105000020000000043/62 --by li.wei --book book
    """
    from ext.codes import CorrectionReason

    _decide(rides, by, book, network, threads, CorrectionReason.RELEASED)


@command.command("reject")
@click.argument("rides", nargs=-1, required=True, metavar="CARD/COUNTER...")
@by_option
@book_option
@network_option
@threads_option
def reject(rides: tuple[str, ...], by: str, book: str, network: str | None, threads: int) -> None:
    """Believe nothing of what was paid for held rides: nobody owes it until a correction says it.

    \b
    Example:
      onecard held reject 3105000020000000043/62 --by li.wei --book book
    """
    from ext.codes import CorrectionReason

    _decide(rides, by, book, network, threads, CorrectionReason.REJECTED)


def _decide(rides: tuple[str, ...], by: str, book: str, network: str | None, threads: int,
            reason: CorrectionReason) -> None:
    from clearing.answers.held import decide, list_held
    from clearing.answers.named_ride import find_ride
    from clearing.answers.session import open_session
    from clearing.cli.clear import print_refusals
    from clearing.cli.output import print_chain

    with open_session(book, network, read_only=False) as session:
        report = decide(session, rides, by, reason, received_at=int(time.time()),
                        threads=threads).report
        held = {str(row[0]) for row in list_held(session).rows}
        left = {ride for ride in rides if find_ride(session, ride).in_full in held}
    count = len({*rides})
    say(Phrase("{count} {what} {decision} by {by}: run {run}", count=count,
               what="ride" if count == 1 else "rides", decision=reason.name.lower(), by=by,
               run=report.run.run))
    for ride in sorted(left):
        say(Phrase("{ride} is held all the same: what is due for it is not believed; have its "
                   "operator correct the record", ride=ride))
    if report.refusals:
        print_refusals(report.refusals)
    print_chain(report.run)
    sys.exit(0 if report.is_all_accepted and not left else REFUSED)
