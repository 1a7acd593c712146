"""Which cards are one person's, where a network's totals follow the person.

Such cards are cleared together: they lie in one partition, and where one of them is touched by a
run, all are. The rules are in clearing/reference/RULES.md section 4.
"""

import numpy as np

from libc.stdint cimport uint8_t, uint32_t, uint64_t

from ext.cards cimport CardKey, card_before
from ext.checked cimport check
from ext.clearing.partition cimport is_marked, mark_card
from ext.clearing.persons cimport find_person
from ext.records cimport PersonRow

from ext import records

cdef enum:
    NOBODYS = 0xFFFFFFFF

CARDS_OF_A_PERSON_MOST = CARDS_LIMIT
NO_PERSON = 0xFFFFFFFF


cdef class Persons:
    """The cards that replace each other, made ready to be looked up by card and by person."""

    def __init__(self, rows not None):
        """rows: PERSON_ROW, sorted by card, of whole persons. Raises ValueError."""
        cdef Py_ssize_t i
        cdef Py_ssize_t words = 1
        self.rows = rows
        self._rows = rows
        while words < self._rows.shape[0]:
            words *= 2
        self.card_filter = np.zeros(words, np.uint64)
        self._cards = self.card_filter
        self._members = np.lexsort([rows["place"], rows["person"]]).astype(np.uint32)
        counts = np.bincount(rows["person"]) if len(rows) else np.zeros(0, np.int64)
        self._firsts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        if len(rows) and not 2 <= counts.min() <= counts.max() <= CARDS_LIMIT:
            raise ValueError(f"rows: {counts.min()} to {counts.max()} cards of a person, expected "
                             f"2 to {CARDS_LIMIT}")
        for i in range(1, self._rows.shape[0]):
            if not card_before(&self._rows[i - 1], &self._rows[i]):
                raise ValueError(f"row {i} of the persons' cards is not behind the one before it")
        with nogil:
            for i in range(self._rows.shape[0]):
                mark_card(self._cards, self._rows[i].card_hi, self._rows[i].card_lo)

    def __len__(self):
        """How many cards there are."""
        return self._rows.shape[0]

    def spread(self, uint64_t[::1] card_filter not None):
        """Mark all cards of a person of whom one is marked, also by chance.

        card_filter: see ext.clearing.partition. Raises ValueError.
        """
        if card_filter.shape[0] < 1 or card_filter.shape[0] & (card_filter.shape[0] - 1):
            raise ValueError(f"card_filter: {card_filter.shape[0]} words, expected a power of two")
        with nogil:
            while spread_once(self, card_filter):   # a new mark can be another card's, too
                pass

    def number(self, const uint8_t[:, ::1] rows not None, uint32_t[::1] numbers not None):
        """Say for each row, of bytes that begin with a card, whose it is; NO_PERSON: one's only.

        Raises ValueError where lengths do not fit.
        """
        if rows.shape[1] < <Py_ssize_t>sizeof(CardKey) or numbers.shape[0] != rows.shape[0]:
            raise ValueError(f"rows: {rows.shape[0]} of {rows.shape[1]} bytes, numbers: "
                             f"{numbers.shape[0]}")
        with nogil:
            number_rows(self, rows, numbers)


cdef int number_rows(Persons persons, const uint8_t[:, ::1] rows,
                     uint32_t[::1] numbers) except -1 nogil:
    cdef Py_ssize_t i
    cdef const PersonRow *row
    for i in range(rows.shape[0]):
        row = find_person(persons, &rows[i, 0])
        numbers[i] = <uint32_t>NOBODYS if row == NULL else row.person
    return 0


cdef bint spread_once(Persons persons, uint64_t[::1] card_filter) except -1 nogil:
    """Whether a mark is new."""
    cdef Py_ssize_t person, i, first, end, marked
    cdef const PersonRow *row
    cdef bint is_new = False
    for person in range(persons._firsts.shape[0] - 1):
        first, end, marked = persons._firsts[person], persons._firsts[person + 1], 0
        for i in range(first, end):
            row = &persons._rows[persons._members[i]]
            check(row.place == i - first, b"a person's cards are numbered one by one")
            marked += is_marked(card_filter, row.card_hi, row.card_lo)
        if marked == 0 or marked == end - first:
            continue
        is_new = True
        for i in range(first, end):
            row = &persons._rows[persons._members[i]]
            mark_card(card_filter, row.card_hi, row.card_lo)
    return is_new


NOBODY = Persons(np.zeros(0, records.PERSON_ROW))
