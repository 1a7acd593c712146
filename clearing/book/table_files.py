"""A book's tables as files of text, and a book made of such files, for who has not the book itself.

A file has a line for each row, a JSON list: the run, the columns of the table's content, and in the
end what stands for the row, in hex (contents.py). So it is told which row was changed, where sums
only tell that some row of a run was. What stands for a row is no cryptographic digest; those are of
whole files, in whatever lists them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import msgspec
import numpy as np

from clearing.book.book import Book
from clearing.book.contents import number_rows
from clearing.book.embedded import EmbeddedStore
from clearing.book.integrity import NOTHING, all_contents
from clearing.book.journal import Line
from clearing.book.native import Array, Column, ColumnData
from clearing.book.parts import BROUGHT, folded_part
from clearing.book.runs import Run
from clearing.book.schema import FOLDS, LEDGER, NETWORKS, RUNS, Table
from clearing.book.writer import columns_of_rows, integers_of
from network.cards import abridge_card, card_text
from network.language import Phrase

CHECK = "check"             # the head of the last column
_RUN = "run"
_ROWS_SORTED = 1 << 16      # of several runs that are read together
_ROWS = 4_096               # that are read at a time
_BYTES = frozenset({(NETWORKS.name, "content")})    # text that is whatever a file has: in hex
_ENCODER = msgspec.json.Encoder()

Tell = Callable[[int, str], None]       # a line's number, and what is wrong with it


def written_tables() -> Mapping[str, Table]:
    """The tables that have a file, by the files' names without an ending."""
    return {table.name.removeprefix("stored_"): table for table in LEDGER}


def write_rows(book: Book, table: Table, out: BinaryIO) -> int:
    """Write the rows of committed runs, by run, the table's key and all else; how many.

    What a reader has brought back from an archive is no part of the book.
    """
    names = [column.name for column in table.content]
    rows = 0
    out.write(_ENCODER.encode([_RUN, *names, CHECK]) + b"\n")
    for first, last in _stretches(book, table):
        # One run's rows are read in the order that the table has them in, and need not be sorted.
        order = (*([_RUN] if first != last else ()), *table.order, *names)
        for block in book.store.blocks(
                f"SELECT {_RUN}, {', '.join(_read(table, name) for name in names)} "
                f"FROM {table.name} WHERE {book.committed} AND part != {BROUGHT} "
                f"AND {_RUN} BETWEEN {first} AND {last} "
                f"ORDER BY {', '.join(f'`{name}`' for name in order)}"):
            content = [_raw(table, name, block[name]) for name in names]
            numbers = number_rows(table, content)
            rows += len(numbers)
            out.write(_ENCODER.encode_lines(list(zip(
                np.asarray(block[_RUN]).tolist(), *map(_plain, content),
                map("{:016x}".format, numbers.tolist()), strict=True))))
    return rows


def _stretches(book: Book, table: Table) -> Iterator[tuple[int, int]]:
    """Runs, from one to another: so many at a time that the store can sort their rows."""
    first = last = rows = 0
    for run, contents in all_contents(book):
        own = contents.get(table.name, NOTHING).rows
        if rows and rows + own > _ROWS_SORTED:
            yield first, last
            rows = 0
        first, last, rows = first if rows else run, run, rows + own
    if rows:
        yield first, last


def _read(table: Table, name: str) -> str:
    return (f"hex(`{name}`) AS `{name}`" if (table.name, name) in _BYTES else f"`{name}`")


def _raw(table: Table, name: str, column: Column) -> ColumnData | Column:
    if (table.name, name) not in _BYTES:
        return column
    return [bytes.fromhex(str(text)) for text in column]


