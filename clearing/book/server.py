"""A book on a ClickHouse server, over the native protocol, through clickhouse-driver.

Readers are as many as like; one process writes. Tested with 18.16, which has no fsync settings:
there a loss of power (not of the process) can lose a committed run.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from clearing.book.address import (
    CA_FILE,
    PASSWORD_FILE,
    Address,
    authorities,
    parse_address,
)
from clearing.book.faults import translate
from clearing.book.journal import Journal
from clearing.book.known import Known
from clearing.book.native import Column, ColumnData, civil_times, with_blanks
from clearing.book.schema import TABLE_SETTINGS, Table
from clearing.book.server_journal import TableJournal
from clearing.book.server_lock import ServerLock
from clearing.book.store import Columns
from network.errors import BookError, BookLocked, BookUnavailable, NotABook
from network.language import Phrase

_UNKNOWN_DATABASE = 81
_SETTINGS = {
    # find_records sends long lists.
    "max_query_size": 64 << 20, "max_ast_elements": 10_000_000,
    "max_expanded_ast_elements": 10_000_000,
    # Sorting a long ledger goes over the disk rather than out of memory.
    "max_bytes_before_external_sort": 1 << 30,
}
_UNREACHABLE = {209, 210}       # the driver's own numbers: timed out, no network
_REFUSED = {192, 193, 194, 516}     # user or password


class ServerStore:
    """The store of a database. Every stream has a connection of its own; the rest share one."""

    changes = None          # other processes may write
    block_rows = 500_000    # each block becomes a part of the table, which the server then merges

    def __init__(self, location: str, *, create: bool, read_only: bool) -> None:
        """Connect, or raise why that is not possible."""
        self._address = parse_address(location)
        self.where, self.database = self._address.where, self._address.database
        self.journal: Journal = TableJournal(self)
        self.known = Known()
        self.brought = frozenset[int]()
        self._read_only = read_only
        self._may_create = create and not read_only
        self._made_database = False
        self._is_reader = False     # the server lets this user only read
        self._guard = threading.Lock()
        self._settings: dict[str, int] = {}
        self._client: Any = self._connect(self._address.database)
        self._lock = ServerLock(self._connect_to_book, self._address.database, self.where)

    def _connect_to_book(self) -> Any:
        return self._connect(self._address.database)

    def _connect(self, database: str) -> Any:
        """A client that speaks columns; it connects with its first query."""
        return make_client(self._address, database, self._settings)

    def say_made(self) -> None:
        """Nothing to do: what is missing of a book without runs is made where it is opened."""

    def create_database(self) -> None:
        """Make the database where it is not there."""
        name = self._address.database
        client = self._connect("")
        try:
            self._choose_settings(client)
            found, _ = client.execute(
                f"SELECT count() FROM system.databases WHERE name = '{name}'",
                columnar=True, with_column_types=True)
            if found[0][0]:
                return
            if not self._may_create:
                raise NotABook(
                    Phrase("the server has no database {database}", database=name),
                    where=self.where,
                    remedy="clear some files into it first, or name another one with --book")
            client.execute(f"CREATE DATABASE IF NOT EXISTS `{name}`")
            self._made_database = True
        except BookError:
            raise
        except Exception as error:
            raise self.fault(error) from error
        finally:
            client.disconnect()

    def _choose_settings(self, client: Any) -> None:
        """Ask for what a book needs, unless this user may only read and set nothing."""
        found, _ = client.execute(
            "SELECT value FROM system.settings WHERE name = 'readonly'",
            columnar=True, with_column_types=True)
        self._is_reader = bool(found) and int(found[0][0]) > 0
        if not self._is_reader:
            self._settings = {**_SETTINGS, **({"readonly": 2} if self._read_only else {})}
            self._client = self._connect(self._address.database)

    def table_settings(self) -> str:
        """What is inserted is on the disk where the server can see to that; see also schema.py."""
        names = ", ".join(f"'{name}'" for name in TABLE_SETTINGS)
        found = self.columns(
            f"SELECT name FROM system.merge_tree_settings WHERE name IN ({names})")
        return "".join(f", {name} = {TABLE_SETTINGS[name]}" for name in sorted(found["name"]))

    def run(self, sql: str) -> None:
        """Carry out a statement that returns no rows."""
        self._execute(self._client, sql)

    def columns(self, sql: str) -> Columns:
        """The whole result of a query."""
        return self._execute(self._client, sql)

    def read_only(self, sql: str, *, is_named: bool) -> Columns:
        """The whole result of a query that cannot change anything; its columns have names."""
        if self._is_reader:
            return self._execute(self._client, sql)
        return self._execute(self._client, sql, readonly=2)

    def _execute(self, client: Any, sql: str, **settings: int) -> Columns:
        try:
            with self._guard:
                columns, types = client.execute(
                    sql, columnar=True, with_column_types=True, settings=settings)
        except Exception as error:
            raise self.fault(error) from error
        if not columns:
            return {name: [] for name, _ in types}
        return {
            name: _plain(column, type_)
            for column, (name, type_) in zip(columns, types, strict=True)
        }

    def blocks(self, sql: str) -> Iterator[Columns]:
        """The result of a query, block by block."""
        for block in self._stream(sql):
            yield {
                name: _plain(column, type_)
                for column, (name, type_) in zip(
                    block.get_columns(), block.columns_with_types, strict=True)
            }

    def _stream(self, sql: str) -> Iterator[Any]:
        client = self._connect_to_book()
        try:
            with client.disconnect_on_error(sql, None):
                client.connection.send_query(sql)
                client.connection.send_external_tables(None)
                for packet in client.packet_generator():
                    block = getattr(packet, "block", None)
                    if block is not None and block.num_rows:
                        yield block
        except Exception as error:
            raise self.fault(error) from error
        finally:
            client.disconnect()

    def drop_table(self, name: str) -> None:
        """Remove a table, where it is there."""
        self.run(f"DROP TABLE IF EXISTS {name}")

    def merge(self, name: str) -> None:
        """Nothing: a server merges parts all the time."""

    def let_merge(self) -> None:
        """Nothing, too."""

    def insert(self, table: Table) -> ServerInserter:
        """Start to insert into a table."""
        return ServerInserter(self, self._connect_to_book, table)

    def last_fault(self) -> BookError | None:
        """Nothing: whatever happens to an insert is told at once."""
        return None

    def statements(self) -> tuple[dict[str, str], str]:
        """The statements, of tables and views."""
        found = self.columns("SELECT name, create_table_query AS made FROM system.tables "
                             "WHERE database = currentDatabase()")
        return (dict(zip(map(str, found["name"]), map(str, found["made"]), strict=True)),
                self._address.database)

    def find_odd_parts(self) -> list[str]:
        """Nothing: the files are the server's, and so are their checks."""
        return []

    def check_files(self) -> list[str]:
        """Nothing, as above: what is read of rows is held to their checksums by the server."""
        return []

    def lock_writer(self) -> None:
        """Become the only writer of the database."""
        if self._lock.held:
            raise BookLocked(
                "this process is already writing a run", where=self.where,
                remedy="commit it or leave it before the next one begins")
        try:
            self._lock.take()
        except BookError:
            raise
        except Exception as error:
            raise self.fault(error) from error

    def check_writer(self) -> None:
        """Raise BookLocked where the server has let go of this writer since."""
        if not self._lock.held:
            raise BookLocked(
                "the connection that kept other writers out has ended", where=self.where,
                expected="it lasts as long as the run",
                remedy="nothing of the run was committed; run it again")

    def unlock_writer(self) -> None:
        """Let others write."""
        self._lock.release()

    def fault(self, error: Exception) -> BookError:
        """The book's error for the driver's."""
        code = int(getattr(error, "code", 0) or 0)
        words = str(error).split("Stack trace:")[0].strip()
        if "CERTIFICATE_VERIFY_FAILED" in words:
            return BookUnavailable(
                "the server's certificate is not believed", where=self.where, expected=words,
                remedy=Phrase("name the host as its certificate does; where its authority is your "
                              "own, name the file with that one's certificate in {variable}",
                              variable=CA_FILE))
        if code in _UNREACHABLE or isinstance(error, (OSError, EOFError)):
            return BookUnavailable(
                "the server does not answer", where=self.where, expected=words,
                remedy="check that it runs, and the host and port (native protocol, often 9000; "
                       "over TLS, for clickhouses://, often 9440)")
        if code in _REFUSED:
            return BookUnavailable(
                "the server does not let this user in", where=self.where, expected=words,
                remedy=Phrase("check the user in the address, and the password there or in the "
                              "file that {variable} names", variable=PASSWORD_FILE))
        if code == _UNKNOWN_DATABASE:
            return NotABook("the server has no such database", where=self.where)
        return translate(error, self.where)

    def discard(self) -> None:
        """Remove the book's tables, and the database where it was made for them."""
        name = self._address.database
        if self._made_database:
            self.run(f"DROP DATABASE IF EXISTS `{name}`")
            return
        for table in reversed(self.columns(
                f"SELECT name FROM system.tables WHERE database = '{name}' "
                "ORDER BY engine != 'View', name = 'book'")["name"]):
            self.run(f"DROP TABLE IF EXISTS `{table}`")

    def close(self) -> None:
        """Let go of the server."""
        self.unlock_writer()
        with suppress(Exception):
            self._client.disconnect()


