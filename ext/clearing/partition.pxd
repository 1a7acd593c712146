"""Which partition a card is in: the high bits of a mix of its 128 bits.

Every tap of a card is in one partition, on every machine and in every run.
"""

from libc.stdint cimport uint32_t, uint64_t

from ext.checked cimport must

cdef enum:
    PARTITION_LIMIT = 4096


cdef inline uint64_t mix_card(uint64_t high, uint64_t low) noexcept nogil:
    """Mix a card's 128 bits to 64."""
    cdef uint64_t mixed = (high ^ (high >> 32)) * <uint64_t>0x9E3779B97F4A7C15 ^ low
    mixed = (mixed ^ (mixed >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    mixed = (mixed ^ (mixed >> 27)) * <uint64_t>0x94D049BB133111EB
    return mixed ^ mixed >> 31


cdef inline uint32_t partition_of(uint64_t high, uint64_t low, uint32_t shift) noexcept nogil:
    """The high bits of the mix; a shift of 64 is one partition."""
    must(1 <= shift <= 64, b"there is a partition at least")
    return <uint32_t>(mix_card(high, low) >> 1 >> (shift - 1))


cdef inline void mark_card(uint64_t[::1] card_filter, uint64_t high, uint64_t low) noexcept nogil:
    """Set a card's bit, one of a power of two of words."""
    cdef uint64_t mixed = mix_card(high, low)
    cdef uint64_t word = mixed >> 6 & <uint64_t>(card_filter.shape[0] - 1)
    card_filter[<Py_ssize_t>word] |= <uint64_t>1 << (mixed & 63)


cdef inline bint is_marked(const uint64_t[::1] card_filter, uint64_t high,
                           uint64_t low) noexcept nogil:
    """Whether a card's bit is set, by this card or by one that shares it."""
    return is_mix_marked(card_filter, mix_card(high, low))


cdef inline bint is_mix_marked(const uint64_t[::1] card_filter, uint64_t mixed) noexcept nogil:
    """The same by a card's mix, or by its low bits: 6, and as many as number the words."""
    cdef uint64_t word = mixed >> 6 & <uint64_t>(card_filter.shape[0] - 1)
    return card_filter[<Py_ssize_t>word] >> (mixed & 63) & 1


cdef uint32_t shift_for(Py_ssize_t partitions) except 0
