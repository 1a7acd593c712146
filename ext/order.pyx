"""Puts a partition's taps in order by card and time, and refuses what came twice.

Promise: the outcome depends on the taps alone, never on the order in which they came. The rules
are in clearing/reference/RULES.md section 1. The caller brings all memory.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from ext.codes cimport Code, TapKind
from ext.records cimport CARRIED, NO_TRANSFER, CardState, Tap

cdef enum:
    BOARDING = 0
    EXIT = 1
    EVENT = 2
    RUN_ROWS = 16           # runs this short are sorted by insertion before they are merged
    WINDOW = 64             # counters that a bitmap remembers below the highest

cdef packed struct Key:
    uint64_t card_hi
    uint64_t card_lo
    uint64_t major
    uint64_t minor
    uint32_t tap            # index into the partition's taps
    uint32_t reserved


cdef inline uint8_t class_of(uint8_t kind) noexcept nogil:
    """The class of a tap's identity: boarding, exit or event."""
    if kind == TapKind.OUT:
        return EXIT
    if kind == TapKind.TOP_UP or kind == TapKind.LOCK:
        return EVENT
    return BOARDING


cdef inline uint32_t time_of(const Tap *tap) noexcept nogil:
    """When the tap takes its place among the card's taps."""
    if tap.kind == TapKind.RIDE and tap.entered_at != 0:
        return tap.entered_at
    return tap.tapped_at


cdef inline bint before(const Key *a, const Key *b) noexcept nogil:
    if a.card_hi != b.card_hi:
        return a.card_hi < b.card_hi
    if a.card_lo != b.card_lo:
        return a.card_lo < b.card_lo
    if a.major != b.major:
        return a.major < b.major
    return a.minor < b.minor


cdef inline bint same_card(const Key *a, const Key *b) noexcept nogil:
    return a.card_hi == b.card_hi and a.card_lo == b.card_lo


cdef void insertion_sort(Key *keys, Py_ssize_t count) noexcept nogil:
    """Sort a short run in place."""
    cdef Py_ssize_t i, j
    cdef Key key
    for i in range(1, count):
        if not before(&keys[i], &keys[i - 1]):
            continue
        key = keys[i]
        j = i
        while j > 0 and before(&key, &keys[j - 1]):
            keys[j] = keys[j - 1]
            j -= 1
        keys[j] = key


cdef void merge(Key *source, Key *target, Py_ssize_t low, Py_ssize_t middle,
                Py_ssize_t high) noexcept nogil:
    """Merge two sorted neighbours of source into target; a copy where they are in order already."""
    cdef Py_ssize_t left = low, right = middle, out = low
    if middle >= high or not before(&source[middle], &source[middle - 1]):
        memcpy(&target[low], &source[low], (high - low) * sizeof(Key))
        return
    while left < middle and right < high:
        if before(&source[right], &source[left]):
            target[out] = source[right]
            right += 1
        else:
            target[out] = source[left]
            left += 1
        out += 1
    if left < middle:
        memcpy(&target[out], &source[left], (middle - left) * sizeof(Key))
    else:
        memcpy(&target[out], &source[right], (high - right) * sizeof(Key))


cdef void sort_keys(Key *keys, Key *scratch, Py_ssize_t count) noexcept nogil:
    """Sort keys, stably, in time n log n whatever they are; nearly sorted keys are quick."""
    cdef Py_ssize_t low, width = RUN_ROWS
    cdef Key *source = keys
    cdef Key *target = scratch
    cdef Key *swap
    low = 0
    while low < count:
        insertion_sort(&keys[low], min(<Py_ssize_t>RUN_ROWS, count - low))
        low += RUN_ROWS
    while width < count:
        low = 0
        while low < count:
            merge(source, target, low, min(low + width, count), min(low + 2 * width, count))
            low += 2 * width
        swap = source
        source = target
        target = swap
        width *= 2
    if source != keys:
        memcpy(keys, source, count * sizeof(Key))


cdef bint same_content(const Tap *a, const Tap *b) noexcept nogil:
    """Whether two taps say the same of everything but where they came from."""
    return (
        a.due == b.due and a.paid == b.paid and a.balance_before == b.balance_before
        and a.tapped_at == b.tapped_at and a.entered_at == b.entered_at
        and a.device == b.device and a.device_seq == b.device_seq and a.line == b.line
        and a.vehicle == b.vehicle and a.stop == b.stop and a.entry_stop == b.entry_stop
        and a.distance_m == b.distance_m and a.tac == b.tac
        and a.operator == b.operator and a.issuer == b.issuer and a.mode == b.mode
        and a.kind == b.kind and a.medium == b.medium and a.card_kind == b.card_kind
        and a.direction == b.direction and a.key_version == b.key_version
        and a.algorithm == b.algorithm
        and a.born_day == b.born_day and a.review_day == b.review_day
        and (a.flags & ~CARRIED) == (b.flags & ~CARRIED)
    )


