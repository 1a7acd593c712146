"""Whatever the power takes with it, what was acknowledged is there, and the book goes on."""

from __future__ import annotations

import ctypes.util
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, get_args

import pytest

from clearing.book import open_book
from tests.book.checks import assert_holds
from tests.book.disk import Change, Disk, Names
from tests.book.workload import add_run

CUTS = 8
REPOSITORY = Path(__file__).parents[2]
_WORK = """
import sys
from pathlib import Path
from clearing.book import open_book, parts
from tests.book.workload import add_run
parts.RUNS_OF_A_FOLD = 2
folder = Path(sys.argv[1])
with open_book(str(folder / "book")) as book:
    for run in (3, 4):
        add_run(book)
        (folder / f"acknowledged-{run}").touch()
    book.fold()
"""


class Recording(NamedTuple):
    """What two runs and a fold did to the folder of a book of two runs."""

    before: Path
    changes: list[Change]


@contextmanager
def _recorded(folder: Path) -> Iterator[Path]:
    """A folder that shows `kept`, while `log` gets what is changed in it."""
    mount = folder / "mount"
    mount.mkdir()
    with subprocess.Popen(
            [sys.executable, "-m", "tests.book.recorded_folder", str(folder / "kept"), str(mount),
             str(folder / "log")], cwd=REPOSITORY) as process:
        try:
            while not mount.is_mount():
                assert process.poll() is None, "it could not be mounted"
                time.sleep(0.05)
            yield mount
        finally:
            subprocess.run(["fusermount3", "-u", str(mount)], check=True)


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    if not Path("/dev/fuse").exists() or ctypes.util.find_library("fuse3") is None:
        pytest.skip("no file systems in user space here (Debian, as root: apt install fuse3)")
    folder = tmp_path_factory.mktemp("power")
    with open_book(str(folder / "before" / "book")) as book:
        add_run(book), add_run(book)
    shutil.copytree(folder / "before", folder / "kept", symlinks=True)
    with _recorded(folder) as mount:
        subprocess.run([sys.executable, "-c", _WORK, str(mount)], check=True)
    return Recording(folder / "before", _changes(folder / "log"))


def _changes(path: Path) -> list[Change]:
    changes: list[Change] = []
    with path.open("rb") as log:
        while log.peek(1):
            changes.append(pickle.load(log))
    return changes


def _cuts(changes: list[Change]) -> Iterator[int]:
    """Moments, spread over all, and each moment at which a run has just been acknowledged."""
    spread = {len(changes) * cut // CUTS for cut in range(CUTS + 1)}
    yield from sorted(spread | {
        place + 1 for place, change in enumerate(changes) if _acknowledged(change)})


def _acknowledged(change: Change) -> bool:
    return change[0] == "create" and change[1].startswith("/acknowledged")


@pytest.mark.long
@pytest.mark.parametrize("names", get_args(Names))
def test_what_was_acknowledged_is_there(recording: Recording, tmp_path: Path, names: Names
                                        ) -> None:
    disk, acknowledged = Disk(recording.before, names), 2
    done = 0
    for cut in _cuts(recording.changes):
        for change in recording.changes[done:cut]:
            disk.carry_out(change)
            acknowledged += _acknowledged(change)
        done = cut
        left = tmp_path / "left"
        disk.write(left)
        with open_book(str(left / "book")) as book:
            runs = len(book.runs())
            assert acknowledged <= runs <= min(acknowledged + 1, 4), f"{runs} after {cut} changes"
            assert_holds(book, runs)
            add_run(book)
            assert_holds(book, runs + 1)
        shutil.rmtree(left)
    assert acknowledged == 4
