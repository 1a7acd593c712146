"""What a book must hold after a number of committed runs of workload.py, and nothing else."""

from __future__ import annotations

import io

import numpy as np

from clearing.book import Book
from ext.codes import TapKind
from ext.records import ENTRY, TAP, TAP_FLAGS
from tests.book.workload import (
    FIRST_WINDOW,
    PLACE,
    Rows,
    closed_after,
    ledger_of,
    names_of,
    records_of,
    refusals_of,
    standing_after,
    state_after,
    without_windows,
)

BY_EVERYTHING = [*PLACE, "replaces", "due"]
EVENTS = (TapKind.TOP_UP, TapKind.LOCK)


def assert_holds(book: Book, committed: int) -> None:
    """Readers see runs 1 to `committed` exactly."""
    assert [run.run for run in book.runs()] == list(range(1, committed + 1))
    assert_ledger(book, committed)
    assert_records(book, committed)
    assert book.names() == (sorted(names_of(1)) if committed else [])
    assert book.files_taken({f"{run:064x}" for run in range(committed + 3)}) == {
        f"{run:064x}": (run, f"taps {run}.csv", 1, "old", "bus-a")
        for run in range(1, committed + 1)}
    assert book.files_received("bus-a", {r"taps\ [0-9]+\.csv", "taps"}) == [
        (f"taps {run}.csv", f"{run:064x}", run) for run in range(1, committed + 1)]
    assert book.files_received("bus-b", {".*"}) == []
    records = np.concatenate([np.zeros(0, TAP), *map(records_of, range(1, committed + 1))])
    newest = records[records["service_day"] + 1 >= records["service_day"].max(initial=1)]
    assert book.latest_tap() == newest["tapped_at"].max(initial=0)
    closed = closed_after(committed)
    assert book.closed_windows() == closed
    assert book.closed_through == (closed[-1] if closed else None)
    for window in windows_looked_at(committed):
        assert_state(book, committed, window)


def windows_looked_at(committed: int) -> list[int]:
    """Those that are closed, one before them and one after them."""
    return [FIRST_WINDOW, *closed_after(committed), FIRST_WINDOW + committed + 1]


def work_out(committed: int) -> None:
    """What a book of so many runs must hold, for many processes that are forked from this one."""
    standing_after(committed)
    for run in range(1, committed + 1):
        records_of(run)
    for window in windows_looked_at(committed):
        state_after(committed, window)


def assert_ledger(book: Book, committed: int) -> None:
    """All rows of the ledger, and those that stand."""
    expected = np.concatenate([np.zeros(0, ENTRY), *map(ledger_of, range(1, committed + 1))])
    assert same(np.concatenate([expected[:0], *book.entries()]), expected)
    standing = standing_after(committed)
    assert same(book.rides_since(0), standing)
    found = np.concatenate([expected[:0], *book.rides()])
    for rows in (found, standing := standing.copy()):
        rows["replaces"] = 0        # what it takes the place of, and the run that wrote it
    assert same(found, standing)
    rows_of_runs = book.query("SELECT run, count() AS rows FROM ledger GROUP BY run ORDER BY run")
    runs = list(range(1, committed + 1))
    assert list(rows_of_runs["run"]) == runs
    assert list(rows_of_runs["rows"]) == [len(ledger_of(run)) for run in runs]
    assert list(book.query("SELECT DISTINCT run FROM postings ORDER BY run")["run"]) == runs
    assert int(book.query("SELECT count() AS rows FROM rides")["rows"][0]) == len(standing)


def assert_records(book: Book, committed: int) -> None:
    """All records that runs received, and where those stood that they refused."""
    expected = np.concatenate([np.zeros(0, TAP), *map(records_of, range(1, committed + 1))])
    found = book.records_since(0)
    assert np.all(found["flags"] & TAP_FLAGS["CARRIED"])
    found["flags"] &= ~np.uint8(TAP_FLAGS["CARRIED"])
    assert np.array_equal(np.sort(found), np.sort(expected))
    events = book.query("SELECT count() AS rows FROM events")["rows"]
    assert int(events[0]) == np.isin(expected["kind"], EVENTS).sum()
    *told, untold = [set(refusals_of(run)[["file", "line"]].tolist())
                     for run in range(1, committed + 2)]
    assert book.find_refusals(untold.union(*told)) == set().union(*told)


def assert_state(book: Book, committed: int, window: int) -> None:
    """What cards were like at the end of a window, in order."""
    state = book.load_state(window)
    assert without_windows(state.cards, state.accumulators, state.open_rides) == (
        state_after(committed, window))


def same(one: Rows, other: Rows) -> bool:
    """Whether two arrays have the same entries, in whatever order."""
    return np.array_equal(np.sort(one, order=BY_EVERYTHING), np.sort(other, order=BY_EVERYTHING))


def exported(book: Book) -> bytes:
    """The export as one piece."""
    stream = io.BytesIO()
    size = book.export(stream)
    assert size == len(stream.getvalue())
    return stream.getvalue()