cdef int judge_group(const Tap[::1] taps, const Key *group, Py_ssize_t count,
                      uint16_t[::1] codes) except -1 nogil:
    """Write the codes of records with one identity; the first is the lowest (file, line)."""
    cdef Py_ssize_t i, carried = -1
    cdef bint differ = False
    for i in range(count):
        if taps[group[i].tap].flags & CARRIED:
            carried = i
        if not same_content(&taps[group[i].tap], &taps[group[0].tap]):
            differ = True
    if carried >= 0:
        for i in range(count):
            if i == carried:
                continue
            codes[group[i].tap] = (
                Code.DUPLICATE if same_content(&taps[group[i].tap], &taps[group[carried].tap])
                else Code.CONFLICT
            )
        return 0
    for i in range(count):
        if differ:
            codes[group[i].tap] = Code.CONFLICT
        elif i > 0:
            codes[group[i].tap] = Code.DUPLICATE
    return 0


cdef Py_ssize_t order_rows(const Tap[::1] taps, Key *keys, Key *scratch, uint32_t[::1] order,
                           uint16_t[::1] codes) except -1 nogil:
    """Refuse duplicates and conflicts, then list what is kept by (card, time); how many are."""
    cdef Py_ssize_t count = taps.shape[0], i, first, kept = 0
    for i in range(count):
        codes[i] = Code.OK
        keys[i].card_hi = taps[i].card_hi
        keys[i].card_lo = taps[i].card_lo
        keys[i].major = (<uint64_t>taps[i].card_seq << 2) | class_of(taps[i].kind)
        keys[i].minor = (<uint64_t>taps[i].source_file << 32) | taps[i].source_line
        keys[i].tap = <uint32_t>i
        keys[i].reserved = 0
    sort_keys(keys, scratch, count)
    first = 0
    while first < count:
        i = first + 1
        while (i < count and same_card(&keys[i], &keys[first])
               and keys[i].major == keys[first].major):
            i += 1
        if i > first + 1:
            judge_group(taps, &keys[first], i - first, codes)
        first = i
    for i in range(count):
        if codes[keys[i].tap] != Code.OK:
            continue
        keys[kept] = keys[i]
        keys[kept].major = ((<uint64_t>time_of(&taps[keys[i].tap]) << 2)
                            | class_of(taps[keys[i].tap].kind))
        keys[kept].minor = (<uint64_t>taps[keys[i].tap].card_seq << 8) | taps[keys[i].tap].kind
        kept += 1
    sort_keys(keys, scratch, kept)
    for i in range(kept):
        order[i] = keys[i].tap
    return kept


def order_taps(const Tap[::1] taps not None, uint32_t[::1] order not None,
               uint16_t[::1] codes not None, uint8_t[::1] scratch not None):
    """The number of taps kept: their indexes stand in `order`, and every tap has a code.

    taps, order and codes have one row per tap; scratch has SCRATCH_BYTES per tap.
    Raises ValueError where the lengths differ.
    """
    cdef Py_ssize_t count = taps.shape[0], kept
    if order.shape[0] != count or codes.shape[0] != count:
        raise ValueError(f"taps has {count} rows, order {order.shape[0]}, codes {codes.shape[0]}: "
                         "they need one row per tap")
    if scratch.shape[0] < count * 2 * <Py_ssize_t>sizeof(Key):
        raise ValueError(f"scratch has {scratch.shape[0]} bytes for {count} taps: "
                         f"bring {2 * sizeof(Key)} per tap")
    if count == 0:
        return 0
    with nogil:
        kept = order_rows(taps, <Key *>&scratch[0], (<Key *>&scratch[0]) + count, order, codes)
    return kept


SCRATCH_BYTES = 2 * sizeof(Key)


cdef inline bint seen(const CardState *state, const Tap *tap) noexcept nogil:
    """Whether the state may have seen the tap's counter; below the window it cannot tell: yes."""
    cdef uint8_t tap_class = class_of(tap.kind)
    cdef uint64_t bits = state.seen_boardings
    cdef uint32_t behind
    if tap.card_seq > state.highest_seq:
        return False
    behind = state.highest_seq - tap.card_seq
    if tap_class == EXIT:
        bits = state.seen_exits
    elif tap_class == EVENT:
        bits = state.seen_events
    if behind >= WINDOW:
        return True
    return (bits >> behind) & 1 != 0


cdef Py_ssize_t find_seen_rows(const Tap[::1] taps, const uint32_t[::1] order,
                               const CardState[::1] states, uint32_t[::1] suspects) except -1 nogil:
    """List the kept taps that earlier runs may have accepted; how many there are."""
    cdef Py_ssize_t i, state = 0, found = 0
    cdef const Tap *tap
    for i in range(order.shape[0]):
        tap = &taps[order[i]]
        while state < states.shape[0] and (
            states[state].card_hi < tap.card_hi
            or (states[state].card_hi == tap.card_hi and states[state].card_lo < tap.card_lo)
        ):
            state += 1
        if state == states.shape[0]:
            break
        if tap.flags & CARRIED:
            continue
        if (states[state].card_hi == tap.card_hi and states[state].card_lo == tap.card_lo
                and seen(&states[state], tap)):
            suspects[found] = order[i]
            found += 1
    return found


