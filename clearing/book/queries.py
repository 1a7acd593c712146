"""What a book is asked: runs, names, files, entries. Committed runs only."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from clearing.book.export import export
from clearing.book.native import Array, Column
from clearing.book.runs import Run
from clearing.book.schema import RUNS
from clearing.book.state import records_of
from clearing.book.store import Columns, Store
from clearing.book.stored import complete_legs, stored_columns
from ext.records import ENTRY, TAP
from network.errors import BookReadOnly, QueryRefused
from network.names import Name

BY_CARD = "card_hi, card_lo, started_at, ended_at, card_seq, out_seq"

# Identities that one statement looks for; more make its text slow to read for the store.
_WANTED = 10_000


class Queries:
    """Questions to a book."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def runs(self) -> list[Run]:
        """Every committed run, oldest first."""
        columns = ", ".join(
            f"toUInt32({name})" if type_.startswith("DateTime") else f"`{name}`"
            for name, type_ in RUNS.columns)
        found = self.store.columns(f"SELECT {columns} FROM runs ORDER BY run")
        values = [
            column.tolist() if isinstance(column, np.ndarray) else column
            for column in found.values()]
        return [Run(*row) for row in zip(*values, strict=True)]

    def last_run(self) -> Run | None:
        """The newest committed run."""
        runs = self.runs()
        return runs[-1] if runs else None

    @property
    def watermark(self) -> int:
        """Up to when open rides were looked at, UTC seconds; 0 before the first run."""
        last = self.last_run()
        return last.watermark if last else 0

    @property
    def closed_through(self) -> int | None:
        """The last closed service day, in days since 1970."""
        last = self.last_run()
        return last.closed_through if last and last.closed_through else None

    def names(self) -> list[Name]:
        """The dictionary."""
        found = self.store.columns(
            f"SELECT kind, number, scope, code FROM names WHERE run <= {self._last()} "
            "ORDER BY kind, number")
        return list(map(Name, found["kind"], _integers(found["number"]), found["scope"],
                        found["code"]))

    def file_digests(self) -> dict[str, tuple[int, str]]:
        """The run and the name of every file that was taken, by its SHA-256 in hex."""
        found = self.store.columns(
            f"SELECT sha256, run, name FROM files WHERE run <= {self._last()} AND code = 0 "
            "ORDER BY run, file")
        return {
            str(digest): (int(run), str(name))
            for digest, run, name in zip(
                found["sha256"], _integers(found["run"]), found["name"], strict=True)
        }

    def entries(
        self, where: str = "1", order: str = BY_CARD, fields: Sequence[str] | None = None
    ) -> Iterator[Array]:
        """Entries (ENTRY) in blocks, in bounded memory; `where` and `order` are SQL.

        Where only some `fields` are asked for, the others are 0, and the rest is read faster.
        """
        names = fields or stored_columns(ENTRY)
        columns = ", ".join(f"`{name}`" for name in names)
        by = f" ORDER BY {order}" if order else ""
        for entries in records_of(
                self.store.blocks(f"SELECT {columns} FROM entries WHERE run <= {self._last()} "
                                  f"AND ({where}){by}"), ENTRY, names):
            if fields is None:
                complete_legs(entries)
            yield entries

    def find_identities(
        self, cards_hi: npt.NDArray[np.uint64], cards_lo: npt.NDArray[np.uint64],
        seqs: npt.NDArray[np.uint32], fields: Sequence[str] | None = None,
    ) -> Array:
        """The entries whose first or last tap has one of these (card, counter), by card.

        The arrays are columns: element i of each is one identity. Where only some `fields` are
        asked for, the others are 0. One call for many is far cheaper than many for a few: each
        card costs a stretch of the index in every run, and cards side by side share it.
        """
        wanted = np.unique(np.rec.fromarrays(
            [cards_hi, cards_lo, seqs], dtype=[("hi", "<u8"), ("lo", "<u8"), ("seq", "<u4")]))
        found = [np.zeros(0, ENTRY)]
        for part in _statements(wanted):
            found += self.entries(_having(part), BY_CARD, fields)
        return np.concatenate(found)

    def find_events(
        self, cards_hi: npt.NDArray[np.uint64], cards_lo: npt.NDArray[np.uint64],
        seqs: npt.NDArray[np.uint32],
    ) -> Array:
        """The accepted events (TAP) that have one of these (card, counter)."""
        fields = ", ".join(f"`{name}`" for name in stored_columns(TAP))
        found = [np.zeros(0, TAP)]
        for start in range(0, len(seqs), _WANTED):
            part = slice(start, start + _WANTED)
            wanted = ",".join(f"({high},{low},{seq})" for high, low, seq in zip(
                cards_hi[part].tolist(), cards_lo[part].tolist(), seqs[part].tolist(),
                strict=True))
            found += records_of(self.store.blocks(
                f"SELECT {fields} FROM events WHERE run <= {self._last()} "
                f"AND (card_hi, card_lo, card_seq) IN ({wanted})"), TAP)
        return np.concatenate(found)

    def query(self, sql: str) -> Columns:
        """The result of a user's query: numbers and times as arrays, text as lists of str."""
        try:
            found = self.store.read_only(sql)
        except BookReadOnly as error:
            raise QueryRefused(
                "this statement would change the book", where=self.store.where,
                expected="a query that only reads: SELECT …",
                remedy="a book is changed by clearing files and closing windows only") from error
        return {name: _readable(column) for name, column in found.items()}

    def export(self, stream: BinaryIO) -> int:
        """Write the ledger as text that does not depend on how the book came about; its size."""
        return export(lambda order: self.entries(order=order), self.names(), stream)

    def _last(self) -> int:
        """The newest committed run's number; committed runs are 1 up to it."""
        return int(self.store.columns("SELECT max(run) AS last FROM runs")["last"][0])


def _readable(column: Column) -> Column:
    """Bytes of a fixed width as text; everything else as it is."""
    if isinstance(column, np.ndarray) and column.dtype.kind == "V":
        return [bytes(value).rstrip(b"\0").decode(errors="backslashreplace")
                for value in column.tolist()]
    return column


def _integers(column: Any) -> list[int]:
    values: list[int] = np.asarray(column).tolist()
    return values


def _statements(wanted: Array) -> list[Array]:
    """Identities in pieces for one statement each; a card is in one, so that no row comes twice."""
    if len(wanted) == 0:
        return []
    cards = wanted[["hi", "lo"]]
    starts = np.append(np.flatnonzero(cards[1:] != cards[:-1]) + 1, len(wanted))
    cuts = starts[np.searchsorted(starts, np.arange(_WANTED, len(wanted), _WANTED))]
    return [part for part in np.split(wanted, np.unique(cuts)) if len(part)]


def _having(wanted: Array) -> str:
    """A condition: the first or last tap is one of these. The index is read by the cards."""
    rows = wanted.tolist()
    cards = ",".join(sorted({f"({high},{low})" for high, low, _ in rows}))
    taps = ",".join(f"({high},{low},{seq})" for high, low, seq in rows)
    return (
        f"(card_hi, card_lo) IN ({cards}) AND ((card_hi, card_lo, card_seq) IN ({taps}) "
        f"OR (card_hi, card_lo, out_seq) IN ({taps}))")
