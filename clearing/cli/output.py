"""How commands print: tables for people, CSV and JSON for machines, bars on a terminal."""

from __future__ import annotations

import csv
import datetime
import sys
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from typing import TYPE_CHECKING, Any, TextIO

import msgspec

from clearing.cli.say import Shown, printable, say
from network.cells import guarded_cells

if TYPE_CHECKING:
    from clearing.answers.show import Listing
    from clearing.book import Book, Run
    from clearing.engine.stages import Progress

ROWS_SHOWN = 20             # of a long list, on a terminal
ROWS_LAID_OUT = 1_000       # of a table at a time
GAP = "   "                  # between the columns of a table


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]],
                right: Sequence[str] = ()) -> None:
    """A table for people; columns named in `right` are aligned to the right."""
    say(title, bold=True)
    say()
    table = Table(columns, right)
    table.add(list(rows))
    table.end()


class Table:
    """A table that is printed block by block; what is wide in a later one stands out of line."""

    # Laid out here: rich takes longer to import than a ride takes to price. A table wider than
    # the terminal is better wrapped by it than cut.
    def __init__(self, columns: Sequence[str], right: Sequence[str]) -> None:
        self._columns, self._right = columns, right
        self._widths = list(map(_width, columns))
        self._is_headed = False

    def add(self, rows: Sequence[Sequence[Any]]) -> None:
        """Print rows, and before the first ones the head."""
        cells = [[printable(str(value)) for value in row] for row in rows]
        self._widths = [max(width, *map(_width, column)) for width, column in zip(
            self._widths, zip(*cells, strict=True), strict=True)] if cells else self._widths
        if not self._is_headed:
            self._is_headed = True
            self._print(self._columns)
            say(" " + "─" * (sum(self._widths) + len(GAP) * (len(self._widths) - 1)))
        for row in cells:
            self._print(row)

    def end(self) -> None:
        """End the table; one without rows has a head, too."""
        if not self._is_headed:
            self.add([])
        say()

    def _print(self, row: Sequence[str]) -> None:
        padded = (" " * (width - _width(text)) + text if name in self._right
                  else text + " " * (width - _width(text))
                  for name, text, width in zip(self._columns, row, self._widths, strict=True))
        say(f" {GAP.join(padded)}".rstrip())


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: a Chinese character takes two."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(sign)
               else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def say_snapshot(book: Book) -> None:
    """Say on standard error as of when a book is read that another process is writing to."""
    last = book.last_run()
    if book.is_beside_writer and last is not None:
        when = datetime.datetime.fromtimestamp(last.finished_at, datetime.UTC)
        say(f"another process has this book open: it is read as after run {last.run}, which "
            f"was committed at {when:%Y-%m-%d %H:%M:%S} UTC", err=True)


def print_object(answer: Any) -> None:
    """An answer as one line of JSON."""
    say(msgspec.json.encode(answer).decode())


def _out() -> TextIO | Shown:
    """Standard output for machines; on a terminal nothing of it is obeyed."""
    return Shown(sys.stdout) if sys.stdout.isatty() else sys.stdout


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows as CSV with a header."""
    writer = csv.writer(_out(), lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(map(guarded_cells, rows))


def print_json(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows as a JSON list of objects, one to a line."""
    separator = "[\n"
    for row in rows:
        item = msgspec.json.encode(dict(zip(columns, row, strict=True)))
        _out().write(separator + item.decode())
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def print_rows(form: str | None, listing: Listing, hidden: Collection[str] = ()) -> None:
    """All rows for machines; for people without the hidden columns, and in their currency.

    On a terminal a long list ends after ROWS_SHOWN rows, and says how many are left.
    """
    if form == "csv":
        print_csv(listing.columns, listing.rows)
    elif form == "json":
        print_json(listing.columns, listing.rows)
    elif not sys.stdout.isatty():
        _print_all(listing, hidden)
    else:
        shown = list(islice(listing.rows, ROWS_SHOWN))
        _print_all(listing._replace(rows=iter(shown)), hidden)
        left = sum(1 for _ in listing.rows) if listing.total is None else (
            listing.total() - len(shown))
        if left > 0:
            say(f"… and {left:,} more rows: add --csv or --json, or a pager: | less -S")


def _print_all(listing: Listing, hidden: Collection[str]) -> None:
    """A table of all rows, in bounded memory: columns get wider where a later block needs it."""
    wanted = [index for index, name in enumerate(listing.columns) if name not in hidden]
    columns = [listing.columns[index] for index in wanted]
    in_currency = [listing.columns[index] in listing.money for index in wanted]
    unit = "" if listing.currency is None else f", money in {listing.currency.name}"
    table = Table(columns, listing.numbers)
    say(f"{listing.title}{unit}", bold=True)
    say()
    while rows := list(islice(listing.rows, ROWS_LAID_OUT)):
        table.add([[listing.currency.text(row[index]) if money and listing.currency else row[index]
                    for index, money in zip(wanted, in_currency, strict=True)] for row in rows])
    table.end()


def print_chain(run: Run) -> None:
    """A run's chain, short and whole: who keeps the line can hold the book to it."""
    from clearing.book.runs import SHORT_DIGITS

    say(f"chain of run {run.run}: {run.chain[:SHORT_DIGITS]}, in full {run.chain}")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Progress on a terminal; nothing where standard error is none."""
    from clearing.engine.stages import no_progress

    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, Any] = {}

        def advance(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bars.add_task(stage, total=total)
            bars.update(tasks[stage], completed=done, total=total)

        yield advance
