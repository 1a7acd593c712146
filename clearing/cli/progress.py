"""How far a command has come: bars on standard error, where a person looks at it."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from network.progress import Progress, no_progress

if TYPE_CHECKING:
    from clearing.answers.show import Listing

QUIET_S = 1             # what is done by then needs no bar
ROWS_COUNTED = 1_000    # at a time


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Progress on a terminal; nothing where standard error is none."""
    if not sys.stderr.isatty():
        yield no_progress
        return
    bars = _Bars()
    try:
        yield bars.advance
    finally:
        bars.stop()


class _Bars:
    """A bar for each stage that has begun; none while all of them are done: somebody may ask."""

    def __init__(self) -> None:
        self._begun, self._lock = time.monotonic(), threading.Lock()
        self._bars: Any = None
        self._tasks: dict[str, Any] = {}

    def advance(self, stage: str, done: int, total: int) -> None:
        """Show how far a stage has come; called from several threads."""
        with self._lock:
            if time.monotonic() - self._begun < QUIET_S:
                return
            if self._bars is None:
                from rich.console import Console
                from rich.progress import Progress as Bars

                self._bars = Bars(console=Console(stderr=True), transient=True)
            if stage not in self._tasks:
                self._tasks[stage] = self._bars.add_task(stage, total=total)
            self._bars.update(self._tasks[stage], completed=done, total=total)
            if self._bars.finished:
                self._bars.stop()
            else:
                self._bars.start()

    def stop(self) -> None:
        """Take the bars away."""
        if self._bars is not None:
            self._bars.stop()


@contextmanager
def counted(listing: Listing, *, is_file: bool) -> Iterator[Listing]:
    """A list whose rows are counted while they go into a file, where that takes long.

    Not where they go into a pipe: a pager may have the terminal.
    """
    if listing.total is None or not sys.stderr.isatty() or not (is_file or goes_into_file()):
        yield listing
        return
    with progress_bar() as progress:
        yield listing._replace(rows=_counting(listing, listing.total(), progress))


def _counting(listing: Listing, total: int, progress: Progress) -> Iterator[tuple[Any, ...]]:
    for number, row in enumerate(listing.rows, 1):
        yield row
        if number % ROWS_COUNTED == 0:
            progress("rows", number, total)


def goes_into_file() -> bool:
    """Whether standard output goes into a file."""
    try:
        return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
    except OSError:
        return False
