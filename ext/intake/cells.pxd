"""A record of another layout to the texts of its columns, where it is plain; else LEFT.

Plain is what has no quote within a value, no carriage return, no NUL, and is of its encoding,
length and number of columns. All else is left to clearing/intake/formats, which says what is wrong
with it.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memchr

from ext.checked cimport must
from ext.intake.adapt cimport DECODED, LEFT, SCRATCH, Cell, CellType, Encoding, Work
from ext.intake.decode cimport Field
from ext.intake.lines cimport is_blank
from ext.intake.objects cimport read_object
from ext.intake.scan cimport cut, mark
from ext.intake.text cimport LINE_LIMIT, load8, low_bytes, valid_utf8, zero_bytes


cdef enum:
    NUMBER_DIGITS = 20      # of a number of 64 bits, at most


cdef inline uint8_t *take_room(Work *work, uint32_t size) noexcept nogil:
    """Bytes for a value that is made; NULL where there is no room."""
    cdef uint8_t *at = work.scratch + work.used
    if size > SCRATCH - work.used:
        return NULL
    work.used += size
    return at


cdef inline uint32_t pass_ascii(const uint8_t *at, uint32_t i, uint32_t size) noexcept nogil:
    """Where the next byte above 127 is, from `i` on; `size` where there is none."""
    while size - i >= 8 and load8(at + i) & <uint64_t>0x8080808080808080 == 0:
        i += 8
    while i < size and at[i] < 0x80:
        i += 1
    return i


cdef inline bint is_foreign(const uint8_t *at, uint32_t size) noexcept nogil:
    """Whether bytes above 127 are two or more Chinese characters of UTF-8, and no other ones."""
    cdef uint32_t i
    if size < 6 or size % 3:
        return False
    for i in range(0, size, 3):
        if not (0xE4 <= at[i] <= 0xE9 and at[i + 1] & 0xC0 == 0x80 and at[i + 2] & 0xC0 == 0x80):
            return False
    return True


cdef inline bint is_mixed(const uint8_t *at, uint32_t size) noexcept nogil:
    """Whether UTF-8 stands in a line of another encoding."""
    cdef uint32_t i = 0, start
    while True:
        i = pass_ascii(at, i, size)
        if i >= size:
            return False
        start = i
        while i < size and at[i] >= 0x80:
            i += 1
        if is_foreign(at + start, i - start):
            return True


cdef inline int decode_letters(const Work *work, const uint8_t *at, uint32_t size, uint8_t *to,
                               uint32_t *decoded) noexcept nogil:
    """Text in which two bytes may be a character to UTF-8: half as many bytes more, at most."""
    cdef uint32_t i = 0, done = 0, letter
    while i < size:
        if at[i] < 0x80:
            to[done] = at[i]
            done += 1
            i += 1
            continue
        if i + 1 >= size:
            return LEFT
        letter = work.letters[(<uint32_t>at[i] - 0x80) << 8 | at[i + 1]]
        if letter == 0:
            return LEFT
        to[done] = <uint8_t>letter
        to[done + 1] = <uint8_t>(letter >> 8)
        to[done + 2] = <uint8_t>(letter >> 16)
        done += letter >> 24
        i += 2
    decoded[0] = done
    return 0


cdef inline int decode_line(Work *work, const uint8_t *at, uint32_t size,
                            uint32_t *decoded) noexcept nogil:
    """The same of a line, with a newline behind it."""
    must(size <= LINE_LIMIT and 3 * LINE_LIMIT // 2 < DECODED, b"a line has room in UTF-8")
    if is_mixed(at, size) or decode_letters(work, at, size, work.decoded, decoded):
        return LEFT
    work.decoded[decoded[0]] = 10
    return 0


cdef inline int check_quotes(const uint8_t *at, const uint16_t *starts,
                             uint32_t count) noexcept nogil:
    """Pass fields of which each has no quotes, or one before and one behind it."""
    cdef const uint8_t *field
    cdef uint32_t i, size
    for i in range(count):
        field, size = at + starts[i], <uint32_t>(starts[i + 1] - starts[i] - 1)
        if memchr(field, 34, size) == NULL:
            continue
        if size < 2 or field[0] != 34 or field[size - 1] != 34 or memchr(
                field + 1, 34, size - 2) != NULL:
            return LEFT
    return 0


cdef inline int split_line(Work *work, const uint8_t *at, uint32_t size) noexcept nogil:
    """The texts between separators, of the columns that are read."""
    cdef uint16_t *starts = work.starts
    cdef uint8_t delimiter = work.rules.delimiter
    cdef uint64_t odd = 0
    cdef uint32_t i, place, count = cut(at, delimiter, starts, &odd)
    cdef bint quoted = False
    if odd and count:
        if memchr(at, 0, size) != NULL:
            return LEFT
        quoted = memchr(at, 34, size) != NULL
        if work.rules.encoding == Encoding.UTF_8:
            if not valid_utf8(at, size):
                return LEFT
        elif work.rules.encoding == Encoding.PAIRS:
            if decode_line(work, at, size, &size):
                return LEFT
            at = work.decoded
            count = cut(at, delimiter, starts, &odd)
        else:
            return LEFT
    if count != work.rules.columns and count != work.rules.columns_noted or size == count - 1:
        return LEFT
    starts[count] = <uint16_t>(size + 1)
    if quoted and check_quotes(at, starts, count):
        return LEFT
    for i in range(work.cell_count):
        place = work.cells[i].start
        work.fields[i].at = at + starts[place]
        work.fields[i].size = <uint32_t>(starts[place + 1] - starts[place] - 1)
        if quoted and work.fields[i].size and work.fields[i].at[0] == 34:
            work.fields[i].at += 1
            work.fields[i].size -= 2
    return 0


cdef inline bint needs_quotes(const uint8_t *at, uint32_t size) noexcept nogil:
    """Whether a text has quotes, commas or line ends."""
    return (memchr(at, 34, size) != NULL or memchr(at, 44, size) != NULL
            or memchr(at, 13, size) != NULL)


cdef inline bint is_plain(const uint8_t *at, uint32_t size) noexcept nogil:
    """Whether a short text is ASCII, and has none of these, and no NUL."""
    cdef uint32_t i
    cdef uint64_t word, found = 0
    for i in range(0, size, 8):
        word = load8(at + i)
        if size - i < 8:
            word = word & low_bytes[size - i] | <uint64_t>0x2020202020202020 & ~low_bytes[size - i]
        found |= (word & <uint64_t>0x8080808080808080 | zero_bytes(word)
                  | zero_bytes(word ^ <uint64_t>0x2222222222222222)
                  | zero_bytes(word ^ <uint64_t>0x2C2C2C2C2C2C2C2C)
                  | zero_bytes(word ^ <uint64_t>0x0D0D0D0D0D0D0D0D)
                  | zero_bytes(word ^ <uint64_t>0x0A0A0A0A0A0A0A0A))
    return found == 0


cdef inline bint is_cut(const Work *work, uint32_t at) noexcept nogil:
    """Whether a column begins or ends at a byte of a record."""
    return at <= work.rules.record and work.cuts[at >> 6] >> (at & 63) & 1


cdef inline int check_letters(const Work *work, const uint8_t *at, uint32_t size) noexcept nogil:
    """Pass a line with letters beyond ASCII of which none is in two columns."""
    cdef uint32_t i = 0, letter
    if work.rules.encoding == Encoding.UTF_8:
        for i in range(size):
            if at[i] & 0xC0 == 0x80 and is_cut(work, i):
                return LEFT
        return 0 if valid_utf8(at, size) else LEFT
    if work.rules.encoding != Encoding.PAIRS or is_mixed(at, size):
        return LEFT
    while True:
        i = pass_ascii(at, i, size)
        if i >= size:
            return 0
        letter = 0
        if i + 1 < size:
            letter = work.letters[(<uint32_t>at[i] - 0x80) << 8 | at[i + 1]]
        if letter == 0 or is_cut(work, i + 1):
            return LEFT
        i += 2


cdef inline int decode_cell(Work *work, Field *field) noexcept nogil:
    """The text of a column of such a line in UTF-8."""
    cdef uint8_t *to
    if pass_ascii(field.at, 0, field.size) == field.size:
        return 0
    to = take_room(work, 2 * field.size + 2)
    if to == NULL or decode_letters(work, field.at, field.size, to, &field.size):
        return LEFT
    field.at = to
    return 0


cdef inline void trim(const Cell *cell, Field *field) noexcept nogil:
    """Take padding, and then spaces, off a text."""
    while cell.pad and field.size and field.at[field.size - 1] == cell.pad:
        field.size -= 1
    while field.size and field.at[field.size - 1] == 32:
        field.size -= 1
    while field.size and field.at[0] == 32:
        field.at += 1
        field.size -= 1


cdef inline int write_number(Work *work, uint64_t value, Field *field) noexcept nogil:
    """A number's decimal digits."""
    cdef uint32_t first = NUMBER_DIGITS
    cdef uint8_t *to = take_room(work, NUMBER_DIGITS)
    if to == NULL:
        return LEFT
    while True:
        first -= 1
        to[first] = <uint8_t>(48 + value % 10)
        value //= 10
        if value == 0:
            break
    field.at, field.size = to + first, NUMBER_DIGITS - first
    return 0


