"""How commands print: tables for people, CSV and JSON for machines, bars on a terminal."""

from __future__ import annotations

import csv
import datetime
import sys
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click
import msgspec

if TYPE_CHECKING:
    from clearing.book import Book, Run
    from clearing.engine.stages import Progress

ROWS_SHOWN = 20
GAP = "   "                  # between the columns of a table


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]],
                right: Sequence[str] = ()) -> None:
    """A table for people; columns named in `right` are aligned to the right."""
    # Laid out here: rich takes longer to import than a ride takes to price. A table wider than
    # the terminal is better wrapped by it than cut.
    cells = [[printable(str(value)) for value in row] for row in rows]
    widths = [max(map(_width, column)) for column in zip(columns, *cells, strict=True)]
    click.echo(click.style(printable(title), bold=True))
    click.echo()
    for index, row in enumerate([columns, *cells]):
        padded = (" " * (width - _width(text)) + text if name in right
                  else text + " " * (width - _width(text))
                  for name, text, width in zip(columns, row, widths, strict=True))
        click.echo(f" {GAP.join(padded)}".rstrip())
        if index == 0:
            click.echo(" " + "─" * (sum(widths) + len(GAP) * (len(widths) - 1)))
    click.echo()


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: a Chinese character takes two."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(sign)
               else 2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in text)


def printable(text: str) -> str:
    """Text that a terminal only shows: control characters, as records may hold, are spelt out."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode()
                   for sign in text)


def say_snapshot(book: Book) -> None:
    """Say on standard error as of when a book is read that another process is writing to."""
    last = book.last_run()
    if book.is_beside_writer and last is not None:
        when = datetime.datetime.fromtimestamp(last.finished_at, datetime.UTC)
        click.echo(f"another process has this book open: it is read as after run {last.run}, which "
                   f"was committed at {when:%Y-%m-%d %H:%M:%S} UTC", err=True)


def print_object(answer: Any) -> None:
    """An answer as one line of JSON."""
    click.echo(msgspec.json.encode(answer).decode())


def print_csv(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows as CSV with a header."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)


def print_json(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows as a JSON list of objects, one to a line."""
    separator = "[\n"
    for row in rows:
        item = msgspec.json.encode(dict(zip(columns, row, strict=True)))
        sys.stdout.write(separator + item.decode())
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def print_rows(form: str | None, title: str, columns: Sequence[str],
               rows: Iterator[Sequence[Any]], right: Sequence[str] = (),
               hidden: Sequence[str] = ()) -> None:
    """All rows for machines; the first ROWS_SHOWN for people, without the hidden columns."""
    if form == "csv":
        print_csv(columns, rows)
    elif form == "json":
        print_json(columns, rows)
    else:
        shown = [row for row, _ in zip(rows, range(ROWS_SHOWN), strict=False)]
        wanted = [index for index, name in enumerate(columns) if name not in hidden]
        print_table(title, [columns[index] for index in wanted],
                    [[row[index] for index in wanted] for row in shown], right)
        if next(rows, None) is not None:
            click.echo(f"… and more: --csv or --json prints them all (the first {ROWS_SHOWN} here)")


def print_chain(run: Run) -> None:
    """A run's chain, short and whole: who keeps the line can hold the book to it."""
    from clearing.book.runs import SHORT_DIGITS

    click.echo(f"chain of run {run.run}: {run.chain[:SHORT_DIGITS]}, in full {run.chain}")


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
