"""A server before the embedded engine: `python -m tests.integration.todays_engine FOLDER PORT`.

The one real server that can be installed here is of 2018. Its SQL, its definitions of tables and
what the driver makes of its answers are not today's; those of the embedded engine are. So this
listens on loopback, one thread a connection, and has the engine carry out what a client sends. What
it cannot show: users and their rights, compression, TLS, a server's own merges and restarts.
"""

from __future__ import annotations

import re
import select
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import chdb

from tests.integration import native_protocol as protocol
from tests.integration.native_protocol import Block, Query, Reader

_FAULT = re.compile(r"Code: (\d+)\. DB::Exception: (.*)", re.DOTALL)
_INSERT = re.compile(r"\s*INSERT\s+INTO\s+(\S+)\s*\((.*)\)\s*VALUES\s*", re.DOTALL | re.IGNORECASE)
_CHANGES = re.compile(
    r"\s*(ALTER|CREATE|DROP|INSERT|OPTIMIZE|RENAME|TRUNCATE)\b", re.IGNORECASE)
_HAS_ROWS = re.compile(r"\s*(SELECT|WITH)\b", re.IGNORECASE)
_KEPT_SETTINGS = ("max_bytes_before_external_sort", "max_query_size")
_UNKNOWN_DATABASE, _READ_ONLY, _ALREADY_RUNNING = 81, 164, 216

_running: set[str] = set()
_guard = threading.Lock()


class Fault(Exception):
    """A query that the server refuses: its number and words."""


class Connection(threading.Thread):
    """One client."""

    def __init__(self, client: socket.socket, folder: Path) -> None:
        super().__init__(daemon=True)
        self._client, self._reader, self._folder = client, Reader.of(client), folder
        self._engine: Any = chdb.connect(str(folder))
        self._database = ""
        self._is_used = False

    def run(self) -> None:
        """Answer until the client goes."""
        try:
            self._greet()
            while True:
                self._answer(self._reader.number())
        except (EOFError, OSError):
            pass
        finally:
            self._client.close()
            self._engine.close()

    def _greet(self) -> None:
        assert self._reader.number() == protocol.HELLO
        self._reader.word()
        for _ in range(3):
            self._reader.number()
        self._database = self._reader.text()
        self._reader.word(), self._reader.word()        # user and password: anybody may
        major, minor = self._ask("SELECT version()").split(".")[:2]
        self._client.sendall(protocol.hello(int(major), int(minor)))
        self._reader.word()                             # quota

    def _ask(self, sql: str) -> str:
        return bytes(self._engine.query(sql, "TSVRaw").bytes()).decode().rstrip("\n")

    def _answer(self, kind: int) -> None:
        if kind == protocol.PING:
            self._client.sendall(protocol.PONG)
        elif kind == protocol.QUERY:
            self._query(self._reader.query())
        else:
            assert kind == protocol.CANCEL, kind

    def _query(self, query: Query) -> None:
        try:
            with _guard:
                if query.name and query.name in _running:
                    raise Fault(_ALREADY_RUNNING, f"Query {query.name} is already running")
                _running.add(query.name)
            try:
                self._carry_out(query)
            finally:
                with _guard:
                    _running.discard(query.name)
        except Fault as fault:
            self._client.sendall(protocol.exception(*fault.args))
        except RuntimeError as error:       # the engine's only kind
            found = _FAULT.search(str(error))
            code, words = (int(found[1]), found[2]) if found else (1002, str(error))
            self._client.sendall(protocol.exception(code, words))

    def _carry_out(self, query: Query) -> None:
        self._use_database()
        if query.settings.get("readonly", "0") != "0" and _CHANGES.match(query.text):
            raise Fault(_READ_ONLY, "Cannot execute query in readonly mode")
        if insert := _INSERT.fullmatch(query.text):
            self._insert(insert[1], insert[2])
        elif "sleep(" in query.text and "system.numbers" in query.text:
            self._sleep_on()
        else:
            for name in set(query.settings).intersection(_KEPT_SETTINGS):
                self._engine.query(f"SET {name} = {int(query.settings[name])}")
            self._send_result(query.text)
        self._client.sendall(protocol.END)

    def _use_database(self) -> None:
        if self._is_used or not self._database:
            return
        found = self._ask(f"SELECT count() FROM system.databases WHERE name = '{self._database}'")
        if found == "0":
            raise Fault(_UNKNOWN_DATABASE, f"Database {self._database} does not exist")
        self._engine.query(f"USE `{self._database}`")
        self._is_used = True

    def _send_result(self, sql: str) -> None:
        result = bytes(self._engine.query(sql, "Native").bytes())
        reader, is_first = Reader.of(result), True
        while True:
            try:
                block = reader.block()
            except EOFError:
                break
            if is_first:        # the names and types go before the rows
                self._client.sendall(protocol.data(
                    Block([(name, type_, b"") for name, type_, _ in block.columns], 0)))
            is_first = False
            if block.rows:
                self._client.sendall(protocol.data(block))
        if is_first and _HAS_ROWS.match(sql):
            self._client.sendall(protocol.data(Block(self._columns_of(f"({sql})"), 0)))

    def _columns_of(self, what: str) -> list[protocol.Column]:
        lines = self._ask(f"DESCRIBE {what}").splitlines()
        return [(name.encode(), type_, b"")
                for name, type_ in (line.split("\t")[:2] for line in lines)]

    def _insert(self, table: str, names: str) -> None:
        described = {column[0].decode(): column for column in self._columns_of(f"TABLE {table}")}
        wanted = [described[name.strip().strip("`")] for name in names.split(",")]
        self._client.sendall(protocol.data(Block(wanted, 0)))
        path = self._folder.with_name(f"{self._folder.name}.{threading.get_ident()}.native")
        while True:
            assert self._reader.number() == protocol.DATA
            block = self._reader.data()
            if not block.rows:
                break
            path.write_bytes(protocol.native(block))
            self._engine.query(
                f"INSERT INTO {table} ({names}) SELECT * FROM file('{path}', Native)")
            path.unlink()
            self._client.sendall(protocol.PROFILE_EVENTS)
        self._client.sendall(protocol.PROFILE_EVENTS)

    def _sleep_on(self) -> None:
        """The query by which a writer keeps others out: a row, again and again, until it goes."""
        row = protocol.data(Block([(b"sleep(0.1)", "UInt8", b"\0")], 1))
        while True:
            self._client.sendall(row)
            if select.select([self._client], [], [], 0.1)[0]:
                return      # it says that it ends, or is gone


def main() -> None:
    """Listen until killed."""
    folder, port = Path(sys.argv[1]), int(sys.argv[2])
    with socket.create_server(("127.0.0.1", port), backlog=64) as listening:
        while True:
            client, _ = listening.accept()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            Connection(client, folder).start()


if __name__ == "__main__":
    main()
