"""What a book must hold after a number of committed runs of workload.py, and nothing else."""

from __future__ import annotations

import io

import numpy as np

from clearing.book import Book
from tests.book.workload import entries_of, names_of, state_after

BY_EVERYTHING = ["card_hi", "card_lo", "started_at", "ended_at", "card_seq", "out_seq", "due"]


def assert_holds(book: Book, committed: int) -> None:
    """Readers see runs 1 to `committed` exactly."""
    assert [run.run for run in book.runs()] == list(range(1, committed + 1))
    expected = np.concatenate([entries_of(0)[:0], *map(entries_of, range(1, committed + 1))])
    found = np.concatenate([expected[:0], *book.entries()])
    assert np.array_equal(
        np.sort(found, order=BY_EVERYTHING), np.sort(expected, order=BY_EVERYTHING))
    for view in ("ledger", "postings"):
        runs = book.query(f"SELECT DISTINCT run FROM {view} ORDER BY run")["run"]
        assert list(runs) == list(range(1, committed + 1))
    assert book.names() == (sorted(names_of(1)) if committed else [])
    assert book.file_digests() == {
        f"{run:064x}": (run, f"taps {run}.csv") for run in range(1, committed + 1)}
    assert book.watermark == (1_700_000_000 + committed if committed else 0)
    even = committed - committed % 2
    assert book.closed_through == (20_000 + even if even else None)
    cards, accumulators, taps = state_after(committed)
    state = book.load_state()
    assert state.cards.tolist() == cards
    assert state.accumulators.tolist() == accumulators
    assert state.open_rides.tolist() == taps


def exported(book: Book) -> bytes:
    """The export as one piece."""
    stream = io.BytesIO()
    size = book.export(stream)
    assert size == len(stream.getvalue())
    return stream.getvalue()
