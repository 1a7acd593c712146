"""Rows handed over by several threads are all stored, once, however blocks and inserts fall."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clearing.book import Book, embedded_insert, open_book
from clearing.book.embedded import EmbeddedStore
from clearing.book.schema import FOLDS
from tests.book.workload import commit, entries_of

THREADS = 3
TOTALS = ("due", "price", "paid", "variance")


def write(book: Book, entries: Any, step: int) -> Any:
    """A run whose entries are handed over by threads, in pieces of `step` rows."""
    parts = [entries[start:start + step] for start in range(0, len(entries), step)]
    failed: list[BaseException] = []

    def caught(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    with book.begin(digest="threads", kind="clear") as run:
        def work() -> None:
            while parts:
                run.write_entries(parts.pop())

        threads = [threading.Thread(target=caught, args=(work,)) for _ in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed, failed
        return commit(run)


# block rows  rows of an insert  rows handed over at a time
@pytest.mark.parametrize(("block_rows", "insert_rows", "step"), [
    (64, 64, 50),           # every block an insert
    (64, 300, 7),           # several blocks to an insert, many pieces to a block
    (1_000, 10_000, 2_500),     # a piece is several blocks; nothing but the end ends an insert
])
def test_every_row_is_stored_once(
    location: str, monkeypatch: pytest.MonkeyPatch, block_rows: int, insert_rows: int, step: int
) -> None:
    monkeypatch.setattr(embedded_insert, "INSERT_ROWS", insert_rows)
    entries = entries_of(1, 5_000)
    entries["card_seq"] = np.arange(len(entries))
    with open_book(location) as book:
        book.store.block_rows = block_rows
        committed = write(book, entries, step)
        assert committed.entries == len(entries)
        stored = np.concatenate(list(book.entries(order="card_seq")))
    assert stored.tobytes() == entries.tobytes()
    assert {name: getattr(committed, name) for name in TOTALS} == {
        name: int(entries[name].sum()) for name in TOTALS}
    assert committed.discounts == int((entries["due"] - entries["price"]).sum())
    assert committed.fees == int(entries["legs"]["amount"][:, 1:].sum()) - committed.discounts


def test_no_part_is_merged_from_a_run_on_until_it_is_time(tmp_path: Any) -> None:
    """Merging would take the processors from the run, and the next one would cut it short."""
    def merge() -> None:
        book.store.run("OPTIMIZE TABLE stored_entries FINAL SETTINGS optimize_throw_if_noop = 1")

    with open_book(str(tmp_path / "book")) as book:
        write(book, entries_of(1), 100)
    with open_book(str(tmp_path / "book")) as book:
        with pytest.raises(Exception, match=r"[Cc]ancelled merging"):
            merge()
        book.store.let_merge()
        merge()
        book.store.lock_writer()
        with pytest.raises(Exception, match=r"[Cc]ancelled merging"):
            merge()
        book.store.unlock_writer()
        with pytest.raises(Exception, match=r"[Cc]ancelled merging"):
            merge()
        book.store.let_merge()
        merge()


def test_blocks_that_are_stored_before_their_insert_ends(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a table held is asked for before the first full block: the store has that at once."""
    rows = EmbeddedStore.block_rows
    monkeypatch.setattr(embedded_insert, "INSERT_ROWS", 8 * rows)
    numbers = np.ones(rows, "<u4")
    with open_book(str(tmp_path / "book")) as book:
        inserter = book.store.insert(FOLDS)
        assert isinstance(inserter, embedded_insert.EmbeddedInserter)

        def stored() -> int:
            return int(book.store.columns("SELECT count() AS rows FROM folds")["rows"][0])

        for _ in range(7):
            inserter.append([numbers], rows)
        for _ in range(200):
            if stored():
                break
            time.sleep(0.01)
        assert stored() > 0, "what a thread is filling is stored before it ends"
        held = inserter._idle.popleft()     # as a thread has it that is still filling it
        for _ in range(8):
            inserter.append([numbers], rows)
        inserter._idle.append(held)
        inserter.finish()
        assert stored() == 15 * rows
