"""Puts a partition's taps in order by card, day and counter, and refuses what came twice.

Promise: the outcome depends on the taps alone, never on the order in which they came. The rules
are in clearing/reference/RULES.md sections 1 and 2. The caller brings all memory.

Cards are found with a hash table and put in order; then each card's few taps are sorted by time.
Only where a card's counters do not ascend with time are they sorted by identity first, and each of
its days is looked at: whether its counters or its clocks say what came first.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memcpy, memset

from ext.cards cimport card_before, same_card, seek_card
from ext.checked cimport CHECKED, check
from ext.civil cimport clock_of
from ext.codes cimport Code, CorrectionKind, TapKind
from ext.clearing.identity cimport (
    EVENT, EXIT, NOT_PAIRED, Merging, class_of, gives_back, judge_group,
)
from ext.clearing.journeys cimport Pairing, service_day_of
from ext.clearing.keys cimport Key, before, sort_keys
from ext.records cimport BY_COUNTER, CARRIED, NO_TRANSFER, SET_ASIDE, CardState, CivilOffset, Tap

cdef enum:
    SEEN_BITS = 64          # counters that a bitmap remembers, the highest included

cdef packed struct Group:       # the taps of one card
    uint64_t card_hi
    uint64_t card_lo
    uint32_t first          # place of its first tap among all, groups being in the order of cards
    uint32_t count


cdef uint32_t time_of(const Tap *tap) noexcept nogil:
    """When the tap takes its place among the card's taps."""
    if tap.kind == TapKind.RIDE and tap.in_at != 0:
        return tap.in_at
    return tap.tapped_at


cdef inline uint64_t hash_card(uint64_t high, uint64_t low) noexcept nogil:
    cdef uint64_t mixed = (high ^ low * <uint64_t>0x9E3779B97F4A7C15) * <uint64_t>0xD6E8FEB86659FD93
    return mixed ^ mixed >> 32


cdef Py_ssize_t group_hashed(const Tap[::1] taps, Group *groups, uint32_t *slots, uint64_t mask,
                             uint32_t *owners) except -2 nogil:
    """Find the taps' cards with a hash table; how many, or -1 where too many share their hash.

    slots: zeros; group number and one, by hash. owners: by tap, the number of its group.
    """
    cdef Py_ssize_t i, count = taps.shape[0], made = 0, spare = 8 * count + 64
    cdef uint64_t slot
    for i in range(count):
        slot = hash_card(taps[i].card_hi, taps[i].card_lo) & mask
        while slots[slot] and not same_card(&groups[slots[slot] - 1], &taps[i]):
            slot = (slot + 1) & mask
            spare -= 1
            if spare < 0:
                return -1
        if slots[slot] == 0:
            groups[made] = Group(card_hi=taps[i].card_hi, card_lo=taps[i].card_lo, first=0,
                                 count=0)
            made += 1
            slots[slot] = <uint32_t>made
        owners[i] = slots[slot] - 1
        groups[owners[i]].count += 1
    return made


cdef Py_ssize_t group_sorted(const Tap[::1] taps, Group *groups, Key *keys, Key *spare,
                             uint32_t *owners) except -1 nogil:
    """The same by sorting: somebody chose cards that share their hash."""
    cdef Py_ssize_t i, count = taps.shape[0], made = 0
    for i in range(count):
        keys[i] = Key(major=taps[i].card_hi, minor=taps[i].card_lo, index=<uint32_t>i, reserved=0)
    sort_keys(keys, spare, count)
    for i in range(count):
        if i == 0 or before(&keys[i - 1], &keys[i]):
            groups[made] = Group(card_hi=keys[i].major, card_lo=keys[i].minor, first=0, count=0)
            made += 1
        owners[keys[i].index] = <uint32_t>made - 1
        groups[made - 1].count += 1
    return made


cdef void place_groups(Group *groups, Py_ssize_t made, Key *keys, Key *spare) noexcept nogil:
    """Give every group its place, in the order of cards; keys then lists them in that order."""
    cdef Py_ssize_t i
    cdef uint32_t first = 0
    for i in range(made):
        keys[i] = Key(major=groups[i].card_hi, minor=groups[i].card_lo, index=<uint32_t>i,
                      reserved=0)
    sort_keys(keys, spare, made)
    for i in range(made):
        groups[keys[i].index].first = first
        first += groups[keys[i].index].count


