"""kill -9 at any step of a run loses at most that run, and leaves nothing that is ever seen.

A process adds a run to the book and is killed before its first step, the next one before its
second, and so on until one comes through. After each, the book is opened and held to what its
committed runs must be; whatever the dead left has to be out of the next one's way.
"""

from __future__ import annotations

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.book.checks import assert_holds, exported
from tests.book.workload import add_run, closed_by, states_of

_ROOT = Path(__file__).parents[2]


def _run_until(location: str, step: int) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.book.killed_writer", location, str(step)],
        cwd=_ROOT, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("step", [2, 3, 9, 16, 17, 18, 19, 20, 21])
def test_kill_while_the_book_is_made(location: str, step: int) -> None:
    assert _run_until(location, step).returncode == -signal.SIGKILL
    with open_book(location) as book:
        add_run(book)
        assert_holds(book, 1)


def test_kill_at_any_moment(location: str) -> None:
    with open_book(location) as book:
        for _ in range(2):      # the next one tells again what cards were like
            add_run(book)
    committed = 2
    for tenths in (4, 7, 5, 6, 8):
        writer = subprocess.Popen(
            [sys.executable, "-m", "tests.book.killed_writer", location, "0"],
            cwd=_ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with contextlib.suppress(subprocess.TimeoutExpired):
            writer.wait(timeout=tenths / 10)
        writer.kill()
        writer.wait()
        with open_book(location) as book:
            runs = len(book.runs())
            assert runs in (committed, committed + 1)
            committed = runs
            assert_holds(book, committed)
    with open_book(location) as book:
        add_run(book)
        assert_holds(book, committed + 1)


@pytest.mark.parametrize("step", range(18, 32, 3))
def test_kill_while_older_windows_are_told_again(location: str, step: int) -> None:
    with open_book(location) as book:
        for _ in range(2):
            add_run(book)
    assert min(told.window for told in states_of(3)) == closed_by(2)
    assert _run_until(location, step).returncode == -signal.SIGKILL
    with open_book(location) as book:
        committed = len(book.runs())
        assert committed in (2, 3)      # 3 where it was killed behind the commit row
        assert_holds(book, committed)
        add_run(book)
        assert_holds(book, committed + 1)


@pytest.mark.long
@pytest.mark.parametrize("before", [0, 3], ids=["a new book", "a full copy of the state"])
def test_kill_at_every_step(location: str, tmp_path: Path, before: int) -> None:
    if before:
        with open_book(location) as book:
            for _ in range(before):
                add_run(book)
    # Every step in a folder; on a server, whose steps are the same, every third.
    stride = 3 if location.startswith("clickhouse://") else 1
    ended = subprocess.run(
        [sys.executable, "-m", "tests.book.killed_writer", location, "every", str(stride),
         str(before)], cwd=_ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert ended.returncode == 0, ended.stderr
    steps, committed = map(int, ended.stdout.split())
    assert steps > 20
    if stride == 1 and before:      # a book that is there takes fewer steps than to make one
        assert committed > before   # killed after the commit row: committed all the same
    with open_book(location) as book:
        assert_holds(book, committed + 1)
        bases = [run.state_base for run in book.runs()]
        after_kills = exported(book)
    assert (bases[3:4] == [closed_by(4)]) == (before > 0)
    undisturbed = str(tmp_path / "undisturbed")
    with open_book(undisturbed) as book:
        for _ in range(committed + 1):
            add_run(book)
        assert exported(book) == after_kills
        assert [run.state_base for run in book.runs()] == bases
