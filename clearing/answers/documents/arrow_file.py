"""Lists as Parquet and Arrow files, for engineers: typed columns, a batch of rows at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np

from clearing.answers.arrays import import_pyarrow
from clearing.answers.documents.unfinished import whole_file
from clearing.answers.show import Listing
from network.errors import OnecardError
from network.language import Phrase

ArrowKind = Literal["parquet", "arrow"]

ROWS_AT_A_TIME = 16_384
# Columns by their names, in every list; amounts and counts are whole numbers, too, and all else is
# text. Blank is null where it is none.
WHOLE = frozenset({"run", "card_seq", "age"})
DAYS = frozenset({"window", "day", "period_ends", "value_date"})
TIMES = frozenset({"started_at", "ended_at"})       # civil, by the network's clocks


def write_arrow_file(listing: Listing, path: Path, kind: ArrowKind) -> None:
    """Write a list into a file, which is there when it is whole.

    Raises OnecardError where it cannot be written, or pyarrow is not installed.
    """
    pyarrow = import_pyarrow()
    if not path.parent.is_dir():
        raise OnecardError(Phrase("there is no folder for {name}", name=path.name),
                           where=str(path), expected="a path in a folder that is there",
                           remedy=Phrase("make {parent}, or name another path", parent=path.parent))
    schema = schema_of(listing)
    with (whole_file(path) as unfinished, unfinished.open("wb") as out,
          _writer(pyarrow, out, schema, kind) as writer):
        for rows in batches(listing.rows):
            writer.write_batch(pyarrow.record_batch(
                [pyarrow.array(_values(field.name, values, is_text=field.type == "string"),
                               field.type)
                 for field, values in zip(schema, zip(*rows, strict=True), strict=True)],
                schema=schema))


def schema_of(listing: Listing) -> Any:
    """The file's columns: names, types, and what amounts are in.

    The same for every list of a kind, whatever rows it has.
    """
    import pyarrow

    types = {**dict.fromkeys((*listing.numbers, *WHOLE), pyarrow.int64()),
             **dict.fromkeys(DAYS, pyarrow.date32()),
             **dict.fromkeys(TIMES, pyarrow.timestamp("ms"))}
    unit = "" if listing.currency is None else listing.currency.minor_unit
    return pyarrow.schema([
        pyarrow.field(name, types.get(name, pyarrow.string()),
                      metadata={"unit": unit} if name in listing.money else None)
        for name in listing.columns])


def _writer(pyarrow: Any, out: Any, schema: Any, kind: ArrowKind) -> Any:
    if kind == "arrow":
        return pyarrow.ipc.new_file(out, schema)
    from pyarrow.parquet import ParquetWriter

    return ParquetWriter(out, schema, compression="zstd")


def _values(name: str, values: Sequence[Any], *, is_text: bool) -> Any:
    """A column as pyarrow takes it; what is blank is null, but for text."""
    if name in DAYS or name in TIMES:
        unit = "D" if name in DAYS else "ms"
        return np.array([value or "NaT" for value in values], f"M8[{unit}]")
    return ([str(value) for value in values] if is_text
            else [None if value == "" else value for value in values])


def batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    """Rows in lists of so many as are written at a time."""
    while batch := list(islice(rows, ROWS_AT_A_TIME)):
        yield batch