cdef inline uint64_t numbered(const Tap *tap) noexcept nogil:
    """The card's counter, behind those of the generations of its number that were before."""
    return <uint64_t>tap.generation << 32 | <uint64_t>tap.card_seq


cdef inline Key key_by_time(const Tap *tap, uint32_t index) noexcept nogil:
    # Within a second the counter decides; the kind is there for what is still to be judged.
    return Key(major=time_of(tap),
               minor=(numbered(tap) << 8 | <uint64_t>class_of(tap.kind) << 6
                      | <uint64_t>tap.kind),
               index=index, reserved=0)


cdef inline Key key_by_counter(const Tap *tap, uint32_t index) noexcept nogil:
    return Key(major=numbered(tap) << 2 | class_of(tap.kind), minor=time_of(tap),
               index=index, reserved=0)


cdef inline Key key_by_identity(const Tap *tap, uint32_t index) noexcept nogil:
    return Key(major=numbered(tap) << 2 | class_of(tap.kind),
               minor=<uint64_t>tap.source_file << 32 | tap.source_line, index=index, reserved=0)


cdef inline bint counters_ascend(const Key *keys, Py_ssize_t count) noexcept nogil:
    """Whether no two taps, by time, can have one identity: each counter is above the last."""
    cdef Py_ssize_t i
    for i in range(1, count):
        if keys[i].minor >> 8 <= keys[i - 1].minor >> 8:
            return False
    return True


cdef inline bint makes_no_ride(const Tap *tap) noexcept nogil:
    """Whether a tap is there to judge others by, even where it is kept itself."""
    return (tap.correction == CorrectionKind.CANCEL
            or tap.flags & SET_ASIDE != 0 and not gives_back(tap))


cdef inline bint is_event(const Tap *tap) noexcept nogil:
    """Whether a tap, of those to be paired, is no boarding and no exit: refunds are neither."""
    return class_of(tap.kind) == EVENT or gives_back(tap)


cdef bint clocks_follow(const Tap[::1] taps, const Key *keys, Py_ssize_t count) except -1 nogil:
    """Whether boardings and exits, by time, are in the order of their counters, too."""
    cdef Py_ssize_t i
    cdef uint64_t last = 0
    for i in range(count):
        if is_event(&taps[keys[i].index]):
            continue
        if keys[i].minor < last:
            return False
        last = keys[i].minor
    return True


cdef int64_t contradiction(const Tap[::1] taps, const Key *keys,
                           Py_ssize_t count) except -1 nogil:
    """By how many seconds, at most, a tap's clock is behind that of one before it by counter."""
    cdef Py_ssize_t i
    cdef int64_t time, latest = 0, most = 0
    for i in range(count):
        if is_event(&taps[keys[i].index]):
            continue
        time = <int64_t>keys[i].minor
        most = max(most, latest - time)
        latest = max(latest, time)
    return most


cdef int mark_by_counter(Tap[::1] taps, const Key *keys, Py_ssize_t count) except -1 nogil:
    """Mark the boardings and exits of a day that another one follows."""
    cdef Py_ssize_t i
    cdef Tap *last = NULL
    for i in range(count):
        if is_event(&taps[keys[i].index]):
            continue
        if last != NULL:
            last.flags |= BY_COUNTER
        last = &taps[keys[i].index]
    return 0


cdef int order_day(Tap[::1] taps, Key *keys, Key *spare, Py_ssize_t count,
                   int64_t tolerance_s) except -1 nogil:
    """Put one day's kept taps, sorted by time, in the order of the counter if clocks allow it."""
    cdef Py_ssize_t i
    if clocks_follow(taps, keys, count):
        return 0
    for i in range(count):
        keys[i] = key_by_counter(&taps[keys[i].index], keys[i].index)
    sort_keys(keys, spare, count)
    if contradiction(taps, keys, count) <= tolerance_s:
        mark_by_counter(taps, keys, count)
        return 0
    for i in range(count):
        keys[i] = key_by_time(&taps[keys[i].index], keys[i].index)
    sort_keys(keys, spare, count)
    return 0


cdef int order_days(Tap[::1] taps, Key *keys, Key *spare, Py_ssize_t count,
                    const Pairing *pairing) except -1 nogil:
    """Put each day of a card's kept taps, sorted by time, in the order of RULES section 2.

    A generation's taps are behind those of the one before it: it goes by their time.
    """
    cdef Py_ssize_t first = 0, end
    cdef uint16_t day, generation
    while first < count:
        day = service_day_of(<uint32_t>keys[first].major, pairing)
        generation = taps[keys[first].index].generation
        end = first + 1
        while (end < count and service_day_of(<uint32_t>keys[end].major, pairing) == day
               and taps[keys[end].index].generation == generation):
            end += 1
        order_day(taps, &keys[first], spare, end - first, pairing.clock_tolerance_s)
        first = end
    return 0


