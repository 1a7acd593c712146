"""How commands print: tables for people, CSV and JSON for machines, bars on a terminal."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import msgspec

from clearing.run import Progress, no_progress

ROWS_SHOWN = 20
WIDEST = 1_000               # columns of characters that a table may need


def yuan(fen: int) -> str:
    """An amount for people, in yuan with two decimals."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def print_table(title: str, columns: Sequence[str], rows: Iterable[Sequence[Any]],
                right: Sequence[str] = ()) -> None:
    """A table for people; columns named in `right` are aligned to the right."""
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="right" if column in right else "left",
                         no_wrap=True, overflow="ignore")
    for row in rows:
        table.add_row(*(printable(str(value)) for value in row))
    # A table wider than the terminal is better wrapped by it than cut.
    console = Console(width=WIDEST, highlight=False, markup=False, emoji=False)
    with console.capture() as capture:
        console.print(table)
    click.echo(click.style(printable(title), bold=True))
    click.echo("\n".join(line.rstrip() for line in capture.get().splitlines()))


def printable(text: str) -> str:
    """Text that a terminal only shows: control characters, as records may hold, are spelt out."""
    if text.isprintable():
        return text
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode()
                   for sign in text)


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
        places = [place for place, name in enumerate(columns) if name not in hidden]
        print_table(title, [columns[place] for place in places],
                    [[row[place] for place in places] for row in shown], right)
        if next(rows, None) is not None:
            click.echo(f"… and more: --csv or --json prints them all (the first {ROWS_SHOWN} here)")


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Progress on a terminal; nothing where standard error is none."""
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
