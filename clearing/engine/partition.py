"""Clears partitions of cards on threads: taps and state in, entries, refusals and new state out.

A partition holds every tap of its cards, so that partitions do not depend on each other: this is
how the work is spread. The stages are kernels (ext/clearing/pipeline.pyx); nothing here looks at a
single row.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from clearing.book.native import bytes_of
from clearing.engine.context import ClearingContext
from clearing.intake.intake import Intake
from ext.clearing.partition import list_by_partition
from ext.clearing.pipeline import Carried, PartitionPipeline
from ext.clearing.tables import EntryTables
from ext.records import Records
from settlement.flows import FlowSums
from settlement.windows import window_table

T = TypeVar("T")
# OK, DUPLICATE or CONFLICT, by file and line, for taps whose counters earlier runs may have seen.
Verdicts = Mapping[tuple[int, int], int]


@dataclass(frozen=True)
class Moment:
    """Where a run stands in time, the same for all its partitions."""

    watermark: int                # UTC seconds: rides open since before it may be closed
    closed_through: int | None  # last service day whose window is closed; days since 1970


@dataclass(frozen=True)
class Cleared:
    """What became of a partition. The first three lie in memory that is used again."""

    entries: Records            # ENTRY, by card and time
    cards: Records              # CARD_STATE of the cards that had a tap
    accumulators: Records             # ACCUMULATOR of those cards
    open_rides: Records          # TAP, flagged CARRIED
    events: Records             # TAP: accepted records that make no ride
    refused: Records            # TAP
    codes: npt.NDArray[np.uint16]   # one per refused tap


class Clearer:
    """One thread's pipeline and sums."""

    def __init__(self, context: ClearingContext, before: Carried, moment: Moment) -> None:
        self.sums = FlowSums()
        self._pipeline = PartitionPipeline(
            context.pricing_tables, entry_tables(context, moment), before,
            ride_limit_s=context.network.model.ride_limit_s, watermark=moment.watermark,
            civil_offset_s=context.network.civil_offset_s,
            day_starts_s=context.network.day_starts_s)

    def prepare(self, intake: Intake | None, partition: int) -> Records:
        """Put a partition's taps in order: those that an earlier run may have accepted."""
        # Room for the open rides is made here, too: where a window closes there is no intake.
        taps = self._pipeline.taps(partition, 0 if intake is None else intake.count(partition))
        count = 0 if intake is None else len(intake.gather(partition, taps))
        self._pipeline.prepare(partition, count)
        maybe_seen = self._pipeline.maybe_seen
        return self._pipeline.all_taps[maybe_seen]

    def clear(self, verdicts: Verdicts | None) -> Cleared:
        """Run the kernels on what prepare put in order; verdicts on all taps that it returned."""
        pipeline = self._pipeline
        maybe_seen = pipeline.maybe_seen
        if len(maybe_seen):
            assert verdicts is not None
            some = pipeline.all_taps[maybe_seen]
            pipeline.codes[maybe_seen] = [verdicts[place] for place in zip(
                some["source_file"].tolist(), some["source_line"].tolist(), strict=True)]
        pipeline.clear()
        self.sums.add_from(pipeline.add_flows, len(pipeline.entries))
        taps, refused = pipeline.all_taps, pipeline.refused
        return Cleared(pipeline.entries, pipeline.cards, pipeline.accumulators,
                       taps[pipeline.carried], taps[pipeline.events], taps[refused],
                       pipeline.codes[refused])


def entry_tables(context: ClearingContext, moment: Moment) -> EntryTables:
    """What entries depend on besides prices: agreements, and the windows that are open."""
    return EntryTables(members=context.member_rows, windows=window_table(moment.closed_through),
                       **context.agreements._asdict())


def carry(state: Any, partitions: int) -> Carried:
    """A book's state (cards, accumulators, open_rides), made ready to be found by partition."""
    return Carried(*(_listed(rows, partitions)
                     for rows in (state.cards, state.accumulators, state.open_rides)))


def _listed(rows: Records, partitions: int) -> tuple[Records, Records, Records]:
    listed = np.empty(len(rows), dtype=np.uint32)
    offsets = np.empty(partitions + 1, dtype=np.int64)
    list_by_partition(bytes_of(rows), partitions, listed, offsets)
    return rows, listed, offsets


def on_threads(workers: Iterable[T], work: Callable[[T, int], None], items: Iterable[int]) -> None:
    """Have each worker take one item after the other, on a thread of its own, until none is left.

    Raises what a worker raised, when all have stopped.
    """
    workers, waiting = list(workers), iter(list(items))
    stopped = threading.Event()

    def run(worker: T) -> None:
        try:
            while not stopped.is_set():
                item = next(waiting, None)      # of a list: no two threads get the same one
                if item is None:
                    return
                work(worker, item)
        except BaseException:
            stopped.set()
            raise

    with ThreadPoolExecutor(len(workers), thread_name_prefix="clear") as pool:
        try:
            for done in [pool.submit(run, worker) for worker in workers]:
                done.result()
        finally:
            stopped.set()       # also where the user interrupts the waiting
