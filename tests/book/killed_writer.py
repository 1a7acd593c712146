"""Adds runs to a book and kills itself, as by kill -9, before the n-th step that touches the store.

    python -m tests.book.killed_writer LOCATION STEP [RUNS]

Ends by itself, and says how many steps it took, where there are fewer than STEP. RUNS: so many are
folded at a time. The steps are the calls of the engine and of its inserters: whatever a book does
goes through these.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from typing import Any

from clearing.book import open_book, parts
from clearing.book.embedded import EmbeddedInserter, EmbeddedStore
from clearing.book.server import ServerInserter, ServerStore
from tests.book.workload import add_run

_STEPS = {
    EmbeddedStore: ("create_database", "run", "lock_writer", "insert", "check_writer",
                     "unlock_writer", "close"),
    EmbeddedInserter: ("append", "finish"),
    ServerStore: ("create_database", "run", "lock_writer", "insert", "check_writer",
                   "unlock_writer", "close"),
    ServerInserter: ("append", "finish"),
}


class Steps:
    """Counts steps, and ends the process before one of them."""

    def __init__(self, last: int) -> None:
        self.taken, self.last = 0, last

    def wrap(self, owner: type, name: str) -> None:
        """Make a method a step."""
        method: Callable[..., Any] = getattr(owner, name)

        def step(*arguments: Any, **named: Any) -> Any:
            self.taken += 1
            if self.taken == self.last:
                os.kill(os.getpid(), signal.SIGKILL)
            return method(*arguments, **named)

        setattr(owner, name, step)


def main(location: str, last: int) -> None:
    """Open the book, add a run, close it."""
    steps = Steps(last)
    for owner, names in _STEPS.items():
        for name in names:
            steps.wrap(owner, name)
    with open_book(location) as book:
        add_run(book)
    print(steps.taken)


if __name__ == "__main__":
    if sys.argv[3:]:
        parts.RUNS_OF_A_FOLD = int(sys.argv[3])
    main(sys.argv[1], int(sys.argv[2]))