def find_seen(const Tap[::1] taps not None, const uint32_t[::1] order not None,
              const CardState[::1] states not None, uint32_t[::1] suspects not None):
    """The number of kept taps whose counter an earlier run may have accepted, listed in `suspects`.

    order: kept taps by card, as order_taps leaves them; states: sorted by card; suspects: one row
    per kept tap. Raises ValueError where suspects is too short.
    """
    cdef Py_ssize_t found
    if suspects.shape[0] < order.shape[0]:
        raise ValueError(f"suspects has {suspects.shape[0]} rows for {order.shape[0]} kept taps")
    with nogil:
        found = find_seen_rows(taps, order, states, suspects)
    return found


cdef inline uint64_t *bits_of(CardState *state, uint8_t tap_class) noexcept nogil:
    if tap_class == EXIT:
        return &state.seen_exits
    if tap_class == EVENT:
        return &state.seen_events
    return &state.seen_boardings


cdef inline void remember(CardState *state, const Tap *tap) noexcept nogil:
    """Set the tap's bit, sliding the windows up to a counter higher than all before."""
    cdef uint32_t ahead, behind
    cdef uint64_t *bits = bits_of(state, class_of(tap.kind))
    if tap.card_seq > state.highest_seq:
        ahead = tap.card_seq - state.highest_seq
        state.seen_boardings = state.seen_boardings << ahead if ahead < WINDOW else 0
        state.seen_exits = state.seen_exits << ahead if ahead < WINDOW else 0
        state.seen_events = state.seen_events << ahead if ahead < WINDOW else 0
        state.highest_seq = tap.card_seq
    behind = state.highest_seq - tap.card_seq
    if behind < WINDOW:
        bits[0] |= <uint64_t>1 << behind


cdef Py_ssize_t open_states_rows(const Tap[::1] taps, const uint32_t[::1] order,
                                 const CardState[::1] states,
                                 CardState[::1] opened) except -1 nogil:
    """Copy, or begin, the state of every card that has a kept tap; how many cards there are."""
    cdef Py_ssize_t i, state = 0, cards = 0
    cdef const Tap *tap
    for i in range(order.shape[0]):
        tap = &taps[order[i]]
        if (cards > 0 and opened[cards - 1].card_hi == tap.card_hi
                and opened[cards - 1].card_lo == tap.card_lo):
            continue
        while state < states.shape[0] and (
            states[state].card_hi < tap.card_hi
            or (states[state].card_hi == tap.card_hi and states[state].card_lo < tap.card_lo)
        ):
            state += 1
        if (state < states.shape[0] and states[state].card_hi == tap.card_hi
                and states[state].card_lo == tap.card_lo):
            opened[cards] = states[state]
        else:
            memset(&opened[cards], 0, sizeof(CardState))
            opened[cards].card_hi = tap.card_hi
            opened[cards].card_lo = tap.card_lo
            opened[cards].transfers = NO_TRANSFER
        cards += 1
    return cards


def open_states(const Tap[::1] taps not None, const uint32_t[::1] order not None,
                const CardState[::1] states not None, CardState[::1] opened not None):
    """The number of cards with a kept tap; `opened` holds their states before this run.

    order: kept taps by card; states: sorted by card; opened: one row per kept tap at most.
    Raises ValueError where opened is too short.
    """
    cdef Py_ssize_t cards
    if opened.shape[0] < order.shape[0]:
        raise ValueError(f"opened has {opened.shape[0]} rows for {order.shape[0]} kept taps")
    with nogil:
        cards = open_states_rows(taps, order, states, opened)
    return cards


cdef int remember_rows(const Tap[::1] taps, const uint32_t[::1] order, const uint16_t[::1] codes,
                       CardState[::1] states) except -1 nogil:
    cdef Py_ssize_t i, state = 0
    cdef const Tap *tap
    for i in range(order.shape[0]):
        tap = &taps[order[i]]
        while states[state].card_hi != tap.card_hi or states[state].card_lo != tap.card_lo:
            state += 1
        if codes[order[i]] == Code.OK:
            remember(&states[state], tap)
    return 0


def remember_taps(const Tap[::1] taps not None, const uint32_t[::1] order not None,
                  const uint16_t[::1] codes not None, CardState[::1] states not None):
    """Mark the counters of accepted taps as seen, in the states that open_states opened.

    codes: one row per tap, with what pricing refused. Raises ValueError where codes does not fit.
    """
    if codes.shape[0] != taps.shape[0]:
        raise ValueError(f"taps has {taps.shape[0]} rows, codes {codes.shape[0]}")
    with nogil:
        remember_rows(taps, order, codes, states)
