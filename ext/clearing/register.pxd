"""The loops of register.pyx, for kernels that run them together with others."""

from libc.stdint cimport uint16_t, uint32_t, uint64_t

from ext.clearing.journeys cimport Pairing
from ext.records cimport CardRow, Ride, Tap


cdef class CardRegister:
    cdef readonly object rows       # CARD_ROW
    cdef const CardRow[::1] _rows
    cdef uint64_t[::1] _cards
    cdef bint _stops                # whether any row says that a card is not for riding


cdef int stamp_rows(CardRegister register, Tap[::1] taps) except -1 nogil
cdef int stop_rows(CardRegister register, const Tap[::1] taps, const uint32_t[::1] order,
                   const Pairing *pairing, uint16_t[::1] codes) except -1 nogil
cdef int add_facts_rows(CardRegister register, const Tap[::1] taps,
                        Ride[::1] rides) except -1 nogil
