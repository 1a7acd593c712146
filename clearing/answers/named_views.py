"""Views in words, where they are asked for: in a server's database, or in a reader's own links."""

from __future__ import annotations

import hashlib
import re

from clearing.answers.session import Session
from clearing.book import Columns
from clearing.book.address import SCHEMES
from clearing.book.named_views import Words, is_asked, named_views, quoted
from clearing.book.snapshot import SnapshotStore
from clearing.book.store import Store
from network.errors import BookError, BookLocked, BookUnavailable, QueryRefused
from network.language import Phrase

_NAMES = re.compile(r"\bnames\b", re.IGNORECASE)


def ask_in_sql(session: Session, sql: str) -> Columns:
    """The columns of a query in ClickHouse's SQL that only reads, also of views in words.

    Raises OnecardError where it would change anything, or the store does not understand it.
    """
    is_server = session.book.store.where.startswith(SCHEMES)
    if is_asked(sql) and not is_server:
        _link_views(session)
    try:
        return session.book.query(sql)
    except BookError as error:
        if error.remedy:
            raise
        raise QueryRefused(error.found, where=error.where, expected=error.expected,
                           remedy=_remedy(session, sql, error)) from error


def _remedy(session: Session, sql: str, error: BookError) -> Phrase:
    """What to do about a question that the store does not understand."""
    store = session.book.store
    asked = [name for name in named_views(_words(session), store.database) if name in sql]
    if store.where.startswith(SCHEMES) and not store.statements()[0].keys() >= {*asked}:
        return Phrase("`onecard book upgrade` makes views in words on a server, and so does the "
                      "next run")
    if _NAMES.search(sql) is not None and "UInt32" in error.expected:
        return Phrase("this server compares numbers of one type only: write toUInt16(number) of "
                      "names, or ask the view named_members")
    return Phrase("look for tables, views and columns in docs/ledger-in-sql.md: views called "
                  "named_… have codes and names, the others numbers")


def _link_views(session: Session) -> None:
    """Have the views in this reader's links, whatever its folder has under their names."""
    store = session.book.store
    if not isinstance(store, SnapshotStore):
        raise BookUnavailable(
            "views in words cannot be made here", where=store.where,
            expected="a folder that links can be made in, and that this process has not open",
            remedy="ask views without named_ in their names, or copy the book to such a disk")
    for name, select in named_views(_words(session), store.database).items():
        store.make_view(name, select)


def keep_named_views(session: Session) -> None:
    """On a server, where others ask, have the views say what the last run's network says.

    The last of them has a digest of all: so it is known by it that nothing is to be done.
    """
    store, last = session.book.store, session.book.last_run()
    if last is None or not store.where.startswith(SCHEMES):
        return
    views = named_views(_words(session), store.database)
    digest = hashlib.sha256("\n".join(views.values()).encode()).hexdigest()
    found, _ = store.statements()
    if digest in found.get(list(views)[-1], ""):
        return
    try:
        store.lock_writer()
    except BookLocked:
        return      # whoever writes sees to it
    try:
        for name, select in views.items():
            is_last = name == list(views)[-1]
            _replace(store, name, f"{select} WHERE {quoted(digest)} != ''" if is_last else select,
                     is_new=name not in found)
    finally:
        store.unlock_writer()


def _replace(store: Store, name: str, select: str, *, is_new: bool) -> None:
    """Make a view that takes another one's place at once: old servers know no OR REPLACE."""
    made, gone = f"{name}_made", f"{name}_gone"
    for left in (made, gone):
        store.drop_table(left)
    store.run(f"CREATE VIEW {name if is_new else made} AS {select}")
    if not is_new:
        store.run(f"RENAME TABLE {name} TO {gone}, {made} TO {name}")
        store.drop_table(gone)


def _words(session: Session) -> Words:
    numbered = session.numbered()
    model = numbered.network.model
    return Words(sorted(numbered.members, key=lambda one: one.number),
                 {one.code: one.name for one in model.city},
                 {one.code: one.name for one in model.province}, model.time_zone)