class ServerInserter:
    """Rows on their way into a table: one INSERT per block, as many at a time as threads append."""

    def __init__(self, store: ServerStore, connect: Callable[[], Any], table: Table) -> None:
        self._store, self._connect = store, connect
        self._idle: deque[Any] = deque()
        names = ", ".join(f"`{name}`" for name, _ in table.columns)
        self._sql = f"INSERT INTO {table.name} ({names}) VALUES"

    def append(self, columns: Sequence[ColumnData], rows: int) -> None:
        """Hand over rows, as columns in the table's order."""
        if rows == 0:       # an INSERT without rows would never end
            return
        client: Any = None
        try:
            client = self._client()
            client.execute(self._sql, [_array(column) for column in columns], columnar=True)
        except Exception as error:
            if client is not None:
                _disconnect(client)
            raise self._store.fault(error) from error
        self._idle.append(client)

    def _client(self) -> Any:
        """A connection that no other thread is using."""
        try:
            return self._idle.popleft()
        except IndexError:
            return self._connect()

    def finish(self) -> None:
        """Return when every row is stored; each block was, when it was handed over."""
        self.cancel()

    def cancel(self) -> None:
        """Give up."""
        while self._idle:
            _disconnect(self._idle.popleft())


def _disconnect(client: Any) -> None:
    with suppress(Exception):
        client.disconnect()


