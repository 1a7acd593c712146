"""Bytes of one line of text, eight and sixty-four at a time: separators, digits, UTF-8.

Everything here may read up to PAD bytes past the end that it is told, never write there: the
caller's buffer is that much longer than its text.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    PAD = 128               # bytes that must exist after the text
    LINE_LIMIT = 4096       # bytes of a line, without its newline
    CODE_LIMIT = 64         # bytes of a code

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #if defined(__SSE2__)
    #include <emmintrin.h>
    #endif

    /* Of 64 bytes: which are separators (comma, newline), which newlines, which need a closer
       look (a quote, a NUL, a byte that is not ASCII). */
    static inline void onecard_scan(const uint8_t *at, uint64_t *cuts, uint64_t *ends,
                                    uint64_t *odd) {
        uint64_t c = 0, e = 0, o = 0;
    #if defined(__SSE2__)
        const __m128i comma = _mm_set1_epi8(','), newline = _mm_set1_epi8('\\n'),
                      quote = _mm_set1_epi8('"'), nul = _mm_setzero_si128();
        for (int i = 0; i < 4; i++) {
            __m128i b = _mm_loadu_si128((const __m128i *)(at + 16 * i));
            __m128i n = _mm_cmpeq_epi8(b, newline);
            __m128i s = _mm_or_si128(n, _mm_cmpeq_epi8(b, comma));
            __m128i x = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, quote),
                                                  _mm_cmpeq_epi8(b, nul)), b);
            c |= (uint64_t)(uint32_t)_mm_movemask_epi8(s) << (16 * i);
            e |= (uint64_t)(uint32_t)_mm_movemask_epi8(n) << (16 * i);
            o |= (uint64_t)(uint32_t)_mm_movemask_epi8(x) << (16 * i);
        }
    #else
        for (int i = 0; i < 64; i++) {
            uint8_t b = at[i];
            c |= (uint64_t)(b == ',' || b == '\\n') << i;
            e |= (uint64_t)(b == '\\n') << i;
            o |= (uint64_t)(b == '"' || b == 0 || b >= 128) << i;
        }
    #endif
        *cuts = c; *ends = e; *odd = o;
    }

    /* Eight bytes as a number whose lowest byte is the first one, on any machine. */
    static inline uint64_t onecard_load(const uint8_t *at) {
        uint64_t word;
        memcpy(&word, at, 8);
    #if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        word = __builtin_bswap64(word);
    #endif
        return word;
    }
    #define onecard_first_bit(mask) ((uint32_t)__builtin_ctzll(mask))
    #define onecard_swap(word) __builtin_bswap64(word)
    #define onecard_prefetch(at) __builtin_prefetch(at)
    #define onecard_prefetch_to_write(at) __builtin_prefetch(at, 1)
    #define onecard_likely(x) __builtin_expect(!!(x), 1)
    """
    void scan64 "onecard_scan"(const uint8_t *at, uint64_t *cuts, uint64_t *ends,
                               uint64_t *odd) noexcept nogil
    uint64_t load8 "onecard_load"(const uint8_t *at) noexcept nogil
    uint32_t first_bit "onecard_first_bit"(uint64_t mask) noexcept nogil
    uint64_t swap8 "onecard_swap"(uint64_t word) noexcept nogil
    void prefetch "onecard_prefetch"(const void *at) noexcept nogil
    void prefetch_to_write "onecard_prefetch_to_write"(const void *at) noexcept nogil
    bint likely "onecard_likely"(bint condition) noexcept nogil


cdef inline uint64_t load_some(const uint8_t *at, uint32_t size) noexcept nogil:
    """The first `size` (1 to 8) bytes as load8 has them, the rest zero."""
    return load8(at) & (<uint64_t>0xFFFFFFFFFFFFFFFF >> (64 - 8 * size))


cdef inline bint same_bytes(const uint8_t *a, const uint8_t *b, uint32_t size) noexcept nogil:
    """Whether two texts of one size are the same; a size of 0 is."""
    cdef uint32_t at = 0
    while size > 8:
        if load8(a + at) != load8(b + at):
            return False
        at += 8
        size -= 8
    return size == 0 or ((load8(a + at) ^ load8(b + at)) << (64 - 8 * size)) == 0


cdef inline bint all_digits(uint64_t word) noexcept nogil:
    """Whether all eight bytes are digits."""
    cdef uint64_t x = word ^ <uint64_t>0x3030303030303030
    return (((x + <uint64_t>0x7676767676767676) | x) & <uint64_t>0x8080808080808080) == 0


cdef inline uint64_t eight_digits(uint64_t word) noexcept nogil:
    """The value of eight bytes that all_digits holds for."""
    word = (word & <uint64_t>0x0F0F0F0F0F0F0F0F) * 2561 >> 8
    word = (word & <uint64_t>0x00FF00FF00FF00FF) * 6553601 >> 16
    return (word & <uint64_t>0x0000FFFF0000FFFF) * <uint64_t>42949672960001 >> 32


cdef inline bint read_digits(const uint8_t *at, uint32_t size, uint64_t *value) noexcept nogil:
    """The value of 1 to 8 digits; False and `value` untouched where a byte is not one."""
    cdef uint32_t spare = 64 - 8 * size
    cdef uint64_t word = load8(at) << spare
    if spare:
        word |= <uint64_t>0x3030303030303030 >> (64 - spare)
    if not all_digits(word):
        return False
    value[0] = eight_digits(word)
    return True


cdef inline bint valid_utf8(const uint8_t *at, uint32_t size) noexcept nogil:
    """Whether the text is UTF-8: no overlong form, no surrogate, nothing above U+10FFFF."""
    cdef uint32_t i = 0, more, k
    cdef uint8_t low, high, byte
    while i < size:
        byte = at[i]
        if byte < 0x80:
            i += 1
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