cdef Py_ssize_t judge_card(Tap[::1] taps, const Pairing *pairing, Key *keys, Key *spare,
                           Py_ssize_t count, uint16_t[::1] codes,
                           Merging *merging) except -1 nogil:
    """Refuse what came twice among one card's taps; keys lists what is to be paired, in order."""
    cdef Py_ssize_t i, first = 0, kept = 0
    cdef uint32_t index
    for i in range(count):
        keys[i] = key_by_identity(&taps[keys[i].index], keys[i].index)
    sort_keys(keys, spare, count)
    while first < count:
        i = first + 1
        while i < count and keys[i].major == keys[first].major:
            i += 1
        if i > first + 1:
            judge_group(taps, &keys[first], i - first, codes, merging)
        first = i
    for i in range(count):
        index = keys[i].index
        if codes[index] == NOT_PAIRED:
            codes[index] = Code.OK
        elif codes[index] == Code.OK and not makes_no_ride(&taps[index]):
            keys[kept] = key_by_time(&taps[index], index)
            kept += 1
    sort_keys(keys, spare, kept)
    if not clocks_follow(taps, keys, kept):
        order_days(taps, keys, spare, kept, pairing)
    return kept


cdef inline Py_ssize_t order_card(Tap[::1] taps, const Pairing *pairing, const uint32_t *listed,
                                  Py_ssize_t count, Key *keys, Key *spare, uint32_t *order,
                                  uint16_t[::1] codes, Merging *merging) except -1 nogil:
    """The same for one card; mostly its taps came in the order of time, each counter once."""
    cdef Py_ssize_t i
    cdef bint judge = False
    for i in range(count):
        keys[i] = key_by_time(&taps[listed[i]], listed[i])
        judge |= makes_no_ride(&taps[listed[i]])
    sort_keys(keys, spare, count)
    if judge or not counters_ascend(keys, count):
        count = judge_card(taps, pairing, keys, spare, count, codes, merging)
    for i in range(count):
        order[i] = keys[i].index
    return count


cdef Py_ssize_t order_rows(Tap[::1] taps, const Pairing *pairing, uint8_t *scratch,
                           uint32_t[::1] order, uint16_t[::1] codes, uint32_t *by_card,
                           Merging *merging) except -1 nogil:
    """Refuse what came twice or is corrected, then list by card and in order what makes rides.

    Refunds are among them.
    Taps that stand before others by their counter, and not by the clocks, get BY_COUNTER. Where
    several records are one, the one that is listed says what all of them say.
    by_card: lists every tap, card by card, whatever its code; or NULL.
    """
    cdef Py_ssize_t count = taps.shape[0], made, i, group, size, kept = 0
    cdef Key *keys = <Key *>scratch
    cdef Key *spare = keys + count
    cdef Group *groups = <Group *>(spare + count)
    cdef uint32_t *owners = <uint32_t *>(groups + count)
    cdef uint32_t *listed = owners + count
    cdef uint32_t *slots = listed + count
    cdef uint64_t mask = 1
    while mask < <uint64_t>count * 2 - 1:
        mask = mask << 1 | 1
    memset(slots, 0, (mask + 1) * sizeof(uint32_t))
    made = group_hashed(taps, groups, slots, mask, owners)
    if made < 0:
        made = group_sorted(taps, groups, keys, spare, owners)
    place_groups(groups, made, keys, spare)
    for i in range(count):
        codes[i] = Code.OK
        listed[groups[owners[i]].first] = <uint32_t>i
        groups[owners[i]].first += 1
    # Each `first` now stands behind its group. The keys of groups make room, one by one.
    i = 0
    for group in range(made):
        slots[group] = keys[group].index
    for group in range(made):
        size = groups[slots[group]].count
        kept += order_card(taps, pairing, &listed[i], size, keys, spare, &order[kept], codes,
                           merging)
        i += size
    check(i == count, b"every tap is in one group")
    if CHECKED:
        check_order(taps, pairing, order, kept, codes, merging)
    if by_card != NULL:
        memcpy(by_card, listed, count * sizeof(uint32_t))
    return kept


