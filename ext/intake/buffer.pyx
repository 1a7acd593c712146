"""Taps between decoding and clearing: every partition's in pages of its own, packed.

A run has to read all files before the first card is complete, so this is most of what it holds in
memory. A tap takes 80 bytes here, or 108 where it says what few taps do, in place of the 128 of a
Tap. Each worker fills a buffer of its own; the caller brings all memory, in arenas of pages.
"""

import numpy as np

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from ext.checked cimport check
from ext.clearing.partition cimport mark_card, shift_for
from ext.clearing.persons cimport Persons, partition_by_person
from ext.records cimport (
    BUFFERED_BLANKS, BUFFERED_MORE, DENIED, NOT_ADMITTED, BufferedMore, BufferedTap, Tap,
)
from ext.intake.text cimport prefetch, prefetch_to_write

from ext.clearing import persons as people

cdef enum:
    PAGE = 4096             # bytes
    AHEAD = 8               # rows between asking for memory and writing to it
    STOPPED = DENIED | NOT_ADMITTED

PAGE_BYTES = PAGE

cdef packed struct PageHead:
    uint64_t following          # address of the partition's next page; 0: none
    uint64_t used               # bytes, the head's included; of the last page, see Last

# Where a partition's next row goes: one look at memory for each row.
cdef packed struct Last:
    uint64_t page               # address of the partition's last page; 0: it has none
    uint32_t used
    uint32_t rows               # of all its pages

# Where one worker's numbers lie in the table of book numbers, by kind of code.
cdef packed struct Remap:
    uint32_t stops
    uint32_t lines
    uint32_t vehicles
    uint32_t devices

# What the taps of one block lack: which file they are from, and its lines before the block.
cdef packed struct Source:
    uint32_t file
    uint32_t first_line
    uint32_t worker
    uint32_t keep               # 0: the file is not wanted

cdef Source _source
cdef Remap _remap
cdef Last _last
SOURCE = np.asarray(<Source[:1]>&_source).dtype
REMAP = np.asarray(<Remap[:1]>&_remap).dtype
cdef LAST = np.asarray(<Last[:1]>&_last).dtype


cdef class Origins:
    """What turns buffered taps into a book's: where blocks are from, what workers' numbers mean.

    sources: by block; remaps: by worker, where its numbers begin in `numbers`, which holds, for
    each number that the worker gave, the book's.
    """

    cdef Source[::1] _sources
    cdef Remap[::1] _remaps
    cdef uint32_t[::1] _numbers

    def __init__(self, sources not None, remaps not None, uint32_t[::1] numbers not None):
        cdef Py_ssize_t i
        self._sources, self._remaps, self._numbers = sources, remaps, numbers
        for i in range(self._sources.shape[0]):
            if self._sources[i].worker >= <uint32_t>self._remaps.shape[0]:
                raise ValueError(f"block {i}: worker {self._sources[i].worker} of "
                                 f"{self._remaps.shape[0]}")

    def unpack(self, const uint8_t[::1] rows not None, Py_ssize_t size, Tap[::1] taps not None,
               Py_ssize_t at):
        """Write the wanted ones of packed rows to taps from `at` on; where they end.

        rows: `size` bytes as PartitionBuffer.drain gives them. Raises ValueError where taps is too
        short.
        """
        cdef Py_ssize_t end
        if size > rows.shape[0]:
            raise ValueError(f"rows: {rows.shape[0]} bytes, not {size}")
        with nogil:
            end = _unpack_rows(self, &rows[0] if size else NULL, size, taps, at)
        return check_room(end, taps)


cdef check_room(Py_ssize_t end, Tap[::1] taps):
    if end < 0:
        raise ValueError(f"taps: {taps.shape[0]} rows are too few")
    return end


