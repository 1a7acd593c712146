"""Civil time: what clocks show; how far they are ahead of UTC can change (network/civil.py)."""

from libc.stdint cimport int64_t

from ext.checked cimport must
from ext.records cimport CivilOffset


cdef struct Clock:
    const CivilOffset *offsets      # by moment; at least one
    Py_ssize_t count


cdef inline Clock clock_of(const CivilOffset[::1] offsets) noexcept:
    """A clock over the caller's array, which has to live as long; it has one offset at least."""
    cdef Clock clock
    must(offsets.shape[0] > 0, b"a clock has an offset")
    clock.offsets, clock.count = &offsets[0], offsets.shape[0]
    return clock


cdef inline int64_t offset_since(const Clock *clock, int64_t at, bint is_civil) noexcept nogil:
    """The last offset that begins by then; is_civil: by what clocks show, not by UTC."""
    cdef Py_ssize_t low = 0, high = clock.count, middle
    cdef const CivilOffset *one
    while high - low > 1:
        middle = (low + high) >> 1
        one = &clock.offsets[middle]
        if (one.read_since if is_civil else one.since) <= at:
            low = middle
        else:
            high = middle
    must(low < clock.count, b"a clock has an offset for every time")
    return clock.offsets[low].offset_s


cdef inline int64_t offset_at(const Clock *clock, int64_t at) noexcept nogil:
    """How many seconds civil time is ahead at a UTC time."""
    return offset_since(clock, at, False)


cdef inline int64_t offset_read(const Clock *clock, int64_t civil) noexcept nogil:
    """How many seconds ahead a civil time is that says no zone."""
    return offset_since(clock, civil, True)
