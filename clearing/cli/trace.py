"""onecard trace: from a position down to its rides, from a ride up to its payment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli.options import Form, archive_option, book_option, list_options, network_option
from network.language import Phrase

if TYPE_CHECKING:
    from clearing.answers.session import Session
    from clearing.answers.trace import TracedEntry
    from network.money import Currency


@click.command("trace")
@click.argument("ride", metavar="[CARD/COUNTER]", required=False)
@click.option("--payment", metavar="BATCH/NUMBER", help="Down: the position that it pays.")
@click.option("--member", metavar="CODE", help="Down: whose position.")
@click.option("--window", metavar="DAY", help="Down: of what closing this day closed.")
@click.option("--month", metavar="YYYY-MM", help="Down: of a month's windows.")
@click.option("--cause", help="Down: only what is owed for this, and the rides: fare, concession …")
@book_option
@archive_option
@network_option
@list_options
def command(ride: str | None, payment: str | None, member: str | None, window: str | None,
            month: str | None, cause: str | None, book: str, archive: Path | None,
            network: str | None, form: Form) -> None:
    """Follow money: a position down to its rides, or a ride up to its payment and its bytes.

    Down, --payment, or --member with --window or --month, says what the position is made of; with
    --cause, and always with --csv and --json, the rides themselves are listed. Their amounts add
    up to it.

    \b
    Example:
      onecard trace 3105000020000000043/61 --book book
      onecard trace --member hk-bus --window 2024-11-25 --book book
      onecard trace --member hk-bus --window 2024-11-25 --cause concession --book book
    """
    from clearing.answers.session import open_session
    from clearing.cli.output import say_snapshot

    ways = [ride is not None, payment is not None,
            member is not None and (window is None) != (month is None)]
    if sum(ways) != 1 or (not ways[2] and (member or window or month)) or (ride and cause):
        raise click.UsageError("give one of these: a ride as CARD/COUNTER; --payment BATCH/NUMBER; "
                               "--member with either --window or --month")
    if (form.columns or form.is_wide) and (ride or not (cause or form.kind)):
        raise click.UsageError("--columns and --wide apply where rides are listed, as with "
                               "--cause; leave them out")
    if ride is not None and form.kind not in (None, "json"):
        raise click.UsageError("a ride's way is no table: --json prints it for machines")
    with open_session(book, network, archive=archive) as session:
        say_snapshot(session.book)
        if ride is not None:
            _up(session, ride, form)
            return
        if payment is not None:
            member, window = _paid(session, payment)
        _down(session, str(member), window, month, cause, form)


def _paid(session: Session, which: str) -> tuple[str, str]:
    """The member and the window of a payment."""
    from clearing.answers.trace import payment_of
    from clearing.cli.say import say
    from network.civil import day_of

    one = payment_of(session, which)
    text = session.described().model.money.text(one.amount)
    say(Phrase("payment {which}: {member} {action} {text}, {reference}", which=which,
               member=one.member, action=one.action, text=text, reference=one.reference), err=True)
    return one.member, day_of(one.window).isoformat()


def _down(session: Session, member: str, window: str | None, month: str | None,
          cause: str | None, form: Form) -> None:
    from clearing.answers.filters import Filter
    from clearing.answers.periods import month_period, window_period
    from clearing.answers.show import Listing
    from clearing.answers.trace import RIDE_COLUMNS, parts_of, rides_of
    from clearing.cli.output import print_rows, print_table
    from clearing.cli.say import say

    Filter(member=member, cause=cause).select(session)
    period = (window_period(session, window) if window is not None
              else month_period(session, str(month)))
    currency = session.described().model.money
    rides = Listing(Phrase("rides of {member} for {cause}", member=member, cause=cause),
                    RIDE_COLUMNS,
                    rides_of(session, period, member, cause), ("card_seq",), ("amount",), currency)
    if form.kind is not None:
        print_rows(session, form, rides)
        return
    parts = parts_of(session, period, member, cause)
    text = currency.text
    print_table(Phrase("position of {member}, {days}, money in {currency}", member=member,
                       days=period.days(), currency=currency.name),
                ("cause", "with", "name", "items", "is owed", "owes", "net"),
                ((one.cause, one.code, one.name, one.items, text(one.is_owed), text(one.owes),
                  text(one.net)) for one in parts), right=("items", "is owed", "owes", "net"))
    if cause is not None:
        print_rows(session, form, rides)
    together = text(sum(one.net for one in parts))
    if cause is not None:
        say(Phrase("together {together} for {cause}", together=together, cause=cause))
    else:
        say(Phrase("together {together}", together=together))
        say("--cause lists the rides of one of them, --csv those of all")


def _up(session: Session, ride: str, form: Form) -> None:
    from clearing.answers.trace import trace_ride
    from clearing.cli.output import print_object
    from clearing.cli.say import say

    entries = trace_ride(session, ride)
    if form.kind == "json":
        print_object(entries)
        return
    for one in entries:
        _print_entry(ride, one, session.described().model.money)
    for told in entries[-1].disputes:
        say(Phrase("{told}; its steps: `onecard dispute show`", told=told))


def _print_entry(ride: str, one: TracedEntry, currency: Currency) -> None:
    from clearing.cli.output import print_table
    from clearing.cli.say import say

    text = currency.text
    title = Phrase("ride {ride}, entered by run {run}: {reason}", ride=ride, run=one.run,
                   reason=one.reason.replace("_", " "))
    if one.takes_back:
        title = Phrase("{title}, takes an entry back", title=title)
    amount = Phrase("amount, {currency}", currency=currency.name)
    print_table(title, ("cause", "owes", "is owed", "rule", amount),
                ((leg.cause, leg.debtor, leg.creditor, leg.rule, text(leg.amount))
                 for leg in one.legs), right=(amount,))
    for record in one.records:
        say(Phrase("from line {line}, byte {offset} of {name}, SHA-256 {file}", line=record.line,
                   offset=record.offset, name=record.name, file=record.file))
        say(f"  {record.text or record.why}")
    if one.held:
        say("held: it counts in no position")
        return
    say(Phrase("window {window}, closed with {closed}", window=one.window, closed=one.closed)
        if one.closed else Phrase("window {window}, which is still open", window=one.window))
    for position in one.positions:
        say(Phrase("  position of {member} {name}: {position}", member=position.member,
                   name=position.name, position=text(position.position)))
        for each in position.instructions:
            say(_instruction(each.action, text(each.amount), each.counterparty))
        for payment in position.payments:
            say(Phrase("    {payment}", payment=payment))


def _instruction(action: str, amount: str, counterparty: str) -> Phrase:
    """What a member pays or receives, and with whom where that is not the settlement account."""
    if not counterparty:
        return Phrase("    {action} {amount}", action=action, amount=amount)
    if action == "pays":
        return Phrase("    pays {amount} to {counterparty}", amount=amount,
                      counterparty=counterparty)
    return Phrase("    {action} {amount} of {counterparty}", action=action, amount=amount,
                  counterparty=counterparty)