cdef class PartitionBuffer:
    """The taps that one worker decoded. Not for two threads at a time."""

    cdef list _arenas                   # memory that was brought
    cdef Py_ssize_t _begun              # how many of them have a page that is used
    cdef uint64_t _free                 # address of the next free page of the last of those
    cdef uint64_t _free_end
    cdef uint64_t[::1] _heads           # by partition: address of its first page; 0: none
    cdef Last[::1] _lasts               # by partition
    cdef uint32_t _shift
    cdef Persons _persons

    def __init__(self, Py_ssize_t partitions, Persons persons not None=people.NOBODY):
        self._persons = persons
        self._shift = shift_for(partitions)
        self._arenas = []
        self._heads = np.zeros(partitions, np.uint64)
        self._lasts = np.zeros(partitions, LAST)

    def add(self, uint8_t[::1] arena not None):
        """More room: some pages. It is used when there is no other."""
        if arena.shape[0] < PAGE or arena.shape[0] % PAGE:
            raise ValueError(f"arena: {arena.shape[0]} bytes, expected a multiple of {PAGE}")
        self._arenas.append(arena)

    cdef bint _begin_arena(self) except -1:
        """Use the next arena; False where there is none."""
        cdef uint8_t[::1] arena
        if self._begun == len(self._arenas):
            return False
        arena = self._arenas[self._begun]
        self._begun += 1
        self._free = <uint64_t>&arena[0]
        self._free_end = self._free + <uint64_t>arena.shape[0]
        return True

    def put(self, const Tap[::1] taps not None, Py_ssize_t first, uint32_t block):
        """Put taps by from `first` on: where it stopped for want of room, and their latest time."""
        cdef uint32_t latest = 0
        if not 0 <= first <= taps.shape[0]:
            raise ValueError(f"first: {first} of {taps.shape[0]} taps")
        while True:
            with nogil:
                first = _put_rows(self, taps, first, block, &latest)
            if first == taps.shape[0] or not self._begin_arena():
                return first, latest

    def count(self, Py_ssize_t partition):
        """How many taps a partition has, of wanted files and others."""
        return self._lasts[self._check(partition)].rows

    def size(self, Py_ssize_t partition):
        """How many bytes its rows have."""
        return _size(self, self._check(partition))

    cdef Py_ssize_t _check(self, Py_ssize_t partition) except -1:
        if not 0 <= partition < self._heads.shape[0]:
            raise ValueError(f"partition: {partition}, expected 0 to {self._heads.shape[0] - 1}")
        return partition

    def gather(self, Py_ssize_t partition, Origins origins not None, Tap[::1] taps not None,
               Py_ssize_t at):
        """Write a partition's taps of wanted files to taps from `at` on; where they end.

        Raises ValueError where taps is too short.
        """
        cdef Py_ssize_t end
        self._check(partition)
        with nogil:
            end = _gather_rows(self, partition, origins, taps, at)
        return check_room(end, taps)

    def drain(self, Py_ssize_t partition, uint8_t[::1] rows not None, Py_ssize_t at):
        """Copy a partition's rows out, one behind the other, from `at` on; where they end.

        Raises ValueError where rows is too short.
        """
        cdef Py_ssize_t size = self.size(partition)
        if at < 0 or at + size > rows.shape[0]:
            raise ValueError(f"rows: {rows.shape[0]} bytes from {at} on, expected {size}")
        if size:
            with nogil:
                _drain_rows(self, partition, &rows[at])
        return at + size

    def mark(self, uint64_t[::1] card_filter not None):
        """Mark the cards of all taps, see ext.clearing.partition."""
        cdef Py_ssize_t part
        if card_filter.shape[0] < 1 or card_filter.shape[0] & (card_filter.shape[0] - 1):
            raise ValueError(f"card_filter: {card_filter.shape[0]} words, expected a power of two")
        with nogil:
            for part in range(self._heads.shape[0]):
                _mark_rows(self, part, card_filter)

    def forget(self):
        """Begin anew in the same memory."""
        self._heads[:] = 0
        self._lasts[:] = Last(page=0, used=0, rows=0)
        self._begun = 0
        self._free = self._free_end = 0


