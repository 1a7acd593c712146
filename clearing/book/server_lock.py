"""The writer's lock on a server: a query that runs as long as the writer lives.

The server runs only one query of a name at a time, and ends a query when its client goes away. So
the query `onecard-writer-<database>`, which sleeps and sends a word ten times a second, is held by
one process, and let go by the server itself within half a second of a kill -9 (measured: 0.1 to
0.3 s on 18.16). A client whose machine vanishes from the network is noticed when TCP gives up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from network.errors import BookLocked
from network.language import Phrase

WAIT_S = 15.0       # for the query of a writer that was killed a moment ago
_RETRY_S = 0.25
_ALREADY_RUNNING = 216
_SETTINGS = {"max_block_size": 1, "max_execution_time": 0, "replace_running_query": 0}

_log = logging.getLogger("onecard.book")


class ServerLock:
    """The only writer of a database, from `take` to `release`."""

    def __init__(self, connect: Callable[[], Any], database: str, where: str) -> None:
        self._connect, self._where = connect, where
        self._query_id = f"onecard-writer-{database}"
        self._client: Any = None
        self._thread: threading.Thread | None = None
        self._answered = threading.Event()
        self._error: Exception | None = None

    @property
    def held(self) -> bool:
        """Whether the query still runs."""
        return self._thread is not None and self._thread.is_alive()

    def take(self) -> None:
        """Become the writer; wait for a while for one that is just ending."""
        deadline = time.monotonic() + WAIT_S
        told = False
        while True:
            self._start()
            if self.held:
                return
            error, self._thread = self._error, None
            if getattr(error, "code", 0) != _ALREADY_RUNNING:
                assert error is not None    # the query never ends by itself
                raise error
            if time.monotonic() > deadline:
                raise BookLocked(
                    "another process is writing a run into this book", where=self._where,
                    expected=Phrase("no query {query} on the server; waited {seconds:.0f} s",
                                    query=self._query_id, seconds=WAIT_S),
                    remedy="wait until it ends, or stop it; readers can go on") from error
            if not told:
                _log.warning("%s: another run is being written; waiting up to %.0f s",
                             self._where, WAIT_S)
                told = True
            time.sleep(_RETRY_S)

    def _start(self) -> None:
        """Start the query and return when the server has let it run or refused it."""
        self._answered.clear()
        self._error = None
        self._client = self._connect()
        self._thread = threading.Thread(
            target=self._hold, args=(self._client,), name="onecard-writer-lock", daemon=True)
        self._thread.start()
        self._answered.wait()
        if self._error is not None:
            self._thread.join()

    def _hold(self, client: Any) -> None:
        """Read what the query sends until it ends; nobody else may use this connection."""
        try:
            with client.disconnect_on_error("lock", _SETTINGS):
                client.connection.send_query(
                    "SELECT sleep(0.1) FROM system.numbers", query_id=self._query_id)
                client.connection.send_external_tables(None)
                for _ in client.packet_generator():
                    self._answered.set()
        except Exception as error:
            self._error = error
        finally:
            self._answered.set()

    def release(self) -> None:
        """Let others write."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with suppress(Exception):
            self._client.connection.send_cancel()
        thread.join(timeout=2.0)
        with suppress(Exception):
            self._client.disconnect()
