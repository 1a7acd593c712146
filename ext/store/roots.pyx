"""What the root of a closed window is made of: rows in an order of their own, with names in words.

See clearing/book/roots.py. The caller brings all memory, and says by numbers what a field is.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from ext.cards cimport CardKey, same_card
from ext.checked cimport check
from ext.clearing.keys cimport Key, before, sort_keys

cdef enum:
    STRETCH = 32            # rows that are laid out field by field: they stay in the first cache
    NAME_BYTES = 16         # what stands for a name
    BY_MOST = 4             # fields that a card's rows go by, of four bytes at most
    NUMBER_BYTES = 4        # of a name, at most
    TOLD_MOST = 31          # fields that can be blank: a bit of a number for each

cdef enum:                  # what is said of a field, a number each
    OFFSET                  # in a record
    WIDTH                   # bytes, in a record; in a row too, where it holds no name
    PLACE                   # in a row
    NAMES                   # the first of its kind among the names; -1: it holds none
    NAMES_COUNT
    TOLD                    # offset of the byte that says whether it says something; or:
    MASK                    # bits of that byte, of which one has to be set
    INVERTED                # 1: and has to be 0
    FIELD_NUMBERS

cpdef enum:                 # in TOLD
    ALWAYS = -1
    NOT_ZERO = -2


cdef inline uint64_t load(const uint8_t *at, int64_t width) noexcept nogil:
    """Some bytes as a number, low byte first."""
    cdef uint64_t number = 0
    memcpy(&number, at, width)
    return number


cdef inline void set_second(Key *key, const uint8_t *record, const int64_t[::1] offsets,
                            const int64_t[::1] widths) noexcept nogil:
    """What a card's rows go by."""
    cdef uint64_t numbers[BY_MOST]
    cdef Py_ssize_t field
    memset(numbers, 0, sizeof(numbers))
    for field in range(offsets.shape[0]):
        numbers[field] = load(record + offsets[field], widths[field])
    key.major = numbers[0] << 32 | numbers[1]
    key.minor = numbers[2] << 32 | numbers[3]


cdef int sort_rows(const uint8_t[:, ::1] records, const int64_t[::1] offsets,
                   const int64_t[::1] widths, Key *keys, Key *scratch, uint32_t[::1] order,
                   uint8_t[::1] differs) except -1 nogil:
    cdef Py_ssize_t count = records.shape[0], start = 0, end, row
    cdef const CardKey *card
    for row in range(count):
        card = <const CardKey *>&records[row, 0]
        keys[row].major, keys[row].minor = card.card_hi, card.card_lo
        keys[row].index = <uint32_t>row
    sort_keys(keys, scratch, count)
    while start < count:
        end = start + 1
        while end < count and same_card(&records[keys[end].index, 0],
                                        &records[keys[start].index, 0]):
            end += 1
        for row in range(start, end):
            set_second(&keys[row], &records[keys[row].index, 0], offsets, widths)
        sort_keys(&keys[start], scratch, end - start)
        for row in range(start, end):
            order[row] = keys[row].index
            differs[row] = row == start or before(&keys[row - 1], &keys[row])
        start = end
    check(start == count, b"every row is of a card")
    return 0


def order_rows(const uint8_t[:, ::1] records not None, const int64_t[::1] offsets not None,
               const int64_t[::1] widths not None, uint64_t[::1] scratch not None,
               uint32_t[::1] order not None, uint8_t[::1] differs not None):
    """List records by card and then by some fields; say which differ in these from the one before.

    records: their bytes, a row each, the card first; offsets and widths: of the fields; scratch:
    six numbers for each row. What is the same in all stays in its order. Raises ValueError where
    something does not fit.
    """
    cdef Py_ssize_t field
    cdef Py_ssize_t count = records.shape[0]
    if not offsets.shape[0] == widths.shape[0] <= BY_MOST:
        raise ValueError(f"{offsets.shape[0]} offsets, {widths.shape[0]} widths: as many of each "
                         f"are needed, {BY_MOST} at most")
    for field in range(offsets.shape[0]):
        if not (1 <= widths[field] <= 4 and 0 <= offsets[field]
                and offsets[field] + widths[field] <= records.shape[1]):
            raise ValueError(f"field {field} is {widths[field]} bytes at {offsets[field]} of "
                             f"records of {records.shape[1]}: it must be 1 to 4 of them")
    if not (count == order.shape[0] == differs.shape[0] and scratch.shape[0] == 6 * count
            and records.shape[1] >= <Py_ssize_t>sizeof(CardKey)):
        raise ValueError(f"{count} records of {records.shape[1]} bytes, {order.shape[0]} places, "
                         f"{differs.shape[0]} marks, {scratch.shape[0]} numbers: each record "
                         "needs its card, one of both and six numbers")
    if count:
        with nogil:
            sort_rows(records, offsets, widths, <Key *>&scratch[0], <Key *>&scratch[3 * count],
                      order, differs)