cdef int check_order(const Tap[::1] taps, const Pairing *pairing, const uint32_t[::1] order,
                     Py_ssize_t kept, const uint16_t[::1] codes,
                     const Merging *merging) except -1 nogil:
    """Every tap is listed, has a code or makes no ride; what is listed is by card and day."""
    cdef Py_ssize_t i, accepted = 0, makes_none = 0
    cdef const Tap *tap
    cdef const Tap *last
    for i in range(taps.shape[0]):
        accepted += codes[i] == Code.OK
        makes_none += codes[i] == Code.OK and makes_no_ride(&taps[i])
    check(kept + max(makes_none, merging.not_paired) <= accepted <= (
              kept + makes_none + merging.not_paired),
          b"every tap is kept, has a code, or makes no ride")
    for i in range(1, kept):
        tap, last = &taps[order[i]], &taps[order[i - 1]]
        check(not card_before(tap, last), b"kept taps are listed by card")
        if not same_card(tap, last):
            continue
        check(service_day_of(time_of(last), pairing) <= service_day_of(time_of(tap), pairing),
              b"a card's kept taps are listed by day")
        check(time_of(last) <= time_of(tap) or last.flags & BY_COUNTER or is_event(last)
              or is_event(tap), b"and by time, where it is not by counter")
    return 0


def order_taps(Tap[::1] taps not None, uint32_t[::1] order not None,
               uint16_t[::1] codes not None, uint8_t[::1] scratch not None, *,
               int64_t clock_tolerance_s, const CivilOffset[::1] civil_offsets not None,
               int64_t day_starts_s):
    """The number of taps to pair: their indexes stand in `order`, and every tap has a code.

    A `cancel` that is kept has the code OK, and is not among them; nor are records that another
    one of their identity speaks for: that one then says what they say together. Of taps else only
    the flag BY_COUNTER is set.
    taps, order and codes have one row per tap; scratch has SCRATCH_BYTES per tap.
    Raises ValueError where the lengths differ.
    """
    cdef Py_ssize_t count = taps.shape[0], kept
    cdef Pairing pairing
    cdef Merging merging = Merging(rows=NULL, count=0, not_paired=0)
    if order.shape[0] != count or codes.shape[0] != count:
        raise ValueError(f"taps has {count} rows, order {order.shape[0]}, codes {codes.shape[0]}: "
                         "they need one row per tap")
    if scratch.shape[0] < count * SCRATCH:
        raise ValueError(f"scratch has {scratch.shape[0]} bytes for {count} taps: "
                         f"bring {SCRATCH} per tap")
    if count == 0:
        return 0
    pairing.ride_limit_s = pairing.open_from = 0    # for pairing only
    pairing.clock, pairing.day_starts_s = clock_of(civil_offsets), day_starts_s
    pairing.clock_tolerance_s = clock_tolerance_s
    with nogil:
        kept = order_rows(taps, &pairing, &scratch[0], order, codes, NULL, &merging)
    return kept


SCRATCH_BYTES = SCRATCH


cdef inline bint seen(const CardState *state, const Tap *tap) noexcept nogil:
    """Whether the state may have seen the tap's counter; below its bits it cannot tell: yes."""
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
    if behind >= SEEN_BITS:
        return True
    return (bits >> behind) & 1 != 0


cdef Py_ssize_t find_seen_rows(const Tap[::1] taps, const uint32_t[::1] order,
                               const CardState[::1] states,
                               uint32_t[::1] maybe_seen) except -1 nogil:
    """List the kept taps that earlier runs may have accepted; how many there are."""
    cdef Py_ssize_t i, state = 0, found = 0
    cdef const CardState *known = &states[0] if states.shape[0] else NULL
    cdef const Tap *tap
    for i in range(order.shape[0]):
        tap = &taps[order[i]]
        state = seek_card(known, sizeof(CardState), state, states.shape[0], tap)
        if state == states.shape[0]:
            break
        if tap.flags & CARRIED:
            continue
        if same_card(&states[state], tap) and seen(&states[state], tap):
            maybe_seen[found] = order[i]
            found += 1
    return found


