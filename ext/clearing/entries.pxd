"""The loop of entries.pyx, for kernels that run it together with others."""

from libc.stdint cimport uint16_t

from ext.records cimport AgreementTerms, Charge, Entry, Member, Ride, Tap

cdef Py_ssize_t make_rows(const Tap[::1] taps, const Ride[::1] rides, const Charge[::1] charges,
                          const Member[::1] members, const AgreementTerms[::1] agreements,
                          uint16_t first_open_day, Entry[::1] entries,
                          uint16_t[::1] codes) except -1 nogil
