"""Archived windows, brought back for who asks for them: into the links that only he reads."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from clearing.answers.archive_files import check_window, read_rows
from clearing.answers.session import Session
from clearing.book import Book
from clearing.book.archive_rows import ArchiveRow
from clearing.book.archived import LEAVING
from clearing.book.parts import BROUGHT
from clearing.book.snapshot import SnapshotStore
from network.civil import DAYS_MOST, day_of
from network.errors import BookDamaged, BookUnavailable
from network.language import Phrase


def reach(session: Session, first: int = 0, last: int = DAYS_MOST, run: int = 0) -> None:
    """Bring back what is archived of the windows from one to another, and of a run and later ones.

    Raises OnecardError where it is not to be had.
    """
    bring_back(session.book, [one for one in session.book.archives()
                              if one.window >= first and one.first <= last
                              and one.closed_by >= run], session.archive)


def place_of(archive: ArchiveRow, moved: Path | None) -> Path:
    """Where the folder of an archived window is."""
    return moved or Path(archive.folder)


def bring_back(book: Book, archives: Sequence[ArchiveRow], moved: Path | None) -> None:
    """Put the rows of archived windows back where this reader, and nobody else, reads them.

    moved: where the archive is by now; None: where the book says.
    Raises OnecardError where a file is missing or changed, or the reader has no links.
    """
    store = book.store
    for one in archives:
        if one.window in store.brought:
            continue
        if not isinstance(store, SnapshotStore):
            raise BookUnavailable(
                Phrase("window {day} is archived", day=day_of(one.window).isoformat()),
                where=store.where,
                expected="a folder that links can be made in, and that this process has not open",
                remedy="ask in a process of its own, or copy the book to such a disk")
        folder = place_of(one, moved)
        check_window(folder, one.window, one.manifest)
        for table in LEAVING:
            inserter = store.insert(table)
            for runs, *content in read_rows(folder, one.window, table):
                inserter.append([runs, np.full(len(runs), BROUGHT, "<u4"), *content], len(runs))
            inserter.finish()
        store.brought.add(one.window)


def find_changed_archives(session: Session) -> tuple[list[str], list[str]]:
    """What of a book's archive is not as it was written, in words; and folders that are not there.

    Where it is all there it is brought back, if the reader has links to bring it into.
    """
    archives, changed, absent = session.book.archives(), list[str](), set[str]()
    for one in archives:
        folder = place_of(one, session.archive)
        if not folder.is_dir():
            absent.add(str(folder))
            continue
        try:
            check_window(folder, one.window, one.manifest)
        except BookDamaged as error:
            changed.append(f"{error.where}: {error.found}")
    if not changed and not absent:
        bring_back(session.book, archives, session.archive)
    return changed, sorted(absent)
