"""onecard price: what one ride costs, without a book."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

from clearing.cli import REFUSED
from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from clearing.answers.price import PriceAnswer

# As clearing.answers.trips reads it, which --help does not import.
BEFORE_SHAPE = '"MODE[:LINE] START[..END] [DUE] [KEY=VALUE]..."'


@click.command("price")
@click.option("--network", required=True, help="A shipped network by name, or a folder.")
@click.option("--at", required=True, metavar="TIME", help='When the ride began, in the network\'s '
              'civil time: "2024-11-25 06:50".')
@click.option("--until", metavar="TIME", help="When it ended; by default 20 minutes later for a "
              "ride with a way out, at once for a single tap.")
@click.option("--mode", help="By default the network's only one.")
@click.option("--operator", default="", help="By default whoever runs the mode, where all ask the "
              "same; else NETWORK-MODE, such as hefei-bus.")
@click.option("--line", default="", help="The line.")
@click.option("--vehicle", default="", help="The vehicle, for transfers and for cards tapped for "
              "several.")
@click.option("--from", "from_stop", default="", metavar="STOP",
              help="Where it began: code or name.")
@click.option("--to", "to_stop", default="", metavar="STOP", help="Where it ended: code or name.")
@click.option("--distance", metavar="LENGTH", help="How far it was, such as 12.1km or 800m: it "
              "takes the place of the stops.")
@click.option("--missing", type=click.Choice(["in", "out"]), help="The tap that the ride lacks. "
              "Without the way in, --at is when it ended.")
@click.option("--due", metavar="AMOUNT", help="What the validator says it costs, in the "
              "network's currency: 2.50.")
@click.option("--card-kind", help="By default the network's first.")
@click.option("--medium", help="By default `card`, or the network's first.")
@click.option("--card-city", default="home", show_default=True, metavar="CITY",
              help="Whose card it is: home, away, or a city by code or name.")
@click.option("--issuer", default="", help="The very issuer, in place of --card-city.")
@click.option("--age", type=click.IntRange(1, 150), help="The rider's age on that day.")
@click.option("--reviewed/--not-reviewed", default=True, show_default=True,
              help="Whether the card's yearly review is valid.")
@click.option("--month-spend", metavar="AMOUNT", help="What every accumulator of money had counted "
              "that month.")
@click.option("--week-spend", metavar="AMOUNT", help="The same for the week.")
@click.option("--day-spend", metavar="AMOUNT", help="The same for the day.")
@click.option("--month-rides", metavar="N", help="What every accumulator of rides had counted "
              "that month.")
@click.option("--counted", multiple=True, metavar="NAME=AMOUNT", help="What one accumulator had "
              "counted, in the currency or in rides; may be repeated.")
@click.option("--counted-before", multiple=True, metavar="NAME=AMOUNT", help="The same in the day, "
              "week, month or year before that of the ride.")
@click.option("--before", multiple=True, metavar="RIDE", help="A ride of the same card before "
              f"this one, to transfer from: {BEFORE_SHAPE}; may be repeated. What was counted "
              "(--month-spend ...) was counted before these, too.")
@click.option("--json", "as_json", is_flag=True, help="For machines; money in minor units.")
def command(as_json: bool, **options: Any) -> None:
    """Price one ride without a book: the rows tried, the one that won, and who pays what.

    \b
    Example:
      onecard price --network demo --mode metro --from 体育西路 --to 广州南站 \\
          --at "2024-11-25 08:10" --month-spend 99.50
      onecard price --network demo --operator sz-bus --line 6 --at "2024-11-25 08:10" \\
          --before "bus:5 07:30 operator=sz-bus"

    A ride before is priced like this one: of the tables, or of its DUE where that is given. START
    and END are 07:30, on the day of --at, or 2024-11-25T07:30. Keys: operator, from, to, distance,
    vehicle.

    Exit code 0: the ride has a price; 1: it would be refused, and why.
    """
    from clearing.answers.price import price
    from clearing.answers.trips import PriceQuestion
    from clearing.cli.explanation import print_explanation
    from clearing.cli.output import print_object

    answer = price(PriceQuestion(**options))
    if as_json:
        print_object(answer)
    else:
        print_explanation(answer, Phrase("one ride:"))
        _print_rest(answer)
        if answer.warning is not None:
            say(Phrase("warning: {warning}", warning=answer.warning), err=True)
    sys.exit(0 if answer.code == "OK" else REFUSED)


def _print_rest(answer: PriceAnswer) -> None:
    """The rides before, what was taken for granted, and the answer."""
    text = answer.money.text
    for earlier in answer.rides_before:
        assert earlier.due is not None and earlier.paid is not None
        say(Phrase("before it: {operator} {mode} {line} at {started_at}, due {due}, paid {paid}",
                   operator=earlier.operator, mode=earlier.mode, line=earlier.line,
                   started_at=earlier.started_at, due=text(earlier.due), paid=text(earlier.paid)))
    for assumed in answer.assumed:
        say(Phrase("taken for granted: {assumed}", assumed=assumed))
    if answer.due is None or answer.paid is None:
        say(Phrase("the ride would be refused: {code}: {reason}", code=answer.code,
                   reason=answer.reason))
    else:
        say(Phrase("the rider pays {paid} of {due} {currency}", paid=text(answer.paid),
                   due=text(answer.due), currency=answer.currency))
