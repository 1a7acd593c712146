"""How commands print: tables for people, CSV and JSON for machines."""

from __future__ import annotations

import csv
import datetime
import io
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, cast

import msgspec

from clearing.cli.progress import counted, goes_into_file
from clearing.cli.say import Shown, printable, say, width_of
from network.cells import guarded_cells
from network.language import HEADING, NUMBERS_HEADING, Phrase, retold, translated

if TYPE_CHECKING:
    from clearing.answers.session import Session
    from clearing.answers.show import Listing
    from clearing.book import Book, Run
    from clearing.cli.options import Form

ROWS_SHOWN = 20             # of a long list, on a terminal
ROWS_LAID_OUT = 1_000       # of a table at a time
GAP = "   "                  # between the columns of a table
LEG = re.compile(r"^leg\d+_")     # columns of one leg of an entry
KEPT_IN_ENGLISH = ("message",)      # columns whose sentences a book has
NARROW_GAP = "  "           # between those of a list on a terminal


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
    def __init__(self, columns: Sequence[str], right: Sequence[str], gap: str = GAP) -> None:
        self._columns, self._right, self._gap = columns, right, gap
        self._heads = [printable(_head(name, right)) for name in columns]
        self._widths = list(map(width_of, self._heads))
        self._is_headed = False

    def add(self, rows: Sequence[Sequence[Any]], sums: Sequence[Any] | None = None) -> None:
        """Print rows, before the first ones the head, and behind the last ones their sums."""
        cells = [list(map(_cell, row, self._columns))
                 for row in (*rows, *([sums] if sums is not None else []))]
        self._widths = [max(width, *map(width_of, column)) for width, column in zip(
            self._widths, zip(*cells, strict=True), strict=True)] if cells else self._widths
        if not self._is_headed:
            self._is_headed = True
            self._print(self._heads)
            self._rule()
        for row in cells[:len(rows)]:
            self._print(row)
        if sums is not None:
            self._rule()
            self._print(cells[-1])

    def _rule(self) -> None:
        say(" " + "─" * (sum(self._widths) + len(self._gap) * (len(self._widths) - 1)))

    def end(self) -> None:
        """End the table; one without rows has a head, too."""
        if not self._is_headed:
            self.add([])
        say()

    def _print(self, row: Sequence[str]) -> None:
        padded = (" " * (width - width_of(text)) + text if name in self._right
                  else text + " " * (width - width_of(text))
                  for name, text, width in zip(self._columns, row, self._widths, strict=True))
        say(f" {self._gap.join(padded)}".rstrip())


def say_snapshot(book: Book) -> None:
    """Say on standard error as of when a book is read that another process is writing to."""
    last = book.last_run()
    if book.is_beside_writer and last is not None:
        when = datetime.datetime.fromtimestamp(last.finished_at, datetime.UTC)
        say(Phrase("another process has this book open: it is read as after run {run}, which was "
                   "committed at {when:%Y-%m-%d %H:%M:%S} UTC", run=last.run, when=when), err=True)


def print_object(answer: Any) -> None:
    """An answer as one line of JSON."""
    say(msgspec.json.encode(answer, enc_hook=_plain).decode())


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
        item = msgspec.json.encode(dict(zip(columns, row, strict=True)), enc_hook=_plain)
        _out().write(separator + item.decode())
        separator = ",\n"
    sys.stdout.write("[]\n" if separator == "[\n" else "\n]\n")


def _plain(value: object) -> str:
    """A phrase as English text, as machines get everything."""
    assert isinstance(value, Phrase), f"{type(value).__name__} is in no list"
    return "".join(value)


