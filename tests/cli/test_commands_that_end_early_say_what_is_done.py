"""Whatever ends a command, what it says of the book is true, and no half of a file is left."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from clearing.answers.documents.unfinished import whole_file
from clearing.book.commit import OpenRun
from network.errors import BookUnavailable
from tests.cli.conftest import Demo
from tests.run.command import SCRIPT, environment, onecard, shown, write_csv
from tests.run.test_records_are_judged_over_runs import COLUMNS, bus

COMMITTED = "run 1 is committed and stays so"
UNKNOWN = "whether run 1 is committed is not known: look with `onecard show runs`"


def no_room() -> OSError:
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def stop(error: BaseException) -> Any:
    def ended(*_: object, **__: object) -> None:
        raise error
    return ended


def clear(place: Path) -> tuple[int, str]:
    """Clear a file into a new book: the exit code, and what was said of it."""
    path = write_csv(place / "first.csv", [bus(1, "2024-11-25T08:00:00")], COLUMNS)
    done = onecard("clear", path, "--network", "demo", "--book", place / "book")
    return done.code, done.err.lstrip("\n")     # click goes to a new line first


@pytest.mark.parametrize(("error", "code", "said"), [
    (KeyboardInterrupt(), 130, f"stopped; {COMMITTED}\n"),
    (no_room(), 2, f"No space left on device; {COMMITTED}\nmake room"),
    (ValueError("x"), 70, f"this is a fault of the program, not of your files; {COMMITTED}\n"),
])
def test_what_was_committed_stays_so_while_it_is_told(
        error: BaseException, code: int, said: str, tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch) -> None:
    """By then the book is closed: who only asks that would say that nothing was done."""
    monkeypatch.setattr(tempfile, "tempdir", "/tmp")
    with monkeypatch.context() as patched:
        patched.setattr("clearing.cli.clear._tell", stop(error))
        ended, told = clear(tmp_path)
    assert ended == code
    assert said in told
    assert [run["run"] for run in shown("runs", tmp_path / "book")] == [1]
    assert COMMITTED not in onecard("show", "runs", "--book", tmp_path / "nothing").err


@pytest.mark.parametrize(("is_asked", "said"), [(True, COMMITTED), (False, UNKNOWN)])
def test_a_commit_that_is_stopped_is_looked_for(
        is_asked: bool, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that is gone says nothing; neither that the run is there nor that it is not."""
    monkeypatch.setattr(OpenRun, "_check_stored", stop(KeyboardInterrupt()))
    if not is_asked:
        monkeypatch.setattr(OpenRun, "_last_stored", stop(BookUnavailable("gone", remedy="wait")))
    monkeypatch.setattr(OpenRun, "_check_parent", lambda _: None)
    assert clear(tmp_path) == (130, f"stopped; {said}\n")


@pytest.mark.parametrize("words", [
    ("show", "rides", "--xlsx", "{}/list.xlsx"), ("show", "rides", "--arrow", "{}/list.arrow"),
    ("report", "day", "--window", "2024-11-25", "--html", "{}/day.html"),
    ("report", "day", "--window", "2024-11-25", "--xlsx", "{}/day.xlsx"),
    ("statement", "--month", "2024-11", "--out", "{}/statements"),
    ("settle", "--window", "2024-11-25", "--out", "{}/settled"),
    ("book", "acknowledge", "--run", "1", "--acknowledgements", "{}/answers"),
], ids=lambda words: f"{words[0]} {words[-2]}")
def test_a_full_disk_leaves_no_half_of_a_file(words: tuple[str, ...], demo: Demo, tmp_path: Path,
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    replace = os.replace

    def full(source: str | Path, target: str | Path, **how: Any) -> None:
        if str(source).endswith(".unfinished"):
            raise no_room()
        replace(source, target, **how)

    monkeypatch.setattr(os, "replace", full)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    done = onecard(*(word.format(tmp_path) for word in words), "--book", demo.book)
    assert done.code == 2, done
    assert "No space left on device" in done.err
    assert str(tmp_path) in done.err            # what it was that could not be written
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_what_cannot_be_written_is_named(tmp_path: Path) -> None:
    with (pytest.raises(OSError, match=r"list\.csv"),          # noqa: PT012
          whole_file(tmp_path / "list.csv") as path):
        path.write_text("half")
        raise no_room()
    assert list(tmp_path.iterdir()) == []


def test_streams_that_somebody_closed(demo: Demo) -> None:
    """What is opened next would get their numbers: a file of the book, for what is printed."""
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&- <&-', "sh", sys.executable, *SCRIPT, "show", "positions",
         "--book", demo.book], env=environment(), stderr=subprocess.PIPE, text=True, timeout=60)
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)     # that this process has it open
