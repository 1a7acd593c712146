"""The loops of order.pyx, for kernels that run them together."""

from libc.stdint cimport uint8_t, uint16_t, uint32_t

from ext.clearing.identity cimport Merging
from ext.clearing.journeys cimport Pairing
from ext.records cimport CardState, Tap

cdef enum:
    SCRATCH = 96            # bytes per tap: keys twice, a group, its number, its place, 4 slots


cdef uint32_t time_of(const Tap *tap) noexcept nogil
cdef Py_ssize_t order_rows(Tap[::1] taps, const Pairing *pairing, uint8_t *scratch,
                           uint32_t[::1] order, uint16_t[::1] codes, uint32_t *by_card,
                           Merging *merging) except -1 nogil
cdef Py_ssize_t find_seen_rows(const Tap[::1] taps, const uint32_t[::1] order,
                               const CardState[::1] states,
                               uint32_t[::1] maybe_seen) except -1 nogil
cdef Py_ssize_t open_states_rows(const Tap[::1] taps, const uint32_t[::1] order,
                                 const CardState[::1] states,
                                 CardState[::1] opened, Py_ssize_t chains) except -1 nogil
cdef int remember_rows(const Tap[::1] taps, const uint32_t[::1] by_card,
                       CardState[::1] states) except -1 nogil
