"""Bytes of one line of text, eight and sixty-four at a time: separators, digits, UTF-8.

Everything here may read up to PAD bytes past the end that it is told, never write there: the
caller's buffer is that much longer than its text.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from ext.checked cimport must

cdef enum:
    PAD = 128               # bytes that must exist after the text
    LINE_LIMIT = 4096       # bytes of a line, without its newline
    CODE_LIMIT = 64         # bytes of a code

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    /* Eight bytes as a number whose lowest byte is the first one, on any machine. */
    static inline uint64_t onecard_load(const uint8_t *at) {
        uint64_t word;
        memcpy(&word, at, 8);
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        return word;
    }
    /* The reverse. */
    static inline void onecard_store(uint8_t *at, uint64_t word) {
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        memcpy(at, &word, 8);
    }
    /* What load8 keeps of so many bytes. */
    static const uint64_t onecard_low_bytes[9] = {
        0, 0xFF, 0xFFFF, 0xFFFFFF, 0xFFFFFFFF, 0xFFFFFFFFFF, 0xFFFFFFFFFFFF, 0xFFFFFFFFFFFFFF,
        0xFFFFFFFFFFFFFFFF,
    };
    #define onecard_first_bit(mask) ((uint32_t)__builtin_ctzll(mask))
    #define onecard_last_bit(mask) (63 - (uint32_t)__builtin_clzll(mask))
    #define onecard_swap(word) __builtin_bswap64(word)
    #define onecard_prefetch(at) __builtin_prefetch(at)
    #define onecard_prefetch_to_write(at) __builtin_prefetch(at, 1)
    #define onecard_likely(x) __builtin_expect(!!(x), 1)
    """
    uint64_t load8 "onecard_load"(const uint8_t *at) noexcept nogil
    void store8 "onecard_store"(uint8_t *at, uint64_t word) noexcept nogil
    const uint64_t[9] low_bytes "onecard_low_bytes"
    uint32_t first_bit "onecard_first_bit"(uint64_t mask) noexcept nogil
    uint32_t last_bit "onecard_last_bit"(uint64_t mask) noexcept nogil
    uint64_t swap8 "onecard_swap"(uint64_t word) noexcept nogil
    void prefetch "onecard_prefetch"(const void *at) noexcept nogil
    void prefetch_to_write "onecard_prefetch_to_write"(const void *at) noexcept nogil
    bint likely "onecard_likely"(bint condition) noexcept nogil


cdef inline uint64_t load_some(const uint8_t *at, uint32_t size) noexcept nogil:
    """The first `size` (up to 8) bytes as load8 has them, the rest zero."""
    must(size <= 8, b"a word has eight bytes")
    return load8(at) & low_bytes[size]


cdef inline bint same_bytes(const uint8_t *a, const uint8_t *b, uint32_t size) noexcept nogil:
    """Whether two texts of one size are the same; a size of 0 is."""
    cdef uint32_t at = 0
    while size > 8:
        if load8(a + at) != load8(b + at):
            return False
        at += 8
        size -= 8
    return size == 0 or ((load8(a + at) ^ load8(b + at)) << (64 - 8 * size)) == 0


cdef inline uint64_t not_digits(uint64_t digits) noexcept nogil:
    """Of eight bytes less `0` each: 0 where all are below 10."""
    return ((digits + <uint64_t>0x7676767676767676) | digits) & <uint64_t>0x8080808080808080


cdef inline uint64_t eight_digits(uint64_t digits) noexcept nogil:
    """The number that eight bytes below 10 are the digits of."""
    must(not_digits(digits) == 0, b"a number is read of digits")
    digits = digits * 2561 >> 8 & <uint64_t>0x00FF00FF00FF00FF
    digits = digits * 6553601 >> 16 & <uint64_t>0x0000FFFF0000FFFF
    return digits * <uint64_t>42949672960001 >> 32


cdef inline uint64_t load_digits(const uint8_t *at, uint32_t size) noexcept nogil:
    """1 to 8 bytes less `0` each, zeros before them: for not_digits and eight_digits."""
    must(1 <= size <= 8, b"a word has one to eight digits")
    return (load8(at) ^ <uint64_t>0x3030303030303030) << (64 - 8 * size)


cdef inline uint64_t load_digits_or_none(const uint8_t *at, uint32_t size) noexcept nogil:
    """The same of 0 to 8 bytes."""
    cdef uint64_t digits = load8(at) ^ <uint64_t>0x3030303030303030
    return (digits & low_bytes[size]) << (64 - 8 * size & 63)


cdef inline bint read_digits(const uint8_t *at, uint32_t size, uint64_t *value) noexcept nogil:
    """The value of 1 to 8 digits; False and `value` untouched where a byte is not one."""
    cdef uint64_t digits = load_digits(at, size)
    if not_digits(digits):
        return False
    value[0] = eight_digits(digits)
    return True


