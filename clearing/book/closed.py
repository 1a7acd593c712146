"""The windows that were closed, what each of them holds, and whether it still comes to its root."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from clearing.book.card_ranges import card_ranges
from clearing.book.native import Array, choose
from clearing.book.queries import BY_CARD, Queries
from clearing.book.roots import Closing, Root, digest_names
from clearing.book.schema import ENTRIES, RECORDS, ROOTS, WINDOWS, Table
from clearing.book.state import read_records
from clearing.book.stored import stored_columns
from ext.records import ENTRY, TAP
from network.civil import day_of
from network.language import Phrase
from network.names import Names

# Each range looks into every part, and the store gives it in blocks of what it finds there: of
# 65,536 rows at a time, an entry takes 3.0 µs to read, and 0.9 of so many.
_ROWS_AT_ONCE = 1 << 18         # some 75 MB


def closings(book: Queries) -> list[Closing]:
    """The windows that were closed, one for each time, oldest first."""
    roots = dict(_columns(
        book, f"SELECT window, root FROM {ROOTS.name} WHERE {book.committed}"))
    listed = list[Closing]()
    for run, window in _columns(book, f"SELECT run, window FROM {WINDOWS.name} "
                                      f"WHERE {book.committed} ORDER BY window"):
        listed.append(next_closing(listed, run, window)._replace(root=roots.get(window, "")))
    return listed


def next_closing(before: Sequence[Closing], run: int, window: int) -> Closing:
    """What a run closes, behind all that was closed before."""
    after, first = (before[-1].run, before[-1].window + 1) if before else (0, 1)
    return Closing(run, window, first, after, "")


def root_of(book: Queries, closing: Closing, names: Names, network: str, flows: Array) -> str:
    """The root of a closing, in hex; its run may still be written.

    network: the digest of that by which it closes; flows: those that its run has not stored yet.
    """
    [root] = _add_up(book, [closing], names)
    return root.of(closing, network, np.concatenate([
        book.flows(closing.first, closing.window), flows]))


def make_roots(book: Queries, names: Names, listed: Sequence[Closing]
               ) -> list[tuple[Closing, str]]:
    """Windows that were closed one behind the other, and the root that each comes to now."""
    digests = [run.network_digest if run else "" for run in (
        book.find_run(closing.run) for closing in listed)]
    return [(closing, root.of(closing, digest, book.flows(closing.first, closing.window)))
            for closing, root, digest in zip(listed, _add_up(book, listed, names), digests,
                                             strict=True)]


def find_changed_windows(book: Queries, names: Names, listed: Sequence[Closing]) -> Iterator[str]:
    """Those of such windows that do not hold what they were closed with, in words."""
    for closing, found in make_roots(book, names, listed):
        if found != closing.root:
            yield Phrase("window {day}: its entries, flows or records are not those that it was "
                         "closed with: its root was {root}, and now is {found}",
                         day=day_of(closing.window).isoformat(), root=closing.root or "none",
                         found=found)


def _add_up(book: Queries, listed: Sequence[Closing], names: Names) -> list[Root]:
    """What some closings hold, one behind the other, read once for all of them."""
    if not listed:
        return []
    digests = digest_names(names)
    roots = [Root(digests) for _ in listed]
    # Neither says anything of the other, and arrays are worked on without the interpreter's lock.
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(_add_entries, book, listed, roots),
                     pool.submit(_add_records, book, listed, roots)]:
            done.result()
    return roots


def _add_entries(book: Queries, listed: Sequence[Closing], roots: Sequence[Root]) -> None:
    first, last = listed[0], listed[-1]
    windows = np.array([one.window for one in listed])
    # What a later run posts where nothing may be posted any more is among the entries, too.
    for _, entries in _held(book, ENTRIES, ENTRY, max(book.last, last.run),
                            f"window BETWEEN {first.first} AND {last.window}"):
        for place, own in _split(entries, np.searchsorted(windows, entries["window"])):
            roots[place].add_entries(own)


def _add_records(book: Queries, listed: Sequence[Closing], roots: Sequence[Root]) -> None:
    """Add each record to the first closing that has its day and comes after its run."""
    first, last = listed[0], listed[-1]
    windows, runs = np.array([one.window for one in listed]), [one.run for one in listed]
    for written, records in _held(
            book, RECORDS, TAP, last.run, f"service_day <= {last.window} AND "
            f"(service_day >= {first.first} OR run > {first.after})"):
        for place, own in _split(records, np.maximum(
                np.searchsorted(windows, records["service_day"]),
                np.searchsorted(runs, written))):
            roots[place].add_records(own)


def _held(book: Queries, table: Table, dtype: np.dtype[Any], until: int, where: str
          ) -> Iterator[tuple[Array, Array]]:
    """Rows of a table, some cards at a time: runs, and records in memory that is used again.

    until: the last run of which there are any; where: SQL, which.
    """
    where = f"{book.span(until).sql} AND {where}"
    columns = ", ".join(f"`{name}`" for name in ("run", *stored_columns(dtype)))
    # New memory would be dearer than what is written into it.
    room = np.zeros(0, dtype)
    for cards in card_ranges(book.store, where, BY_CARD, table, _ROWS_AT_ONCE):
        blocks = [block for block in book.store.blocks(
            f"SELECT {columns} FROM {table.name} WHERE {where} AND {cards}") if len(block["run"])]
        if blocks:
            runs = np.concatenate([block["run"] for block in blocks])
            if len(runs) > len(room):
                room = np.zeros(len(runs) * 9 // 8, dtype)
            yield runs, read_records(iter(blocks), room[:len(runs)])


def _split(records: Array, places: Array) -> Iterator[tuple[int, Array]]:
    """The records of each place."""
    first, last = int(places.min()), int(places.max())
    if first == last:
        yield first, records
        return
    for place in np.unique(places).tolist():
        yield place, choose(records, places == place)


def _columns(book: Queries, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a result."""
    return list(zip(*(np.asarray(column).tolist() for column in book.store.columns(sql).values()),
                    strict=True))
