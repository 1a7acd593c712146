"""A change to a book in a folder that no run can make: in a copy, which then takes its place.

The copy is made of links, as a reader's is (snapshot.py), and nobody's: what is done in it can be
done in any order. When it is as it should be, its store and the book's change places in one step.
Whoever is stopped before that has changed nothing, and whoever is stopped after it everything.
"""

from __future__ import annotations

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from clearing.book import folder
from clearing.book.book import Book
from clearing.book.embedded import EmbeddedStore
from clearing.book.folder import sync_folder
from clearing.book.journal import FileJournal
from clearing.book.snapshot import link_book
from network.errors import BookReadOnly, BookUnavailable, NotABook
from network.language import Phrase

_HERE = -100        # paths are as for the process
_EXCHANGE = 2


@contextmanager
def changing(path: Path) -> Iterator[Path]:
    """A copy of a book, which is the book once the block ends.

    Where that raises, nothing has changed. Nobody else can write meanwhile. One run may be added
    to the copy.
    """
    if not folder.is_book(path):
        raise NotABook("there is no book here", where=str(path), expected="a book in a folder",
                       remedy="name another path with --book")
    handle, copy = folder.lock(path), path / folder.COPY
    try:
        shutil.rmtree(copy, ignore_errors=True)
        try:
            copy.mkdir(mode=folder.PRIVATE_FOLDER)
            link_book(path, copy)
        except OSError as error:
            raise BookReadOnly(
                Phrase("no copy of links can be made of this book: {why}",
                       why=error.strerror or type(error).__name__), where=str(path),
                expected="a folder that can be written, of a file system with hard links",
                remedy="copy the book to another disk while nobody has it open") from error
        yield copy
        os.sync()       # what was copied, too, and not only what the store has made
        _exchange(copy / folder.STORE, path / folder.STORE)
        sync_folder(path)
        journal = FileJournal(path / folder.JOURNAL)
        for line in FileJournal(copy / folder.JOURNAL).lines(journal.count() + 1):
            journal.append(line)
    finally:
        shutil.rmtree(copy, ignore_errors=True)
        os.close(handle)


def open_copy(copy: Path, where: str) -> Book:
    """The copy as a book that can be written; where: what it is a copy of."""
    store = EmbeddedStore(copy, create=False, read_only=False)
    store.where = where
    return Book(store, create=False, read_only=False)


def _exchange(one: Path, other: Path) -> None:
    """Have two folders change places: whoever looks finds the one or the other, and never none."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.renameat2(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE):
        raise BookUnavailable(
            Phrase("two folders cannot change places here: {why}",
                   why=os.strerror(ctypes.get_errno())),
            where=str(other), expected="a file system that can, such as ext4, XFS or Btrfs",
            remedy="nothing was changed; copy the book to such a disk while nobody has it open")
