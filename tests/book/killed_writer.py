"""Adds runs to a book and kills itself, as by kill -9, before the n-th step that touches the store.

    python -m tests.book.killed_writer LOCATION STEP [RUNS]
    python -m tests.book.killed_writer LOCATION every STRIDE COMMITTED

Ends by itself, and says how many steps it took, where there are fewer than STEP. RUNS: so many are
folded at a time. `every`: one process after the other is killed, each STRIDE steps later than the
one before it, until one comes through; each finds first what the book must hold. COMMITTED: the
runs that the book has. Prints how many steps the last one took, and the runs that it found. Forks
before chdb is imported, never after. The steps are the calls of the engine and of its inserters:
whatever a book does goes through these. Looking whether somebody else writes is none: a kill before
it leaves what a kill before the next step does.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, NoReturn

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from clearing.book import Book, open_book, parts
from clearing.book.embedded import EmbeddedInserter, EmbeddedStore
from clearing.book.server import ServerInserter, ServerStore
from tests.book.checks import assert_holds, work_out
from tests.book.workload import add_run

STEPS = {
    EmbeddedStore: ("create_database", "say_made", "run", "lock_writer", "insert",
                    "unlock_writer", "close"),
    EmbeddedInserter: ("append", "finish"),
    ServerStore: ("create_database", "run", "lock_writer", "insert", "unlock_writer", "close"),
    ServerInserter: ("append", "finish"),
}


class Steps:
    """Counts steps, and ends the process before one of them."""

    def __init__(self, last: int) -> None:
        self.taken, self.last = 0, last
        self._lock = threading.Lock()       # several tables are ended side by side

    def wrap(self, owner: Any, name: str) -> None:
        """Make a method or function a step."""
        method: Callable[..., Any] = getattr(owner, name)

        def step(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                self.taken += 1
                if self.taken == self.last:
                    os.kill(os.getpid(), signal.SIGKILL)
            return method(*arguments, **named)

        setattr(owner, name, step)


def write_until(location: str, last: int, look: Callable[[Book], None]) -> int:
    """Open the book, look at it, add a run, close it; how many steps that took."""
    steps = Steps(last)
    for owner, names in STEPS.items():
        for name in names:
            steps.wrap(owner, name)
    with open_book(location) as book:
        look(book)
        add_run(book)
    return steps.taken


def kill_every(location: str, stride: int, committed: int) -> tuple[int, int]:
    """Kill one writer after the other; the steps of the last one, and the runs that it found."""
    step = 0
    while True:
        step += stride
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            _write(location, step, committed, writer)
        os.close(writer)
        with os.fdopen(reader) as said:
            told = [int(line) for line in said]     # runs found, steps taken; as far as it came
        how = os.waitpid(child, 0)[1]
        committed = told[0] if told else committed
        if how != signal.SIGKILL:
            assert how == 0, f"the writer that was to be killed before step {step} failed"
            return told[1], committed


def _write(location: str, step: int, committed: int, said: int) -> NoReturn:
    """What the process does that is killed before a step."""
    def look(book: Book) -> None:
        runs = len(book.runs())
        assert runs in (committed, committed + 1)
        assert_holds(book, runs)
        os.write(said, f"{runs}\n".encode())

    try:
        os.write(said, f"{write_until(location, step, look)}\n".encode())
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(9)
    os._exit(0)


def main(location: str, how: str, *more: str) -> None:
    """Be killed once, or again and again."""
    if how == "every":
        stride, committed = map(int, more)
        for runs in (committed, committed + 1):     # what all of them would work out again
            work_out(runs)
        print(*kill_every(location, stride, committed))
        return
    if more:
        parts.RUNS_OF_A_FOLD = int(more[0])
    print(write_until(location, int(how), lambda book: None))


if __name__ == "__main__":
    main(*sys.argv[1:])
