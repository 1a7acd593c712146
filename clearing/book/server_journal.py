"""The journal of a book on a server: a table of its own. See journal.py."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from clearing.book.journal import Line
from clearing.book.schema import JOURNAL
from clearing.book.store import Store


class TableJournal:
    """The journal on a server: a table of its own."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def make(self, settings: str) -> None:
        """Make the table."""
        self._store.run(JOURNAL.create(settings))

    def count(self) -> int:
        """How many lines there are; none where the table is not there."""
        found = self._store.columns(
            "SELECT sum(rows) AS counted FROM system.parts WHERE active "
            f"AND database = currentDatabase() AND table = '{JOURNAL.name}'")
        return int(found["counted"][0])

    def lines(self, first: int = 1) -> Iterator[Line]:
        """The lines from one on."""
        found = self._store.columns(
            f"SELECT run, chain FROM {JOURNAL.name} ORDER BY run LIMIT {first - 1}, 1000000000")
        yield from map(Line, np.asarray(found["run"]).tolist(), found["chain"])

    def append(self, line: Line) -> None:
        """Add a line."""
        inserter = self._store.insert(JOURNAL)
        inserter.append([np.array([line.run], "<u4"), [line.chain.encode()]], 1)
        inserter.finish()
