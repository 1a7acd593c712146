"""Adds the legs of entries up to what each member owes another, per window and cause.

The rules are in clearing/reference/RULES.md section 6. The sums stand in a table that the caller
brings: open addressing, a power of two of rows, rows with `cause` 0 are free. What a reversal takes
back is negative, and so is its count.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint64_t

from ext.checked cimport CHECKED, add_i64, check
from ext.records cimport HELD, LEGS, REVERSAL, Entry, Flow, Legs

cdef enum:
    COUNT_MOST = 2147483647


cdef int owe(Flow[::1] sums, uint16_t window, uint16_t debtor, uint16_t creditor,
             uint8_t cause, int64_t amount, int32_t count, Py_ssize_t *free) except -1 nogil:
    """Add an amount to its row, or take a free one."""
    cdef uint64_t key, place
    cdef uint64_t mask = <uint64_t>sums.shape[0] - 1
    cdef int64_t total = 0, counted
    cdef Py_ssize_t probes
    key = (<uint64_t>window << 40) | (<uint64_t>debtor << 24) | (<uint64_t>creditor << 8) | cause
    place = (key * <uint64_t>0x9E3779B97F4A7C15) >> 32
    for probes in range(sums.shape[0]):
        place &= mask
        if sums[place].cause == 0:
            sums[place] = Flow(amount=0, count=0, window=window, debtor=debtor,
                               creditor=creditor, cause=cause, reserved=0, reserved_2=0)
            free[0] -= 1
        elif (sums[place].window != window or sums[place].debtor != debtor
              or sums[place].creditor != creditor or sums[place].cause != cause):
            place += 1
            continue
        counted = <int64_t>sums[place].count + count
        if not -COUNT_MOST <= counted <= COUNT_MOST:
            return OVERFLOWED
        if add_i64(sums[place].amount, amount, &total):
            return OVERFLOWED
        sums[place].amount = total
        sums[place].count = <int32_t>counted
        return ADDED
    return NO_ROOM


cdef int owe_for_entry(Flow[::1] sums, const Entry *entry,
                       Py_ssize_t *free) except -1 nogil:
    """Add all that one entry makes members owe; the first trouble, or ADDED."""
    cdef const Legs *legs = &entry.charge.legs
    cdef int trouble, leg
    cdef int32_t count = -1 if entry.ride.flags & REVERSAL else 1
    for leg in range(legs.count):
        if legs.amount[leg] == 0 or legs.debtor[leg] == legs.creditor[leg]:
            continue        # a member owes itself nothing
        trouble = owe(sums, entry.window, legs.debtor[leg], legs.creditor[leg], legs.cause[leg],
                      legs.amount[leg], count, free)
        if trouble != ADDED:
            return trouble
    return ADDED


cdef Py_ssize_t free_rows(const Flow[::1] sums) except -1 nogil:
    cdef Py_ssize_t i, free = 0
    for i in range(sums.shape[0]):
        free += sums[i].cause == 0
    return free


cdef int add_rows(const Entry[::1] entries, Flow[::1] sums, Py_ssize_t *free,
                  Py_ssize_t *done) except -1 nogil:
    """Add entries while there is room for a whole one; where it stopped and why.

    free: how many rows of sums are.
    """
    cdef Py_ssize_t i
    cdef int trouble
    for i in range(entries.shape[0]):
        done[0] = i
        if free[0] < LEGS:
            return NO_ROOM
        if entries[i].ride.flags & HELD:
            continue
        trouble = owe_for_entry(sums, &entries[i], free)
        if trouble != ADDED:
            return trouble
    done[0] = entries.shape[0]
    if CHECKED:
        check(free[0] == free_rows(sums), b"a row that is taken is no longer free")
    return ADDED


def add_flows(const Entry[::1] entries not None, Flow[::1] sums not None):
    """The number of entries added into `sums`; fewer than all where it has no more room.

    sums: a power of two of rows, zeroed at first. Call again with a larger table, into which
    merge_flows has copied the old one, and the entries that are left.
    Raises ValueError for a wrong size, OverflowError where a sum does not fit 64 bits,
    or its count 32.
    """
    cdef Py_ssize_t done = 0, free
    cdef int trouble
    if sums.shape[0] < 2 or sums.shape[0] & (sums.shape[0] - 1):
        raise ValueError(f"sums has {sums.shape[0]} rows: a power of two is needed")
    free = free_rows(sums)
    with nogil:
        trouble = add_rows(entries, sums, &free, &done)
    if trouble == OVERFLOWED:
        raise OverflowError(f"what one member owes another does not fit its row, at entry {done}")
    return done


def merge_flows(const Flow[::1] more not None, Flow[::1] sums not None):
    """True where all of `more` was added into `sums`; False where there is no room for it.

    Rows of `more` with cause 0 are free and passed over. Raises as add_flows.
    """
    cdef Py_ssize_t i, free
    cdef int trouble = ADDED
    if sums.shape[0] < 2 or sums.shape[0] & (sums.shape[0] - 1):
        raise ValueError(f"sums has {sums.shape[0]} rows: a power of two is needed")
    free = free_rows(sums)
    if free < more.shape[0] - free_rows(more):
        return False
    with nogil:
        for i in range(more.shape[0]):
            if more[i].cause == 0:
                continue
            trouble = owe(sums, more[i].window, more[i].debtor, more[i].creditor, more[i].cause,
                          more[i].amount, more[i].count, &free)
            if trouble != ADDED:
                break
    if trouble == OVERFLOWED:
        raise OverflowError("what one member owes another does not fit its row")
    return trouble == ADDED
