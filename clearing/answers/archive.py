"""Old windows leave a book for an archive; brought.py brings them back for who asks for them.

What leaves are entries, records and refusals; totals (flows, positions, certificates, closings,
roots, commit rows) stay. A refusal of a record that could be read stays, too: it is asked for as
long as the record can come again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from clearing.answers.archive_files import Manifest, write_window
from clearing.answers.brought import bring_back
from clearing.answers.held import HELD
from clearing.answers.session import Session
from clearing.book import Book, Run
from clearing.book.address import SCHEMES
from clearing.book.archive_rows import ArchivedRecord, ArchivedRow, ArchiveRow
from clearing.book.archived import LEAVING, gone_through
from clearing.book.changing import changing, open_copy
from clearing.book.closed import closings, make_roots
from clearing.book.integrity import all_contents, changed_in
from clearing.book.queries import JUDGED
from clearing.book.roots import Closing
from clearing.book.schema import (
    ARCHIVED,
    ARCHIVED_RECORDS,
    ARCHIVES,
    ENTRIES,
    RECORDS,
    REFUSALS,
    Table,
)
from clearing.book.snapshot import open_snapshot
from clearing.engine.archived import first_day_taken, floor_behind
from clearing.engine.payment_run import payment_run
from network.civil import day_number, day_of
from network.errors import BookDamaged, OnecardError
from network.language import Phrase, joined
from network.names import Names
from network.progress import Progress, no_progress


class Archived(NamedTuple):
    """What left a book."""

    last: Run               # the run that says so
    through: str            # the last window
    rows: dict[str, int]    # by table
    taken_from: str         # the first day of which records are still taken


def archive(location: str, before: str, folder: Path, progress: Progress = no_progress) -> Archived:
    """Have the windows before a day, such as 2024-11-25, leave a book for a folder.

    All that were closed before it and have not left yet. Raises OnecardError where that cannot be:
    then nothing has left.
    """
    if location.startswith(SCHEMES):
        raise OnecardError("windows of a book on a server are not archived", where=location,
                           expected="a book in a folder",
                           remedy="back the database up with the server's own means")
    folder = folder.absolute()
    with changing(Path(location)) as copy:
        with open_copy(copy, location) as book:
            leaving, taken_from = _choose(Session(book), day_number(before))
            archived = _take_out(book, leaving, folder, taken_from, progress)
        _prove(copy, leaving, folder)
    return archived


def _choose(session: Session, before: int) -> tuple[list[Closing], int]:
    """The windows that leave, and from which day on records are taken behind them."""
    book = session.book
    last = book.last_run()
    listed = [] if last is None else [one for one in closings(book) if one.window < before]
    leaving = [one for one in listed if one.window > gone_through(book)]
    if last is None or not leaving:
        raise OnecardError(
            Phrase("no window before {day} is closed and still in the book",
                   day=day_of(before).isoformat()), where=book.store.where,
            expected="a day behind a closed window that is not archived yet",
            remedy="look for it with `onecard show windows`")
    through, closed = leaving[-1].window, book.closed_windows()
    network = session.described()
    floor = floor_behind(network, through, closed)
    if floor is None:
        possible = [one.window for one in closings(book)
                    if floor_behind(network, one.window, closed) is not None]
        raise OnecardError(
            Phrase("records of open days can still change window {day}",
                   day=day_of(through).isoformat()), where=book.store.where,
            expected="closed windows for a month and more behind those that leave, as refunds "
                     "reach so far back",
            remedy=Phrase("name {day} or an earlier day with --before",
                          day=day_of(possible[-1] + 1).isoformat()) if possible
            else "wait until more windows are closed")
    held = sum(map(len, book.rides(f"{HELD} AND window <= {through}", order="",
                                   fields=("window",))))
    if held:
        raise OnecardError(
            Phrase("{held} rides of windows up to {day} are held", held=held,
                   day=day_of(through).isoformat()), where=book.store.where,
            expected="a decision of each, as there can be none once it is archived",
            remedy="see them with `onecard held`, and release or reject them first")
    return leaving, first_day_taken(floor)


def _rows_of(closing: Closing) -> dict[Table, str]:
    """SQL: which rows a window takes with it. Its root is made of the same, see closed.py."""
    judged = ", ".join(str(int(code)) for code in JUDGED)
    return {
        ENTRIES: f"window BETWEEN {closing.first} AND {closing.window}",
        RECORDS: f"service_day <= {closing.window} AND run <= {closing.run} "
                 f"AND (service_day >= {closing.first} OR run > {closing.after})",
        REFUSALS: f"run > {closing.after} AND run <= {closing.run} AND code NOT IN ({judged})"}


def _take_out(book: Book, leaving: Sequence[Closing], folder: Path, taken_from: int,
              progress: Progress) -> Archived:
    """Write what leaves, say so in a run, and take it out of the tables."""
    last = book.last_run()
    assert last is not None, "a window was closed"
    manifests = list[tuple[Closing, Manifest, str]]()
    for done, closing in enumerate(leaving):
        progress("windows", done, len(leaving))
        closed_by = book.find_run(closing.run)
        assert closed_by is not None, "a closing is of a run"
        manifests.append((closing, *write_window(book, closing, closed_by.chain,
                                                 _rows_of(closing), folder)))
    progress("windows", len(leaving), len(leaving))
    with payment_run(book, last, [digest for *_, digest in manifests], "archive") as run:
        run.write_rows(ARCHIVES, [ArchiveRow(closing.window, closing.first, closing.run,
                                             str(folder), digest)
                                  for closing, _, digest in manifests])
        run.write_rows(ARCHIVED, [
            ArchivedRow(closing.window, name, of_run, rows, digest)
            for closing, manifest, _ in manifests for name, file in manifest.files.items()
            for of_run, rows, digest in file.runs])
        for closing in leaving:
            for block in book.store.blocks(
                    f"SELECT {', '.join(ArchivedRecord._fields)} FROM {RECORDS.name} WHERE "
                    f"{book.committed} AND ({_rows_of(closing)[RECORDS]})"):
                run.write_columns(ARCHIVED_RECORDS, [
                    np.asarray(block[name]) for name in ArchivedRecord._fields])
    for table in LEAVING:
        _remove(book, table, " OR ".join(f"({_rows_of(one)[table]})" for one in leaving))
    archived_by = book.last_run()
    assert archived_by is not None, "it was committed a moment ago"
    return Archived(
        archived_by, day_of(leaving[-1].window).isoformat(),
        {table.name: sum(manifest.files[table.name].rows for _, manifest, _ in manifests)
         for table in LEAVING}, day_of(taken_from).isoformat())


def _remove(book: Book, table: Table, where: str) -> None:
    """Take rows out of a table; what else lies in their partitions is copied beside, and stays."""
    beside, store = table._replace(name=f"leaving_{table.name}"), book.store
    found = store.columns(f"SELECT part, count() = countIf({where}) AS is_whole "
                          f"FROM {table.name} GROUP BY part HAVING countIf({where}) > 0")
    for part, is_whole in zip(*(np.asarray(found[name]).tolist() for name in ("part", "is_whole")),
                              strict=True):
        if is_whole:
            store.run(f"ALTER TABLE {table.name} DROP PARTITION {part}")
            continue
        store.run(beside.create(store.table_settings()))
        columns = ", ".join(f"`{name}`" for name, _ in table.columns)
        store.run(f"INSERT INTO {beside.name} SELECT {columns} FROM {table.name} "
                  f"WHERE part = {part} AND NOT ({where})")
        store.run(f"ALTER TABLE {table.name} REPLACE PARTITION {part} FROM {beside.name}")
        store.drop_table(beside.name)


def _prove(copy: Path, leaving: Sequence[Closing], folder: Path) -> None:
    """Raise BookDamaged where what was left, and what left, are not together what there was."""
    book = open_snapshot(copy)
    assert book is not None, "the copy itself is made of links"
    with book:
        bring_back(book, book.archives()[-len(leaving):], folder)
        contents = all_contents(book)
        wrong = [*book.breaks, *(line for table in LEAVING
                                 for line in changed_in(book, table, contents, book.committed))]
        wrong += [Phrase("window {window} has another root",
                         window=day_of(closing.window).isoformat())
                  for closing, root in make_roots(book, Names(book.names()), leaving)
                  if root != closing.root]
    if wrong:
        raise BookDamaged(
            joined("; ", wrong[:3]), where=str(folder),
            expected="files that give every row back; nothing has left the book",
            remedy="look with `onecard verify`; if all agrees, name a folder on another disk")
