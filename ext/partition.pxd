"""Which partition a card is in: the high bits of a mix of its 128 bits.

Every tap of a card is in one partition, on every machine and in every run.
"""

from libc.stdint cimport uint32_t, uint64_t

cdef enum:
    PARTITION_LIMIT = 4096


cdef inline uint32_t partition_of(uint64_t high, uint64_t low, uint32_t shift) noexcept nogil:
    """Mix 128 bits to 64 and take the high ones; a shift of 64 is one partition."""
    cdef uint64_t mixed = (high ^ (high >> 32)) * <uint64_t>0x9E3779B97F4A7C15 ^ low
    mixed = (mixed ^ (mixed >> 30)) * <uint64_t>0xBF58476D1CE4E5B9
    mixed = (mixed ^ (mixed >> 27)) * <uint64_t>0x94D049BB133111EB
    mixed ^= mixed >> 31
    return <uint32_t>(mixed >> 1 >> (shift - 1))


cdef uint32_t shift_for(Py_ssize_t partitions) except 0
