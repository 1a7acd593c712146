"""What a ledger has to change for what its cards' records say now.

Two lists of entries of the same cards are walked together: those that were just made, and those
that stand in the ledger. Equal ones stay; of the others, the ledger's are taken back by a reversal,
and the new ones are entered. The rules are in clearing/reference/RULES.md section 7.
"""

from libc.stdint cimport uint16_t, uint32_t

from ext.cards cimport card_before, same_card
from ext.checked cimport check
from ext.codes cimport Reason
from ext.records cimport REVERSAL, Charge, Entry, Legs, Ride


cdef inline uint32_t ride_time(const Ride *ride) noexcept nogil:
    return ride.started_at if ride.started_at else ride.ended_at


cdef int compare_places(const Entry *a, const Entry *b) noexcept nogil:
    """Where two entries stand to each other: by card, ride time, way in before way out, counter."""
    if not same_card(a, b):
        return -1 if card_before(a, b) else 1
    if ride_time(&a.ride) != ride_time(&b.ride):
        return -1 if ride_time(&a.ride) < ride_time(&b.ride) else 1
    if (a.ride.started_at == 0) != (b.ride.started_at == 0):
        return -1 if b.ride.started_at == 0 else 1
    if a.ride.card_seq != b.ride.card_seq:
        return -1 if a.ride.card_seq < b.ride.card_seq else 1
    return 0


cdef bint same_ride(const Ride *a, const Ride *b) noexcept nogil:
    return (
        a.started_at == b.started_at and a.ended_at == b.ended_at and a.out_seq == b.out_seq
        and a.device_seq == b.device_seq and a.device == b.device and a.line == b.line
        and a.vehicle == b.vehicle and a.from_stop == b.from_stop and a.to_stop == b.to_stop
        and a.distance_m == b.distance_m and a.operator == b.operator and a.issuer == b.issuer
        and a.service_day == b.service_day and a.mode == b.mode and a.medium == b.medium
        and a.card_kind == b.card_kind and a.state == b.state and a.flags == b.flags
        and a.age == b.age
    )


cdef bint same_charge(const Charge *a, const Charge *b) noexcept nogil:
    cdef int leg
    cdef const Legs *mine = &a.legs
    cdef const Legs *other = &b.legs
    if (a.due != b.due or a.price != b.price or a.paid != b.paid or a.variance != b.variance
            or a.uncollected != b.uncollected or a.rule != b.rule or a.table != b.table
            or mine.count != other.count):
        return False
    for leg in range(mine.count):
        if (mine.amount[leg] != other.amount[leg] or mine.rule[leg] != other.rule[leg]
                or mine.debtor[leg] != other.debtor[leg]
                or mine.creditor[leg] != other.creditor[leg]
                or mine.cause[leg] != other.cause[leg]):
            return False
    return True


cdef int reverse(Entry *entry, uint16_t first_open) except -1 nogil:
    """Make of an entry what takes it back: in its window, or in the first that is open."""
    cdef Charge *charge = &entry.charge
    cdef int leg
    check(not entry.ride.flags & REVERSAL, b"what is taken back is no reversal")
    entry.ride.flags |= REVERSAL
    charge.due, charge.price = -charge.due, -charge.price
    charge.paid, charge.variance = -charge.paid, -charge.variance
    charge.uncollected = -charge.uncollected
    for leg in range(charge.legs.count):
        charge.legs.amount[leg] = -charge.legs.amount[leg]
    entry.reason = Reason.SUPERSEDED
    if entry.window < first_open:
        entry.window = first_open
        entry.reason = Reason.LATE_RECORD
    return 0


cdef Py_ssize_t change_rows(const Entry[::1] made, const Entry[::1] ledger, uint16_t first_open,
                            Entry[::1] changes) except -1 nogil:
    cdef Py_ssize_t new = 0, old = 0, count = 0
    cdef int place
    while new < made.shape[0] or old < ledger.shape[0]:
        place = -1 if old == ledger.shape[0] else 1
        if new < made.shape[0] and old < ledger.shape[0]:
            place = compare_places(&made[new], &ledger[old])
        if place == 0 and same_ride(&made[new].ride, &ledger[old].ride) and (
                same_charge(&made[new].charge, &ledger[old].charge)):
            new += 1
            old += 1
            continue
        if place >= 0:
            changes[count] = ledger[old]
            reverse(&changes[count], first_open)
            old += 1
            count += 1
        if place <= 0:
            changes[count] = made[new]
            if place == 0:
                changes[count].replaces = changes[count - 1].replaces
            new += 1
            count += 1
    return count


def list_changes(const Entry[::1] made not None, const Entry[::1] ledger not None,
                 uint16_t first_open, Entry[::1] changes not None):
    """The number of entries to write, which are filled into `changes`.

    made: entries of some cards as their records have them now; ledger: those that stand there for
    the same stretch of the same cards, their `replaces` saying which run wrote them. Both by card,
    ride time, way in before way out, counter. first_open: the first window that is not closed.
    changes: room for both together. Raises ValueError where it is too short.
    """
    cdef Py_ssize_t count
    if changes.shape[0] < made.shape[0] + ledger.shape[0]:
        raise ValueError(f"changes has {changes.shape[0]} rows for {made.shape[0]} entries and "
                         f"{ledger.shape[0]} of the ledger")
    with nogil:
        count = change_rows(made, ledger, first_open, changes)
    return count
