"""onecard restate: closed windows by changed tables."""

from __future__ import annotations

import click

from clearing.cli.options import book_option, network_option, threads_option
from clearing.cli.say import say
from network.language import Phrase


@click.command("restate")
@click.option("--since", required=True, metavar="DAY",
              help="The first service day whose rides are priced again, such as 2024-11-25.")
@click.option("--dry-run", is_flag=True, help="Say what would be posted, and post nothing.")
@book_option
@network_option
@threads_option
def command(since: str, dry_run: bool, book: str, network: str | None, threads: int) -> None:
    """Price closed days again by the tables as they are now, and post what differs.

    What was settled stays: each ride that comes out otherwise is taken back and entered anew in
    the window that is open, with the reason RESTATED.

    \b
    Example:
      onecard restate --since 2024-11-25 --dry-run --book book
    """
    from clearing.answers.restate import COLUMNS, restate
    from clearing.answers.session import open_session
    from clearing.cli.output import print_table
    from clearing.cli.progress import progress_bar

    with (open_session(book, network, read_only=False) as session,
          progress_bar() as progress):
        restated = restate(session, since, threads=threads, dry_run=dry_run,
                           progress=progress)
    text = restated.currency.text
    print_table(Phrase("what {since} and later days come to by now, less what was posted: in "
                       "{currency}", since=since, currency=restated.currency.name), COLUMNS,
                ((*row[:-2], f"{row[-2]:,}", text(row[-1])) for row in restated.differences),
                right=("count", "amount"))
    counts = Phrase("{taken_back:,} entries taken back, {entered:,} entered",
                    taken_back=restated.taken_back, entered=restated.entered)
    say(Phrase("{counts}: restatement {number}, run {run}", counts=counts,
               number=restated.number, run=restated.run.run) if restated.run else
        Phrase("{counts}; nothing was posted (it would be restatement {number})", counts=counts,
               number=restated.number))