cdef inline int read_hex_number(Work *work, const Cell *cell, Field *field) noexcept nogil:
    """Hexadecimal digits of text as a decimal number."""
    cdef uint64_t value = 0
    cdef uint32_t i
    cdef uint8_t byte
    trim(cell, field)
    if field.size == 0:
        return 0
    if field.size > 16:
        return LEFT
    for i in range(field.size):
        byte = field.at[i]
        if 48 <= byte <= 57:
            value = value << 4 | <uint64_t>(byte - 48)
        elif 97 <= (byte | 32) <= 102:
            value = value << 4 | <uint64_t>((byte | 32) - 87)
        else:
            return LEFT
    return write_number(work, value, field)


cdef inline uint8_t half_byte(uint8_t half, bint lower) noexcept nogil:
    """The hexadecimal digit of four bits."""
    return <uint8_t>(48 + half if half < 10 else 87 + half if lower else 55 + half)


cdef inline int read_halves(Work *work, const Cell *cell, Field *field) noexcept nogil:
    """Bytes as hexadecimal digits, without padding; of BCD nothing but digits."""
    cdef const uint8_t *at = field.at
    cdef uint32_t i, size = 2 * field.size
    cdef uint8_t *to = take_room(work, size)
    cdef uint8_t pad = cell.pad - 32 if 97 <= cell.pad <= 122 else cell.pad
    cdef bint digits = True
    if to == NULL:
        return LEFT
    for i in range(field.size):
        to[2 * i] = half_byte(at[i] >> 4, False)
        to[2 * i + 1] = half_byte(at[i] & 15, False)
    while pad and size and to[size - 1] == pad:
        size -= 1
    for i in range(size):
        digits &= to[i] <= 57
    field.at, field.size = to, size
    return 0 if digits or cell.type == CellType.HEX else LEFT