def make_client(address: Address, database: str, settings: dict[str, int]) -> Any:
    """A client of the driver for this address, that speaks columns."""
    from clickhouse_driver import Client

    # It warns of every type that it reads without NumPy, and of sockets that are closed already.
    logging.getLogger("clickhouse_driver").setLevel(logging.ERROR)
    return Client(
        address.host, port=address.port, user=address.user, password=address.password,
        database=database, client_name="onecard", secure=address.is_secure, verify=True,
        ca_certs=authorities() if address.is_secure else None,
        compression=False if address.is_loopback else "lz4",
        connect_timeout=10,
        settings={"use_numpy": True, "strings_as_bytes": True, **settings})


def _plain(column: Any, type_: str) -> Column:
    """A column of the driver as numbers, times or fixed bytes in an array, or text in a list."""
    if type_.startswith("FixedString("):
        width = int(type_[12:-1])
        return np.asarray(column, f"S{width}").view(f"V{width}")
    if isinstance(column, np.ndarray) and column.dtype.kind not in "SUO":
        return civil_times(column, type_)
    values = column.tolist() if isinstance(column, np.ndarray) else list(column)
    if type_.startswith("Nullable("):
        some = [value for value in values if value is not None]
        is_time = type_.startswith("Nullable(DateTime")
        return with_blanks([value is None for value in values], _plain(
            np.array(some, "M8[s]") if is_time else some, type_[9:-1]))
    return [
        value.decode(errors="backslashreplace") if isinstance(value, bytes) else str(value)
        for value in values
    ]


def _array(column: ColumnData) -> np.ndarray[Any, Any]:
    """A column as the driver takes it."""
    if isinstance(column, np.ndarray):
        # Bytes of a fixed width go as objects, too.
        return column.astype(object) if column.dtype.kind == "V" else column
    array = np.empty(len(column), object)
    array[:] = list(column)
    return array


