"""Killed at a step that matters and typed again: the same payments, file and answers.

A batch that is made twice is paid twice; a file that a bank has, and the book does not know of,
could be written again in another form.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from clearing.book import open_book
from tests.run.command import accepted, environment, onecard
from tests.run.paying import (
    CHECKER,
    LATER,
    MAKER,
    listed,
    make,
    payments,
    settle_example,
    status_report,
)

KILL = """
import os, signal, sys
import {module} as module
owner = {owner}
def killed(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)
setattr(owner, {name!r}, killed)
from clearing.cli import main
main()
"""
COMMIT = ("clearing.book.commit", "module.OpenRun", "commit")
JOURNAL = ("clearing.book.journal", "module.FileJournal", "append")     # behind the commit row
REPLACE = ("os", "module", "replace")       # the file has no name yet


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A book before each command, by its name."""
    folder = tmp_path_factory.mktemp("ready")
    books = {name: folder / name for name in ("make", "write", "answer")}
    settle_example(books["make"])
    shutil.copytree(books["make"], books["write"], symlinks=True)
    make(books["write"])
    accepted("pay", "check", "1", *CHECKER, "--book", books["write"])
    shutil.copytree(books["write"], books["answer"], symlinks=True)
    accepted("pay", "write", "1", "--format", "csv", "--out", folder / "sent.csv", "--book",
             books["answer"])
    status_report(folder / "answer.xml", payments(books["answer"], 1),
                  [(1, "ACSC", ""), (7, "RJCT", "AC04")])
    return books


def outcome(book: Path) -> str:
    with open_book(str(book)):
        return str((listed(book), payments(book, 1)))


@pytest.mark.long
@pytest.mark.parametrize(("name", "step"), [
    ("make", COMMIT), ("make", JOURNAL), ("write", COMMIT), ("write", REPLACE),
    ("answer", COMMIT), ("answer", JOURNAL)], ids=lambda value: value[-1] if value else "")
def test_the_same_command_again_has_the_same_outcome(
        name: str, step: tuple[str, str, str], ready: dict[str, Path], tmp_path: Path) -> None:
    out = tmp_path / "1.csv"
    words = {"make": ["make", *MAKER, "--on", LATER],
             "write": ["write", "1", "--format", "csv", "--out", str(out)],
             "answer": ["answer", str(ready["make"].parent / "answer.xml")]}[name]
    killed, undisturbed = tmp_path / "killed", tmp_path / "undisturbed"
    for book in (killed, undisturbed):
        shutil.copytree(ready[name], book, symlinks=True)
    module, owner, method = step
    done = subprocess.run(
        [sys.executable, "-c", KILL.format(module=module, owner=owner, name=method), "pay", *words,
         "--book", str(killed)], env=environment(), capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert not out.exists()
    again = onecard("pay", *words, "--book", killed)
    assert again.code in (0, 1) or "no position is open" in again.err, again
    files = [out.read_bytes()] if name == "write" else []
    accepted("pay", *words, "--book", undisturbed)
    assert outcome(killed) == outcome(undisturbed)
    assert not files or files == [out.read_bytes()]
    assert accepted("verify", "--book", killed).code == 0
