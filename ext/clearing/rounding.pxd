"""Exact fractions of minor units to whole ones, by a named rounding (RULES.md sections 4 and 5)."""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.checked cimport check
from ext.codes cimport Rounding
from ext.records cimport PPM


cdef inline int64_t divide_up(int64_t amount, int64_t by) except? -1 nogil:
    """The least whole number that is an amount, or more of it, when taken so often."""
    check(amount >= 0 and by > 0, b"what is divided up is not negative")
    return (amount + by - 1) // by


cdef inline int64_t round_ppm(int64_t amount_ppm, uint32_t unit,
                              uint8_t rounding) except? -1 nogil:
    """Millionths of a minor unit, never negative, to a multiple of `unit` minor units."""
    cdef uint64_t amount = <uint64_t>amount_ppm, unit_ppm = <uint64_t>unit * PPM
    # Most rows round to a whole unit: dividing by what the compiler knows is several times as fast.
    cdef uint64_t whole = amount // PPM if unit == 1 else amount // unit_ppm
    cdef uint64_t rest = amount - whole * unit_ppm
    cdef bint up = False
    check(amount_ppm >= 0, b"what is rounded is not negative")
    if rounding == Rounding.UP:
        up = rest > 0
    elif rounding == Rounding.HALF_UP:
        up = 2 * rest >= unit_ppm
    elif rounding == Rounding.HALF_EVEN:
        up = 2 * rest > unit_ppm or (2 * rest == unit_ppm and whole % 2 == 1)
    if up:
        whole += 1
    return <int64_t>(whole * unit)
