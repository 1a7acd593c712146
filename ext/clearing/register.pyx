"""A network's card register: which generation of its number a tap is of, and what a card is.

A tap's generation follows from its own time and the register alone, so that nobody has to have
seen the taps before it. The rules are in clearing/reference/RULES.md sections 1 and 2.
"""

import numpy as np

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from ext.cards cimport CardKey, card_before, same_card
from ext.checked cimport check
from ext.clearing.identity cimport gives_back
from ext.clearing.journeys cimport Pairing, age_on, service_day_of
from ext.clearing.order cimport time_of
from ext.clearing.partition cimport is_marked, mark_card
from ext.codes cimport CardStatus, Code, TapKind
from ext.intake.decode cimport Field
from ext.intake.fields cimport read_card
from ext.records cimport BLANK_CARD_KIND, NOT_ADMITTED, REVIEWED, CardRow, Ride, Tap

cdef enum:
    MARGIN_BYTES = 32           # a card is read in steps that may go beyond its text
    LINE_FEED = 10


cdef inline bint is_behind(const CardRow *row, const void *card, uint32_t at) noexcept nogil:
    """Whether a row is of a later card, or of this one and of after a moment."""
    return card_before(card, row) or (same_card(card, row) and row.valid_from > at)


cdef inline const CardRow *find_row(CardRegister register, const void *card,
                                    uint32_t at) noexcept nogil:
    """The card's row that is in force at a moment; NULL: it has none."""
    cdef Py_ssize_t first = 0, end = register._rows.shape[0], middle
    if not is_marked(register._cards, (<const CardKey *>card).card_hi,
                     (<const CardKey *>card).card_lo):
        return NULL
    while first < end:      # the first row behind
        middle = (first + end) >> 1
        if is_behind(&register._rows[middle], card, at):
            end = middle
        else:
            first = middle + 1
    if first == 0 or not same_card(&register._rows[first - 1], card):
        return NULL
    return &register._rows[first - 1]


cdef int stamp_rows(CardRegister register, Tap[::1] taps) except -1 nogil:
    """Set the generation of every tap."""
    cdef Py_ssize_t i
    cdef const CardRow *row
    for i in range(taps.shape[0]):
        row = find_row(register, &taps[i], time_of(&taps[i]))
        taps[i].generation = 0 if row == NULL else row.generation
    return 0


cdef int stop_rows(CardRegister register, const Tap[::1] taps, const uint32_t[::1] order,
                   const Pairing *pairing, uint16_t[::1] codes) except -1 nogil:
    """Give a Code to boardings and exits, of some cards in their order, that a card was not for."""
    cdef Py_ssize_t i
    cdef const Tap *tap
    cdef const CardRow *row
    for i in range(order.shape[0]):
        tap = &taps[order[i]]
        if tap.kind == TapKind.TOP_UP or tap.kind == TapKind.LOCK or gives_back(tap):
            continue
        if tap.blanks & NOT_ADMITTED:       # which is asked first
            continue
        row = find_row(register, tap, time_of(tap))
        if row == NULL:
            continue
        if row.status > CardStatus.ACTIVE:
            codes[order[i]] = Code.CARD_NOT_ACTIVE
        elif row.last_day and service_day_of(time_of(tap), pairing) > row.last_day:
            codes[order[i]] = Code.CARD_EXPIRED
    return 0


cdef int add_facts_rows(CardRegister register, const Tap[::1] taps,
                        Ride[::1] rides) except -1 nogil:
    """Fill in, of rides, what none of their taps says of the card."""
    cdef Py_ssize_t i
    cdef Ride *ride
    cdef const Tap *first
    cdef const Tap *last
    cdef const CardRow *row
    for i in range(rides.shape[0]):
        ride = &rides[i]
        row = find_row(register, ride, ride.started_at if ride.started_at else ride.ended_at)
        if row == NULL:
            continue
        first, last = &taps[ride.first_tap], &taps[ride.last_tap]
        check(same_card(first, ride), b"a ride is of its taps' card")
        if row.card_kind and first.blanks & last.blanks & BLANK_CARD_KIND:
            ride.card_kind = row.card_kind
        if first.born_day == 0 and last.born_day == 0:
            ride.age = age_on(ride.service_day, row.born_day)
        if (first.review_day == 0 and last.review_day == 0 and row.review_day != 0
                and row.review_day >= ride.service_day):
            ride.flags |= REVIEWED
    return 0


cdef class CardRegister:
    """The rows of a register, made ready to be looked up by card."""

    def __init__(self, rows not None):
        """rows: CARD_ROW, sorted by card and moment, each once. Raises ValueError."""
        cdef Py_ssize_t i
        cdef Py_ssize_t words = 1
        self.rows = rows
        self._rows = rows
        while words * 8 < self._rows.shape[0]:     # eight cards or fewer to a word
            words *= 2
        self._cards = np.zeros(words, np.uint64)
        self._stops = bool((rows["status"] > CardStatus.ACTIVE).any() or rows["last_day"].any())
        for i in range(1, self._rows.shape[0]):
            if card_before(&self._rows[i], &self._rows[i - 1]) or (
                    same_card(&self._rows[i], &self._rows[i - 1])
                    and self._rows[i].valid_from <= self._rows[i - 1].valid_from):
                raise ValueError(f"row {i} of the register is not behind the one before it")
        with nogil:
            for i in range(self._rows.shape[0]):
                mark_card(self._cards, self._rows[i].card_hi, self._rows[i].card_lo)

    def __len__(self):
        return self._rows.shape[0]

    def stamp(self, Tap[::1] taps not None):
        """Set the generation of every tap; 0 where the register has nothing of its time."""
        with nogil:
            stamp_rows(self, taps)


def read_cards(const uint8_t[::1] text not None, uint64_t[:, ::1] cards not None):
    """How many card numbers at the beginning of a text can be read, one in each line.

    text: each with a line feed behind it, and MARGIN more bytes behind the last. cards: a row of
    card_hi and card_lo for each. Raises ValueError where there is no such margin.
    """
    cdef Py_ssize_t at = 0, start, row, end = text.shape[0] - MARGIN_BYTES
    cdef Field field
    if end < 0 or cards.shape[1] != 2:
        raise ValueError(f"text: {text.shape[0]} bytes, cards: {cards.shape[1]} columns, expected "
                         f"{MARGIN_BYTES} bytes behind the text, and 2 columns")
    with nogil:
        for row in range(cards.shape[0]):
            start = at
            while at < end and text[at] != LINE_FEED:
                at += 1
            if at == end:
                break
            field.at, field.size = &text[start], <uint32_t>(at - start)
            if read_card(field, &cards[row, 0], &cards[row, 1]) != 0:
                break
            at += 1
        else:
            row = cards.shape[0]
    return row


MARGIN = MARGIN_BYTES
