"""Taps into partitions by card, and one partition's taps out of many chunks.

A partition is the high bits of a mix of the card's 128 bits, so every tap of a card is in one
partition, on every machine and in every run.
"""

import numpy as np

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.records cimport Tap

cdef enum:
    PARTITION_LIMIT = 4096

MOST_PARTITIONS = PARTITION_LIMIT

# Where one worker's numbers lie in the table of book numbers, by kind of code.
cdef packed struct Remap:
    uint32_t stops
    uint32_t lines
    uint32_t vehicles
    uint32_t devices

# What a chunk's taps lack: which file they are from, and its lines before the chunk.
cdef packed struct Source:
    uint64_t taps               # address of the chunk's first tap
    uint64_t offsets            # address of its offsets, one per partition and one more
    uint32_t file
    uint32_t first_line
    uint32_t worker
    uint32_t keep               # 0: the file is not wanted

cdef Source _source
cdef Remap _remap
SOURCE = np.asarray(<Source[:1]>&_source).dtype
REMAP = np.asarray(<Remap[:1]>&_remap).dtype


cdef inline uint32_t partition_of(uint64_t high, uint64_t low, uint32_t shift) noexcept nogil:
    """Mix 128 bits to 64 and take the high ones; a shift of 64 is one partition."""
    cdef uint64_t mixed = (high ^ (high >> 32)) * <uint64_t>0x9E3779B97F4A7C15 ^ low
    mixed = (mixed ^ (mixed >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    mixed = (mixed ^ (mixed >> 27)) * <uint64_t>0x94D049BB133111EB
    mixed ^= mixed >> 31
    return <uint32_t>(mixed >> 1 >> (shift - 1))


cdef uint32_t shift_for(Py_ssize_t partitions) except 0:
    """How far the mix is shifted to give that many partitions."""
    cdef uint32_t shift = 64
    if not 1 <= partitions <= PARTITION_LIMIT or partitions & (partitions - 1):
        raise ValueError(f"partitions: {partitions}, expected a power of two from 1 to "
                         f"{PARTITION_LIMIT}")
    while partitions > 1:
        partitions >>= 1
        shift -= 1
    return shift


def group_by_card(const Tap[::1] taps not None, Py_ssize_t partitions, Tap[::1] grouped not None,
                  int64_t[::1] offsets not None, uint16_t[::1] scratch not None):
    """Copy taps so that each partition's lie together, in their old order.

    Partition p is grouped[offsets[p]:offsets[p + 1]]. `scratch` is one number per tap.
    """
    cdef uint32_t shift = shift_for(partitions)
    if grouped.shape[0] != taps.shape[0] or scratch.shape[0] != taps.shape[0]:
        raise ValueError(f"taps: {taps.shape[0]} rows, grouped: {grouped.shape[0]}, scratch: "
                         f"{scratch.shape[0]}, expected as many of each")
    if offsets.shape[0] != partitions + 1:
        raise ValueError(f"offsets: {offsets.shape[0]}, expected {partitions + 1}")
    with nogil:
        _group_rows(taps, shift, grouped, offsets, scratch)


cdef int _group_rows(const Tap[::1] taps, uint32_t shift, Tap[::1] grouped, int64_t[::1] offsets,
                     uint16_t[::1] scratch) except -1 nogil:
    cdef Py_ssize_t row, last = offsets.shape[0] - 1, part
    cdef int64_t count, total = 0
    offsets[:] = 0
    for row in range(taps.shape[0]):
        part = partition_of(taps[row].card_hi, taps[row].card_lo, shift)
        scratch[row] = <uint16_t>part
        offsets[part] += 1
    for part in range(last):
        count = offsets[part]
        offsets[part] = total
        total += count
    for row in range(taps.shape[0]):
        part = scratch[row]
        grouped[offsets[part]] = taps[row]
        offsets[part] += 1
    # Each offset now stands at its partition's end, which is where the next one begins.
    for part in range(last, 0, -1):
        offsets[part] = offsets[part - 1]
    offsets[0] = 0
    return 0


def partitions_of(const uint64_t[::1] card_hi not None, const uint64_t[::1] card_lo not None,
                  Py_ssize_t partitions, uint16_t[::1] parts not None):
    """The partition of each card."""
    cdef uint32_t shift = shift_for(partitions)
    cdef Py_ssize_t row
    if card_hi.shape[0] != card_lo.shape[0] or card_hi.shape[0] != parts.shape[0]:
        raise ValueError(f"card_hi: {card_hi.shape[0]} rows, card_lo: {card_lo.shape[0]}, parts: "
                         f"{parts.shape[0]}, expected as many of each")
    for row in range(parts.shape[0]):
        parts[row] = <uint16_t>partition_of(card_hi[row], card_lo[row], shift)


cdef class Shelf:
    """Chunks of grouped taps, kept alive, with the numbers that make them a book's.

    `sources` says per chunk what its taps lack; `taps` and `offsets` in it are filled here.
    `remap` says per worker where its numbers begin in `numbers`, which holds, for each number
    that the worker gave, the book's.
    """

    cdef list _chunks
    cdef Source[::1] _sources
    cdef Remap[::1] _remaps
    cdef uint32_t[::1] _numbers
    cdef Py_ssize_t _partitions

    def __init__(self, list chunks not None, Py_ssize_t partitions, sources not None,
                 remaps not None, uint32_t[::1] numbers not None):
        cdef Tap[::1] taps
        cdef int64_t[::1] offsets
        cdef Py_ssize_t i
        shift_for(partitions)
        self._chunks, self._partitions = list(chunks), partitions
        self._sources, self._remaps, self._numbers = sources, remaps, numbers
        if self._sources.shape[0] != len(chunks):
            raise ValueError(f"sources: {self._sources.shape[0]}, chunks: {len(chunks)}, "
                             "expected as many of each")
        for i in range(len(chunks)):
            taps, offsets = chunks[i]
            if offsets.shape[0] != partitions + 1 or offsets[partitions] != taps.shape[0]:
                raise ValueError(f"chunk {i}: {offsets.shape[0]} offsets for {taps.shape[0]} "
                                 f"taps in {partitions} partitions")
            if np.any(np.diff(chunks[i][1]) < 0):
                raise ValueError(f"chunk {i}: its offsets do not ascend")
            if self._sources[i].worker >= <uint32_t>self._remaps.shape[0]:
                raise ValueError(f"chunk {i}: worker {self._sources[i].worker} of "
                                 f"{self._remaps.shape[0]}")
            self._sources[i].taps = <uint64_t>&taps[0] if taps.shape[0] else 0
            self._sources[i].offsets = <uint64_t>&offsets[0]

    def count(self, Py_ssize_t partition):
        """How many taps of the wanted files a partition has."""
        if not 0 <= partition < self._partitions:
            raise ValueError(f"partition: {partition}, expected 0 to {self._partitions - 1}")
        return _count_rows(self._sources, partition)

    def gather(self, Py_ssize_t partition, Tap[::1] taps not None):
        """Copy a partition's taps out, with book numbers, file and line."""
        if taps.shape[0] != self.count(partition):
            raise ValueError(f"taps: {taps.shape[0]} rows, expected {self.count(partition)}")
        with nogil:
            _gather_rows(self._sources, self._remaps, self._numbers, partition, taps)


cdef int64_t _count_rows(const Source[::1] sources, Py_ssize_t partition) except -1 nogil:
    cdef const int64_t *offsets
    cdef int64_t count = 0
    cdef Py_ssize_t i
    for i in range(sources.shape[0]):
        if sources[i].keep:
            offsets = <const int64_t *>sources[i].offsets
            count += offsets[partition + 1] - offsets[partition]
    return count


cdef inline void adopt(Tap *tap, const Source *source, const Remap *remap,
                       const uint32_t *numbers) noexcept nogil:
    """Turn a chunk's tap into the book's."""
    tap.source_file = source.file
    tap.source_line += source.first_line
    tap.stop = numbers[remap.stops + tap.stop]
    tap.entry_stop = numbers[remap.stops + tap.entry_stop]
    tap.line = numbers[remap.lines + tap.line]
    tap.vehicle = numbers[remap.vehicles + tap.vehicle]
    tap.device = numbers[remap.devices + tap.device]


cdef int _gather_rows(const Source[::1] sources, const Remap[::1] remaps,
                      const uint32_t[::1] numbers, Py_ssize_t partition,
                      Tap[::1] taps) except -1 nogil:
    cdef const int64_t *offsets
    cdef const Tap *chunk
    cdef Py_ssize_t i
    cdef int64_t row, at = 0
    for i in range(sources.shape[0]):
        if not sources[i].keep:
            continue
        offsets = <const int64_t *>sources[i].offsets
        chunk = <const Tap *>sources[i].taps
        for row in range(offsets[partition], offsets[partition + 1]):
            taps[at] = chunk[row]
            adopt(&taps[at], &sources[i], &remaps[sources[i].worker], &numbers[0])
            at += 1
    return 0
