"""The ledger store. A book is a folder, or a database of a ClickHouse server.

`open_book` opens one; `book.begin` starts a run, which `commit` makes count as a whole.
"""

from __future__ import annotations

import re
from pathlib import Path

from clearing.book import folder
from clearing.book.address import SCHEMES
from clearing.book.book import Book
from clearing.book.commit import OpenRun
from clearing.book.runs import BookFile, Counts, Run
from clearing.book.schema import SCHEMA_VERSION
from clearing.book.state import State
from clearing.book.store import Columns
from network.errors import NotABook
from network.language import Phrase, joined

__all__ = [
    "SCHEMA_VERSION", "Book", "BookFile", "Columns", "Counts", "OpenRun", "Run", "State",
    "open_book",
]


def open_book(location: str, *, create: bool = True, read_only: bool = False,
              may_be_old: bool = False) -> Book:
    """A book, opened, and made where there is none unless `create` or `read_only` forbid it.

    `location` is a folder or `clickhouse://[user[:password]@]host[:port]/database`. A folder is
    read as it is after its last run, whoever writes to it meanwhile. may_be_old: see Book.
    """
    if location.startswith(SCHEMES):
        from clearing.book.server import ServerStore

        server = ServerStore(location, create=create, read_only=read_only)
        return Book(server, create=create, read_only=read_only, may_be_old=may_be_old)
    if not location:
        raise NotABook("a book's place was left blank", expected=joined(" or ", (
            *SCHEMES, Phrase("a folder"))), remedy="name it; `.` is the folder that you are in")
    scheme = re.match(r"[^/]+:/+|clickhouses?:", location)
    if scheme is not None:
        raise NotABook(Phrase("a book has no address that begins with {scheme}", scheme=scheme[0]),
                       expected=joined(" or ", (*SCHEMES, Phrase("a folder"))),
                       remedy="correct the address, or the folder's name")
    from clearing.book.embedded import EmbeddedStore

    path = Path(location)
    if read_only and folder.is_book(path) and not folder.is_own(path):
        from clearing.book.snapshot import open_snapshot

        book = open_snapshot(path, may_be_old=may_be_old)
        if book is not None:
            return book
    embedded = EmbeddedStore(path, create=create, read_only=read_only)
    return Book(embedded, create=create, read_only=read_only, may_be_old=may_be_old)