def _plain(column: ColumnData | Column) -> Sequence[Any]:
    """Values as JSON has them: bytes in hex."""
    values: Sequence[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    return [value.hex() for value in values] if values and isinstance(values[0], bytes) else values


class RowsRead(NamedTuple):
    """Rows of a file, as the columns that a table stores of them."""

    columns: list[ColumnData]
    rows: int


def read_rows(table: Table, lines: Iterable[bytes], tell: Tell) -> Iterator[RowsRead]:
    """The rows of a file, also changed ones; what cannot be a row is left out, and told."""
    source = iter(lines)
    names = [column.name for column in table.content]
    if next(source, b"").rstrip() != _ENCODER.encode([_RUN, *names, CHECK]):
        tell(1, "does not name the columns of this table")
    decode = msgspec.json.Decoder(_row_type(table)).decode
    first = 2
    while batch := list(islice(source, _ROWS)):
        rows, numbers = list[tuple[Any, ...]](), list[int]()
        for number, line in enumerate(batch, first):
            try:
                rows.append(decode(line))
                numbers.append(number)
            except (msgspec.MsgspecError, UnicodeDecodeError):
                tell(number, "cannot be read as a row")
        first += len(batch)
        yield from _columns(table, rows, numbers, tell)


def _row_type(table: Table) -> Any:
    return _tuple_of([int, *(int if "Int" in type_ else str for _, type_ in table.content), str])


def _tuple_of(kinds: Sequence[type]) -> Any:
    return tuple.__class_getitem__(tuple(kinds))


def _columns(table: Table, rows: list[tuple[Any, ...]], lines: list[int], tell: Tell
             ) -> Iterator[RowsRead]:
    """Rows as columns; where one has a value that its column cannot hold, row by row."""
    if not rows:
        return
    try:
        runs, *content = (_column(table, place, [row[place] for row in rows])
                          for place in range(len(table.content) + 1))
    except (ValueError, OverflowError):
        if len(rows) == 1:
            tell(lines[0], "has a value that its column cannot hold")
            return
        for row, line in zip(rows, lines, strict=True):
            yield from _columns(table, [row], [line], tell)
        return
    numbers = number_rows(table, content).tolist()
    for row, line, number in zip(rows, lines, numbers, strict=True):
        if row[-1] != f"{number:016x}":
            tell(line, Phrase("{row}: not as it was exported", row=describe(table, row)))
    parts = np.array([folded_part(run) for run in np.asarray(runs).tolist()], "<u4")
    yield RowsRead([runs, parts, *content], len(rows))


def _column(table: Table, place: int, values: list[Any]) -> ColumnData:
    """A column's values as the store takes them; place 0 is the run."""
    column = table.content[place - 1]
    if place == 0:
        runs: Array = np.array(values, "<u4")
        if runs.min() < 1:
            raise ValueError("runs count up from 1")
        return runs
    if column.type == "String":
        is_hex = (table.name, column.name) in _BYTES
        return [bytes.fromhex(value) if is_hex else value.encode() for value in values]
    if column.type.startswith("FixedString("):
        width = int(column.type[12:-1])
        raw = [bytes.fromhex(value) for value in values]
        if {len(value) for value in raw} != {width}:
            raise ValueError(f"not {width} bytes")
        return np.frombuffer(b"".join(raw), f"V{width}")
    return integers_of(column.type, values)


def describe(table: Table, row: Sequence[Any]) -> str:
    """Which row it is, by its run and its table's key, the card masked."""
    values = dict(zip((_RUN, *(column.name for column in table.content)), row, strict=False))
    named = {_RUN: values[_RUN]}
    if "card_hi" in values:
        named["card"] = abridge_card(card_text(values["card_hi"], values["card_lo"]))
    named |= {name: values[name] for name in (*table.order, "card_seq")
              if name in values and not name.startswith("card_hi") and name != "card_lo"}
    return ", ".join(f"{name} {value}" for name, value in named.items())


def write_runs(book: Book, out: BinaryIO) -> None:
    """Write the commit rows, which are chained, with a head line."""
    out.write(_ENCODER.encode(list(Run._fields)) + b"\n")
    out.write(_ENCODER.encode_lines(book.runs()))


def read_runs(lines: Iterable[bytes], tell: Tell) -> list[Run]:
    """Commit rows as they are written; what cannot be one is left out, and told."""
    source = iter(lines)
    if next(source, b"").rstrip() != _ENCODER.encode(list(Run._fields)):
        tell(1, "does not name the columns of this table")
    decoder = msgspec.json.Decoder(_tuple_of(
        [str if type_ == "String" else int for _, type_ in RUNS.columns]))
    found = []
    for number, line in enumerate(source, 2):
        try:
            run = Run(*decoder.decode(line))
            columns_of_rows(RUNS.columns, [run])
            found.append(run)
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, OverflowError):
            tell(number, "cannot be read as a commit row")
    return found


def make_book(path: Path, runs: Sequence[Run], rows: Iterable[tuple[Table, RowsRead]]) -> None:
    """Make a book in a folder that is not there yet, of commit rows and tables' rows."""
    store = EmbeddedStore(path, create=True, read_only=False)
    with Book(store, create=True, read_only=False):
        inserters = {}
        for table, block in rows:
            if table.name not in inserters:
                inserters[table.name] = store.insert(table)
            inserters[table.name].append(block.columns, block.rows)
        for inserter in inserters.values():
            inserter.finish()
        last = max((run.run for run in runs), default=0)
        for other, columns, count in (
                (FOLDS, [np.array([last], "<u4")], 1),
                (RUNS, columns_of_rows(RUNS.columns, runs), len(runs))):
            inserter = store.insert(other)
            inserter.append(columns, count)
            inserter.finish()
        for run in runs:
            store.journal.append(Line(run.run, run.chain))
