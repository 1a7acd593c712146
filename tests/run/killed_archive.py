"""Archives windows of a book and kills itself, as by kill -9, before steps that touch the disk.

    python -m tests.run.killed_archive BOOK BEFORE FOLDER

One process after the other is killed some steps later than the one before it, on the same book,
and then before each of the steps by which the copy takes the book's place, on a copy of the book
each. The next process finds the book whole first, with its windows or without. Prints how many
were killed, and of these how many when the windows had left. Forks before chdb is imported, never
after.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from typing import Any, NoReturn

os.environ["OPENBLAS_NUM_THREADS"] = "1"

from clearing.answers import archive_files
from clearing.answers.archive import archive
from clearing.book import changing, open_book
from clearing.book.integrity import find_changed_rows
from tests.book.killed_writer import STEPS, Steps

STRIDE = 70         # steps in a copy that is nobody's yet
# Of the copy's taking the book's place, in their order, and whether the windows have left before.
PLACES: list[tuple[Any, str, bool]] = [
    (changing, "_exchange", False), (changing, "sync_folder", True),
    (changing.FileJournal, "append", True)]


def _archive_until(location: str, before: str, folder: Path, last: int | str) -> None:
    """Archive, and be killed before so many steps, or before one of PLACES."""
    if isinstance(last, int):
        steps = Steps(last)
        for owner, names in STEPS.items():
            for name in names:
                steps.wrap(owner, name)
        steps.wrap(archive_files, "_put")
        archive(location, before, folder)
        return

    def when_in_place(*places: Path) -> None:
        exchange(*places)
        _wrap_places(last, is_left=True)

    exchange = changing._exchange
    _wrap_places(last, is_left=False)
    if changing._exchange is exchange:
        changing._exchange = when_in_place
    archive(location, before, folder)


def _wrap_places(last: str, *, is_left: bool) -> None:
    for owner, name, left in PLACES:
        if (name, left) == (last, is_left):
            Steps(1).wrap(owner, name)


def _child(location: str, before: str, folder: Path, last: int | str) -> NoReturn:
    try:
        _archive_until(location, before, folder, last)
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(9)
    os._exit(0)


def _look(location: str, *, is_left: bool) -> NoReturn:
    """The book is whole, and a writer finds it so and clears up."""
    try:
        with open_book(location) as book:
            assert bool(book.archives()) == is_left
            assert list(find_changed_rows(book)) == []
            book.fold()
        assert not (Path(location) / "changing").exists()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(9)
    os._exit(0)


def _ends(child: int) -> int:
    return os.waitpid(child, 0)[1]


def _was_killed(location: str, before: str, folder: Path, last: int | str) -> bool:
    child = os.fork()
    if child == 0:
        _child(location, before, folder, last)
    how = _ends(child)
    assert how in (0, signal.SIGKILL), f"the archive to be killed before {last} failed"
    return how != 0


def _assert_whole(location: str, *, is_left: bool) -> None:
    child = os.fork()
    if child == 0:
        _look(location, is_left=is_left)
    assert _ends(child) == 0


def main(location: str, before: str, folder: str) -> None:
    """Kill one after the other."""
    killed, left = 0, 0
    for number, (_, name, is_left) in enumerate(PLACES):
        copy = f"{location}-{number}"
        shutil.copytree(location, copy, symlinks=True)
        assert _was_killed(copy, before, Path(f"{folder}-{number}"), name)
        _assert_whole(copy, is_left=is_left)
        killed, left = killed + 1, left + is_left
        shutil.rmtree(copy)
    step = STRIDE
    while _was_killed(location, before, Path(folder), step):
        _assert_whole(location, is_left=False)
        step, killed = step + STRIDE, killed + 1
    _assert_whole(location, is_left=True)
    print(killed, left)


if __name__ == "__main__":
    main(*sys.argv[1:])
