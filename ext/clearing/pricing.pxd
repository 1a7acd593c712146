"""The loop of pricing.pyx, for kernels that run it together with others."""

from libc.stdint cimport int64_t

from ext.clearing.persons cimport Persons
from ext.clearing.tables cimport PricingTables
from ext.records cimport Accumulator, CardState, Charge, Ride

cdef Py_ssize_t price_rows(PricingTables tables, Ride[::1] rides, CardState[::1] states,
                           const Accumulator[::1] before, Charge[::1] charges,
                           Accumulator[::1] accumulators, Py_ssize_t *refused,
                           Persons persons, const int64_t *moments) except -1 nogil
