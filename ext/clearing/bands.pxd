"""What a length of metres or seconds costs by bands (RULES.md section 3): the kernels' one way."""

from libc.stdint cimport int64_t, uint32_t

from ext.checked cimport check
from ext.records cimport Band

cdef enum:
    BEYOND_BANDS = -1       # the length has no fare


cdef inline int64_t fare_in_bands(const Band[::1] bands, uint32_t first, uint32_t count,
                                  int64_t length) except -2 nogil:
    """The fare of a length by `count` bands; BEYOND_BANDS past the last.

    A length of 32 bits and what the compiler lets bands add do not overflow.
    """
    cdef const Band *band
    cdef uint32_t i
    for i in range(first, first + count):
        band = &bands[i]
        if length <= band.to:
            if band.every == 0:
                return band.amount
            check(length >= band.reached, b"a band begins where the one before ends")
            # Whole steps begun: at least 1 is divided, so that floor division rounds up.
            return band.amount + band.add * ((length - band.reached + band.every - 1) // band.every)
    return BEYOND_BANDS
