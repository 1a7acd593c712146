"""The loop of journeys.pyx, for kernels that run it together with others."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.checked cimport must
from ext.civil cimport Clock, offset_at
from ext.clearing.keys cimport Key
from ext.records cimport DAY_S, DAYS_MOST, Member, Ride, Tap

cdef struct Pairing:
    int64_t ride_limit_s
    int64_t open_from           # UTC seconds: rides that began before it end without an exit
    Clock clock
    int64_t day_starts_s        # civil seconds after midnight at which a service day begins
    int64_t clock_tolerance_s   # by so much clocks may contradict the cards' counters


# What a card's refund takes back: the indexes of taps.
cdef packed struct Refund:
    uint32_t refund
    uint32_t first_tap
    uint32_t last_tap
    uint32_t found          # whether there is such a ride

# A pairing's memory for refunds: room for one per kept tap, and keys for as many, twice.
cdef struct Refunds:
    Refund *rows
    Py_ssize_t count
    Key *keys
    Key *spare


cdef inline uint16_t service_day_of(uint32_t at, const Pairing *pairing) noexcept nogil:
    """The civil day that a UTC time belongs to; times are after 1970 by decoding."""
    cdef int64_t civil = at + offset_at(&pairing.clock, at) - pairing.day_starts_s
    if civil < 0:
        return 0
    must(civil // DAY_S < DAYS_MOST, b"a service day fits its field")
    return <uint16_t>(<uint64_t>civil // DAY_S)


cdef uint8_t age_on(uint16_t service_day, uint16_t born_day) noexcept nogil
cdef Py_ssize_t pair_rows(const Tap[::1] taps, const uint32_t[::1] order, const Member[::1] members,
                          const Pairing *pairing, Ride[::1] rides, uint32_t[::1] carried,
                          Py_ssize_t *carried_count, Refunds *refunds, uint16_t *codes,
                          int64_t *moments=*) except -1 nogil
