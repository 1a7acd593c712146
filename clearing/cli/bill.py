"""onecard bill: what a funder is billed for a month, and the rides behind it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli.options import archive_option, book_option, cards_option, network_option
from clearing.cli.say import say
from network.civil import day_of
from network.language import Phrase

if TYPE_CHECKING:
    from clearing.answers.bills import MadeBill


@click.command("bill")
@click.option("--funder", required=True, metavar="CODE", help="Who pays.")
@click.option("--month", required=True, metavar="YYYY-MM", help="The month of the windows.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True,
              help="The folder that files go into.")
@cards_option
@book_option
@archive_option
@network_option
def command(funder: str, month: str, out: Path, cards: str, book: str, archive: Path | None,
            network: str | None) -> None:
    """Write a funder's bill of a month: a workbook, a page to sign, and the rides as CSV.

    By the funder's terms, [[bill]] in network.toml; without any, what its rides fell short of
    their price, as windows settle it.

    \b
    Example:
      onecard bill --funder hk-civil --month 2024-11 --out bills --book book
    """
    from clearing.answers.bills import name_of, write_bill
    from clearing.answers.filters import Filter
    from clearing.answers.periods import month_period
    from clearing.answers.session import open_session
    from clearing.cli.output import print_table, say_snapshot

    with open_session(book, network, archive=archive) as session:
        say_snapshot(session.book)
        Filter(member=funder).select(session)
        period = month_period(session, month)
        written = write_bill(session, funder, period, out, cards_in_full=cards == "full")
        bill, currency = written.made.bill, session.described().model.money
        text = currency.text
        print_table(Phrase("bill of {funder} {funder_2} for {month} by {terms}, money in "
                           "{currency}", funder=funder, funder_2=written.funder.name, month=month,
                           terms=name_of(bill.terms), currency=currency.name),
                    ("operator", "rides", "shortfall", "by the terms", "carried in", "billed",
                     "above the ceiling"),
                    ((operator or "(no rides)",
                      bill.ridden[operator].rides if operator in bill.ridden else 0,
                      text(bill.ridden[operator].shortfall if operator in bill.ridden else 0),
                      *map(text, share)) for operator, share in bill.shares.items()),
                    right=("rides", "shortfall", "by the terms", "carried in", "billed",
                           "above the ceiling"))
        for budget, amount in bill.budgets.items():
            say(Phrase("budget {budget}: {amount}", budget=budget, amount=text(amount)))
        say(_difference(written.made, text, is_closed=period.is_closed))
        if bill.above:
            above = text(bill.above)
            say(Phrase("{above} above the ceiling go to the next month's bill", above=above)
                if bill.is_carried
                else Phrase("{above} above the ceiling is borne by the operators", above=above))
        if not period.is_closed:
            say("not all of these windows are closed: amounts can change")
        for path in written.files:
            say(Phrase("written: {path}", path=path))


def _difference(made: MadeBill, text: Callable[[int], str], *, is_closed: bool) -> Phrase:
    """What is billed and what windows settle, and where what is between them is posted."""
    bill = made.bill
    billed, settled = text(bill.billed), text(bill.settled)
    difference = text(bill.billed - bill.settled)
    if made.window is not None:
        return Phrase("billed {billed}; windows settle {settled}; the difference of {difference} "
                      "is posted in window {window}", billed=billed, settled=settled,
                      difference=difference, window=day_of(made.window))
    if bill.is_posted and not is_closed:
        return Phrase("billed {billed}; windows settle {settled}; the difference of {difference} "
                      "is posted when the month's last window closes", billed=billed,
                      settled=settled, difference=difference)
    return Phrase("billed {billed}; windows settle {settled}; the difference of {difference} is "
                  "posted nowhere", billed=billed, settled=settled, difference=difference)
