"""A book that an older version wrote, made one of today's: copied first, and then step by step.

A step makes what its version's books have and the one before had not, and says so last, in `book`:
until then the book is what it was, and whoever is killed in between begins the step again and finds
what is there already. Commit rows stay as they are, so chains do, too: what a step has to say of
runs that were committed before, it says as a run of its own, of the kind `upgrade`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from clearing import __version__
from clearing.book import open_book
from clearing.book.address import SCHEMES, parse_address
from clearing.book.backup import back_up, list_backups
from clearing.book.book import Book
from clearing.book.closed import closings, make_roots
from clearing.book.integrity import find_changed_rows
from clearing.book.runs import Counts
from clearing.book.schema import ADDED, JOURNAL, ROOTS, SCHEMA_VERSION, TABLES
from clearing.book.store import Store
from clearing.book.views import VIEWS, create
from network.errors import BookDamaged, BookLocked
from network.language import joined
from network.names import Names
from network.progress import Progress, no_progress

UPGRADE = "upgrade"     # what kind of run it is that upgrades


class Upgraded(NamedTuple):
    """What an upgrade came to."""

    before: int     # schema
    copy: str       # where the book is as it was; "": it was one of today's already


def upgrade(location: str, copies: Path | None = None, progress: Progress = no_progress
            ) -> Upgraded:
    """Make a book of today's schema of an older one; where it was stopped, go on.

    copies: where a folder is backed up to first; None: beside it. A server copies the database.
    Raises BookDamaged where a row is not as it was stored, and OnecardError.
    """
    with open_book(location, read_only=True, may_be_old=True) as book:
        version, last = book.version(), book.last_run()
        if version == SCHEMA_VERSION:
            return Upgraded(version, "")
        changed = [*book.breaks, *find_changed_rows(book, progress)]
        if changed:
            raise BookDamaged(
                joined("; ", changed[:3]), where=location,
                expected="a book with every row as its run stored it; nothing was upgraded",
                remedy="put a copy of the book in its place, or clear its files into a new one")
        is_begun = version in WITH_RUN and last is not None and last.kind == UPGRADE
    # An upgrade that was stopped behind its run has copied the book before it.
    if location.startswith(SCHEMES):
        copy = f"{parse_address(location).database}_schema_{version}"
        if not is_begun:
            _copy_database(location, copy)
    else:
        copy = str(copies or Path(f"{Path(location).absolute()}-schema-{version}"))
        if is_begun:
            list_backups(Path(copy))
        else:
            back_up(Path(location), Path(copy), progress)
    with open_book(location, create=False, may_be_old=True) as book:
        if book.last_run() != last:
            raise BookLocked(
                "a run was committed while the book was copied", where=location,
                expected="nobody writes while a book is upgraded",
                remedy="run the same command again when no run goes on")
        for step in range(version, SCHEMA_VERSION):
            STEPS[step](book)
            book.declare_version(step + 1)
    return Upgraded(version, copy)


def _copy_database(location: str, copy: str) -> None:
    """Copy a server's database to one beside it: the server links the files of all parts."""
    with open_book(location, create=False, may_be_old=True) as book:
        book.store.run(f"CREATE DATABASE IF NOT EXISTS `{copy}`")
        for table in (*TABLES, JOURNAL):
            if table.name not in book.lacking:
                _copy_table(book.store, table.name, copy)


def _copy_table(store: Store, name: str, copy: str) -> None:
    """Copy a table into another database, but for what is there already."""
    store.run(f"CREATE TABLE IF NOT EXISTS `{copy}`.{name} AS {name}")
    found, there = (
        dict(zip(map(str, rows["partition"]), map(int, rows["counted"]), strict=True))
        for rows in (store.columns(
            "SELECT partition, sum(rows) AS counted FROM system.parts WHERE active "
            f"AND database = {database} AND table = '{name}' GROUP BY partition")
            for database in ("currentDatabase()", f"'{copy}'")))
    for part, rows in found.items():
        if there.get(part) != rows:
            if part in there:
                store.run(f"ALTER TABLE `{copy}`.{name} DROP PARTITION {part}")
            store.run(f"ALTER TABLE `{copy}`.{name} ATTACH PARTITION {part} FROM {name}")


def _add_roots(book: Book) -> None:
    """Of schema 14: windows had no roots, and no certificates; those get none."""
    _make(book.store, ADDED[15])
    listed = closings(book)
    roots = {closing.window: found for closing, found in make_roots(
        book, Names(book.names()), listed) if not closing.root}
    last = book.last_run()
    if last is None or not roots:
        return
    what = [UPGRADE, __version__, last.digest, ROOTS.name]
    with book.begin(digest=hashlib.sha256(json.dumps(what).encode()).hexdigest(),
                    kind=UPGRADE) as run:
        run.write_roots(roots)
        run.commit(run.conclude(
            version=__version__, network=last.network, network_digest=last.network_digest,
            tables=json.loads(last.tables), counts=Counts()))


def _add_archives(book: Book) -> None:
    """Of schema 15: nothing had left a book for an archive."""
    _make(book.store, ADDED[16])


def _tell_more_causes(book: Book) -> None:
    """Of schema 16: there were no more causes than 15."""
    for name in ADDED[17]:
        book.store.drop_table(name)
    _make(book.store, ADDED[17])


def _tell_of_chains(book: Book) -> None:
    """Of schema 17: a card had one transfer chain, and so one row of its state."""
    for name in ADDED[18]:
        book.store.drop_table(name)
    _make(book.store, ADDED[18])


def _make(store: Store, names: Sequence[str]) -> None:
    """Make tables and views where they are not there yet."""
    settings = store.table_settings()
    for table in TABLES:
        if table.name in names:
            store.run(table.create(settings))
    for name in VIEWS:
        if name in names:
            store.run(create(name))


# What makes a book of the next version of one of this.
STEPS: dict[int, Callable[[Book], None]] = {
    14: _add_roots, 15: _add_archives, 16: _tell_more_causes, 17: _tell_of_chains}
WITH_RUN = (14,)        # of which versions a step writes a run
