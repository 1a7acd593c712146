"""onecard show: what a book holds."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from clearing.cli.options import Form, archive_option, book_option, list_options, network_option
from network.language import Phrase
from network.spelling import did_you_mean

_PERIOD = ("window", "since", "until")
_OF_WHOM = ("member", "city", "cause")
_RUNS = ("run", "since_run")
_OF_SOME_RIDES = (*_PERIOD, *_RUNS, "card", *_OF_WHOM, "operator", "issuer", "funder", "mode",
                  "card_kind", "away", "time", "late", "reason")
_OF_RIDES = (*_OF_SOME_RIDES, "amount", "variance", "uncollected")
_OF_RECORDS = (*_PERIOD, *_RUNS, "card")
# The topics of clearing.answers.show, which --help does not import, each with what narrows it.
TOPICS = {
    "rides": _OF_RIDES, "entries": _OF_RIDES, "postings": _OF_RIDES,
    "positions": (*_PERIOD, "member", "city", "level"),
    "obligations": (*_OF_SOME_RIDES, "level"), "flows": (*_PERIOD, *_RUNS, *_OF_WHOM),
    "instructions": (*_PERIOD, "member", "city"), "concessions": _OF_SOME_RIDES,
    "bills": (*_PERIOD, "member", "city"), "runs": _RUNS, "files": _RUNS,
    "refusals": (*_RUNS, "reason"), "variances": _OF_RIDES,
    "windows": _PERIOD, "clocks": (*_OF_RECORDS, "operator"), "clock-conflicts": _OF_RECORDS,
}
FLAGS = {"since": "--from", "until": "--to"}
# What a narrow terminal has of a list; the other columns where there is room.
_OF_A_RIDE = ("card", "card_seq", "paid", "variance", "window", "started_at", "operator", "due")
FIRST = {
    "rides": ("late", *_OF_A_RIDE), "entries": (*_OF_A_RIDE, "reason", "run", "held"),
    "runs": ("run", "kind", "accepted", "known", "refused", "rides", "due", "paid"),
    "files": ("run", "name", "records", "accepted", "known", "refused", "code"),
    "refusals": ("file", "line", "code", "column", "record"),
    "obligations": ("debtor", "creditor", "cause", "items", "amount"),
    "flows": ("run", "window", "debtor", "creditor", "cause", "items", "amount"),
    "concessions": ("funder", "operator", "cause", "card_kind", "rides", "amount"),
    "bills": ("funder", "month", "rides", "base", "billed", "difference"),
}


class Topic(click.Choice[str]):
    """One of TOPICS; a misspelt one is told what it is written most like."""

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The topic. Raises click.BadParameter."""
        if value not in TOPICS:
            self.fail(Phrase("there is nothing called {value!r} to list; {remedy}\nexpected one "
                             "of {topics}", value=value, topics=", ".join(TOPICS),
                             remedy=did_you_mean(value, TOPICS,
                                                 Phrase("look at `onecard show --help`"))),
                      param, ctx)
        return value


@click.command("show")
@click.argument("what", metavar="WHAT", type=Topic(tuple(TOPICS)))
@book_option
@archive_option
@network_option
@click.option("--window", metavar="DAY", help="Only this clearing day, such as 2024-11-25.")
@click.option("--from", "since", metavar="DAY", help="Only from this clearing day on.")
@click.option("--to", "until", metavar="DAY", help="Only up to this clearing day.")
@click.option("--run", type=int, metavar="NUMBER", help="Only this run.")
@click.option("--since-run", type=int, metavar="NUMBER", help="Only this run and those after it.")
@click.option("--card", metavar="CARD", help="Only this card, or cards like …119 or 310487…8019.")
@click.option("--member", metavar="CODE", help="Only what this member owes, or is owed.")
@click.option("--city", metavar="CODE", help="Only what this city's members owe, or are owed.")
@click.option("--cause", help="Only what is owed for this: fare, concession, clearing_fee …")
@click.option("--operator", metavar="CODE", help="Only rides with this operator.")
@click.option("--issuer", metavar="CODE", help="Only rides on this issuer's cards.")
@click.option("--funder", metavar="CODE", help="Only rides that this member pays a discount of.")
@click.option("--mode", metavar="CODE", help="Only rides by bus, metro …")
@click.option("--card-kind", metavar="CODE", help="Only rides on cards of this kind.")
@click.option("--away", is_flag=True, help="Only rides in another city than the card's.")
@click.option("--time", metavar="A..B", help="Only rides that began between two times of the day, "
              "such as 07:00..09:00, or two moments.")
@click.option("--amount", metavar="A..B", help="Only rides that paid so much, such as 1.50..4.")
@click.option("--variance", is_flag=True, help="Only rides that paid other than their price.")
@click.option("--late", is_flag=True, help="Only what came when its window was closed.")
@click.option("--uncollected", is_flag=True, help="Only rides of which no record says what was "
              "paid.")
@click.option("--reason", metavar="WORD", help="Only entries for this reason: original, "
              "late_record, correction …; only refusals of this code.")
@click.option("--level", type=click.Choice(("member", "city", "province")),
              help="Between whom: members, cities or provinces.")
@click.option("--as-of", type=int, metavar="RUN",
              help="What the book said after this run, whatever came later.")
@list_options
def command(what: str, book: str, archive: Path | None, network: str | None,
            as_of: int | None, form: Form, **narrowing: Any) -> None:
    """List what a book holds; committed runs only.

    WHAT is rides, entries, postings, positions, obligations, flows, instructions, concessions,
    bills, runs, files, refusals, variances, windows, clocks or clock-conflicts.

    Every row is listed where output is piped; a terminal gets the columns that fit, and the
    first rows. What is left out is told. An option that would narrow nothing is refused.

    Money is yuan, or what the network's currency is, for people, and whole minor units (fen,
    cents, rupiah) with --json and --csv.

    \b
    Example:
      onecard show positions --book book
      onecard show obligations --level city --from 2024-11-01 --to 2024-11-30 --book book
      onecard show rides --csv --book book > rides.csv
      onecard show entries --card 3105170010170907984 --book book
    """
    from clearing.answers.filters import Filter, check_known
    from clearing.answers.session import open_session
    from clearing.answers.show import show
    from clearing.cli.output import print_rows, say_snapshot

    given = {name: value for name, value in narrowing.items() if value not in (None, False)}
    _check_applies(what, given)
    with open_session(book, network, as_of=as_of, archive=archive) as session:
        say_snapshot(session.book)
        wanted = Filter(**given, now_s=int(time.time()))
        check_known(session, wanted)
        print_rows(session, form, show(session, what, wanted), FIRST.get(what, ()))


def _check_applies(what: str, given: dict[str, Any]) -> None:
    """Refuse options that would narrow nothing."""
    for name in given:
        if name not in TOPICS[what]:
            flag, *flags = (FLAGS.get(one, f"--{one}").replace("_", "-")
                            for one in (name, *TOPICS[what]))
            raise click.UsageError(Phrase("{flag} does not apply to `show {what}`, which can be "
                                          "narrowed by {flags}; leave it out, or list something "
                                          "else", flag=flag, what=what, flags=", ".join(flags)))