cdef inline uint64_t zero_bytes(uint64_t word) noexcept nogil:
    """Of eight bytes: 0 where none is 0."""
    return (word - <uint64_t>0x0101010101010101) & ~word & <uint64_t>0x8080808080808080


cdef inline bint may_hide(uint64_t word) noexcept nogil:
    """Whether a byte of eight is a control character, or no ASCII."""
    return ((word - <uint64_t>0x2020202020202020) & ~word
            | zero_bytes(word ^ <uint64_t>0x7F7F7F7F7F7F7F7F) | word) \
        & <uint64_t>0x8080808080808080 != 0


cdef inline uint32_t letter_at(const uint8_t *at, uint32_t *size) noexcept nogil:
    """The character that begins here in text that is UTF-8, and how many bytes it has."""
    if at[0] < 0x80:
        size[0] = 1
        return at[0]
    if at[0] < 0xE0:
        size[0] = 2
        return <uint32_t>(at[0] & 0x1F) << 6 | at[1] & 0x3F
    if at[0] < 0xF0:
        size[0] = 3
        return <uint32_t>(at[0] & 0x0F) << 12 | <uint32_t>(at[1] & 0x3F) << 6 | at[2] & 0x3F
    size[0] = 4
    return (<uint32_t>(at[0] & 0x07) << 18 | <uint32_t>(at[1] & 0x3F) << 12
            | <uint32_t>(at[2] & 0x3F) << 6 | at[3] & 0x3F)


cdef inline bint is_unseen(uint32_t letter) noexcept nogil:
    """Whether a character is one that nobody sees: what a terminal obeys, formats, private ones.

    Of Unicode the categories Cc, Cf, Co, Zl and Zp, what is there to be ignored, and all behind
    the last plane that has letters.
    """
    if letter < 0x300:
        return letter < 0x20 or 0x7F <= letter < 0xA0 or letter == 0xAD
    if 0x3165 <= letter < 0xE000:       # most of Chinese
        return False
    if letter < 0x2000:
        return (letter == 0x34F or 0x600 <= letter <= 0x605 or letter == 0x61C or letter == 0x6DD
                or letter == 0x70F or 0x890 <= letter <= 0x891 or letter == 0x8E2
                or 0x115F <= letter <= 0x1160 or 0x17B4 <= letter <= 0x17B5
                or 0x180B <= letter <= 0x180F)
    if letter < 0x10000:
        return (0x200B <= letter <= 0x200F or 0x2028 <= letter <= 0x202E
                or 0x2060 <= letter <= 0x206F or letter == 0x3164
                or 0xE000 <= letter <= 0xF8FF or 0xFDD0 <= letter <= 0xFDEF
                or 0xFE00 <= letter <= 0xFE0F or letter == 0xFEFF or letter == 0xFFA0
                or 0xFFF0 <= letter <= 0xFFFB or letter >= 0xFFFE)
    return (letter == 0x110BD or letter == 0x110CD or 0x13430 <= letter <= 0x1343F
            or 0x1BCA0 <= letter <= 0x1BCA3 or 0x1D173 <= letter <= 0x1D17A or letter >= 0xE0000)


cdef inline bint hides(const uint8_t *at, uint32_t size) noexcept nogil:
    """Whether a text, which is UTF-8, has a character that nobody sees."""
    cdef uint32_t i = 0, begin = 0, letter_size = 1
    cdef bint found = False
    must(size <= LINE_LIMIT, b"a text is of one line")
    while size - begin > 8:
        found |= may_hide(load8(at + begin))
        begin += 8
    found |= may_hide(load_some(at + begin, size - begin)
                      | <uint64_t>0x2020202020202020 & ~low_bytes[size - begin])
    if likely(not found):
        return False
    while i < size:
        if is_unseen(letter_at(at + i, &letter_size)):
            return True
        i += letter_size
    return False


cdef inline bint valid_utf8(const uint8_t *at, uint32_t size) noexcept nogil:
    """Whether the text is UTF-8: no overlong form, no surrogate, nothing above U+10FFFF."""
    cdef uint32_t i = 0, more, k
    cdef uint8_t low, high, byte
    while i < size:
        byte = at[i]
        if byte < 0x80:
            i += 8 if size - i >= 8 and load8(at + i) & <uint64_t>0x8080808080808080 == 0 else 1
            continue
        low, high = 0x80, 0xBF
        if 0xC2 <= byte <= 0xDF:
            more = 1
        elif 0xE0 <= byte <= 0xEF:
            more = 2
            if byte == 0xE0:
                low = 0xA0
            elif byte == 0xED:
                high = 0x9F
        elif 0xF0 <= byte <= 0xF4:
            more = 3
            if byte == 0xF0:
                low = 0x90
            elif byte == 0xF4:
                high = 0x8F
        else:
            return False
        if i + more >= size or not (low <= at[i + 1] <= high):
            return False
        for k in range(2, more + 1):
            if not (0x80 <= at[i + k] <= 0xBF):
                return False
        i += more + 1
    return True