cdef inline int read_integer(Work *work, const Cell *cell, Field *field) noexcept nogil:
    """Bytes of an integer as a decimal number."""
    cdef uint64_t value = 0
    cdef uint32_t i
    for i in range(field.size):
        if cell.type == CellType.BIG_ENDIAN:
            value = value << 8 | field.at[i]
        else:
            value |= <uint64_t>field.at[i] << (8 * i)
    return write_number(work, value, field)


cdef inline int read_cell(Work *work, const Cell *cell, Field *field) noexcept nogil:
    """A column's bytes to its text."""
    if cell.type == CellType.CHARACTERS or cell.type == CellType.HEX_NUMBER:
        if work.rules.lines:
            if work.lettered and decode_cell(work, field):
                return LEFT
        elif not is_plain(field.at, field.size):
            return LEFT
        if cell.type == CellType.HEX_NUMBER:
            return read_hex_number(work, cell, field)
        trim(cell, field)
        return 0
    if cell.type == CellType.BCD or cell.type == CellType.HEX:
        return read_halves(work, cell, field)
    return read_integer(work, cell, field)


cdef inline bint is_filler(const uint8_t *at, uint32_t size) noexcept nogil:
    """Whether a record of bytes says nothing: all of it is 00, FF or a space."""
    cdef uint32_t i
    if at[0] != 0 and at[0] != 255 and at[0] != 32:
        return False
    for i in range(1, size):
        if at[i] != at[0]:
            return False
    return True


cdef inline int cut_record(Work *work, const uint8_t *at, uint32_t size) noexcept nogil:
    """The texts of the columns that are read, of a record whose columns stand at known places."""
    cdef uint32_t i, record = work.rules.record
    cdef bint odd
    if size < record or size > record and not work.rules.longer:
        return LEFT
    if work.rules.lines:
        if needs_quotes(at, size) or is_blank(at, record):
            return LEFT
        odd = mark(at, size, work.filled)
        if odd and (memchr(at, 0, size) != NULL or check_letters(work, at, size)):
            return LEFT
        work.lettered = odd and work.rules.encoding == Encoding.PAIRS
    elif is_filler(at, size):
        return LEFT
    for i in range(work.cell_count):
        work.fields[i].at = at + work.cells[i].start
        work.fields[i].size = work.cells[i].width
        if read_cell(work, &work.cells[i], &work.fields[i]):
            return LEFT
    return 0


cdef inline int read_cells(Work *work, const uint8_t *at, uint32_t size) noexcept nogil:
    """The texts of a record's columns."""
    work.used = 0
    if size > LINE_LIMIT:
        return LEFT
    if work.rules.objects:
        return read_object(work, at, size)
    if work.rules.record:
        return cut_record(work, at, size)
    if memchr(at, 13, size) != NULL:
        return LEFT
    return split_line(work, at, size)
