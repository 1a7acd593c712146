"""A line of text to the texts of its columns.

Of what can be wrong with a line the first counts: too long, a NUL, not UTF-8, empty (nothing, or
nothing but separators), badly quoted, another number of fields than the header has.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr

from ext.codes cimport Code
from ext.decode cimport COLUMNS, Column, Context, Field
from ext.text cimport LINE_LIMIT, first_bit, scan64, valid_utf8


cdef inline Field text_of(const Context *context, Column column) noexcept nogil:
    """A column's text in the row; of a column that the file does not have, blank."""
    return context.fields[<int>column]


cdef inline int place_fields(Context *context, uint32_t count) noexcept nogil:
    """Where each column's text is in the row."""
    cdef const uint8_t *row = context.row
    cdef uint16_t *starts = context.starts
    cdef uint32_t place
    cdef int i
    if count != context.columns:
        return Code.COLUMN_COUNT
    starts[count + 1] = starts[count] + 1
    for i in range(COLUMNS):
        place = context.places[i]
        context.fields[i].at = row + starts[place]
        context.fields[i].size = <uint32_t>(starts[place + 1] - starts[place] - 1)
    return Code.OK


cdef inline int unquote_line(Context *context, uint32_t size) noexcept nogil:
    """Copy the row to the scratch space without its quotes, RFC 4180."""
    cdef const uint8_t *row = context.row
    cdef uint8_t *to = context.scratch
    cdef uint32_t i = 0, at = 0, count = 0
    while True:
        if i < size and row[i] == 34:
            i += 1
            while True:
                if i >= size:
                    return Code.BAD_QUOTING
                if row[i] == 34:
                    if i + 1 >= size or row[i + 1] != 34:
                        break
                    i += 1
                to[at] = row[i]
                at += 1
                i += 1
            i += 1
            if i < size and row[i] != 44:
                return Code.BAD_QUOTING
        else:
            while i < size and row[i] != 44:
                if row[i] == 34:
                    return Code.BAD_QUOTING
                to[at] = row[i]
                at += 1
                i += 1
        to[at] = 44
        at += 1
        count += 1
        context.starts[count] = <uint16_t>at
        if i >= size:
            break
        i += 1
    context.row = to
    return place_fields(context, count)


cdef inline int read_odd_line(Context *context, uint32_t size, uint32_t count) noexcept nogil:
    """A row with a NUL, a quote or a byte that is not ASCII."""
    cdef const uint8_t *row = context.row
    if memchr(row, 0, size) != NULL:
        return Code.NUL_BYTE
    if not valid_utf8(row, size):
        return Code.BAD_ENCODING
    if size == count - 1:
        return Code.EMPTY_RECORD
    if memchr(row, 34, size) != NULL:
        return unquote_line(context, size)
    return place_fields(context, count)


cdef inline int skip_line(Context *context, uint64_t left, uint32_t *size,
                   uint64_t *next_at) noexcept nogil:
    """A line beyond the limit: only its end is looked for."""
    cdef const uint8_t *row = context.row
    cdef const uint8_t *end = <const uint8_t *>memchr(row, 10, left)
    next_at[0] = <uint64_t>(end - row) + 1
    size[0] = <uint32_t>min(<uint64_t>(end - row), <uint64_t>0xFFFFFFFF)
    if size[0] and row[size[0] - 1] == 13:
        size[0] -= 1
    return Code.LINE_TOO_LONG


cdef inline int read_line(Context *context, uint64_t left, uint32_t *size,
                   uint64_t *next_at) noexcept nogil:
    """Find the row's end and its fields."""
    cdef const uint8_t *row = context.row
    cdef uint16_t *starts = context.starts
    cdef uint64_t cuts, ends, odd, odd_any = 0
    cdef uint32_t base = 0, count = 0, end, i
    while True:
        scan64(row + base, &cuts, &ends, &odd)
        if ends:
            cuts &= ends ^ (ends - 1)
            odd &= ends ^ (ends - 1)
        odd_any |= odd
        while cuts:
            count += 1
            starts[count] = <uint16_t>(base + first_bit(cuts) + 1)
            cuts &= cuts - 1
        if ends:
            break
        base += 64
        if base > LINE_LIMIT:
            return skip_line(context, left, size, next_at)
    next_at[0] = starts[count]
    end = starts[count] - 1
    if end and row[end - 1] == 13:
        end -= 1
    size[0] = end
    if end > LINE_LIMIT:
        return Code.LINE_TOO_LONG
    starts[count] = <uint16_t>(end + 1)
    if odd_any:
        return read_odd_line(context, end, count)
    if end == count - 1:
        return Code.EMPTY_RECORD
    return place_fields(context, count)
