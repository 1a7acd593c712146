"""Which cards are one person's, where a network's totals follow the person."""

from libc.stdint cimport int64_t, uint32_t, uint64_t

from ext.cards cimport CardKey, card_before, same_card
from ext.checked cimport must
from ext.clearing.partition cimport is_marked, partition_of
from ext.records cimport PersonRow

cdef enum:
    CARDS_LIMIT = 64            # of a person


cdef class Persons:
    cdef readonly object rows           # PERSON_ROW
    cdef readonly object card_filter    # of all their cards, see ext.clearing.partition
    cdef const PersonRow[::1] _rows
    cdef uint64_t[::1] _cards
    cdef const uint32_t[::1] _members   # rows, by person and place
    cdef const int64_t[::1] _firsts     # by person, where in these; and where they end


cdef inline const PersonRow *find_person(Persons persons, const void *card) noexcept nogil:
    """The row of a card; NULL where no other card is its owner's."""
    cdef Py_ssize_t first = 0, end = persons._rows.shape[0], middle
    if end == 0 or not is_marked(persons._cards, (<const CardKey *>card).card_hi,
                                 (<const CardKey *>card).card_lo):
        return NULL
    while first < end:
        middle = (first + end) >> 1
        if card_before(&persons._rows[middle], card):
            first = middle + 1
        else:
            end = middle
    must(first == end, b"a search ends where nothing is left")
    if first == persons._rows.shape[0] or not same_card(&persons._rows[first], card):
        return NULL
    return &persons._rows[first]


cdef inline uint32_t partition_by_person(Persons persons, const void *card,
                                         uint32_t shift) noexcept nogil:
    """The partition of a card: that of its owner's first one."""
    cdef const PersonRow *row = find_person(persons, card)
    if row != NULL:
        return partition_of(row.first_hi, row.first_lo, shift)
    return partition_of((<const CardKey *>card).card_hi, (<const CardKey *>card).card_lo, shift)