cdef inline void copy_wide(const uint8_t **records, int64_t offset, int64_t width, uint8_t *at,
                           Py_ssize_t row_bytes, Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(rows):
        memcpy(at + row * row_bytes, records[row] + offset, width)


cdef inline void copy_field(const uint8_t **records, int64_t offset, int64_t width, uint8_t *at,
                            Py_ssize_t row_bytes, Py_ssize_t rows) noexcept nogil:
    """One field of some rows; a width that the compiler knows is a plain load and store."""
    if width == 8:
        copy_wide(records, offset, 8, at, row_bytes, rows)
    elif width == 4:
        copy_wide(records, offset, 4, at, row_bytes, rows)
    elif width == 2:
        copy_wide(records, offset, 2, at, row_bytes, rows)
    elif width == 1:
        copy_wide(records, offset, 1, at, row_bytes, rows)
    else:
        copy_wide(records, offset, width, at, row_bytes, rows)


cdef inline void name_field(const uint8_t **records, int64_t offset, int64_t width,
                            const uint8_t *names, int64_t count, uint8_t *at,
                            Py_ssize_t row_bytes, Py_ssize_t rows) noexcept nogil:
    """What stands for the names of one field; the last of all for a number that is no name's."""
    cdef Py_ssize_t row
    cdef uint64_t number
    for row in range(rows):
        number = min(load(records[row] + offset, width), <uint64_t>count - 1)
        memcpy(at + row * row_bytes, names + number * NAME_BYTES, NAME_BYTES)


cdef inline void tell_field(const uint8_t **records, const int64_t *field, uint8_t *at,
                            Py_ssize_t row_bytes, int32_t bit, uint32_t *told,
                            Py_ssize_t rows) noexcept nogil:
    """Whether each record says something in a field: its bit; else the field is 0 in the row."""
    cdef Py_ssize_t row
    cdef Py_ssize_t width = field[WIDTH] if field[NAMES] < 0 else NAME_BYTES
    cdef bint says
    for row in range(rows):
        if field[TOLD] == NOT_ZERO:
            says = load(records[row] + field[OFFSET], field[WIDTH]) != 0
        else:
            says = ((records[row][field[TOLD]] & field[MASK]) != 0) != field[INVERTED]
        if says:
            told[row] |= <uint32_t>1 << bit
        else:
            memset(at + row * row_bytes, 0, width)


cdef int lay_out_rows(const uint8_t[:, ::1] records, const uint32_t[::1] order,
                      const int64_t[:, ::1] fields, const uint8_t[:, ::1] names,
                      uint8_t[:, ::1] rows, uint32_t[::1] told) except -1 nogil:
    cdef const uint8_t *sources[STRETCH]
    cdef uint32_t bits[STRETCH]
    cdef const int64_t *field
    cdef uint8_t *at
    cdef Py_ssize_t start = 0, count, row, place
    cdef int32_t bit
    while start < order.shape[0]:
        count = min(<Py_ssize_t>STRETCH, order.shape[0] - start)
        for row in range(count):
            check(order[start + row] < records.shape[0], b"what is laid out is among the records")
            sources[row] = &records[order[start + row], 0]
        memset(bits, 0, sizeof(bits))
        bit = 0
        for place in range(fields.shape[0]):
            field = &fields[place, 0]
            at = &rows[start, field[PLACE]]
            if field[NAMES] < 0:
                copy_field(sources, field[OFFSET], field[WIDTH], at, rows.shape[1], count)
            else:
                name_field(sources, field[OFFSET], field[WIDTH], &names[field[NAMES], 0],
                           field[NAMES_COUNT], at, rows.shape[1], count)
            if field[TOLD] != ALWAYS:
                tell_field(sources, field, at, rows.shape[1], bit, bits, count)
                bit += 1
        memcpy(&told[start], bits, count * sizeof(uint32_t))
        start += count
    return 0


def lay_out(const uint8_t[:, ::1] records not None, const uint32_t[::1] order not None,
            const int64_t[:, ::1] fields not None, const uint8_t[:, ::1] names not None,
            uint8_t[:, ::1] rows not None, uint32_t[::1] told not None):
    """Write fields of listed records into rows, and say in bits which that can be blank are not.

    records, rows: their bytes, a row each; fields: numbers as FIELD_NUMBERS says; names: 16 bytes
    for each. Bytes of rows that no field has stay as they are. Raises ValueError where something
    does not fit.
    """
    cdef Py_ssize_t place, blanks = 0
    cdef const int64_t *field
    if fields.shape[1] != FIELD_NUMBERS or names.shape[1] != NAME_BYTES:
        raise ValueError(f"{fields.shape[1]} numbers a field, {names.shape[1]} bytes a name: "
                         f"expected {FIELD_NUMBERS} and {NAME_BYTES}")
    if not order.shape[0] == rows.shape[0] == told.shape[0]:
        raise ValueError(f"{order.shape[0]} places, {rows.shape[0]} rows, {told.shape[0]} numbers "
                         "for what is told: each row needs one of each")
    for place in range(fields.shape[0]):
        field = &fields[place, 0]
        blanks += field[TOLD] != ALWAYS
        if not (1 <= field[WIDTH] and 0 <= field[OFFSET]
                and field[OFFSET] + field[WIDTH] <= records.shape[1]
                and NOT_ZERO <= field[TOLD] < records.shape[1] and 0 <= field[PLACE]
                and (field[TOLD] != NOT_ZERO or field[WIDTH] <= 8)
                and field[PLACE] + (field[WIDTH] if field[NAMES] < 0 else NAME_BYTES)
                <= rows.shape[1]):
            raise ValueError(f"field {place} does not lie in records of {records.shape[1]} bytes "
                             f"and rows of {rows.shape[1]}")
        if field[NAMES] >= 0 and not (
                1 <= field[NAMES_COUNT] <= names.shape[0] - field[NAMES]
                and field[WIDTH] <= NUMBER_BYTES):
            raise ValueError(f"field {place} has names {field[NAMES]} to "
                             f"{field[NAMES] + field[NAMES_COUNT]} of {names.shape[0]}, and "
                             f"numbers of {field[WIDTH]} bytes")
    if blanks > TOLD_MOST:
        raise ValueError(f"{blanks} fields can be blank, and {TOLD_MOST} at most have a bit")
    if order.shape[0]:
        with nogil:
            lay_out_rows(records, order, fields, names, rows, told)
