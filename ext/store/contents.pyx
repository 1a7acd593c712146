"""Numbers that stand for the contents of rows: what is read back has those of what was written.

A row's number is the sum of its columns' values, each times an odd number of 64 bits of its own,
mixed at the end; a table's is the sum of its rows'. So it depends on no order, on no block and on
no part, and a table's is the sum of its runs'. It finds accidents and slips; who means to deceive
and knows the numbers is found by the chain over runs alone.
"""

from libc.stdint cimport int64_t, uint8_t, uint64_t
from libc.string cimport memcpy

from ext.checked cimport check

cdef enum:
    STRETCH = 512           # rows whose sums stay in the first cache, one column after another


cdef inline void add_words(const uint8_t *values, Py_ssize_t width, Py_ssize_t start,
                           Py_ssize_t length, uint64_t key, uint64_t *sums,
                           Py_ssize_t rows) noexcept nogil:
    """Some bytes of each value, as one number, low byte first."""
    cdef Py_ssize_t row
    cdef uint64_t word
    for row in range(rows):
        word = 0
        memcpy(&word, values + row * width + start, length)
        sums[row] += word * key


cdef inline void add_word(const uint8_t *values, Py_ssize_t width, Py_ssize_t start,
                          Py_ssize_t length, uint64_t key, uint64_t *sums,
                          Py_ssize_t rows) noexcept nogil:
    """A width that the compiler knows is a plain load."""
    if width == 8:
        add_words(values, 8, 0, 8, key, sums, rows)
    elif width == 4:
        add_words(values, 4, 0, 4, key, sums, rows)
    elif width == 2:
        add_words(values, 2, 0, 2, key, sums, rows)
    elif width == 1:
        add_words(values, 1, 0, 1, key, sums, rows)
    else:
        add_words(values, width, start, length, key, sums, rows)


cdef int add_rows(const uint8_t[::1] memory, const int64_t[::1] places,
                  const int64_t[::1] widths, const uint64_t[::1] keys,
                  uint64_t[::1] sums) except -1 nogil:
    cdef Py_ssize_t rows, column, word, key, offset
    cdef Py_ssize_t start = 0
    while start < sums.shape[0]:
        rows = min(<Py_ssize_t>STRETCH, sums.shape[0] - start)
        key = 0
        for column in range(places.shape[0]):
            check(places[column] + (start + rows) * widths[column] <= memory.shape[0],
                  b"a column's rows lie within the memory")
            for word in range((widths[column] + 7) // 8):
                offset = 8 * word
                add_word(&memory[places[column] + start * widths[column]], widths[column], offset,
                         min(<Py_ssize_t>8, widths[column] - offset), keys[key], &sums[start], rows)
                key += 1
        start += rows
    return 0


def add_columns(const uint8_t[::1] memory not None, const int64_t[::1] places not None,
                const int64_t[::1] widths not None, const uint64_t[::1] keys not None,
                uint64_t[::1] sums not None):
    """Add the values of columns to what stands for each row.

    memory: holds the columns; places: where each begins; widths: of a value, in bytes; keys: an odd
    number for every eight bytes of a value that begin, column by column. Raises ValueError where
    these do not fit together.
    """
    cdef Py_ssize_t column
    cdef Py_ssize_t words = 0
    if places.shape[0] != widths.shape[0]:
        raise ValueError(f"{places.shape[0]} places, {widths.shape[0]} widths: each column needs "
                         "one of each")
    for column in range(places.shape[0]):
        if widths[column] < 1 or places[column] < 0 or (
                places[column] + sums.shape[0] * widths[column] > memory.shape[0]):
            raise ValueError(f"column {column} of {sums.shape[0]} values of {widths[column]} bytes "
                             f"from {places[column]} on does not lie in {memory.shape[0]} bytes")
        words += (widths[column] + 7) // 8
    if keys.shape[0] != words:
        raise ValueError(f"{keys.shape[0]} keys for {words} times eight bytes that begin")
    if sums.shape[0]:
        with nogil:
            add_rows(memory, places, widths, keys, sums)


cdef int mix_rows(uint64_t[::1] sums) except -1 nogil:
    cdef Py_ssize_t row
    cdef uint64_t mixed
    check(sums.strides[0] == 8, b"sums lie side by side")
    for row in range(sums.shape[0]):
        # So that what two rows have cannot be changed for one another: MurmurHash3's last step,
        # of a sum that is not 0 for a row of zeros.
        mixed = sums[row] + <uint64_t>0x9E3779B97F4A7C15
        mixed = (mixed ^ (mixed >> 33)) * <uint64_t>0xFF51AFD7ED558CCD
        mixed = (mixed ^ (mixed >> 33)) * <uint64_t>0xC4CEB9FE1A85EC53
        sums[row] = mixed ^ (mixed >> 33)
    return 0


def finish_rows(uint64_t[::1] sums not None):
    """Turn the sums of columns into the numbers of rows, in place."""
    if sums.shape[0]:
        with nogil:
            mix_rows(sums)
