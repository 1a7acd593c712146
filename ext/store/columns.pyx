"""Spreads fields of records into columns, each column one behind another in one memory; and back.

A stretch of rows is spread field by field while it stays in the first cache. The caller brings all
memory, and says where each column begins.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t
from libc.string cimport memcpy

from ext.checked cimport check

cdef enum:
    STRETCH = 64            # rows: 18 KB of entries, and whole cache lines of the narrowest column
    COLUMNS_MOST = 256      # that records are gathered from


cdef inline void spread_wide(const uint8_t *field, Py_ssize_t record, int64_t width,
                             uint8_t *column, Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(rows):
        memcpy(column + row * width, field + row * record, width)


cdef inline void spread_field(const uint8_t *field, Py_ssize_t record, int64_t width,
                              uint8_t *column, Py_ssize_t rows) noexcept nogil:
    """One field of some rows; a width that the compiler knows is a plain load and store."""
    if width == 8:
        spread_wide(field, record, 8, column, rows)
    elif width == 4:
        spread_wide(field, record, 4, column, rows)
    elif width == 2:
        spread_wide(field, record, 2, column, rows)
    elif width == 1:
        spread_wide(field, record, 1, column, rows)
    else:
        spread_wide(field, record, width, column, rows)


cdef int spread_rows(const uint8_t[:, ::1] records, const int64_t[::1] offsets,
                     const int64_t[::1] widths, const int64_t[::1] places, Py_ssize_t at,
                     uint8_t[::1] columns) except -1 nogil:
    cdef Py_ssize_t rows, field
    cdef Py_ssize_t start = 0
    cdef Py_ssize_t record = records.shape[1]
    while start < records.shape[0]:
        rows = min(<Py_ssize_t>STRETCH, records.shape[0] - start)
        for field in range(offsets.shape[0]):
            check(places[field] + (at + start + rows) * widths[field] <= columns.shape[0],
                  b"a column's rows lie within the columns")
            spread_field(&records[start, offsets[field]], record, widths[field],
                         &columns[places[field] + (at + start) * widths[field]], rows)
        start += rows
    return 0


def spread_records(const uint8_t[:, ::1] records not None, const int64_t[::1] offsets not None,
                   const int64_t[::1] widths not None, const int64_t[::1] places not None,
                   Py_ssize_t at, uint8_t[::1] columns not None):
    """Write fields of records into their columns, from row `at` of each column on.

    records: their bytes, a row each; offsets and widths: of each field in a record, in bytes;
    places: where in `columns` its column begins. Raises ValueError where something does not fit.
    """
    cdef Py_ssize_t field
    if not offsets.shape[0] == widths.shape[0] == places.shape[0]:
        raise ValueError(f"{offsets.shape[0]} offsets, {widths.shape[0]} widths, "
                         f"{places.shape[0]} places: each field needs one of each")
    for field in range(offsets.shape[0]):
        if widths[field] < 1:
            raise ValueError(f"field {field} is {widths[field]} bytes wide")
        if offsets[field] < 0 or offsets[field] + widths[field] > records.shape[1]:
            raise ValueError(f"field {field} ends at byte {offsets[field] + widths[field]} of "
                             f"records of {records.shape[1]}")
        if (at < 0 or places[field] < 0
                or places[field] + (at + records.shape[0]) * widths[field] > columns.shape[0]):
            raise ValueError(f"column {field} begins at {places[field]} and has no room for rows "
                             f"{at} to {at + records.shape[0]} in {columns.shape[0]} bytes")
    if records.shape[0]:
        with nogil:
            spread_rows(records, offsets, widths, places, at, columns)


cdef inline void gather_wide(const uint8_t *column, int64_t width, uint8_t *field,
                             Py_ssize_t record, Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(rows):
        memcpy(field + row * record, column + row * width, width)


cdef inline void gather_narrow(const int32_t *column, uint8_t *field, Py_ssize_t record,
                               Py_ssize_t rows) noexcept nogil:
    cdef Py_ssize_t row
    cdef int64_t value
    for row in range(rows):
        value = column[row]
        memcpy(field + row * record, &value, sizeof(value))


cdef inline void gather_field(const uint8_t *column, int64_t width, int64_t size, uint8_t *field,
                              Py_ssize_t record, Py_ssize_t rows) noexcept nogil:
    """One field of some rows; a width that the compiler knows is a plain load and store."""
    if width < size:
        gather_narrow(<const int32_t *>column, field, record, rows)
    elif width == 8:
        gather_wide(column, 8, field, record, rows)
    elif width == 4:
        gather_wide(column, 4, field, record, rows)
    elif width == 2:
        gather_wide(column, 2, field, record, rows)
    elif width == 1:
        gather_wide(column, 1, field, record, rows)
    else:
        gather_wide(column, width, field, record, rows)


cdef int gather_rows(const uint8_t **columns, const int64_t[::1] offsets,
                     const int64_t[::1] widths, const int64_t[::1] sizes,
                     uint8_t[:, ::1] records) except -1 nogil:
    cdef Py_ssize_t rows, field
    cdef Py_ssize_t start = 0
    cdef Py_ssize_t record = records.shape[1]
    while start < records.shape[0]:
        rows = min(<Py_ssize_t>STRETCH, records.shape[0] - start)
        for field in range(offsets.shape[0]):
            check(offsets[field] + sizes[field] <= record, b"a field lies within its record")
            gather_field(columns[field] + start * widths[field], widths[field], sizes[field],
                         &records[start, offsets[field]], record, rows)
        start += rows
    return 0


def gather_records(list columns not None, const int64_t[::1] offsets not None,
                   const int64_t[::1] widths not None, const int64_t[::1] sizes not None,
                   uint8_t[:, ::1] records not None):
    """Write columns into fields of records; all else of them stays as it is.

    columns: the bytes of each; widths: of its values; offsets and sizes: of each field in a record,
    in bytes, which is as wide, or 8 for signed values of 4. Raises ValueError where something does
    not fit.
    """
    cdef const uint8_t *starts[COLUMNS_MOST]
    cdef const uint8_t[::1] column
    cdef Py_ssize_t field
    if not len(columns) == offsets.shape[0] == widths.shape[0] == sizes.shape[0] <= COLUMNS_MOST:
        raise ValueError(f"{len(columns)} columns, {offsets.shape[0]} offsets, {widths.shape[0]} "
                         f"widths, {sizes.shape[0]} sizes: each field needs one of each, and "
                         f"{COLUMNS_MOST} at most are gathered")
    for field in range(offsets.shape[0]):
        if not (1 <= widths[field] == sizes[field] or (widths[field] == 4 and sizes[field] == 8)):
            raise ValueError(f"values of {widths[field]} bytes in field {field} of {sizes[field]}")
        if offsets[field] < 0 or offsets[field] + sizes[field] > records.shape[1]:
            raise ValueError(f"field {field} ends at byte {offsets[field] + sizes[field]} of "
                             f"records of {records.shape[1]}")
        column = columns[field]
        if column.shape[0] != records.shape[0] * widths[field]:
            raise ValueError(f"column {field} has {column.shape[0]} bytes for {records.shape[0]} "
                             f"values of {widths[field]}")
        starts[field] = &column[0] if column.shape[0] else NULL
    if records.shape[0]:
        with nogil:
            gather_rows(starts, offsets, widths, sizes, records)
