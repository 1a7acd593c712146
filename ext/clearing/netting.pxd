"""The loop of netting.pyx, for kernels that run it together with others."""

from ext.records cimport Entry, Flow

cdef enum:
    ADDED = 0
    NO_ROOM = 1
    OVERFLOWED = 2

cdef Py_ssize_t free_rows(const Flow[::1] sums) except -1 nogil
cdef int add_rows(const Entry[::1] entries, Flow[::1] sums, Py_ssize_t *free,
                  Py_ssize_t *done) except -1 nogil
