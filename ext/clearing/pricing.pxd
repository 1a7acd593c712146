"""The loop of pricing.pyx, for kernels that run it together with others."""

from ext.clearing.tables cimport Plan
from ext.records cimport Accumulator, CardState, Charge, Ride

cdef Py_ssize_t price_rows(Plan plan, Ride[::1] rides, CardState[::1] states,
                           const Accumulator[::1] before, Charge[::1] charges,
                           Accumulator[::1] totals, Py_ssize_t *refused) except -1 nogil
