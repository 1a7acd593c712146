"""What runs leave behind that never committed: set apart first, and removed when it is nobody's.

For the writer only, while it holds its lock, and only in a book that is whole: `runs` and the
journal say both which run is the last. Parts that are set apart are in no table any more, and stay
on the disk; when their run's number is that of a later run that was committed, nobody can ask for
them again.
"""

from __future__ import annotations

from clearing.book.parts import ALONE, FOLDED
from clearing.book.schema import LEDGER
from clearing.book.store import Store

_NAMES = ", ".join(f"'{table.name}'" for table in LEDGER)


class Leftovers:
    """Rows of runs that were begun and not committed."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def set_apart(self, last: int) -> bool:
        """Take the rows behind the last committed run out of their tables.

        What was set apart before, and is nobody's by now, is removed; whether something is left.
        """
        for table, part in self._list("parts", f"active AND {_own_of('partition')} > {last}",
                                      "partition"):
            self._store.run(f"ALTER TABLE {table} DETACH PARTITION {part}")
        if not self._knows_detached():
            return False    # 18.16 does not list them: they stay in the tables' folders `detached`
        detached = "ifNull(partition_id, '')"
        found = self._list("detached_parts", f"{_own_of(detached)} != 0", detached)
        old = [(table, part) for table, part in found if part % ALONE <= last]
        for table, part in old:
            self._store.run(f"ALTER TABLE {table} DROP DETACHED PARTITION {part} "
                            "SETTINGS allow_drop_detached = 1")
        return len(old) < len(found)

    def drop(self, part: int) -> None:
        """Remove the rows of a run that this writer has given up itself."""
        for table, _ in self._list("parts", f"active AND partition = '{part}'", "partition"):
            self._store.run(f"ALTER TABLE {table} DROP PARTITION {part}")

    def _knows_detached(self) -> bool:
        return bool(len(self._store.columns(
            "SELECT name FROM system.tables WHERE database = 'system' "
            "AND name = 'detached_parts'")["name"]))

    def _list(self, what: str, where: str, partition: str) -> list[tuple[str, int]]:
        """Partitions, by table."""
        found = self._store.columns(
            f"SELECT DISTINCT table, {partition} AS part FROM system.{what} "
            f"WHERE database = currentDatabase() AND table IN ({_NAMES}) AND {where} "
            "ORDER BY table, part")
        return [(str(table), int(part))
                for table, part in zip(found["table"], found["part"], strict=True)]


def _own_of(partition: str) -> str:
    """In SQL, the run that a partition is of alone; 0 where it is of many. See parts.py."""
    number = f"toUInt32OrZero({partition})"
    return f"if({number} < {FOLDED}, {number} % {ALONE}, 0)"
