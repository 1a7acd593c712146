"""A second word on which runs there are: a line for each, appended behind its commit row.

That a row is absent from `runs` is no evidence that a run never was: a file of the store may have
been lost. So nothing is removed, and nothing is written, unless both say the same. A line has the
run's number and its chain (runs.py), which covers the whole commit row and all runs before it. The
last line may be missing where a process ended between the two: the next writer adds it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from clearing.book.folder import PRIVATE_FILE, sync_folder
from network.errors import BookReadOnly
from network.language import Phrase

_NUMBER = 10
_CHAIN = 64
_LINE = _NUMBER + 1 + _CHAIN + 1


class Line(NamedTuple):
    """A run, as the journal has it."""

    run: int
    chain: str


class Journal(Protocol):
    """The lines of a book's runs."""

    def make(self, settings: str) -> None:
        """Make it where it is not there yet; settings: of its table, if it is one."""

    def count(self) -> int:
        """How many lines there are."""

    def lines(self, first: int = 1) -> Iterator[Line]:
        """The lines from one on, counted from 1, in order."""

    def append(self, line: Line) -> None:
        """Add the next line; it is on the disk when this returns."""


class FileJournal:
    """The journal of a folder: lines of one length, so that its end is found without reading it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def make(self, settings: str) -> None:
        """Nothing to do: the first line makes the file."""

    def count(self) -> int:
        """How many lines there are; what was not written to its end is none."""
        return self._path.stat().st_size // _LINE if self._path.exists() else 0

    def lines(self, first: int = 1) -> Iterator[Line]:
        """The lines from one on."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek((first - 1) * _LINE)
            while len(text := file.read(_LINE)) == _LINE:
                yield _parse(text)

    def append(self, line: Line) -> None:
        """Add a line, over what a process that was stopped left of one."""
        is_new = not self._path.exists()
        try:
            handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        except OSError as error:
            raise BookReadOnly(
                Phrase("the journal cannot be written: {why}", why=error.strerror),
                where=str(self._path),
                remedy="check its owner and the disk, then run the same command again") from error
        try:
            os.pwrite(handle, f"{line.run:0{_NUMBER}d} {line.chain}\n".encode(),
                      self.count() * _LINE)
            os.fsync(handle)
        finally:
            os.close(handle)
        if is_new:
            sync_folder(self._path.parent)


def _parse(text: bytes) -> Line:
    number, _, chain = text.decode(errors="backslashreplace").rstrip("\n").partition(" ")
    return Line(int(number) if number.isdecimal() else 0, chain)
