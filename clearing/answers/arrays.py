"""Rides of a book as arrays: names as text, civil times, amounts in minor units.

The columns are those of clearing.answers.listings.RIDE_COLUMNS. Times without a value (a ride that
lacks a tap) are NaT in NumPy and null in Arrow.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from clearing.answers.listings import RIDE_COLUMNS, Lister, cards_of
from ext.codes import RideState
from ext.records import ENTRY
from network.errors import OnecardError

if TYPE_CHECKING:
    import pyarrow

Array = npt.NDArray[Any]

# Columns of numbers that stand for codes, by the kind of code in the book's dictionary.
CODED = {"operator": "member", "mode": "mode", "line": "line", "from_stop": "stop",
         "to_stop": "stop", "medium": "medium", "card_kind": "card_kind", "table": "table"}
TIMES = ("started_at", "ended_at")
STATES = [RideState(state).name if state in set(RideState) else ""
          for state in range(max(RideState) + 1)]


class Text(NamedTuple):
    """A column of text of which many rows are the same."""

    numbers: Array          # by row: an index in texts
    texts: list[str]

    def spelt(self) -> Array:
        """The text of every row, in as many characters as the longest has."""
        spelt: Array = np.array(self.texts, dtype=np.str_)[self.numbers]
        return spelt


def numpy_rides(lister: Lister, where: str = "1") -> np.recarray[Any, Any]:
    """Rides by card and time, as a record array. where: SQL on entries."""
    blocks = [[column.spelt() if isinstance(column, Text) else column
               for column in _columns(lister, rows)] for rows in _blocks(lister, where)]
    columns = [np.concatenate(parts) for parts in zip(*blocks, strict=True)]
    return np.rec.fromarrays(columns, dtype=[
        (name, column.dtype) for name, column in zip(RIDE_COLUMNS, columns, strict=True)])


def arrow_rides(lister: Lister, where: str = "1") -> pyarrow.Table:
    """The same as an Arrow table, its text dictionary-encoded.

    Raises OnecardError where pyarrow is not installed.
    """
    pyarrow = import_pyarrow()

    def array_of(column: Array | Text) -> Any:
        if isinstance(column, Text):
            return pyarrow.DictionaryArray.from_arrays(
                column.numbers.astype(np.int32), pyarrow.array(column.texts, pyarrow.string()))
        if column.dtype.kind == "U":
            return pyarrow.array(column.tolist(), pyarrow.string())
        return pyarrow.array(column)

    tables = [pyarrow.table(dict(zip(RIDE_COLUMNS, map(array_of, _columns(lister, rows)),
                                     strict=True)))
              for rows in _blocks(lister, where)]
    return pyarrow.concat_tables(tables).unify_dictionaries()


def import_pyarrow() -> Any:
    """The library. Raises OnecardError where it is not installed."""
    try:
        import pyarrow
    except ImportError:
        raise OnecardError(
            "Arrow and Parquet need pyarrow, which is not installed",
            remedy="install it: pip install 'onecard-clearing[arrow]'; or ask for another form"
        ) from None
    return pyarrow


def _blocks(lister: Lister, where: str) -> Iterator[Array]:
    """Rides in blocks, an empty one first, so that no rides have columns, too."""
    yield np.zeros(0, ENTRY)
    yield from lister.book.rides(where)


def _columns(lister: Lister, rows: Array) -> Iterator[Array | Text]:
    """The columns of some entries, in order."""
    for name in RIDE_COLUMNS:
        if name == "card":
            yield np.array(cards_of(rows), dtype="U20")
        elif name in CODED:
            yield Text(rows[name], lister.names.codes(CODED[name]))
        elif name == "state":
            yield Text(rows[name], STATES)
        elif name == "rule":
            rules, numbers = np.unique(np.array(lister.rules(rows), dtype=np.str_),
                                       return_inverse=True)
            yield Text(numbers, rules.tolist())
        elif name in TIMES:
            civil = (rows[name] + lister.clock.offsets_s(rows[name])).astype("datetime64[s]")
            yield np.where(rows[name] == 0, np.datetime64("NaT"), civil)
        elif name == "window":
            yield rows[name].astype(np.int64).astype("datetime64[D]")
        else:
            yield rows[name]
