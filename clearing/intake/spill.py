"""What memory may not hold, on the disk: taps, partition by partition, and what was refused.

A file that nobody else can see holds them; it is gone with the process, however that ends.
"""

from __future__ import annotations

import os
import tempfile
import threading
from dataclasses import dataclass
from typing import Any, NamedTuple

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
ASIDE_BYTES = 64 << 20      # of refusals of all files that are held in memory


@dataclass(frozen=True)
class Segment:
    """The taps of one buffer, as they were when it was full."""

    worker: int
    offset: int                         # in the file
    ends: npt.NDArray[np.int64]         # by partition: bytes, 0 before the first
    counts: npt.NDArray[np.int64]       # taps


def narrowed(card_filter: npt.NDArray[np.uint64], words: int) -> npt.NDArray[np.uint64]:
    """A copy of a filter in fewer words, or as many.

    A card's word is a part of its hash, from the lowest bits on: so half of a filter laid over the
    other half is the filter of half as many words.
    """
    laid_over: npt.NDArray[np.uint64] = np.bitwise_or.reduce(
        card_filter.reshape(-1, words), axis=0)
    return laid_over


class Aside(NamedTuple):
    """Where bytes wait in the file."""

    offset: int
    size: int


class Spill:
    """The file, and what is where in it. Any thread may use it."""

    def __init__(self, partitions: int, arenas_most: int = UNLIMITED, *,
                 mark_cards: bool = True) -> None:
        """`arenas_most`: how many arenas one buffer may hold in memory.

        mark_cards: whether cards_in will be asked for.
        """
        self.arenas_most, self._partitions = max(1, arenas_most), partitions
        self.mark_cards = mark_cards
        self.segments: list[Segment] = []
        self._marked: npt.NDArray[np.uint64] | None = None   # the cards of all segments
        self._file: Any = None
        self._end = self._aside = 0
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
            offset = self._room_for(int(ends[-1]))
            self._write(buffer, offset, sizes[1:].tolist())
        except OSError as error:
            raise _no_room(int(ends[-1]), error) from error
        with self._lock:
            if self.mark_cards:
                if self._marked is None:
                    self._marked = np.zeros(CARD_FILTER_WORDS, np.uint64)
                buffer.mark(self._marked)
            self.segments.append(Segment(worker, offset, ends, counts))
        buffer.forget()

    def cards_in(self, words: int) -> npt.NDArray[np.uint64]:
        """The cards of all segments, marked in a filter of so many words."""
        assert self.mark_cards, "read_files was told that nobody asks for them"
        return np.zeros(words, np.uint64) if self._marked is None else narrowed(self._marked, words)

    def _room_for(self, size: int) -> int:
        """Where in the file so many bytes may go."""
        with self._lock:
            if self._file is None:
                self._file = tempfile.TemporaryFile(  # noqa: SIM115
                    dir=os.environ.get("TMPDIR", FOLDER), buffering=0)
            offset, self._end = self._end, self._end + size
            return offset

    def put_aside(self, data: bytes) -> bytes | Aside:
        """Let bytes wait for `take_back`: in memory, or in the file where they are many by now.

        Raises OnecardError where that is not possible.
        """
        with self._lock:
            self._aside += len(data)
            if self._aside <= ASIDE_BYTES:
                return data
        try:
            offset = self._room_for(len(data))
            self._put(np.frombuffer(data, np.uint8), offset)
        except OSError as error:
            raise _no_room(len(data), error) from error
        return Aside(offset, len(data))

    def take_back(self, data: bytes | Aside) -> bytes:
        """What was put aside."""
        if isinstance(data, bytes):
            return data
        rows = np.empty(data.size, np.uint8)
        self._get(rows, data.offset)
        return rows.tobytes()

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
        self._get(rows[:size], segment.offset + start)
        return rows, size

    def _get(self, rows: npt.NDArray[np.uint8], offset: int) -> None:
        done = 0
        while done < len(rows):
            got = os.preadv(self._file.fileno(), [rows[done:].data], offset + done)
            assert got, "the file ends where what was written to it does"
            done += got

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


def _no_room(size: int, error: OSError) -> OnecardError:
    return OnecardError(
        Phrase("what memory may not hold cannot be written: {strerror}", strerror=error.strerror),
        where=os.environ.get("TMPDIR", FOLDER),
        expected=Phrase("room for about {bytes} bytes, several times", bytes=size),
        remedy="set TMPDIR to a folder with more room, or allow more --memory")


def arenas_within(memory_bytes: int, workers: int) -> int:
    """How many arenas each worker's buffer may hold."""
    return max(1, memory_bytes // ARENA_BYTES // workers)


def make_arena() -> npt.NDArray[np.uint8]:
    """Memory that begins where a huge page does: rows go to thousands of places in it in turn."""
    memory = np.empty(ARENA_BYTES + HUGE_PAGE_BYTES, dtype=np.uint8)
    start = -memory.ctypes.data % HUGE_PAGE_BYTES
    return memory[start:start + ARENA_BYTES]
