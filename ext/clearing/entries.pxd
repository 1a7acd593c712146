"""The loop of entries.pyx, for kernels that run it together with others."""

from libc.stdint cimport uint16_t

from ext.clearing.tables cimport EntryTables
from ext.records cimport Charge, Entry, Ride, Tap

cdef Py_ssize_t make_rows(const Tap[::1] taps, const Ride[::1] rides, const Charge[::1] charges,
                          EntryTables tables, Entry[::1] entries,
                          uint16_t[::1] codes) except -1 nogil
