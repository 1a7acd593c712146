"""Fares of many lengths by the same bands: what the compiler fills its matrices with."""

from libc.stdint cimport int64_t, uint32_t

from ext.checked cimport check

cdef enum:
    LENGTH_MAX = 0xFFFFFFFF


def fill_fares(const Band[::1] bands not None, const int64_t[::1] lengths not None,
               int64_t[::1] fares not None):
    """The fare of each length, in minor units; -1 past the last band.

    lengths: metres or seconds, of 32 bits.
    Raises ValueError where lengths do not fit.
    """
    cdef Py_ssize_t i
    if lengths.shape[0] != fares.shape[0]:
        raise ValueError(f"fares: {fares.shape[0]}, expected one for each of "
                         f"{lengths.shape[0]} lengths")
    for i in range(lengths.shape[0]):
        if not 0 <= lengths[i] <= LENGTH_MAX:
            raise ValueError(f"lengths: {lengths[i]} at {i}, expected 0 to {LENGTH_MAX}")
    with nogil:
        for i in range(lengths.shape[0]):
            fares[i] = fare_in_bands(bands, 0, <uint32_t>bands.shape[0], lengths[i])
            check(fares[i] >= BEYOND_BANDS, b"a fare is an amount, or none")
