"""What has left a book for an archive, as the book says itself.

Commit rows state what runs stored, for ever; what has left is taken off that, so that absence of
rows passes for neither. A window goes as a whole, and with it all that were closed before it. Rows
that a reader has brought back into its own links of the book (`brought`) are there again for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from clearing.book.archive_rows import ArchiveRow
from clearing.book.committed import CommittedRuns
from clearing.book.contents import unpack_contents
from clearing.book.schema import ARCHIVED, ARCHIVES, ENTRIES, RECORDS, REFUSALS

LEAVING = (ENTRIES, RECORDS, REFUSALS)


class Left(NamedTuple):
    """What of a run's rows in a table is not there any more."""

    rows: int
    digest: int     # a sum, as contents.digest_of


NOTHING_LEFT = Left(0, 0)


def list_archives(book: CommittedRuns) -> list[ArchiveRow]:
    """The windows that are in an archive, oldest first, whether or not they were brought back."""
    last = book.find_run(book.committed_last)
    # What the commit row says anyway need not be asked for: most books have none.
    stated = unpack_contents(last.contents) if last else {}
    if ARCHIVES.name not in stated or not stated[ARCHIVES.name].so_far:
        return []
    names = ", ".join(ArchiveRow._fields)
    found = book.store.columns(f"SELECT {names} FROM {ARCHIVES.name} WHERE {_now(book)} "
                               "ORDER BY window")
    return [ArchiveRow(int(window), int(first), int(run), str(folder), str(manifest))
            for window, first, run, folder, manifest in zip(
                *(found[name] for name in ArchiveRow._fields), strict=True)]


def gone_through(book: CommittedRuns) -> int:
    """The last window whose entries, records and refusals are not there; 0: all are."""
    return max((one.window for one in list_archives(book)
                if one.window not in book.store.brought), default=0)


def left_by_run(book: CommittedRuns, name: str, runs: str = "1") -> dict[int, Left]:
    """What of each run's rows in a table has left; runs: SQL on `of_run`, which."""
    if ARCHIVED.name in book.lacking:
        return {}
    found = book.store.columns(
        f"SELECT of_run, rows, digest FROM {ARCHIVED.name} WHERE {_now(book)} "
        f"AND name = '{name}' AND {runs} AND {_not_brought(book)}")
    left = dict[int, Left]()
    for run, rows, digest in zip(np.asarray(found["of_run"]).tolist(),
                                 np.asarray(found["rows"]).tolist(), found["digest"],
                                 strict=True):
        before = left.get(run, NOTHING_LEFT)
        left[run] = Left(before.rows + rows, before.digest + int(str(digest), 16))
    return left


def left_until(book: CommittedRuns, runs: Sequence[int]) -> dict[str, list[int]]:
    """How many rows of each table have left, of the runs up to each of some.

    For a book of which some have.
    """
    sums = ", ".join(f"sumIf(rows, of_run <= {run}) AS until_{place}"
                     for place, run in enumerate(runs))
    found = book.store.columns(f"SELECT name, {sums} FROM {ARCHIVED.name} WHERE {_now(book)} "
                               "GROUP BY name")
    names, *left = found.values()
    return {str(name): [int(count) for count in counts]
            for name, *counts in zip(names, *left, strict=True)}


def _now(book: CommittedRuns) -> str:
    """A condition on rows that count, also where the book answers as of an earlier run."""
    return book.span(book.committed_last).sql


def _not_brought(book: CommittedRuns) -> str:
    return f"window NOT IN ({', '.join(map(str, sorted({0, *book.store.brought})))})"
