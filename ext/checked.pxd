"""Overflow-checked int64, and what must hold, which the bounds-checked build looks at.

add_i64: True means that the sum does not fit, and *result is not to be used. Cython's own
overflowcheck crashes the process without the GIL; this does not raise.

check and must say what is true unless a kernel is wrong. They are nothing in a release build. In a
checked one (CHECKED, see setup.py) `check` raises AssertionError, so that a test fails as tests do;
`must`, for functions that cannot raise, says what is broken and ends the process: to go on could
only write a wrong sum.
"""

from libc.stdint cimport int64_t

cdef extern from *:
    """
    static inline int onecard_add(long a, long b, long *r) {
        return __builtin_add_overflow(a, b, r);
    }
    """
    bint add_i64 "onecard_add"(int64_t a, int64_t b, int64_t *result) noexcept nogil

cdef extern from *:
    """
    #include <stdio.h>
    #include <stdlib.h>
    #ifdef ONECARD_DEBUG
    #define onecard_checked 1
    #else
    #define onecard_checked 0
    #endif
    static void onecard_give_up(const char *what) {
        fprintf(stderr, "onecard: this must hold and does not: %s\\n", what);
        fflush(stderr);
        abort();
    }
    #define onecard_must(holds, what) \\
        do { if (onecard_checked && !(holds)) onecard_give_up(what); } while (0)
    """
    const bint CHECKED "onecard_checked"
    void must "onecard_must"(bint holds, const char *what) noexcept nogil


cdef inline int check(bint holds, const char *what) except -1 nogil:
    """Raise AssertionError in a checked build where something does not hold."""
    if CHECKED and not holds:
        with gil:
            raise AssertionError(what.decode())
    return 0
