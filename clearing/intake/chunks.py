"""Blocks of text to chunks: taps grouped by partition, and refusals with their raw bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from clearing.intake.blocks import Block, OddLine
from clearing.intake.canonical import Shape
from clearing.intake.vocabulary import OPEN_KINDS, CodeTable, Vocabulary
from ext.decode import LONGEST_RAW, PROGRESS, Need, decode_rows
from ext.lookup import Lookup
from ext.partition import group_by_card
from ext.records import REFUSAL, TAP

Records = npt.NDArray[Any]

LIKELY_LINE_BYTES = 64      # rows a block is first thought to have: more only cost another round


@dataclass
class Chunk:
    """What became of one block. Line numbers count from 0 at its first record."""

    taps: Records                       # TAP, grouped by partition
    offsets: npt.NDArray[np.int64]      # one per partition, and one more
    worker: int
    records: int
    refusals: Records                   # REFUSAL, in the order of the lines
    raw: bytes                          # of each refusal, one behind the other
    due: int = 0                        # of every record whose amounts can be read
    paid: int = 0
    unread: int = 0                     # records whose amounts cannot be read
    accepted_due: int = 0
    accepted_paid: int = 0
    file_index: int = 0
    first_line: int = field(default=0)  # the file's line of its first record


class Worker:
    """One thread's own tables and scratch space: no two threads use one at a time."""

    def __init__(self, number: int, vocabulary: Vocabulary, received_at: int,
                 partitions: int) -> None:
        self.number, self._vocabulary, self._partitions = number, vocabulary, partitions
        self._settings = vocabulary.settings(received_at)
        self.tables: dict[str, CodeTable] = vocabulary.open_tables()
        self._closed = vocabulary.closed_lookups()
        self._taps = np.empty(0, dtype=TAP)
        self._refusals = np.empty(256, dtype=REFUSAL)
        self._raw = np.empty(0, dtype=np.uint8)
        self._scratch = np.empty(0, dtype=np.uint16)

    def _lookups(self) -> tuple[Lookup, ...]:
        return (*self._closed, *(self.tables[kind].lookup for kind in OPEN_KINDS))

    def decode(self, block: Block, shape: Shape) -> Chunk:
        """Every line of a block as a tap or a refusal."""
        progress = self._decode_text(block, shape)
        taps = self._taps[:int(progress["taps"])]
        grouped, offsets = self._group(taps)
        return Chunk(
            taps=grouped, offsets=offsets, worker=self.number,
            records=int(progress["records"]),
            refusals=self._refusals[:int(progress["refusals"])].copy(),
            raw=self._raw[:int(progress["raw"])].tobytes(),
            due=int(progress["due"]), paid=int(progress["paid"]), unread=int(progress["unread"]),
            accepted_due=int(progress["accepted_due"]),
            accepted_paid=int(progress["accepted_paid"]))

    def _decode_text(self, block: Block, shape: Shape) -> Any:
        """Run the kernel over a block, giving it room as it asks."""
        if len(self._raw) < block.stop:
            self._raw = np.empty(block.stop, dtype=np.uint8)
        if len(self._taps) < block.stop // LIKELY_LINE_BYTES + 1:
            self._taps = np.empty(block.stop // LIKELY_LINE_BYTES + 1, dtype=TAP)
        progress = np.zeros(1, dtype=PROGRESS)
        lookups = self._lookups()
        while True:
            need = decode_rows(
                block.buffer, block.stop, block.offset, shape.places, len(shape.columns),
                self._settings, self._vocabulary.rules, self._vocabulary.prefixes, lookups,
                self._taps, self._refusals, self._raw, progress)
            if need == Need.DONE:
                return progress[0]
            if need == Need.TAPS:
                self._taps = _double(self._taps)
            elif need == Need.REFUSALS:
                self._refusals = _double(self._refusals)
            else:
                for table in self.tables.values():
                    table.grow_if_half_full()
                lookups = self._lookups()

    def _group(self, taps: Records) -> tuple[Records, npt.NDArray[np.int64]]:
        """Taps by partition, in an array of their own."""
        if len(self._scratch) < len(taps):
            self._scratch = np.empty(len(self._taps), dtype=np.uint16)
        grouped = np.empty_like(taps)
        offsets = np.empty(self._partitions + 1, dtype=np.int64)
        group_by_card(taps, self._partitions, grouped, offsets, self._scratch[:len(taps)])
        return grouped, offsets

    def refuse_line(self, odd: OddLine) -> Chunk:
        """A line that is no line, as a chunk of one refusal."""
        refusals = np.zeros(1, dtype=REFUSAL)
        refusals["offset"], refusals["code"] = odd.offset, odd.code
        refusals["length"] = min(odd.length, 2**32 - 1)
        return Chunk(
            taps=np.empty(0, dtype=TAP), offsets=np.zeros(self._partitions + 1, dtype=np.int64),
            worker=self.number, records=1, refusals=refusals, raw=odd.head[:LONGEST_RAW],
            unread=1)


def _double(array: Records) -> Records:
    """The array with as much room again."""
    return np.concatenate([array, np.empty_like(array)])
