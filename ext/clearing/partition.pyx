"""Which rows of an array belong to which partition of cards, and to cards of a run at all.

See partition.pxd. Cards of a run are marked in a bitmap: one bit a card, chosen by its mix, so that
rows of other cards are mostly passed over, and those of its own never.
"""

from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

from ext.cards cimport CardKey
from ext.checked cimport check
from ext.clearing.persons cimport Persons, partition_by_person

from ext.clearing import persons as people

MOST_PARTITIONS = PARTITION_LIMIT

cdef enum:
    MIXED_WORDS_MOST = 1 << 26      # 32 bits of a mix, of which 6 choose the bit


cdef uint32_t shift_for(Py_ssize_t partitions) except 0:
    """How far the mix is shifted to give that many partitions."""
    cdef uint32_t shift = 64
    if not 1 <= partitions <= PARTITION_LIMIT or partitions & (partitions - 1):
        raise ValueError(f"partitions: {partitions}, expected a power of two from 1 to "
                         f"{PARTITION_LIMIT}")
    while partitions > 1:
        partitions >>= 1
        shift -= 1
    return shift


def list_by_partition(const uint8_t[:, ::1] rows not None, Py_ssize_t partitions,
                      uint32_t[::1] listed not None, int64_t[::1] offsets not None,
                      Persons persons not None=people.NOBODY):
    """List the rows of each partition, in their old order.

    rows: records that begin with card_hi and card_lo, one row of bytes each, fewer than 2**32;
    those of partition p are listed[offsets[p]:offsets[p + 1]].
    Raises ValueError where lengths do not fit.
    """
    cdef uint32_t shift = shift_for(partitions)
    if rows.shape[1] < <Py_ssize_t>sizeof(CardKey) or rows.shape[0] > <Py_ssize_t>0xFFFFFFFF:
        raise ValueError(f"rows: {rows.shape[0]} of {rows.shape[1]} bytes, expected fewer than "
                         f"2**32 of {sizeof(CardKey)} at least")
    if listed.shape[0] != rows.shape[0] or offsets.shape[0] != partitions + 1:
        raise ValueError(f"rows: {rows.shape[0]}, listed: {listed.shape[0]}, offsets: "
                         f"{offsets.shape[0]} for {partitions} partitions")
    with nogil:
        _list_rows(rows, shift, listed, offsets, persons)


cdef int _list_rows(const uint8_t[:, ::1] rows, uint32_t shift, uint32_t[::1] listed,
                    int64_t[::1] offsets, Persons persons) except -1 nogil:
    cdef Py_ssize_t row, part, last = offsets.shape[0] - 1
    cdef int64_t count, first = 0
    offsets[:] = 0
    for row in range(rows.shape[0]):
        offsets[partition_by_person(persons, &rows[row, 0], shift)] += 1
    for part in range(last):
        count = offsets[part]
        offsets[part] = first
        first += count
    check(first == rows.shape[0], b"every row is of one partition")
    for row in range(rows.shape[0]):
        part = partition_by_person(persons, &rows[row, 0], shift)
        listed[offsets[part]] = <uint32_t>row
        offsets[part] += 1
    # Each offset now stands at its partition's end, which is where the next one begins.
    for part in range(last, 0, -1):
        offsets[part] = offsets[part - 1]
    offsets[0] = 0
    check(offsets[last] == rows.shape[0], b"partitions list every row")
    return 0


cdef check_filter(const uint64_t[::1] card_filter, const uint8_t[:, ::1] rows):
    if card_filter.shape[0] < 1 or card_filter.shape[0] & (card_filter.shape[0] - 1):
        raise ValueError(f"card_filter: {card_filter.shape[0]} words, expected a power of two")
    if rows.shape[1] < <Py_ssize_t>sizeof(CardKey):
        raise ValueError(f"rows: {rows.shape[1]} bytes each, expected {sizeof(CardKey)} at least")


def add_to_card_filter(const uint8_t[:, ::1] rows not None, uint64_t[::1] card_filter not None):
    """Mark the cards of records that begin with card_hi and card_lo, one row of bytes each.

    card_filter: a power of two of words, zeros at first. Raises ValueError.
    """
    cdef Py_ssize_t row
    cdef const CardKey *card
    check_filter(card_filter, rows)
    with nogil:
        for row in range(rows.shape[0]):
            card = <const CardKey *>&rows[row, 0]
            mark_card(card_filter, card.card_hi, card.card_lo)


def list_in_card_filter(const uint8_t[:, ::1] rows not None,
                        const uint64_t[::1] card_filter not None,
                        uint32_t[::1] listed not None):
    """How many rows are of marked cards (and of a few others); they are listed in their order.

    Raises ValueError where lengths do not fit.
    """
    cdef Py_ssize_t row, found = 0
    cdef const CardKey *card
    check_filter(card_filter, rows)
    if listed.shape[0] < rows.shape[0]:
        raise ValueError(f"listed: {listed.shape[0]} for {rows.shape[0]} rows")
    with nogil:
        for row in range(rows.shape[0]):
            card = <const CardKey *>&rows[row, 0]
            if is_marked(card_filter, card.card_hi, card.card_lo):
                listed[found] = <uint32_t>row
                found += 1
    return found


def mix_cards(const uint8_t[:, ::1] rows not None, uint32_t[::1] mixes not None):
    """What a filter looks for of each card, for whoever asks for the same rows again and again.

    rows: as for add_to_card_filter. Raises ValueError where lengths do not fit.
    """
    cdef Py_ssize_t row
    cdef const CardKey *card
    if rows.shape[1] < <Py_ssize_t>sizeof(CardKey) or mixes.shape[0] != rows.shape[0]:
        raise ValueError(f"rows: {rows.shape[0]} of {rows.shape[1]} bytes, mixes: "
                         f"{mixes.shape[0]}; expected as many, and {sizeof(CardKey)} bytes at "
                         "least")
    with nogil:
        for row in range(rows.shape[0]):
            card = <const CardKey *>&rows[row, 0]
            mixes[row] = <uint32_t>mix_card(card.card_hi, card.card_lo)


def list_mixes_in_card_filter(const uint32_t[::1] mixes not None,
                              const uint64_t[::1] card_filter not None,
                              uint32_t[::1] listed not None):
    """As list_in_card_filter, by what mix_cards made of the rows: a quarter of the bytes.

    Raises ValueError where lengths do not fit.
    """
    cdef Py_ssize_t row, found = 0
    cdef Py_ssize_t words = card_filter.shape[0]
    if words < 1 or words & (words - 1) or words > MIXED_WORDS_MOST:
        raise ValueError(f"card_filter: {words} words, expected a power of two up to "
                         f"{MIXED_WORDS_MOST}")
    if listed.shape[0] < mixes.shape[0]:
        raise ValueError(f"listed: {listed.shape[0]} for {mixes.shape[0]} rows")
    with nogil:
        for row in range(mixes.shape[0]):
            if is_mix_marked(card_filter, mixes[row]):
                listed[found] = <uint32_t>row
                found += 1
    return found