def print_rows(session: Session, form: Form, listing: Listing, first: Sequence[str] = ()) -> None:
    """All rows for machines and pipes; for a terminal what fits, and what is left is told.

    first: the columns that a narrow terminal has before others.
    """
    from clearing.answers.masking import PSEUDONYM, show_cards, with_pseudonyms

    if not form.has_cards and (PSEUDONYM in form.columns or (form.kind and not form.columns)):
        listing = with_pseudonyms(session, listing)
    listing = show_cards(session, listing, in_full=form.has_cards)
    if form.columns:
        listing = listing.of_columns(form.columns)
    into_file = form.path != Path()
    summed = _Summed(listing)
    with counted(listing._replace(rows=summed.rows()), is_file=into_file) as rows:
        _print_rows(session, form, rows, first)
    if into_file:
        summed.tell()
    elif form.kind and sys.stderr.isatty() and goes_into_file():
        summed.tell(err=True)


class _Summed:
    """What a list comes to that goes into a file, where nobody sees its end."""

    def __init__(self, listing: Listing) -> None:
        self._listing, self._count = listing, 0
        self._sums = {name: 0 for name in listing.columns if name in listing.sums}

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """The rows, added up as they are read."""
        places = {name: self._listing.columns.index(name) for name in self._sums}
        for row in self._listing.rows:
            self._count += 1
            for name, place in places.items():
                self._sums[name] += row[place]
            yield row

    def tell(self, *, err: bool = False) -> None:
        """Say how many rows there were, and their sums."""
        sums = [" ".join((_head(name, self._listing.numbers), text)) for name, text in zip(
            self._sums, _texts(self._listing.of_columns(list(self._sums)),
                               list(self._sums.values())), strict=True)]
        say(Phrase("rows: {rows:,}; total: {sums}", rows=self._count, sums=", ".join(sums))
            if sums else Phrase("rows: {rows:,}", rows=self._count), err=err)


def _print_rows(session: Session, form: Form, listing: Listing, first: Sequence[str]) -> None:
    if form.kind == "csv":
        print_csv(listing.columns, listing.rows)
    elif form.kind == "json":
        print_json(listing.columns, listing.rows)
    elif form.kind == "excel":
        from clearing.answers.documents.listed import write_excel_csv

        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(encoding="utf-8")    # as the mark says, whatever the locale
        write_excel_csv(listing, cast(TextIO, _out()))
    elif form.kind == "xlsx":
        from clearing.answers.documents.listed import write_workbook

        write_workbook(listing, form.path, session.described().model.money)
        say(Phrase("written: {path}", path=form.path))
    elif form.kind in ("parquet", "arrow"):
        from clearing.answers.documents.arrow_file import write_arrow_file

        write_arrow_file(listing, form.path, form.kind)
        say(Phrase("written: {path}", path=form.path))
    elif not sys.stdout.isatty():
        _print_whole(form, listing)
    else:
        _print_some(form, listing, first)


def print_listing(book: str, network: str | None, form: Form,
                  ask: Callable[[Session], Listing], first: Sequence[str] = ()) -> None:
    """What a book is asked for, as `print_rows` prints it; of a snapshot, which is said."""
    from clearing.answers.session import open_session

    with open_session(book, network) as session:
        say_snapshot(session.book)
        print_rows(session, form, ask(session), first)


def _print_whole(form: Form, listing: Listing) -> None:
    """Every row; columns that are wide and matter little are told beside the rows."""
    aside = () if form.columns or form.is_wide else listing.aside
    _print_all(listing.of_columns([name for name in listing.columns if name not in aside]))
    _tell_left_out(aside, err=True)


def _tell_left_out(columns: Sequence[str], *, err: bool = False) -> None:
    if columns:
        say(Phrase("not shown: {left_out}; --wide shows every column, --columns those named",
                   left_out=", ".join(columns)), err=err)


