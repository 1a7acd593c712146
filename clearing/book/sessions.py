"""Sessions of the embedded store that are open and not in use.

Opening one costs as much as a short question, and a run needs one for each table that it writes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

_IDLE_MOST = 16


class Sessions:
    """Sessions that are taken, used by one thread, and given back. Any thread may ask."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._idle: deque[Any] = deque()

    def take(self) -> Any:
        """A session that nobody else is using."""
        try:
            return self._idle.pop()
        except IndexError:
            return self._connect()

    def give_back(self, session: Any) -> None:
        """Leave a session, on which nothing is going on, to the next one."""
        if len(self._idle) < _IDLE_MOST:
            self._idle.append(session)
        else:
            session.close()

    def close(self) -> None:
        """Close those that are not in use."""
        while self._idle:
            with suppress(Exception):
                self._idle.pop().close()
