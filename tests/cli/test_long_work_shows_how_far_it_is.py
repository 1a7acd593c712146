"""Whoever waits at a terminal sees how far a command has come; files and pipes get none of it."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TextIO
from unittest import mock

import pytest

from clearing.cli import main, progress
from tests.cli.clerk import FIRST, make_book
from tests.cli.conftest import Demo
from tests.cli.terminal import Terminal
from tests.cli.test_statements_come_to_positions import YUAN
from tests.run.command import SCRIPT, accepted, environment, shown


def watched(*arguments: str | Path, quiet_s: int = 0, out: TextIO | None = None) -> str:
    """What a command shows on standard error, where that is a terminal."""
    err = Terminal()
    with (mock.patch.object(progress, "QUIET_S", quiet_s),
          mock.patch.dict(os.environ, TERM="xterm", COLUMNS="80"),
          mock.patch.object(sys, "argv", ["onecard", *map(str, arguments)]),
          contextlib.redirect_stdout(out or io.StringIO()), contextlib.redirect_stderr(err),
          pytest.raises(SystemExit) as ended):
        main()
    assert ended.value.code == 0, err.getvalue()
    return err.getvalue()


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_book(tmp_path_factory.mktemp("watched"))


def test_exports_into_files_count_their_rows(demo: Demo, tmp_path: Path) -> None:
    path = tmp_path / "rides.xlsx"
    assert "rows" in watched("show", "rides", "--xlsx", path, "--book", demo.book)
    assert watched("show", "rides", "--csv", "--book", demo.book) == ""     # of no file


def test_an_export_ends_with_what_it_comes_to(demo: Demo, tmp_path: Path) -> None:
    """So that who wrote a file knows whether it is the one that he meant."""
    rows = shown("rides", demo.book, "--operator", "zs-bus")
    told = accepted("show", "rides", "--operator", "zs-bus", "--xlsx", tmp_path / "a.xlsx",
                    "--columns", "card,due,paid", "--book", demo.book).out
    paid, due = (YUAN.text(sum(row[name] for row in rows)) for name in ("paid", "due"))
    assert told == (f"written: {tmp_path / 'a.xlsx'}\n"
                    f"rows: {len(rows):,}; total: due {due}, paid {paid}\n")
    with (tmp_path / "a.csv").open("w") as out:
        err = watched("show", "rides", "--operator", "zs-bus", "--csv", "--book", demo.book,
                      out=out)
    assert f"rows: {len(rows):,}; total: due {due}, price " in err
    assert watched("show", "rides", "--csv", "--book", demo.book) == ""     # into no file
    assert accepted("show", "files", "--xlsx", tmp_path / "f.xlsx", "--columns", "name", "--book",
                    demo.book).out.endswith(f"\nrows: {len(shown('files', demo.book))}\n")


def test_prices_by_other_tables_are_counted(demo: Demo) -> None:
    assert "price" in watched("what-if", "--network", "demo", "--from", FIRST, "--to", FIRST,
                              "--book", demo.book)


def test_what_is_quick_shows_nothing(demo: Demo, tmp_path: Path) -> None:
    assert watched("show", "files", "--xlsx", tmp_path / "files.xlsx", "--book", demo.book) == ""
    assert watched("verify", "--cards", "1", "--book", demo.book, quiet_s=3_600) == ""


def test_commands_name_what_they_are_at(book: Path, tmp_path: Path) -> None:
    """The bars are gone whenever something is asked, or printed."""
    backups = tmp_path / "backups"
    for stage, words in (
            ("rides", ("verify", "--all", "--book", book)),
            ("files", ("book", "backup", backups, "--book", book)),
            ("files", ("book", "check", backups)),
            ("files", ("book", "restore", backups, "--book", tmp_path / "again"))):
        shown = watched(*words)
        assert stage in shown, words
        assert shown.count("\x1b[?25l") == shown.count("\x1b[?25h")     # the cursor is back


def test_a_stopped_export_leaves_nothing(demo: Demo, tmp_path: Path) -> None:
    path = tmp_path / "postings.xlsx"
    running = subprocess.Popen(
        [sys.executable, *SCRIPT, "show", "postings", "--xlsx", str(path), "--book", demo.book],
        env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    for _ in range(600):
        if list(tmp_path.iterdir()):
            break
        time.sleep(1 / 20)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out) == (130, "")
    assert err.endswith("stopped; nothing of the unfinished run is in the book\n")
    assert "Traceback" not in err
    assert list(tmp_path.iterdir()) == []
    assert accepted("verify", "--cards", "1", "--book", demo.book).code == 0
