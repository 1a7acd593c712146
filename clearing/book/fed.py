"""What a partner has on a server: a database of its own with copies of its rows, feed by feed.

Nobody needs rights to the book's database to read them: servers as old as 18.16 can keep a user to
some databases, but neither to some rows nor to a view of what he may not read. A feed's rows have
its number, and its row in `feeds` comes last: what one that was stopped has left counts never.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

import numpy as np

from clearing.book.address import SCHEMES
from clearing.book.native import ColumnData
from clearing.book.schema import Column, Table
from clearing.book.server import ServerStore
from network.errors import NotABook, OnecardError
from network.language import Phrase, joined

FEEDS = Table("feeds", (Column("feed", "UInt32"), Column("through", "UInt32"),
                        Column("what", "String")), ("feed",), partition="")
_NUMBER = Column("feed", "UInt32")


class FedDatabase:
    """A partner's database, which one process at a time feeds."""

    def __init__(self, location: str, what: str) -> None:
        """Take it, and make it where it is not there yet.

        what: whose rows they are and how they are written. Raises OnecardError where it is another
        one's, or no database for this.
        """
        if not location.startswith(SCHEMES):
            raise OnecardError(Phrase("{location} is no database of a server", location=location),
                               expected=joined(" or ", (f"{scheme}…" for scheme in SCHEMES)),
                               remedy="for files in a folder, name it by --out")
        self._store, self._what = ServerStore(location, create=True, read_only=False), what
        try:
            self._store.create_database()
            found = self._store.columns(
                "SELECT name FROM system.tables WHERE database = currentDatabase()")["name"]
            if len(found) and FEEDS.name not in found:
                raise NotABook("this database holds other tables", where=self._store.where,
                               expected="one of the partner's own, or a name that is free",
                               remedy="name another one by --into")
            self._store.lock_writer()
            self._settings = self._store.table_settings()
            self._store.run(FEEDS.create(self._settings))
            feeds = self._store.columns(
                f"SELECT feed, through, what FROM {FEEDS.name} ORDER BY feed")
            for other in set(map(str, feeds["what"])) - {what}:
                raise self._other(other)
            # The run after which the next feed begins, and that one's number.
            self.through, self._feed = (
                max(map(int, feeds["through"]), default=0),
                max(map(int, feeds["feed"]), default=0) + 1)
        except BaseException:
            self._store.close()
            raise

    def begin(self, name: str, columns: Sequence[Column], order: Sequence[str]) -> None:
        """Have a table of these columns, and a view of it that shows whole feeds only."""
        table = self._table(name, columns, order)
        self._store.run(table.create(self._settings))
        listed = ", ".join(f"`{column}`" for column, _ in columns)
        self._store.run(f"CREATE VIEW IF NOT EXISTS {name} AS SELECT {listed} FROM {table.name} "
                        f"WHERE feed IN (SELECT feed FROM {FEEDS.name})")
        found = self._store.columns(f"SELECT name, type FROM system.columns WHERE table = "
                                    f"'{table.name}' AND database = currentDatabase()")
        if list(zip(found["name"], found["type"], strict=True)) != [*map(tuple, table.columns)]:
            raise self._other("other columns")
        begun = self._store.columns(f"SELECT max(feed) AS begun FROM {table.name}")["begun"][0]
        self._feed = max(self._feed, int(begun) + 1)    # one that was stopped had a number, too

    def write(self, name: str, columns: Sequence[Column], order: Sequence[str],
              values: Sequence[ColumnData], rows: int) -> None:
        """Store rows, which count when the feed has ended."""
        inserter = self._store.insert(self._table(name, columns, order))
        inserter.append([np.full(rows, self._feed, "<u4"), *values], rows)
        inserter.finish()

    def end(self, through: int) -> None:
        """Have the feed count: all is there up to a run."""
        self._store.check_writer()
        inserter = self._store.insert(FEEDS)
        inserter.append([np.array([self._feed], "<u4"), np.array([through], "<u4"),
                         [self._what.encode()]], 1)
        inserter.finish()

    @staticmethod
    def _table(name: str, columns: Sequence[Column], order: Sequence[str]) -> Table:
        return Table(f"stored_{name}", (_NUMBER, *columns), tuple(order), partition="")

    def _other(self, found: str) -> OnecardError:
        return OnecardError(
            Phrase("this database was fed with something else: {found}", found=found),
            where=self._store.where, expected=self._what,
            remedy="name another one by --into, or drop it and feed it anew: it has nothing that "
                   "the book has not")

    def __enter__(self) -> FedDatabase:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        """Let go of it."""
        self._store.close()
