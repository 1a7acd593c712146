"""A line of text to the texts of its columns.

Of what can be wrong with a line the first counts: too long, a NUL, not UTF-8, empty (nothing, or
nothing but separators or spaces), badly quoted, another number of fields than the header has or
another length than the layout says.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr

from ext.checked cimport must
from ext.codes cimport Code
from ext.intake.decode cimport FIELDS, ROWS_AHEAD, Column, Context, Field, Row, Span
from ext.intake.scan cimport can_strip, cut, mark, place, place_any, strip
from ext.intake.text cimport LINE_LIMIT, first_bit, last_bit, likely, valid_utf8


cdef inline Field text_of(const Context *context, Column column) noexcept nogil:
    """A column's text in the row; of a column that the file does not have, blank."""
    cdef const Row *row = context.row
    cdef Field field
    field.at = row.text + row.begins[<int>column]
    field.size = row.sizes[<int>column]
    return field


cdef inline int take_fields(Context *context, Row *row, uint32_t count) noexcept nogil:
    """Where each column's text is, in a row that has as many fields as the header."""
    cdef uint16_t *starts = context.starts
    if count != context.columns:
        return Code.COLUMN_COUNT
    starts[count + 1] = starts[count] + 1       # a blank field behind the last
    if likely(count < FIELDS - 1):
        place(starts, context.places, context.have, context.present, row.begins, row.sizes)
    else:
        place_any(starts, context.places, context.have, context.present, row.begins,
                  row.sizes)
    return Code.OK


cdef inline int unquote_line(Context *context, Row *line, uint32_t size) noexcept nogil:
    """Copy the row to the scratch space without its quotes, RFC 4180."""
    cdef const uint8_t *row = line.text
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
    line.text = to
    return take_fields(context, line, count)


cdef inline int read_odd_line(Context *context, Row *row, uint32_t count) noexcept nogil:
    """A row with a NUL, a quote or a byte that is not ASCII."""
    cdef uint32_t size = row.size
    if memchr(row.text, 0, size) != NULL:
        return Code.NUL_BYTE
    if not valid_utf8(row.text, size):
        return Code.BAD_ENCODING
    if size == count - 1:
        return Code.EMPTY_RECORD
    if memchr(row.text, 34, size) != NULL:
        return unquote_line(context, row, size)
    return take_fields(context, row, count)


cdef inline int skip_line(Row *row, uint64_t left) noexcept nogil:
    """A line beyond the limit: only its end is looked for."""
    cdef const uint8_t *end = <const uint8_t *>memchr(row.text, 10, left)
    row.next_at = <uint64_t>(end - row.text) + 1
    row.size = <uint32_t>min(<uint64_t>(end - row.text), <uint64_t>0xFFFFFFFF)
    if row.size and row.text[row.size - 1] == 13:
        row.size -= 1
    return Code.LINE_TOO_LONG


cdef inline int read_line(Context *context, Row *row, uint64_t left, bint *odd) noexcept nogil:
    """Find the row's end and its fields, which commas part."""
    cdef uint16_t *starts = context.starts
    cdef uint64_t special = 0
    cdef uint32_t end, count = cut(row.text, 44, starts, &special)
    odd[0] = True
    if count == 0:
        return skip_line(row, left)
    row.next_at = starts[count]
    end = <uint32_t>starts[count] - 1
    if end and row.text[end - 1] == 13:
        end -= 1
    row.size = end
    if end > LINE_LIMIT:
        return Code.LINE_TOO_LONG
    starts[count] = <uint16_t>(end + 1)
    if special:
        return read_odd_line(context, row, count)
    odd[0] = False
    if end == count - 1:
        return Code.EMPTY_RECORD
    return take_fields(context, row, count)


# Records of one length.

cdef inline bint is_blank(const uint8_t *at, uint32_t size) noexcept nogil:
    cdef uint32_t i
    for i in range(size):
        if at[i] != 32:
            return False
    return True


cdef inline void strip_wide(const Span *span, Row *row, int column) noexcept nogil:
    """A column that is too wide for a word of bits, without the spaces around it."""
    cdef uint32_t start = span.start, end = <uint32_t>span.start + span.width
    while end > start and row.text[end - 1] == 32:
        end -= 1
    while start < end and row.text[start] == 32:
        start += 1
    row.begins[column], row.sizes[column] = <uint16_t>start, <uint16_t>(end - start)


cdef inline int check_filled(const Context *context, const Row *row) noexcept nogil:
    """Refuse a record of nothing but spaces."""
    if row.sizes[<int>Column.CARD] == 0 and is_blank(row.text, context.record):
        return Code.EMPTY_RECORD
    return Code.OK


