"""What runs leave behind that never committed.

For the writer only, while it holds its lock.
"""

from __future__ import annotations

from clearing.book.queries import Queries
from clearing.book.schema import LEDGER
from clearing.book.store import Store


class Leftovers:
    """The partitions of a book that may go."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def drop_uncommitted(self) -> None:
        """Remove the rows of runs that were never committed."""
        committed = {run.run for run in Queries(self._store).runs()}
        for table, run in self._partitions([table.name for table in LEDGER]):
            if run not in committed:
                self._store.run(f"ALTER TABLE {table} DROP PARTITION {run}")

    def _partitions(self, tables: list[str]) -> list[tuple[str, int]]:
        """The runs that have rows, by table."""
        names = ", ".join(f"'{name}'" for name in tables)
        found = self._store.columns(
            "SELECT DISTINCT table, partition FROM system.parts WHERE active "
            f"AND database = currentDatabase() AND table IN ({names}) ORDER BY table, partition")
        return [
            (str(table), int(run))
            for table, run in zip(found["table"], found["partition"], strict=True)
        ]
