"""Where the fields of a line are, sixty-four bytes at a time, by the widest way that runs here.

Each way exists as WAYS says, and all of them find the same: `cut` for lines with separators,
`mark` for lines of a known length. `choose_way` picks one, once, when the module is loaded.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

cdef enum:
    WAYS = 3                # 0 is portable (SSE2 where there is one), 1 AVX2, 2 AVX-512 with VBMI2

cdef extern from *:
    """
    #include <stdint.h>
    #include <string.h>
    #if defined(__SSE2__)
    #include <emmintrin.h>
    #endif
    #if defined(__x86_64__) && defined(__GNUC__)
    #include <immintrin.h>
    #define ONECARD_WIDE 1
    #endif

    enum { ONECARD_LINE = 4096 };       /* LINE_LIMIT */

    /* Of 64 bytes: which are separators or newlines, which newlines, which spaces, which need a
       closer look (a quote, a NUL, a byte that is not ASCII). */
    typedef struct { uint64_t cuts, ends, spaces, odd; } onecard_masks64;

    static inline onecard_masks64 onecard_look_0(const uint8_t *at, int quotes, uint8_t by) {
        onecard_masks64 m = {0, 0, 0, 0};
    #if defined(__SSE2__)
        const __m128i comma = _mm_set1_epi8((char)by), newline = _mm_set1_epi8('\\n'),
                      space = _mm_set1_epi8(' '), quote = _mm_set1_epi8(quotes ? '"' : 0),
                      nul = _mm_setzero_si128();
        for (int i = 0; i < 4; i++) {
            __m128i b = _mm_loadu_si128((const __m128i *)(at + 16 * i));
            __m128i n = _mm_cmpeq_epi8(b, newline);
            __m128i s = _mm_or_si128(n, _mm_cmpeq_epi8(b, comma));
            __m128i x = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(b, quote),
                                                  _mm_cmpeq_epi8(b, nul)), b);
            m.cuts |= (uint64_t)(uint32_t)_mm_movemask_epi8(s) << (16 * i);
            m.ends |= (uint64_t)(uint32_t)_mm_movemask_epi8(n) << (16 * i);
            m.odd |= (uint64_t)(uint32_t)_mm_movemask_epi8(x) << (16 * i);
            m.spaces |= (uint64_t)(uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(b, space))
                        << (16 * i);
        }
    #else
        for (int i = 0; i < 64; i++) {
            uint8_t b = at[i];
            m.cuts |= (uint64_t)(b == by || b == '\\n') << i;
            m.ends |= (uint64_t)(b == '\\n') << i;
            m.odd |= (uint64_t)((quotes && b == '"') || b == 0 || b >= 128) << i;
            m.spaces |= (uint64_t)(b == ' ') << i;
        }
    #endif
        return m;
    }

    /* Write where the next fields start: one behind each bit of `cuts`. Eight are written at a
       time: what is too much is overwritten, or never read. */
    #define ONECARD_PUT(starts, count, cuts, base) do { \\
            uint32_t n_ = (uint32_t)__builtin_popcountll(cuts); \\
            uint16_t *to_ = (starts) + (count) + 1; \\
            for (uint32_t i_ = 0; i_ < n_; i_ += 8, to_ += 8) \\
                for (int k_ = 0; k_ < 8; k_++) { \\
                    to_[k_] = (uint16_t)((base) + 1 + (uint32_t)__builtin_ctzll( \\
                        (cuts) | (uint64_t)1 << 63)); \\
                    (cuts) &= (cuts) - 1; \\
                } \\
            (count) += n_; \\
        } while (0)

    /* A line's separators, which are `by`, the newline among them: how many, starts[1] on where
       what is behind each begins; 0 where there is no newline in ONECARD_LINE bytes and 64. */
    #define ONECARD_CUT(look) \\
        uint32_t base = 0, count = 0; \\
        uint64_t any = 0; \\
        for (;;) { \\
            onecard_masks64 m = look(row + base, 1, by); \\
            uint64_t upto = m.ends ? m.ends ^ (m.ends - 1) : ~(uint64_t)0; \\
            uint64_t cuts = m.cuts & upto; \\
            any |= m.odd & upto; \\
            ONECARD_PUT(starts, count, cuts, base); \\
            if (m.ends) break; \\
            base += 64; \\
            if (base > ONECARD_LINE) return 0; \\
        } \\
        *odd = any; \\
        return count;

    /* Of a line of `size` bytes the bytes that are not spaces, bit by bit; whether it has a
       newline or a byte that needs a closer look. */
    #define ONECARD_MARK(look) \\
        uint64_t any = 0; \\
        for (uint32_t base = 0; base < size; base += 64) { \\
            onecard_masks64 m = look(row + base, 0, 0); \\
            uint64_t in = size - base >= 64 ? ~(uint64_t)0 \\
                                            : ((uint64_t)1 << (size - base)) - 1; \\
            any |= (m.ends | m.odd) & in; \\
            filled[base >> 6] = ~m.spaces & in; \\
        } \\
        return any != 0;

    /* For each column that the file has where its field begins, and its size. The wide way does
       all 32 at once, and looks at the first 32 starts only. */
    static void onecard_place_0(const uint16_t *starts, const uint16_t *places,
                                const uint8_t *have, uint32_t count, uint16_t *begins,
                                uint16_t *sizes) {
        for (uint32_t i = 0; i < count; i++) {
            const uint16_t *at = starts + places[have[i]];
            begins[have[i]] = at[0];
            sizes[have[i]] = (uint16_t)(at[1] - at[0] - 1);
        }
    }

    static uint32_t onecard_cut_0(const uint8_t *row, uint8_t by, uint16_t *starts,
                                  uint64_t *odd) {
        ONECARD_CUT(onecard_look_0)
    }

    static int onecard_mark_0(const uint8_t *row, uint32_t size, uint64_t *filled) {
        ONECARD_MARK(onecard_look_0)
    }

    #if ONECARD_WIDE
    #define ONECARD_AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
    #define ONECARD_AVX512 __attribute__((target( \\
        "avx512f,avx512bw,avx512vl,avx512cd,avx512vbmi2,bmi,bmi2,popcnt")))

    ONECARD_AVX2 static inline uint64_t onecard_pair(__m256i low, __m256i high) {
        return (uint32_t)_mm256_movemask_epi8(low)
               | (uint64_t)(uint32_t)_mm256_movemask_epi8(high) << 32;
    }

    ONECARD_AVX2 static inline onecard_masks64 onecard_look_1(const uint8_t *at, int quotes,
                                                              uint8_t by) {
        const __m256i comma = _mm256_set1_epi8((char)by), newline = _mm256_set1_epi8('\\n'),
                      space = _mm256_set1_epi8(' '), nul = _mm256_setzero_si256(),
                      quote = _mm256_set1_epi8(quotes ? '"' : 0);
        __m256i a = _mm256_loadu_si256((const __m256i *)at),
                b = _mm256_loadu_si256((const __m256i *)(at + 32));
        __m256i na = _mm256_cmpeq_epi8(a, newline), nb = _mm256_cmpeq_epi8(b, newline);
        onecard_masks64 m;
        m.ends = onecard_pair(na, nb);
        m.cuts = onecard_pair(_mm256_or_si256(na, _mm256_cmpeq_epi8(a, comma)),
                              _mm256_or_si256(nb, _mm256_cmpeq_epi8(b, comma)));
        m.spaces = onecard_pair(_mm256_cmpeq_epi8(a, space), _mm256_cmpeq_epi8(b, space));
        m.odd = onecard_pair(
            _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(a, quote),
                                            _mm256_cmpeq_epi8(a, nul)), a),
            _mm256_or_si256(_mm256_or_si256(_mm256_cmpeq_epi8(b, quote),
                                            _mm256_cmpeq_epi8(b, nul)), b));
        return m;
    }

    ONECARD_AVX2 static uint32_t onecard_cut_1(const uint8_t *row, uint8_t by,
                                               uint16_t *starts, uint64_t *odd) {
        ONECARD_CUT(onecard_look_1)
    }

    ONECARD_AVX2 static int onecard_mark_1(const uint8_t *row, uint32_t size,
                                           uint64_t *filled) {
        ONECARD_MARK(onecard_look_1)
    }

    ONECARD_AVX512 static inline onecard_masks64 onecard_look_2(const uint8_t *at, int quotes,
                                                                uint8_t by) {
        __m512i b = _mm512_loadu_si512(at);
        onecard_masks64 m;
        m.ends = _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8('\\n'));
        m.cuts = m.ends | _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8((char)by));
        m.spaces = _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8(' '));
        m.odd = _mm512_testn_epi8_mask(b, b) | _mm512_movepi8_mask(b);
        if (quotes) m.odd |= _mm512_cmpeq_epi8_mask(b, _mm512_set1_epi8('"'));
        return m;
    }

    #undef ONECARD_PUT      /* here one instruction packs the places of all bits */
    #define ONECARD_PUT(starts, count, cuts, base) do { \\
            uint32_t n_ = (uint32_t)__builtin_popcountll(cuts); \\
            __m512i behind_ = _mm512_maskz_compress_epi8(cuts, _mm512_loadu_si512(onecard_1_64)); \\
            __m512i base_ = _mm512_set1_epi16((int16_t)(base)); \\
            _mm512_storeu_si512((starts) + (count) + 1, _mm512_add_epi16(base_, \\
                _mm512_cvtepu8_epi16(_mm512_castsi512_si256(behind_)))); \\
            if (n_ > 32) \\
                _mm512_storeu_si512((starts) + (count) + 33, _mm512_add_epi16(base_, \\
                    _mm512_cvtepu8_epi16(_mm512_extracti64x4_epi64(behind_, 1)))); \\
            (count) += n_; \\
        } while (0)

    static const uint8_t onecard_1_64[64] = {
        1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25,
        26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48,
        49, 50, 51, 52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 62, 63, 64,
    };

    ONECARD_AVX512 static uint32_t onecard_cut_2(const uint8_t *row, uint8_t by,
                                                 uint16_t *starts, uint64_t *odd) {
        ONECARD_CUT(onecard_look_2)
    }

    ONECARD_AVX512 static void onecard_place_2(const uint16_t *starts, const uint16_t *places,
                                               const uint8_t *have, uint32_t count,
                                               uint16_t *begins, uint16_t *sizes) {
        (void)have; (void)count;
        __m512i all = _mm512_loadu_si512(starts), which = _mm512_loadu_si512(places);
        __m512i one = _mm512_set1_epi16(1);
        __m512i from = _mm512_permutexvar_epi16(which, all);
        __m512i to = _mm512_permutexvar_epi16(_mm512_add_epi16(which, one), all);
        _mm512_storeu_si512(begins, from);
        _mm512_storeu_si512(sizes, _mm512_sub_epi16(_mm512_sub_epi16(to, from), one));
    }

    ONECARD_AVX512 static int onecard_mark_2(const uint8_t *row, uint32_t size,
                                             uint64_t *filled) {
        ONECARD_MARK(onecard_look_2)
    }

    /* ONECARD_MARK for a line of at most 256 bytes, and of each of 32 columns at once where its
       text without spaces around it begins, and its size. A column's bits are the lowest ones of
       the words words[i] and the next, shifted by shifts[i], as far as masks[i] says. */
    ONECARD_AVX512 static int onecard_strip_2(
            const uint8_t *row, uint32_t size, const uint64_t *words, const uint64_t *shifts,
            const uint64_t *masks, const uint64_t *from, uint16_t *begins, uint16_t *sizes) {
        uint64_t w[4] = {0, 0, 0, 0}, any = 0;
        for (uint32_t i = 0; i < 4 && 64 * i < size; i++) {
            onecard_masks64 m = onecard_look_2(row + 64 * i, 0, 0);
            uint64_t in = _bzhi_u64(~(uint64_t)0, size - 64 * i > 64 ? 64 : size - 64 * i);
            any |= (m.ends | m.odd) & in;
            w[i] = ~m.spaces & in;
        }
        const __m512i all = _mm512_setr_epi64((int64_t)w[0], (int64_t)w[1], (int64_t)w[2],
                                              (int64_t)w[3], 0, 0, 0, 0);
        const __m512i one = _mm512_set1_epi64(1), top = _mm512_set1_epi64(63);
        for (int i = 0; i < 32; i += 8) {
            __m512i at = _mm512_loadu_si512(words + i);
            __m512i bits = _mm512_and_si512(_mm512_loadu_si512(masks + i), _mm512_shrdv_epi64(
                _mm512_permutexvar_epi64(at, all),
                _mm512_permutexvar_epi64(_mm512_add_epi64(at, one), all),
                _mm512_loadu_si512(shifts + i)));
            __mmask8 some = _mm512_test_epi64_mask(bits, bits);
            __m512i lowest = _mm512_and_si512(
                bits, _mm512_sub_epi64(_mm512_setzero_si512(), bits));
            __m512i first = _mm512_maskz_sub_epi64(some, top, _mm512_lzcnt_epi64(lowest));
            __m512i last = _mm512_maskz_sub_epi64(some, top, _mm512_lzcnt_epi64(bits));
            _mm_storeu_si128((__m128i *)(begins + i), _mm512_cvtepi64_epi16(
                _mm512_add_epi64(first, _mm512_loadu_si512(from + i))));
            _mm_storeu_si128((__m128i *)(sizes + i), _mm512_cvtepi64_epi16(
                _mm512_maskz_add_epi64(some, _mm512_sub_epi64(last, first), one)));
        }
        return any != 0;
    }
    #endif

    static int onecard_has_way(int way) {
        if (way == 0) return 1;
    #if ONECARD_WIDE
        __builtin_cpu_init();
        if (way == 1)
            return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi2");
        if (way == 2)
            return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")
                   && __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512vbmi2")
                   && __builtin_cpu_supports("bmi2");
    #endif
        return 0;
    }

    static uint32_t (*onecard_cut)(const uint8_t *, uint8_t, uint16_t *, uint64_t *) =
        onecard_cut_0;
    static int (*onecard_mark)(const uint8_t *, uint32_t, uint64_t *) = onecard_mark_0;
    static void (*onecard_place)(const uint16_t *, const uint16_t *, const uint8_t *, uint32_t,
                                 uint16_t *, uint16_t *) = onecard_place_0;

    static int (*onecard_strip)(const uint8_t *, uint32_t, const uint64_t *, const uint64_t *,
                                const uint64_t *, const uint64_t *, uint16_t *, uint16_t *) = 0;

    static inline int onecard_can_strip(void) { return onecard_strip != 0; }

    static int onecard_use_way(int way) {
        if (!onecard_has_way(way)) return 0;
        onecard_strip = 0;
        onecard_cut = onecard_cut_0; onecard_mark = onecard_mark_0;
        onecard_place = onecard_place_0;
    #if ONECARD_WIDE
        if (way == 1) { onecard_cut = onecard_cut_1; onecard_mark = onecard_mark_1; }
        if (way == 2) {
            onecard_cut = onecard_cut_2; onecard_mark = onecard_mark_2;
            onecard_place = onecard_place_2; onecard_strip = onecard_strip_2;
        }
    #endif
        return 1;
    }
    """
    uint32_t cut "onecard_cut"(
        const uint8_t *row, uint8_t by, uint16_t *starts, uint64_t *odd) noexcept nogil
    void place "onecard_place"(
        const uint16_t *starts, const uint16_t *places, const uint8_t *have, uint32_t count,
        uint16_t *begins, uint16_t *sizes) noexcept nogil
    void place_any "onecard_place_0"(
        const uint16_t *starts, const uint16_t *places, const uint8_t *have, uint32_t count,
        uint16_t *begins, uint16_t *sizes) noexcept nogil
    bint mark "onecard_mark"(const uint8_t *row, uint32_t size, uint64_t *filled) noexcept nogil
    bint can_strip "onecard_can_strip"() noexcept nogil     # there is a way to do both at once
    bint strip "onecard_strip"(
        const uint8_t *row, uint32_t size, const uint64_t *words, const uint64_t *shifts,
        const uint64_t *masks, const uint64_t *starts, uint16_t *begins,
        uint16_t *sizes) noexcept nogil
    bint use_way "onecard_use_way"(int way) noexcept nogil