def mark_used(const uint8_t[::1] rows not None, Py_ssize_t size, const uint8_t[::1] keep not None,
              uint8_t[::1] stops not None, uint8_t[::1] lines not None,
              uint8_t[::1] vehicles not None, uint8_t[::1] devices not None):
    """Set the marks of the codes that packed rows have; keep: by block, whether it counts."""
    cdef Py_ssize_t at = 0
    cdef Tap tap
    cdef uint32_t block
    while at < size:
        at += unpack_row(&rows[at], &tap, &block)
        if keep[block]:
            stops[tap.stop] = 1
            stops[tap.in_stop] = 1
            lines[tap.line] = 1
            vehicles[tap.vehicle] = 1
            devices[tap.device] = 1


cdef Py_ssize_t _size(PartitionBuffer buffer, Py_ssize_t part) noexcept nogil:
    """How many bytes a partition's rows have."""
    cdef Py_ssize_t size = 0
    cdef const PageHead *head = <const PageHead *>buffer._heads[part]
    if head != NULL:
        close_page(&buffer._lasts[part])
    while head != NULL:
        size += head.used - sizeof(PageHead)
        head = <const PageHead *>head.following
    return size


cdef inline void close_page(const Last *last) noexcept nogil:
    """Say on the partition's last page what is on it."""
    (<PageHead *>last.page).used = last.used


cdef inline uint32_t packed_size(const Tap *tap) noexcept nogil:
    """How many bytes the tap takes in the buffer."""
    if (tap.in_at | tap.in_stop | tap.distance_m | tap.tac | tap.born_day
            | tap.review_day | tap.key_version | tap.algorithm | tap.correction
            | (tap.blanks & STOPPED)):
        return sizeof(BufferedTap) + sizeof(BufferedMore)
    return sizeof(BufferedTap)


cdef inline void pack_more(BufferedMore *more, const Tap *tap) noexcept nogil:
    more.in_at = tap.in_at
    more.in_stop = tap.in_stop
    more.distance_m = tap.distance_m
    more.tac = tap.tac
    more.born_day = tap.born_day
    more.review_day = tap.review_day
    more.key_version = tap.key_version
    more.algorithm = tap.algorithm
    more.authority = tap.authority
    more.correction = tap.correction
    more.revision = tap.revision
    more.correction_reason = tap.correction_reason
    more.stopped = tap.blanks & STOPPED


cdef inline void pack_row(uint8_t *at, const Tap *tap, uint32_t size,
                          uint32_t block) noexcept nogil:
    cdef BufferedTap *row = <BufferedTap *>at
    row.card_hi = tap.card_hi
    row.card_lo = tap.card_lo
    # Amounts fit: the decoder believes none above 2,000,000,000.
    row.due = <int>tap.due
    row.paid = <int>tap.paid
    row.balance_before = <int>tap.balance_before
    row.offset_low = <uint32_t>tap.source_offset
    row.offset_high = <uint16_t>(tap.source_offset >> 32)
    row.row = tap.source_line
    row.block = block
    row.tapped_at = tap.tapped_at
    row.card_seq = tap.card_seq
    row.device = tap.device
    row.device_seq = tap.device_seq
    row.line = tap.line
    row.vehicle = tap.vehicle
    row.stop = tap.stop
    row.operator = tap.operator
    row.issuer = tap.issuer
    row.mode = tap.mode
    row.kind = tap.kind
    row.medium = tap.medium
    row.card_kind = tap.card_kind
    row.direction = <uint8_t>(tap.direction | (tap.blanks & ~<uint8_t>STOPPED) << BUFFERED_BLANKS)
    row.flags = tap.flags
    if size > sizeof(BufferedTap):
        row.flags |= BUFFERED_MORE
        pack_more(<BufferedMore *>(at + sizeof(BufferedTap)), tap)