cdef inline int strip_columns(Context *context, Row *row) noexcept nogil:
    """Every column's text without the spaces around it."""
    cdef const uint64_t *word
    cdef uint64_t bits
    cdef uint32_t i, first, shift
    cdef int column
    for i in range(context.present):
        column = context.have[i]
        if likely(context.masks[column] != 0):
            word = context.filled + context.words[column]
            shift = <uint32_t>context.shifts[column]
            bits = (word[0] >> shift | word[1] << 1 << (63 - shift)) & context.masks[column]
            first = first_bit(bits | (bits == 0))
            row.begins[column] = <uint16_t>(context.spans_from[column] + first)
            row.sizes[column] = <uint16_t>(last_bit(bits << 1 | 1) - first)
        else:
            strip_wide(&context.spans[column], row, column)
    return check_filled(context, row)


cdef inline bint goes_on(const uint8_t *at) noexcept nogil:
    """Whether a character that began before goes on here."""
    return at[0] & 0xC0 == 0x80


cdef inline bint parts_letters(const Context *context, const Row *row) noexcept nogil:
    """Whether a column begins or ends within a character of several bytes."""
    cdef const Span *span
    cdef uint32_t i
    for i in range(context.present):
        span = &context.spans[<int>context.have[i]]
        if goes_on(row.text + span.start) or goes_on(row.text + span.start + span.width):
            return True
    return False


cdef inline bint has_note(const Context *context, const Row *row) noexcept nogil:
    """Whether a tab ends the record: behind it reject files say why it was refused."""
    return row.size > context.record and row.text[context.record] == 9


cdef inline int read_odd_record(Context *context, Row *row, uint64_t left) noexcept nogil:
    """A line that is no record, or has bytes that are not ASCII."""
    cdef int code = skip_line(row, left)
    if row.size > LINE_LIMIT:
        return code
    if memchr(row.text, 0, row.size) != NULL:
        return Code.NUL_BYTE
    if not valid_utf8(row.text, row.size):
        return Code.BAD_ENCODING
    if is_blank(row.text, row.size):
        return Code.EMPTY_RECORD
    if row.size != context.record and not has_note(context, row):
        return Code.COLUMN_COUNT
    if parts_letters(context, row):
        return Code.BAD_ENCODING
    mark(row.text, context.record, context.filled)
    return strip_columns(context, row)


cdef inline int read_record(Context *context, Row *row, uint64_t left) noexcept nogil:
    """A row whose length is known, with its fields at their places."""
    cdef uint32_t record = context.record
    cdef const uint8_t *end = row.text + record
    if likely(left > record and end[0] == 10 and row.text[record - 1] != 13):
        row.next_at = record + 1
    elif left > record + 1 and end[0] == 13 and end[1] == 10:
        row.next_at = record + 2
    else:
        return read_odd_record(context, row, left)
    row.size = record
    if context.narrow and can_strip():
        if strip(row.text, record, context.words, context.shifts, context.masks,
                 context.spans_from, row.begins, row.sizes):
            return read_odd_record(context, row, left)
        return check_filled(context, row)
    if mark(row.text, record, context.filled):
        return read_odd_record(context, row, left)
    return strip_columns(context, row)


cdef inline bint fits_its_row(const Context *context, const Row *row) noexcept nogil:
    """Whether every field lies within its row; a blank one may begin behind its end."""
    cdef uint32_t i
    cdef int column
    for i in range(context.present):
        column = context.have[i]
        if <uint32_t>row.begins[column] + row.sizes[column] > row.size + 1:
            return False
    return True


cdef inline uint32_t read_ahead(Context *context, const uint8_t *at,
                                const uint8_t *stop) noexcept nogil:
    """Find the next lines and their fields, some lines at a time; how many.

    Where each begins hangs on the one before and on nothing else, so that the processor is not
    held up by the values. A line that needs the scratch space is the last.
    """
    cdef uint32_t count = 0
    cdef bint odd = False
    cdef Row *row
    while count < ROWS_AHEAD and at < stop and not odd:
        row = &context.rows[count]
        row.text = at
        if context.record:
            row.code = read_record(context, row, <uint64_t>(stop - at))
        else:
            row.code = read_line(context, row, <uint64_t>(stop - at), &odd)
        must(row.code != Code.OK or fits_its_row(context, row), b"fields lie within their row")
        at += row.next_at
        count += 1
    must(at <= stop, b"lines end where the text does")
    return count
