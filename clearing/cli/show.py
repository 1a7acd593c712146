"""onecard show: what a book holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import click

from clearing.cli.options import book_option, format_options, network_option

if TYPE_CHECKING:
    from clearing.answers.listings import Lister
    from clearing.book import Book
    from network.numbering import NumberedNetwork

TOPICS = ("rides", "entries", "postings", "positions", "runs", "files", "refusals", "variances")
# What people can do without in a table; --csv and --json have every column.
HIDDEN = ("medium", "card_kind", "price", "window", "issuer", "reason", "digest", "sha256",
          *(f"leg{leg}_{part}" for leg in (3, 4) for part in ("kind", "rule", "funder", "amount")))


@click.command("show")
@click.argument("what", type=click.Choice(TOPICS))
@book_option
@network_option
@click.option("--window", metavar="DAY", help="Only this clearing day, such as 2024-11-25.")
@click.option("--run", type=int, metavar="NUMBER", help="Only this run.")
@click.option("--card", metavar="CARD", help="Only this card.")
@format_options
def command(what: str, book: str, network: str | None, window: str | None, run: int | None,
            card: str | None, form: str | None) -> None:
    """List what a book holds; committed runs only. Money is fen in --csv and --json.

    \b
    Example:
      onecard show positions --book book
      onecard show rides --csv --book book > rides.csv
      onecard show entries --card 3105170010170907984 --book book
    """
    from clearing.answers.listings import Lister
    from clearing.cli.output import print_rows
    from clearing.cli.session import reading

    with reading(book, network) as (opened, world):
        lister = Lister(opened, world.names, world.network.civil_offset_s)
        where = _where(window, run, card)
        title, columns, rows, right = _topics(opened, world, lister, where, window, run)[what]()
        print_rows(form, title, columns, rows, right, HIDDEN)


def _where(window: str | None, run: int | None, card: str | None) -> str:
    """The options as a condition on entries and postings."""
    from clearing.engine.run import day_number
    from network.cards import card_bits

    parts = ["1"]
    if window is not None:
        parts.append(f"window = {day_number(window)}")
    if run is not None:
        parts.append(f"run = {run}")
    if card is not None:
        high, low = card_bits(card)
        parts.append(f"card_hi = {high} AND card_lo = {low}")
    return " AND ".join(parts)


Topic = tuple[str, tuple[str, ...], Iterator[tuple[Any, ...]], tuple[str, ...]]


def _topics(book: Book, world: NumberedNetwork, lister: Lister, where: str, window: str | None,
            run: int | None) -> dict[str, Callable[[], Topic]]:
    """Title, columns, rows, and columns of numbers, of each topic."""
    from clearing.answers import listings

    money = ("due", "price", "paid", "variance", "amount")
    return {
        "rides": lambda: ("rides, money in fen", listings.RIDE_COLUMNS, lister.rides(where), money),
        "entries": lambda: ("entries, money in fen", listings.ENTRY_COLUMNS,
                            lister.entries(where), money),
        "postings": lambda: ("postings, money in fen", listings.POSTING_COLUMNS,
                             lister.postings(where), money),
        "variances": lambda: ("variances: validator less table, in fen", listings.VARIANCE_COLUMNS,
                              lister.variances(where), ("variance", "rides", "total")),
        "positions": lambda: _positions(book, world, window),
        "runs": lambda: _runs(book, run),
        "files": lambda: _files(book, run),
        "refusals": lambda: _refusals(book, run),
    }


def _positions(book: Book, world: NumberedNetwork, window: str | None) -> Topic:
    from clearing.answers.listings import obligations_of
    from clearing.engine.run import day_number
    from settlement.positions import net_positions

    days = () if window is None else (day_number(window), day_number(window))
    positions = net_positions(obligations_of(book, *days), world.members)
    return ("positions in fen: what each is owed less what it owes; every level adds up to 0",
            ("level", "member", "net", "receives", "owes"), iter(positions),
            ("net", "receives", "owes"))


def _of_run(run: int | None) -> str:
    """A condition on tables that are written by runs: committed, and this one if it is named."""
    return "run IN (SELECT run FROM runs)" + ("" if run is None else f" AND run = {run}")


def _runs(book: Book, number: int | None) -> Topic:
    columns = ("run", "kind", "network", "taps", "accepted", "refused", "rides", "carried", "due",
               "paid", "variance", "concessions", "digest")
    return ("runs, money in fen", columns,
            (tuple(getattr(run, name) for name in columns) for run in book.runs()
             if number in (None, run.run)),
            columns[3:-1])


def _files(book: Book, run: int | None) -> Topic:
    from ext.codes import Code

    columns = ("run", "file", "name", "records", "accepted", "refused", "code", "message", "sha256")
    found = book.query(f"SELECT {', '.join(columns)} FROM files "
                       f"WHERE {_of_run(run)} ORDER BY run, file, code, name")
    rows = zip(*(list(found[name]) for name in columns), strict=True)
    return ("files", columns,
            (tuple(Code(int(value)).name if column == "code" else
                   value if isinstance(value, str) else int(value)
                   for column, value in zip(columns, row, strict=True)) for row in rows),
            columns[3:6])


def _refusals(book: Book, run: int | None) -> Topic:
    from clearing.engine.run import words_of
    from ext.codes import Code

    names = {int(number): str(name) for number, name in zip(
        *book.query("SELECT file, name FROM files WHERE run IN (SELECT run FROM runs) "
                    "ORDER BY code DESC, run DESC").values(),
        strict=True)}
    found = book.query("SELECT run, file, line, offset, code, field, raw FROM refusals "
                       f"WHERE {_of_run(run)} ORDER BY run, file, offset")
    rows = zip(*found.values(), strict=True)
    return ("refusals", ("run", "file", "line", "offset", "code", "field", "reason", "record"),
            ((int(run), names.get(int(file), ""), int(line), int(offset), Code(int(code)).name,
              int(field), words_of(Code(int(code))), str(raw))
             for run, file, line, offset, code, field, raw in rows),
            ("line", "offset"))
