"""onecard statement: what members were owed and owed, as files that they can open."""

from __future__ import annotations

from pathlib import Path

import click

from clearing.cli.options import archive_option, book_option, cards_option, network_option
from clearing.cli.say import say
from network.language import Phrase


@click.command("statement")
@click.option("--member", "members", metavar="CODE", multiple=True,
              help="Whose; may be given several times. By default every member's.")
@click.option("--window", metavar="DAY", help="Of what closing this day closed.")
@click.option("--month", metavar="YYYY-MM", help="Of a month's windows.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True,
              help="The folder that files go into.")
@click.option("--centre-files", is_flag=True, help="Also the rides in a centre's form: CL for "
              "issuers, FB for operators.")
@click.option("--no-rides", is_flag=True, help="Without the rides behind the sums: faster.")
@cards_option
@book_option
@archive_option
@network_option
def command(members: tuple[str, ...], window: str | None, month: str | None, out: Path,
            centre_files: bool, no_rides: bool, cards: str, book: str, archive: Path | None,
            network: str | None) -> None:
    """Write statements: for each member a workbook, a page to sign, and the rides as CSV.

    In Chinese or English, as network.toml says of the member.

    \b
    Example:
      onecard statement --member hk-bus --window 2024-11-25 --out statements --book book
      onecard statement --month 2024-11 --no-rides --out statements --book book
    """
    from clearing.answers.card_numbers import check_cards_in_full
    from clearing.answers.centre_files import write_centre_file
    from clearing.answers.filters import Filter
    from clearing.answers.member_statements import write_statements
    from clearing.answers.periods import month_period, window_period
    from clearing.answers.session import open_session
    from clearing.cli.output import print_table, say_snapshot

    if (window is None) == (month is None):
        raise click.UsageError("a statement is of a window or of a month: give --window DAY or "
                               "--month YYYY-MM, and not both")
    if no_rides and cards == "full":
        raise click.UsageError("--cards full does not apply with --no-rides: without rides there "
                               "are no card numbers; leave one of them out")
    with open_session(book, network, archive=archive) as session:
        say_snapshot(session.book)
        if centre_files:
            check_cards_in_full(session, "--centre-files")
        for member in members:
            Filter(member=member).select(session)
        period = (window_period(session, window) if window is not None
                  else month_period(session, str(month)))
        currency = session.described().model.money
        written = list(write_statements(session, period, members, out, with_rides=not no_rides,
                                        cards_in_full=cards == "full"))
        print_table(Phrase("statements of {days}, money in {currency}", days=period.days(),
                           currency=currency.name),
                    ("member", "name", "is owed", "owes", "position"),
                    ((one.member.code, one.member.name, currency.text(one.is_owed),
                      currency.text(one.owes), currency.text(one.net)) for one in written),
                    right=("is owed", "owes", "position"))
        if not members:
            say(Phrase("positions add up to {total}",
                       total=currency.text(sum(one.net for one in written))))
        if not period.is_closed:
            say("not all of these windows are closed: amounts can change")
        for path in written[0].files if written else ():
            say(Phrase("written: {path}, and so for each", path=path) if len(written) > 1
                else Phrase("written: {path}", path=path))
        for made in (write_centre_file(session, one.member, period, out)
                     for one in written if centre_files):
            if made is None:
                continue
            say(Phrase("written: {path}, {rides:,} rides, paid {paid}", path=made.path,
                       rides=made.rides, paid=currency.text(made.paid)))
            if made.taken_back:
                say(Phrase("  without {rides:,} rides of which something is taken back",
                           rides=made.taken_back))
