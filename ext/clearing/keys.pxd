"""What taps and cards are sorted by, and how: stably, quickly where they are in order already."""

from libc.stdint cimport uint32_t, uint64_t
from libc.string cimport memcpy

from ext.checked cimport must

cdef enum:
    RUN_ROWS = 16           # runs this short are sorted by insertion before they are merged

cdef packed struct Key:
    uint64_t major
    uint64_t minor
    uint32_t index          # of a tap or of a group
    uint32_t reserved


cdef inline bint before(const Key *a, const Key *b) noexcept nogil:
    if a.major != b.major:
        return a.major < b.major
    return a.minor < b.minor


cdef inline void insertion_sort(Key *keys, Py_ssize_t count) noexcept nogil:
    """Sort a short run in place."""
    cdef Py_ssize_t i, j
    cdef Key key
    for i in range(1, count):
        if not before(&keys[i], &keys[i - 1]):
            continue
        key = keys[i]
        j = i
        while j > 0 and before(&key, &keys[j - 1]):
            keys[j] = keys[j - 1]
            j -= 1
        keys[j] = key


cdef inline void merge(Key *source, Key *target, Py_ssize_t low, Py_ssize_t middle,
                       Py_ssize_t high) noexcept nogil:
    """Merge two sorted neighbours of source into target; a copy where they are in order already."""
    cdef Py_ssize_t left = low, right = middle, out = low
    must(low <= middle <= high, b"neighbours that are merged lie side by side")
    if middle >= high or not before(&source[middle], &source[middle - 1]):
        memcpy(&target[low], &source[low], (high - low) * sizeof(Key))
        return
    while left < middle and right < high:
        if before(&source[right], &source[left]):
            target[out] = source[right]
            right += 1
        else:
            target[out] = source[left]
            left += 1
        out += 1
    if left < middle:
        memcpy(&target[out], &source[left], (middle - left) * sizeof(Key))
    else:
        memcpy(&target[out], &source[right], (high - right) * sizeof(Key))


cdef inline void sort_keys(Key *keys, Key *scratch, Py_ssize_t count) noexcept nogil:
    """Sort keys, stably, in time n log n whatever they are; nearly sorted keys are quick."""
    cdef Py_ssize_t low, width = RUN_ROWS
    cdef Key *source = keys
    cdef Key *target = scratch
    cdef Key *swap
    low = 0
    while low < count:
        insertion_sort(&keys[low], min(<Py_ssize_t>RUN_ROWS, count - low))
        low += RUN_ROWS
    while width < count:
        low = 0
        while low < count:
            merge(source, target, low, min(low + width, count), min(low + 2 * width, count))
            low += 2 * width
        swap = source
        source = target
        target = swap
        width *= 2
    if source != keys:
        memcpy(keys, source, count * sizeof(Key))