cdef inline void unpack_more(Tap *tap, const BufferedMore *more) noexcept nogil:
    tap.in_at = more.in_at
    tap.in_stop = more.in_stop
    tap.distance_m = more.distance_m
    tap.tac = more.tac
    tap.born_day = more.born_day
    tap.review_day = more.review_day
    tap.key_version = more.key_version
    tap.algorithm = more.algorithm
    tap.authority = more.authority
    tap.correction = more.correction
    tap.revision = more.revision
    tap.correction_reason = more.correction_reason
    tap.blanks |= more.stopped
    tap.flags &= ~<uint8_t>BUFFERED_MORE


cdef inline uint32_t unpack_row(const uint8_t *at, Tap *tap, uint32_t *block) noexcept nogil:
    """A tap as the worker decoded it, but for its file; how many bytes it took."""
    cdef const BufferedTap *row = <const BufferedTap *>at
    memset(tap, 0, sizeof(Tap))
    tap.card_hi = row.card_hi
    tap.card_lo = row.card_lo
    tap.due = row.due
    tap.paid = row.paid
    tap.balance_before = row.balance_before
    tap.source_offset = <uint64_t>row.offset_high << 32 | row.offset_low
    tap.source_line = row.row
    block[0] = row.block
    tap.tapped_at = row.tapped_at
    tap.card_seq = row.card_seq
    tap.device = row.device
    tap.device_seq = row.device_seq
    tap.line = row.line
    tap.vehicle = row.vehicle
    tap.stop = row.stop
    tap.operator = row.operator
    tap.issuer = row.issuer
    tap.mode = row.mode
    tap.kind = row.kind
    tap.medium = row.medium
    tap.card_kind = row.card_kind
    tap.direction = row.direction & ((1 << BUFFERED_BLANKS) - 1)
    tap.blanks = row.direction >> BUFFERED_BLANKS
    tap.flags = row.flags
    if row.flags & BUFFERED_MORE:
        unpack_more(tap, <const BufferedMore *>(at + sizeof(BufferedTap)))
        return sizeof(BufferedTap) + sizeof(BufferedMore)
    return sizeof(BufferedTap)


cdef int open_page(PartitionBuffer buffer, Py_ssize_t part) except -1 nogil:
    """Give a partition its next page; 0 where there is none."""
    cdef Last *last = &buffer._lasts[part]
    cdef PageHead *head
    if buffer._free == buffer._free_end:
        return 0
    head = <PageHead *>buffer._free
    buffer._free += PAGE
    check(buffer._free <= buffer._free_end, b"a page lies within its arena")
    if last.page:
        close_page(last)
        (<PageHead *>last.page).following = <uint64_t>head
    else:
        buffer._heads[part] = <uint64_t>head
    head.following = 0
    last.page = <uint64_t>head
    last.used = sizeof(PageHead)
    return 1


cdef inline Py_ssize_t seek_row(PartitionBuffer buffer, const Tap *tap) noexcept nogil:
    """A tap's partition; the memory that it will go to is asked for meanwhile."""
    cdef Py_ssize_t part = partition_by_person(buffer._persons, tap, buffer._shift)
    cdef const Last *last = &buffer._lasts[part]
    cdef const uint8_t *at = <const uint8_t *>last.page + last.used
    prefetch_to_write(at)
    prefetch_to_write(at + sizeof(BufferedTap))
    return part


