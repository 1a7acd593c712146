"""The engine itself, from files to positions, without a ledger."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.nowhere import Nowhere
from benchmarks.peers.outcome import CARD_MODULUS, SEQ_MODULUS, Outcome, as_rows, positions_of
from clearing.engine.run import Report, clear_files
from ext.codes import Cause, RideState
from network.civil import day_of
from network.names import Name

RECEIVED_AT = 1_800_000_000


class Adding(Nowhere):
    """A book that keeps sums only, to compare them."""

    def __init__(self) -> None:
        super().__init__()
        self.rides: Counter[str] = Counter()
        self.sums: Counter[str] = Counter()
        self.members: list[str] = [""]
        self._lock = threading.Lock()

    def write_entries(self, entries: Any) -> None:
        """Add entries up; called from several threads."""
        low = entries["card_lo"]        # a number of up to 19 digits is all in here
        check = (low % CARD_MODULUS + 1).astype(np.int64) * (entries["card_seq"] % SEQ_MODULUS + 1)
        check *= entries["due"] + 3 * entries["price"] + 7 * entries["paid"]
        with self._lock:
            self.sums["checksum"] += int(check.sum())
            for name in ("due", "price", "paid"):
                self.sums[name] += int(entries[name].sum())
            for state, count in zip(*np.unique(entries["state"], return_counts=True), strict=True):
                self.rides[RideState(state).name] += int(count)

    def write_names(self, names: list[Name]) -> None:
        """Remember what members' numbers stand for."""
        self.members += [name.code for name in names if name.kind == "member"]


def prepare(network: Path, tables: Path, threads: int) -> tuple[Path, int]:
    """Nothing to prepare: the engine reads and compiles its tables in the time measured."""
    return network, threads


def clear(prepared: tuple[Path, int], paths: Sequence[Path], book: Any = None) -> Report:
    """From files to positions."""
    network, threads = prepared
    return clear_files(paths, str(network), book or Nowhere(), threads=threads,
                       received_at=RECEIVED_AT)


def describe(prepared: tuple[Path, int], paths: Sequence[Path], report: Report) -> Outcome:
    """What it came to: cleared once more into a book that adds rides up."""
    book = Adding()
    again = clear(prepared, paths, book)
    assert np.array_equal(again.flows, report.flows)
    flows = {
        (day_of(int(row["window"])).isoformat(), book.members[row["debtor"]],
         book.members[row["creditor"]], Cause(row["cause"]).name): int(row["amount"])
        for row in report.flows}
    return Outcome(
        # The other tools count a copy of a record as refused.
        refused=dict(sorted({**{code.name: count for code, count in report.refusals.items()},
                             **({"DUPLICATE": report.run.known} if report.run.known else {})
                             }.items())),
        rides=dict(sorted(book.rides.items())), still_open=report.run.open_rides,
        due=book.sums["due"], price=book.sums["price"], paid=book.sums["paid"],
        checksum=book.sums["checksum"], flows=as_rows(flows),
        positions=positions_of((debtor, creditor, amount) for (_, debtor, creditor, _), amount
                               in flows.items()))
