"""Cards compared, and two sorted lists walked together by card.

Every record of a card begins with its 128 bits; rows are ordered by card_hi, then card_lo. A walk
is never back: `at` only grows, so that two lists cost the sum of their lengths.
"""

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from ext.checked cimport must
from ext.intake.text cimport prefetch

cdef enum:
    ROWS_AHEAD = 8          # listed rows between asking for memory and reading it

cdef packed struct CardKey:     # what every record of a card begins with
    uint64_t card_hi
    uint64_t card_lo


cdef inline bint same_card(const void *a, const void *b) noexcept nogil:
    """Whether two records are of one card."""
    return ((<const CardKey *>a).card_lo == (<const CardKey *>b).card_lo
            and (<const CardKey *>a).card_hi == (<const CardKey *>b).card_hi)


cdef inline bint card_before(const void *a, const void *b) noexcept nogil:
    """Whether the first record's card comes before the second's."""
    if (<const CardKey *>a).card_hi != (<const CardKey *>b).card_hi:
        return (<const CardKey *>a).card_hi < (<const CardKey *>b).card_hi
    return (<const CardKey *>a).card_lo < (<const CardKey *>b).card_lo


cdef inline Py_ssize_t seek_card(const void *rows, Py_ssize_t size, Py_ssize_t at, Py_ssize_t end,
                                 const void *card) noexcept nogil:
    """The first of the rows from `at` on, of `size` bytes each, that is of this card or a later."""
    must(0 <= at <= end, b"a walk by card begins within its rows")
    while at < end and card_before(<const uint8_t *>rows + at * size, card):
        at += 1
    return at


cdef inline Py_ssize_t pass_card(const void *rows, Py_ssize_t size, Py_ssize_t at, Py_ssize_t end,
                                 const void *card) noexcept nogil:
    """The first of the rows from `at` on that is of a later card."""
    must(0 <= at <= end, b"a walk by card begins within its rows")
    while at < end and not card_before(card, <const uint8_t *>rows + at * size):
        at += 1
    return at


cdef inline void look_ahead(const void *rows, Py_ssize_t size, const uint32_t *listed,
                            Py_ssize_t at, Py_ssize_t end) noexcept nogil:
    """Ask for the memory of a listed row that the walk will soon come to."""
    if at + ROWS_AHEAD < end:
        prefetch(<const uint8_t *>rows + listed[at + ROWS_AHEAD] * size)


cdef inline Py_ssize_t seek_listed(const void *rows, Py_ssize_t size, const uint32_t *listed,
                                   Py_ssize_t at, Py_ssize_t end,
                                   const void *card) noexcept nogil:
    """The same as seek_card of rows that are read in the order in which they are listed."""
    must(0 <= at <= end, b"a walk by card begins within its rows")
    while at < end and card_before(<const uint8_t *>rows + listed[at] * size, card):
        at += 1
        look_ahead(rows, size, listed, at, end)
    return at
