"""A JSON object to the texts of its keys, where it is plain; else LEFT.

Plain is an object without objects and lists in it, whose texts have no backslash and whose numbers
no exponent. clearing/intake/formats/objects.py reads all others, and says what is wrong with them.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t
from libc.string cimport memcmp

from ext.checked cimport must
from ext.intake.adapt cimport LEFT, Text, Work
from ext.intake.decode cimport Field
from ext.intake.fields cimport is_digit
from ext.intake.text cimport (
    first_bit, likely, load8, load_some, same_bytes, valid_utf8, zero_bytes,
)

cdef enum:
    WHOLE_DIGITS = 18       # of a whole number that fits, whatever its digits
    NUMBER_BYTES = 32       # of any number
    NOT_READ = 255          # a key that the layout does not name


cdef extern from *:
    """
    /* With as much behind the words as may be read. */
    static const char onecard_words[24] = "TrueFalse";
    """
    const char *WORDS "onecard_words"


cdef struct Cursor:
    const uint8_t *at
    const uint8_t *end
    uint64_t bits           # of all bytes of texts


cdef inline void skip_space(Cursor *cursor) noexcept nogil:
    while cursor.at < cursor.end and (cursor.at[0] == 32 or 9 <= cursor.at[0] <= 10
                                      or cursor.at[0] == 13):
        cursor.at += 1


cdef inline int take(Cursor *cursor, uint8_t byte) noexcept nogil:
    """Pass over a byte, and spaces behind it."""
    if cursor.at >= cursor.end or cursor.at[0] != byte:
        return LEFT
    cursor.at += 1
    skip_space(cursor)
    return 0


cdef inline int take_string(Cursor *cursor, Field *field) noexcept nogil:
    """What is between two quotes."""
    cdef uint64_t word, found = 0
    if cursor.at >= cursor.end or cursor.at[0] != 34:
        return LEFT
    cursor.at += 1
    field.at = cursor.at
    while cursor.at < cursor.end:
        word = load8(cursor.at)
        found = (zero_bytes(word ^ <uint64_t>0x2222222222222222)
                 | zero_bytes(word ^ <uint64_t>0x5C5C5C5C5C5C5C5C)
                 | (word - <uint64_t>0x2020202020202020) & ~word & <uint64_t>0x8080808080808080)
        cursor.bits |= word
        if found:
            break
        cursor.at += 8
    if not found:
        return LEFT
    cursor.at += first_bit(found) >> 3      # the lowest bit is of the first such byte
    if cursor.at >= cursor.end or cursor.at[0] != 34:
        return LEFT
    field.size = <uint32_t>(cursor.at - field.at)
    return take(cursor, 34)


cdef inline int take_number(Cursor *cursor, Field *field) noexcept nogil:
    """A number as it is written, which is how Python writes it."""
    cdef const uint8_t *start = cursor.at
    cdef const uint8_t *digits
    cdef bint minus = cursor.at[0] == 45
    cursor.at += minus
    digits = cursor.at
    while cursor.at < cursor.end and is_digit(cursor.at[0]):
        cursor.at += 1
    if cursor.at == digits or digits[0] == 48 and cursor.at - digits > 1:
        return LEFT
    if cursor.at < cursor.end and cursor.at[0] == 46:
        cursor.at += 1
        digits = cursor.at
        while cursor.at < cursor.end and is_digit(cursor.at[0]):
            cursor.at += 1
        if cursor.at == digits or cursor.at - start > NUMBER_BYTES:
            return LEFT
    elif cursor.at - digits > WHOLE_DIGITS or minus and digits[0] == 48:
        return LEFT
    field.at, field.size = start, <uint32_t>(cursor.at - start)
    # An exponent is no comma and no bracket, either.
    skip_space(cursor)
    return 0


cdef inline int take_word(Cursor *cursor, const char *word, uint32_t size,
                          const char *written, Field *field) noexcept nogil:
    """true, false, null as Python writes them."""
    if cursor.end - cursor.at < <int>size or memcmp(cursor.at, word, size) != 0:
        return LEFT
    cursor.at += size
    skip_space(cursor)
    field.at, field.size = <const uint8_t *>written, size
    return 0


cdef inline int take_value(Cursor *cursor, Field *field) noexcept nogil:
    """What stands behind a key."""
    if cursor.at >= cursor.end:
        return LEFT
    if likely(cursor.at[0] == 34):
        return take_string(cursor, field)
    if cursor.at[0] == 45 or is_digit(cursor.at[0]):
        return take_number(cursor, field)
    if cursor.at[0] == 110:
        if take_word(cursor, b"null", 4, b"", field):
            return LEFT
        field.size = 0
        return 0
    if cursor.at[0] == 116:
        return take_word(cursor, b"true", 4, WORDS, field)
    return take_word(cursor, b"false", 5, WORDS + 4, field)


cdef inline uint32_t find_key(const Work *work, Field key) noexcept nogil:
    """Which cell a key is, or NOT_READ."""
    cdef uint64_t word = load_some(key.at, min(key.size, <uint32_t>8))
    cdef const Text *text
    cdef uint32_t i
    for i in range(work.cell_count):
        text = &work.texts[work.cells[i].start]
        if text.word == word and text.size == key.size and (
                key.size <= 8 or same_bytes(key.at, work.bytes + text.start, key.size)):
            return i
    return NOT_READ


cdef inline int read_object(Work *work, const uint8_t *at, uint32_t size) noexcept nogil:
    """The texts of the keys that are read; of a key that is there twice the last counts."""
    cdef Cursor cursor
    cdef Field key, value
    cdef uint32_t i, some = 0
    cursor.at, cursor.end, cursor.bits = at, at + size, 0
    for i in range(work.cell_count):
        work.fields[i].at, work.fields[i].size = at, 0
    skip_space(&cursor)
    if take(&cursor, 123):
        return LEFT
    while True:
        if take_string(&cursor, &key) or take(&cursor, 58) or take_value(&cursor, &value):
            return LEFT
        i = find_key(work, key)
        if i != NOT_READ:
            work.fields[i] = value
        if cursor.at < cursor.end and cursor.at[0] == 125:
            break
        if take(&cursor, 44):
            return LEFT
    take(&cursor, 125)
    must(cursor.at <= cursor.end, b"an object ends within its text")
    if cursor.at != cursor.end:
        return LEFT
    if cursor.bits & <uint64_t>0x8080808080808080 and not valid_utf8(at, size):
        return LEFT
    for i in range(work.cell_count):
        some |= work.fields[i].size
    return 0 if some else LEFT