def find_seen(const Tap[::1] taps not None, const uint32_t[::1] order not None,
              const CardState[::1] states not None, uint32_t[::1] maybe_seen not None):
    """The number of kept taps whose counter an earlier run may have accepted; they are listed.

    order: kept taps by card, as order_taps leaves them; states: sorted by card; maybe_seen: one row
    per kept tap. Raises ValueError where maybe_seen is too short.
    """
    cdef Py_ssize_t found
    if maybe_seen.shape[0] < order.shape[0]:
        raise ValueError(f"maybe_seen has {maybe_seen.shape[0]} rows for {order.shape[0]} kept "
                         "taps")
    with nogil:
        found = find_seen_rows(taps, order, states, maybe_seen)
    return found


cdef inline uint64_t *bits_of(CardState *state, uint8_t tap_class) noexcept nogil:
    if tap_class == EXIT:
        return &state.seen_exits
    if tap_class == EVENT:
        return &state.seen_events
    return &state.seen_boardings


cdef inline void remember(CardState *state, const Tap *tap) noexcept nogil:
    """Set the tap's bit, sliding the bitmaps up to a counter higher than all before."""
    cdef uint32_t ahead, behind
    cdef uint64_t *bits = bits_of(state, class_of(tap.kind))
    if tap.card_seq > state.highest_seq:
        ahead = tap.card_seq - state.highest_seq
        state.seen_boardings = state.seen_boardings << ahead if ahead < SEEN_BITS else 0
        state.seen_exits = state.seen_exits << ahead if ahead < SEEN_BITS else 0
        state.seen_events = state.seen_events << ahead if ahead < SEEN_BITS else 0
        state.highest_seq = tap.card_seq
    behind = state.highest_seq - tap.card_seq
    if behind < SEEN_BITS:
        bits[0] |= <uint64_t>1 << behind


cdef Py_ssize_t open_states_rows(const Tap[::1] taps, const uint32_t[::1] order,
                                 const CardState[::1] states, CardState[::1] opened,
                                 Py_ssize_t chains) except -1 nogil:
    """Copy, or begin, the states of every card that has a kept tap; how many there are."""
    cdef Py_ssize_t i, chain, state = 0, rows = 0
    cdef const CardState *known = &states[0] if states.shape[0] else NULL
    cdef const Tap *tap
    for i in range(order.shape[0]):
        tap = &taps[order[i]]
        if rows > 0 and same_card(&opened[rows - 1], tap):
            continue
        state = seek_card(known, sizeof(CardState), state, states.shape[0], tap)
        for chain in range(chains):
            if (state < states.shape[0] and same_card(&states[state], tap)
                    and states[state].chain == chain):
                opened[rows] = states[state]
                state += 1
            else:
                memset(&opened[rows], 0, sizeof(CardState))
                opened[rows].card_hi = tap.card_hi
                opened[rows].card_lo = tap.card_lo
                opened[rows].transfers = NO_TRANSFER
                opened[rows].chain = <uint8_t>chain
            rows += 1
    return rows


def open_states(const Tap[::1] taps not None, const uint32_t[::1] order not None,
                const CardState[::1] states not None, CardState[::1] opened not None,
                Py_ssize_t chains=1):
    """The number of states of cards with a kept tap; `opened` holds them as before this run.

    order: kept taps by card; states: sorted by card and chain; opened: `chains` rows per kept tap
    at most. Raises ValueError where opened is too short.
    """
    cdef Py_ssize_t rows
    if opened.shape[0] < order.shape[0] * chains:
        raise ValueError(f"opened has {opened.shape[0]} rows for {order.shape[0]} kept taps, "
                         f"{chains} for each")
    with nogil:
        rows = open_states_rows(taps, order, states, opened, chains)
    return rows


cdef int remember_rows(const Tap[::1] taps, const uint32_t[::1] by_card,
                       CardState[::1] states) except -1 nogil:
    cdef Py_ssize_t i, state = 0
    cdef const CardState *opened = &states[0] if states.shape[0] else NULL
    cdef const Tap *tap
    for i in range(by_card.shape[0]):
        tap = &taps[by_card[i]]
        state = seek_card(opened, sizeof(CardState), state, states.shape[0], tap)
        check(state < states.shape[0] and same_card(&opened[state], tap),
              b"every tap's card has a state")
        remember(&states[state], tap)
    return 0


def remember_taps(const Tap[::1] taps not None, const uint32_t[::1] by_card not None,
                  CardState[::1] states not None):
    """Mark the counters of taps as seen, in the states that open_states opened.

    by_card: lists the taps, by card. Refused ones are marked, too: the book has them.
    """
    with nogil:
        remember_rows(taps, by_card, states)