cdef Py_ssize_t _put_rows(PartitionBuffer buffer, const Tap[::1] taps, Py_ssize_t first,
                          uint32_t block, uint32_t *latest) except -1 nogil:
    cdef Py_ssize_t row, part, count = taps.shape[0]
    cdef Py_ssize_t[AHEAD] parts
    cdef uint32_t size
    cdef Last *last
    for row in range(first, min(first + AHEAD, count)):
        parts[row & (AHEAD - 1)] = seek_row(buffer, &taps[row])
    for row in range(first, count):
        part = parts[row & (AHEAD - 1)]
        if row + AHEAD < count:
            parts[row & (AHEAD - 1)] = seek_row(buffer, &taps[row + AHEAD])
        size = packed_size(&taps[row])
        last = &buffer._lasts[part]
        if last.page == 0 or last.used + size > PAGE:
            if not open_page(buffer, part):
                return row
        check(last.used + size <= PAGE, b"a row lies within its page")
        pack_row(<uint8_t *>last.page + last.used, &taps[row], size, block)
        last.used += size
        last.rows += 1
        latest[0] = max(latest[0], max(taps[row].tapped_at, taps[row].in_at))
    return count


cdef inline void adopt(Tap *tap, const Source *source, const Remap *remap,
                       const uint32_t *numbers) noexcept nogil:
    """Turn a worker's tap into the book's."""
    tap.source_file = source.file
    tap.source_line += source.first_line
    tap.stop = numbers[remap.stops + tap.stop]
    tap.in_stop = numbers[remap.stops + tap.in_stop]
    tap.line = numbers[remap.lines + tap.line]
    tap.vehicle = numbers[remap.vehicles + tap.vehicle]
    tap.device = numbers[remap.devices + tap.device]


cdef Py_ssize_t _unpack_rows(Origins origins, const uint8_t *rows, Py_ssize_t size,
                             Tap[::1] taps, Py_ssize_t at) except? -1 nogil:
    """Unpack and adopt the rows of wanted files; -1 where there is no room for one."""
    cdef Py_ssize_t place = 0
    cdef uint32_t block = 0
    cdef const Source *source
    while place < size:
        if at >= taps.shape[0]:
            return -1
        place += unpack_row(rows + place, &taps[at], &block)
        source = &origins._sources[block]
        if source.keep:
            adopt(&taps[at], source, &origins._remaps[source.worker], &origins._numbers[0])
            at += 1
    check(place == size, b"the last row ends where the rows do")
    return at


cdef Py_ssize_t _gather_rows(PartitionBuffer buffer, Py_ssize_t part, Origins origins,
                             Tap[::1] taps, Py_ssize_t at) except? -1 nogil:
    cdef const PageHead *head = <const PageHead *>buffer._heads[part]
    if head != NULL:
        close_page(&buffer._lasts[part])
    while head != NULL and at >= 0:
        prefetch(<const void *>head.following)
        at = _unpack_rows(origins, <const uint8_t *>(head + 1), head.used - sizeof(PageHead), taps,
                          at)
        head = <const PageHead *>head.following
    return at


cdef int _drain_rows(PartitionBuffer buffer, Py_ssize_t part, uint8_t *rows) except -1 nogil:
    cdef const PageHead *head = <const PageHead *>buffer._heads[part]
    cdef uint32_t size
    close_page(&buffer._lasts[part])
    while head != NULL:
        size = head.used - sizeof(PageHead)
        memcpy(rows, head + 1, size)
        rows += size
        head = <const PageHead *>head.following
    return 0


cdef int _mark_rows(PartitionBuffer buffer, Py_ssize_t part,
                    uint64_t[::1] card_filter) except -1 nogil:
    cdef const PageHead *head = <const PageHead *>buffer._heads[part]
    cdef const BufferedTap *row
    cdef Py_ssize_t at
    if head != NULL:
        close_page(&buffer._lasts[part])
    while head != NULL:
        at = sizeof(PageHead)
        while at < <Py_ssize_t>head.used:
            row = <const BufferedTap *>(<const uint8_t *>head + at)
            mark_card(card_filter, row.card_hi, row.card_lo)
            at += sizeof(BufferedTap)
            if row.flags & BUFFERED_MORE:
                at += sizeof(BufferedMore)
        head = <const PageHead *>head.following
    return 0