def _print_some(form: Form, listing: Listing, first: Sequence[str]) -> None:
    """The first rows and the columns that fit; what is left, and how it is seen."""
    rows = list(islice(listing.rows, ROWS_SHOWN))
    shown = listing._replace(rows=iter(rows))
    fitting = listing.columns if form.columns or form.is_wide else _fitting(shown, first)
    left = sum(1 for _ in listing.rows) if listing.total is None else listing.total() - len(rows)
    _print_all(listing._replace(rows=iter(rows), sums=() if left > 0 else listing.sums)
               .of_columns(fitting), NARROW_GAP)
    _tell_left_out([name for name in listing.columns if name not in fitting])
    if left > 0:
        say(Phrase("… and {left:,} more rows: add --csv or --json, or {pager}", left=left,
                   pager=_pager()))


def _fitting(listing: Listing, first: Sequence[str]) -> Sequence[str]:
    """The columns that the terminal has room for, in their order; one at least."""
    heads = (_head(name, listing.numbers) for name in listing.columns)
    cells = zip(heads, *(_texts(listing, row) for row in listing.rows), strict=True)
    widths = {name: max(map(width_of, column))
              for name, column in zip(listing.columns, cells, strict=True)}
    room, chosen = shutil.get_terminal_size().columns - 1, set[str]()
    for name in dict.fromkeys((*first, *listing.columns)):
        if name in listing.aside and name not in first:
            continue
        if not chosen or widths[name] + len(NARROW_GAP) <= room:
            chosen.add(name)
            room -= widths[name] + len(NARROW_GAP) * (len(chosen) > 1)
    return [name for name in listing.columns if name in chosen]


def _pager() -> Phrase:
    """What to write behind the command to read on, where there is a pager."""
    pager = os.environ.get("PAGER") or ("less -S" if shutil.which("less") else "")
    return (Phrase("a pager: | {pager}", pager=pager) if pager
            else Phrase("write them to a file: > FILE"))


def _print_all(listing: Listing, gap: str = GAP) -> None:
    """A table of all rows and their sums, in bounded memory.

    Columns get wider where a later block needs it.
    """
    title = Phrase(listing.title)
    if listing.currency is not None:
        title = Phrase("{title}, money in {currency}", title=title, currency=listing.currency.name)
    table = Table(listing.columns, listing.numbers, gap)
    say(title, bold=True)
    say()
    sums = {index: 0 for index, name in enumerate(listing.columns) if name in listing.sums}
    counted, rows = 0, list(islice(listing.rows, ROWS_LAID_OUT))
    while rows:
        following = list(islice(listing.rows, ROWS_LAID_OUT))
        counted += len(rows)
        for index in sums:
            sums[index] += sum(row[index] for row in rows)
        total = [sums.get(index, "") for index in range(len(listing.columns))]
        if total[0] == "":
            total[0] = Phrase("total")
        table.add([_texts(listing, row) for row in rows],
                  _texts(listing, total) if sums and counted > 1 and not following else None)
        rows = following
    table.end()


def _texts(listing: Listing, row: Sequence[Any]) -> list[str]:
    """A row as people read it: money in their currency; blank stays blank."""
    def text(name: str, value: Any) -> str:
        if name in listing.money and listing.currency and value != "":
            return listing.currency.text(value)
        return _cell(value, name)

    return list(map(text, listing.columns, row))


def _head(column: str, numbers: Sequence[str]) -> str:
    """What stands above a column; a `line` that is a number is one of a file, and no bus's."""
    said = translated(column, NUMBERS_HEADING) if column in numbers else column
    return translated(column, HEADING) if said is column else said


def _cell(value: Any, column: str) -> str:
    """What stands in a table; words of its column, and sentences, as the language has them."""
    text = value if isinstance(value, Phrase) else str(value)
    context = LEG.sub("", column)
    said = retold(text) if column in KEPT_IN_ENGLISH else translated(text, context)
    return printable(translated(text) if said is text and " " in text else said)


def print_chain(run: Run) -> None:
    """A run's chain, short and whole: who keeps the line can hold the book to it."""
    from clearing.book.runs import SHORT_DIGITS

    say(Phrase("chain of run {run}: {chain}, in full {chain_2}", run=run.run,
               chain=run.chain[:SHORT_DIGITS], chain_2=run.chain))
