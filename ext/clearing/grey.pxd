"""Grey records (闪卡): the card was gone before it gave its code, and maybe before it paid.

The record that the card has next tells, by its balance. The rules are in
clearing/reference/RULES.md section 4.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t

from ext.cards cimport same_card
from ext.checked cimport check
from ext.clearing.identity cimport gives_back
from ext.clearing.journeys cimport Pairing, service_day_of
from ext.clearing.order cimport time_of
from ext.codes cimport Code, TapKind
from ext.records cimport HAS_BALANCE, HAS_PAID, HAS_TAC, Tap

cdef enum:
    GREY_TAC = 0xFFFFFFFF
    UNSHOWN = 65533         # beside Code, until entries are made: no record shows that it was paid


cdef inline bint is_grey(const Tap *tap) noexcept nogil:
    """Whether a record claims money that its card did not sign."""
    return (tap.tac == GREY_TAC and tap.flags & HAS_TAC and tap.flags & HAS_PAID
            and tap.paid > 0 and tap.kind != TapKind.TOP_UP and tap.kind != TapKind.LOCK)


cdef inline bint shows(const Tap *following, const Tap *grey,
                       const Pairing *pairing) noexcept nogil:
    """Whether the tap behind a grey one, of any card, has the balance that the grey one left."""
    return (same_card(following, grey) and following.generation == grey.generation
            and (service_day_of(time_of(following), pairing)
                 == service_day_of(time_of(grey), pairing))
            and following.card_seq - grey.card_seq <= 1
            and following.flags & HAS_BALANCE and grey.flags & HAS_BALANCE
            and following.balance_before == grey.balance_before - grey.paid)


cdef inline Py_ssize_t mark_unshown(const Tap[::1] taps, const uint32_t[::1] order,
                                    const Pairing *pairing, uint16_t[::1] codes) except -1 nogil:
    """Mark the grey taps, of some cards in their order, whose payment nothing shows; how many."""
    cdef Py_ssize_t i, marked = 0
    cdef int64_t grey = -1
    cdef const Tap *tap
    for i in range(order.shape[0]):
        tap = &taps[order[i]]
        if tap.kind == TapKind.TOP_UP or tap.kind == TapKind.LOCK or gives_back(tap):
            continue
        if grey >= 0 and not shows(tap, &taps[grey], pairing):
            codes[grey] = UNSHOWN
            marked += 1
        # An exit that was stopped makes no ride, and keeps its code.
        grey = order[i] if is_grey(tap) and codes[order[i]] == Code.OK else -1
    if grey >= 0:
        codes[grey] = UNSHOWN
        marked += 1
    check(marked <= order.shape[0], b"a tap is marked once")
    return marked


cdef inline int unmark(const uint32_t[::1] order, uint16_t[::1] codes) except -1 nogil:
    """Take the marks off again, once entries are made."""
    cdef Py_ssize_t i
    for i in range(order.shape[0]):
        if codes[order[i]] == UNSHOWN:
            codes[order[i]] = Code.OK
    return 0
