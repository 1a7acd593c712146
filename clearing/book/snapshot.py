"""A book in a folder as readers see it, whether or not a process writes to it: a folder of links.

The store never changes a part that is whole: it makes another one under a name of its own, renames
it, and removes the old one. So links to the files of all parts are the book as it was, take no room
and lock nobody out. What is copied in one moment and what in the next can be of different runs; the
tables that say what counts are taken first, so that all that they speak of is there later, and the
book that is opened on the links is looked at as every book is: where it is not whole, because a
part went away meanwhile, the links are made again.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from clearing.book import folder
from clearing.book.book import Book
from clearing.book.embedded import EmbeddedStore
from clearing.book.embedded_insert import EmbeddedInserter
from clearing.book.faults import translate
from clearing.book.schema import FOLDS, RUNS, Table
from clearing.book.sessions import Sessions
from network.errors import BookDamaged

FOLDER = "snapshots"    # in the book's
_TRIES = 8
_STALE_S = 60           # nobody takes so long to open what was linked
_TABLES = Path("data") / "onecard"
_PART = re.compile(r"\w+_\d+_\d+_\d+(_\d+)?")
_PASSING = ("tmp", "delete_tmp", "detached")    # beginnings of names: nothing that counts


class SnapshotStore(EmbeddedStore):
    """The store of a snapshot, which goes when it is closed."""

    def __init__(self, links: Path, where: str) -> None:
        """links: the snapshot; where: the folder that it is of."""
        try:
            super().__init__(links, create=False, read_only=True)
        except BookDamaged:
            if not folder.is_held(links):
                shutil.rmtree(links, ignore_errors=True)
            raise
        self.links, self.where = links, where
        self._writing_to = Sessions(lambda: self._open(read_only=False))

    def insert(self, table: Table) -> EmbeddedInserter:
        """Insert rows that only readers of these links see."""
        return EmbeddedInserter(self._writing_to, table, self.where, self.block_rows,
                                self._count_change)

    def make_view(self, name: str, select: str) -> None:
        """Make a view that only readers of these links see, in place of one of its name."""
        session = self._writing_to.take()
        try:
            session.query(f"CREATE OR REPLACE VIEW {name} AS {select}")
        except Exception as error:
            raise translate(error, self.where) from error
        finally:
            self._writing_to.give_back(session)

    def close(self) -> None:
        """Let go of the snapshot, and remove it where nobody else has it open."""
        self._writing_to.close()
        super().close()
        if not folder.is_held(self.links):
            shutil.rmtree(self.links, ignore_errors=True)


def open_snapshot(path: Path, *, may_be_old: bool = False) -> Book | None:
    """A book as after the last run that was committed; None: no links can be made here.

    may_be_old: see Book.
    """
    own = folder.held_in(path / FOLDER)     # one folder at a time serves a process
    _remove_stale(path / FOLDER)
    for attempt in range(1, _TRIES + 1):
        may_move = folder.is_held(path)
        try:
            book = Book(SnapshotStore(own or _take(path), str(path)), create=False,
                        read_only=True, may_be_old=may_be_old)
        except (BookDamaged, OSError) as error:
            if attempt == _TRIES or not (may_move or folder.is_held(path)):
                if isinstance(error, BookDamaged):
                    raise
                return None
        else:
            book.is_beside_writer = folder.is_held(path)
            if not book.breaks or attempt == _TRIES or not (may_move or book.is_beside_writer):
                return book
            book.close()
        time.sleep(0.02 * attempt)
    raise AssertionError("the last attempt returns or raises")


def _take(path: Path) -> Path:
    """A folder of links to the book's files."""
    (path / FOLDER).mkdir(exist_ok=True, mode=folder.PRIVATE_FOLDER)
    links = Path(tempfile.mkdtemp(dir=path / FOLDER))
    link_book(path, links)
    return links


def link_book(path: Path, links: Path) -> None:
    """Make links to a book's files in an empty folder, which goes where that cannot be."""
    try:
        # The journal first: a run is committed before it has a line.
        for name in (folder.MARKER, folder.JOURNAL):
            if (path / name).exists():
                shutil.copyfile(path / name, links / name)
        source, target = path / folder.STORE, links / folder.STORE
        for table in (FOLDS.name, RUNS.name):
            own = (source / _TABLES / table).resolve()
            if own.is_relative_to(source.resolve()):    # else it is foreign, and refused as such
                own = own.relative_to(source.resolve())
                _link(str(source / own), str(target / own))
        _link(str(source), str(target))
    except BaseException:
        shutil.rmtree(links, ignore_errors=True)
        raise


def _link(source: str, target: str) -> None:
    """Link the files of parts, and copy the others; what is there already stays as it is."""
    os.makedirs(target, exist_ok=True)
    is_part = _PART.fullmatch(os.path.basename(source)) is not None
    for entry in list(os.scandir(source)):
        own, new = entry.path, os.path.join(target, entry.name)
        if entry.name.startswith(_PASSING) or (is_part and os.path.exists(new)):
            continue
        if entry.is_symlink():
            os.symlink(os.readlink(own), new)
        elif entry.is_dir():
            if not (_PART.fullmatch(entry.name) and os.path.exists(new)):
                _link(own, new)
        elif is_part:
            os.link(own, new)
        elif not os.path.exists(new):
            shutil.copyfile(own, new)


def _remove_stale(snapshots: Path) -> None:
    """Remove what readers have left that were killed."""
    for links in _list_stale(snapshots):
        shutil.rmtree(links, ignore_errors=True)


def _list_stale(snapshots: Path) -> Iterator[Path]:
    for links in snapshots.iterdir() if snapshots.is_dir() else ():
        try:
            if time.time() - links.stat().st_mtime > _STALE_S and not folder.is_held(links):
                yield links
        except OSError:     # it has gone meanwhile
            continue
