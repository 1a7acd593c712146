"""Upgrades a book and kills itself, as by kill -9, before each step that touches the disk.

    python -m tests.book.killed_upgrade LOCATION

One process after the other is killed a step later than the one before it, on the same book, until
one comes through; prints how many steps that one took. Of the files of the copy one in so many is a
step. Forks before chdb is imported, never after.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from clearing.book import backup
from clearing.book.upgrade import upgrade
from tests.book.killed_writer import STEPS, Steps

FILES_OF_A_STEP = 100


def upgrade_until(location: str, last: int) -> int:
    """Upgrade the book; how many steps that took."""
    steps, files, write = Steps(last), iter(range(1, 1 << 30)), backup._write
    for owner, names in STEPS.items():
        for name in names:
            steps.wrap(owner, name)
    steps.wrap(backup, "_write")
    counted = backup._write

    def write_file(*arguments: object) -> None:
        (write if next(files) % FILES_OF_A_STEP else counted)(*arguments)  # type: ignore[arg-type]

    backup._write = write_file      # type: ignore[assignment]
    upgrade(location)
    return steps.taken


def main(location: str) -> None:
    """Kill one after the other."""
    step = 0
    while True:
        step += 1
        child = os.fork()
        if child == 0:
            try:
                print(upgrade_until(location, step), flush=True)
            except BaseException:
                traceback.print_exc()
                sys.stderr.flush()
                os._exit(9)
            os._exit(0)
        how = os.waitpid(child, 0)[1]
        if how != signal.SIGKILL:
            assert how == 0, f"the upgrade that was to be killed before step {step} failed"
            return


if __name__ == "__main__":
    main(*sys.argv[1:])
