"""onecard what-if: a period by other tables."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from clearing.cli.options import archive_option, book_option, format_options, threads_option
from clearing.cli.say import say
from network.language import Phrase

if TYPE_CHECKING:
    from clearing.answers.what_if import Comparison
    from network.money import Currency

BAR_COLUMNS = 40            # of the longest bar


@click.command("what-if")
@click.option("--network", required=True, help="The other tables: a shipped network by name, or "
              "a folder of your own, such as a changed copy of the book's.")
@click.option("--from", "first", required=True, metavar="DAY", help="The first service day.")
@click.option("--to", "last", required=True, metavar="DAY", help="The last service day.")
@click.option("--picture", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE",
              help="Draw who pays more and less, by card kind; .svg or .png. Needs the extra "
                   "`picture`.")
@book_option
@archive_option
@format_options
@threads_option
def command(network: str, first: str, last: str, picture: Path | None, book: str,
            archive: Path | None, form: str | None, threads: int) -> None:
    """Say what riders and funders would have paid by other tables; nothing is posted.

    Prices are compared: what the tables say that riders should pay, whatever validators took.
    "now" is what the ledger has, "then" what the other tables make of the same records.

    \b
    Example:
      onecard what-if --network dearer --from 2024-11-25 --to 2024-11-25 --book book
    """
    from clearing.answers.session import open_session
    from clearing.answers.what_if import COLUMNS, what_if
    from clearing.cli.output import print_csv, print_json, say_snapshot
    from clearing.cli.progress import progress_bar

    if picture is not None:
        from clearing.cli.picture import check_picture

        check_picture(picture)      # before the work, not after it
    with open_session(book, archive=archive) as session, progress_bar() as progress:
        say_snapshot(session.book)
        compared = what_if(session, network, first, last, threads=threads,
                           progress=progress)
    title = Phrase("{first} to {last} by {network}", first=first, last=last, network=network)
    if picture is not None:
        from clearing.cli.picture import draw_riders

        draw_riders(picture, {Phrase("all cards"): compared.riders, **compared.by_card_kind},
                    compared.currency, title)
    if form == "csv":
        print_csv(COLUMNS, compared.rows)
    elif form == "json":
        print_json(COLUMNS, compared.rows)
    else:
        _print(compared, title)


def _print(compared: Comparison, title: Phrase) -> None:
    from clearing.answers.what_if import COLUMNS
    from clearing.cli.output import print_table

    text, riders = compared.currency.text, compared.riders
    print_table(Phrase("{title}: in {currency}", title=title,
                       currency=compared.currency.name), COLUMNS,
                ((*row[:2], f"{row[2]:,}", *map(text, row[3:])) for row in compared.rows),
                right=COLUMNS[2:])
    say(Phrase("{pay_more:,} cards pay more, {pay_less:,} less, {pay_the_same:,} the same",
               pay_more=riders.pay_more, pay_less=riders.pay_less,
               pay_the_same=riders.pay_the_same))
    if riders.deciles:
        _print_deciles(riders.deciles, compared.currency)
    if compared.without_fare:
        say(Phrase("{without_fare:,} records are of rides for which these tables have no fare; "
                   'they are not counted in "then"', without_fare=compared.without_fare))


def _print_deciles(deciles: Sequence[int], currency: Currency) -> None:
    """The cards in order of what their rides cost more, a tenth each between two lines, as bars."""
    say("\nwhat the rides of a card cost more, a tenth of the cards between two lines")
    most = max(map(abs, deciles)) or 1
    texts = [currency.text(amount) for amount in deciles]
    wide = max(map(len, texts))
    for tenth, (amount, text) in enumerate(zip(deciles, texts, strict=True)):
        share = f"{tenth * 10} %"
        say(f"{share:>6}  {text:>{wide}}  {'█' * -(-abs(amount) * BAR_COLUMNS // most)}")
