"""Overflow-checked int64: True means that the result does not fit, and *result is not to be used.

Cython's own overflowcheck crashes the process without the GIL; these do not raise.
"""

from libc.stdint cimport int64_t

cdef extern from *:
    """
    static inline int onecard_add(long a, long b, long *r) {
        return __builtin_add_overflow(a, b, r);
    }
    static inline int onecard_sub(long a, long b, long *r) {
        return __builtin_sub_overflow(a, b, r);
    }
    static inline int onecard_mul(long a, long b, long *r) {
        return __builtin_mul_overflow(a, b, r);
    }
    """
    bint add_i64 "onecard_add"(int64_t a, int64_t b, int64_t *result) noexcept nogil
    bint sub_i64 "onecard_sub"(int64_t a, int64_t b, int64_t *result) noexcept nogil
    bint mul_i64 "onecard_mul"(int64_t a, int64_t b, int64_t *result) noexcept nogil
