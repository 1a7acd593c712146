"""Taps that memory may not hold: on the disk, partition by partition, until they are cleared.

A file that nobody else can see holds them; it is gone with the process, however that ends.
"""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ext.intake.buffer import PartitionBuffer
from network.errors import OnecardError
from network.language import Phrase

ARENA_BYTES = 32 << 20
HUGE_PAGE_BYTES = 2 << 20
WRITE_BYTES = 8 << 20
# 16 MiB: with 20 million cards marked, one other in seven counts as marked.
CARD_FILTER_WORDS = 1 << 21
# /tmp is often memory; /var/tmp is a disk by the Filesystem Hierarchy Standard.
FOLDER = "/var/tmp"
UNLIMITED = 1 << 32


@dataclass(frozen=True)
class Segment:
    """The taps of one buffer, as they were when it was full."""

    worker: int
    offset: int                         # in the file
    ends: npt.NDArray[np.int64]         # by partition: bytes, 0 before the first
    counts: npt.NDArray[np.int64]       # taps


class Spill:
    """The file, and what is where in it. Any thread may use it."""

    def __init__(self, partitions: int, arenas_most: int = UNLIMITED, *,
                 mark_cards: bool = True) -> None:
        """`arenas_most`: how many arenas one buffer may hold in memory.

        mark_cards: whether card_filter will be asked for.
        """
        self.arenas_most, self._partitions = max(1, arenas_most), partitions
        self.mark_cards = mark_cards
        self.segments: list[Segment] = []
        self.card_filter = np.zeros(CARD_FILTER_WORDS, np.uint64)   # of the cards of all segments
        self._file: Any = None
        self._end = 0
        self._lock = threading.Lock()
        self._spaces = threading.local()

    def take(self, buffer: PartitionBuffer, worker: int) -> None:
        """Write a worker's buffer to the file, and let it begin anew.

        Raises OnecardError where that is not possible.
        """
        partitions = range(self._partitions)
        sizes = np.array([0, *(buffer.size(partition) for partition in partitions)], np.int64)
        counts = np.array([buffer.count(partition) for partition in partitions], np.int64)
        ends = np.cumsum(sizes)
        try:
            with self._lock:
                if self._file is None:
                    self._file = tempfile.TemporaryFile(  # noqa: SIM115
                        dir=os.environ.get("TMPDIR", FOLDER), buffering=0)
                offset, self._end = self._end, self._end + int(ends[-1])
            self._write(buffer, offset, sizes[1:].tolist())
        except OSError as error:
            raise OnecardError(
                Phrase("taps that memory may not hold cannot be written: {strerror}",
                       strerror=error.strerror),
                where=os.environ.get("TMPDIR", FOLDER),
                expected=Phrase("room for about {bytes} bytes, several times", bytes=int(ends[-1])),
                remedy="set TMPDIR to a folder with more room, or allow more --memory") from error
        with self._lock:
            if self.mark_cards:
                buffer.mark(self.card_filter)
            self.segments.append(Segment(worker, offset, ends, counts))
        buffer.forget()

    def _write(self, buffer: PartitionBuffer, offset: int, sizes: list[int]) -> None:
        rows = self.space(max(WRITE_BYTES, *sizes))
        filled = 0
        for partition, size in enumerate(sizes):
            if filled + size > len(rows):
                offset, filled = offset + self._put(rows[:filled], offset), 0
            filled = buffer.drain(partition, rows, filled)
        self._put(rows[:filled], offset)

    def _put(self, rows: npt.NDArray[np.uint8], offset: int) -> int:
        done = 0
        while done < len(rows):
            done += os.pwrite(self._file.fileno(), rows[done:].data, offset + done)
        return done

    def read(self, segment: Segment, partition: int) -> tuple[npt.NDArray[np.uint8], int]:
        """A partition's rows of a segment, in memory that the next call uses again; their bytes.

        Raises OnecardError where the disk fails.
        """
        start, end = segment.ends[partition:partition + 2].tolist()
        size = end - start
        rows = self.space(size)
        done = 0
        while done < size:
            got = os.preadv(self._file.fileno(), [rows[done:size].data],
                            segment.offset + start + done)
            assert got, "the file ends where its segments do"
            done += got
        return rows, size

    def space(self, size: int) -> npt.NDArray[np.uint8]:
        """Memory of that many bytes at least, the same for each call of one thread."""
        held: npt.NDArray[np.uint8] | None = getattr(self._spaces, "rows", None)
        if held is None or len(held) < size:
            held = self._spaces.rows = np.empty(size + size // 4, dtype=np.uint8)
        return held

    def close(self) -> None:
        """Give the disk back."""
        if self._file is not None:
            self._file.close()


def arenas_within(memory_bytes: int, workers: int) -> int:
    """How many arenas each worker's buffer may hold."""
    return max(1, memory_bytes // ARENA_BYTES // workers)


def make_arena() -> npt.NDArray[np.uint8]:
    """Memory that begins where a huge page does: rows go to thousands of places in it in turn."""
    memory = np.empty(ARENA_BYTES + HUGE_PAGE_BYTES, dtype=np.uint8)
    start = -memory.ctypes.data % HUGE_PAGE_BYTES
    return memory[start:start + ARENA_BYTES]
