"""The loop of journeys.pyx, for kernels that run it together with others."""

from libc.stdint cimport int64_t, uint32_t

from ext.records cimport Member, Ride, Tap

cdef packed struct Pairing:
    int64_t ride_limit_s
    int64_t watermark           # UTC seconds: rides open since before it may be closed
    int64_t civil_offset_s      # civil time less UTC
    int64_t day_starts_s        # civil seconds after midnight at which a service day begins

cdef Py_ssize_t pair_rows(const Tap[::1] taps, const uint32_t[::1] order, const Member[::1] members,
                          const Pairing *pairing, Ride[::1] rides, uint32_t[::1] carried,
                          Py_ssize_t *carried_count) except -1 nogil
