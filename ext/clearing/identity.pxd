"""Records of one identity: which of them count, whether they agree, and what they say together.

The rules are in clearing/reference/RULES.md section 1. A blank says nothing: it contradicts no
value, and yields to it.
"""

from libc.stdint cimport uint8_t, uint16_t, uint32_t, uint64_t

from ext.checked cimport check
from ext.clearing.keys cimport Key
from ext.codes cimport Code, TapKind
from ext.records cimport (
    BLANK_ALGORITHM, BLANK_CARD_KIND, BLANK_ISSUER, BLANK_KEY_VERSION, BLANK_MEDIUM, CARRIED,
    DENIED, HAS_BALANCE, HAS_DISTANCE, HAS_DUE, HAS_PAID, HAS_TAC, NOT_ADMITTED, PROVEN,
    SET_ASIDE, Tap,
)

cdef enum:
    BOARDING = 0
    EXIT = 1
    EVENT = 2
    # Beside Code, while a card's records are ordered:
    NOT_PAIRED = 65535      # accepted, and no ride is made of this record by itself
    GIVES_BACK = 65534      # it counts, and takes the charges of its identity back
    DIFFER = -2             # what unite finds where records contradict each other
    NOBODY = -2             # no operator
    SAYS = HAS_DUE | HAS_PAID | HAS_BALANCE | HAS_DISTANCE | HAS_TAC

# One of the records that a kept one speaks for, itself among them.
cdef packed struct Merged:
    Tap as_it_came          # of the kept one only: what it said by itself
    uint32_t record         # index of a tap
    uint32_t kept

cdef struct Merging:
    Merged *rows            # one for every tap is enough; NULL: nobody asks
    Py_ssize_t count
    Py_ssize_t not_paired   # accepted records of which no ride is made by themselves


cdef inline uint8_t class_of(uint8_t kind) noexcept nogil:
    """The class of a tap's identity: boarding, exit or event."""
    if kind == TapKind.OUT:
        return EXIT
    if kind == TapKind.TOP_UP or kind == TapKind.LOCK:
        return EVENT
    return BOARDING


cdef inline bint gives_back(const Tap *tap) noexcept nogil:
    """Whether a boarding says that a charge was given back.

    It takes the record of it back; where there is none, it is a refund and makes no ride.
    """
    return tap.paid < 0 and class_of(tap.kind) == BOARDING


cdef inline bint charges_nothing(const Tap *tap) noexcept nogil:
    """Whether it says that the ride costs 0 and that 0 was paid."""
    return (tap.flags & (HAS_DUE | HAS_PAID) == (HAS_DUE | HAS_PAID)
            and tap.due == 0 and tap.paid == 0 and class_of(tap.kind) == BOARDING)


cdef inline uint32_t began(const Tap *tap) noexcept nogil:
    return tap.in_at if tap.in_at else tap.tapped_at


cdef inline bint differ(uint32_t a, uint32_t b) noexcept nogil:
    """Of two numbers of which 0 is blank."""
    return a != b and a != 0 and b != 0


cdef inline bint contradict(const Tap *a, const Tap *b) noexcept nogil:
    """Whether two taps say different things of anything but where they came from."""
    cdef uint8_t both = a.flags & b.flags
    cdef uint8_t blank = a.blanks | b.blanks
    return (
        a.tapped_at != b.tapped_at or began(a) != began(b) or a.operator != b.operator
        or a.device != b.device or a.device_seq != b.device_seq or a.mode != b.mode
        or a.kind != b.kind or a.correction != b.correction or a.revision != b.revision
        or a.correction_reason != b.correction_reason or a.authority != b.authority
        or differ(a.stop, b.stop) or differ(a.in_stop, b.in_stop) or differ(a.line, b.line)
        or differ(a.vehicle, b.vehicle) or differ(a.direction, b.direction)
        or differ(a.born_day, b.born_day) or differ(a.review_day, b.review_day)
        or (both & HAS_DUE and a.due != b.due) or (both & HAS_PAID and a.paid != b.paid)
        or (both & HAS_BALANCE and a.balance_before != b.balance_before)
        or (both & HAS_DISTANCE and a.distance_m != b.distance_m)
        or (both & HAS_TAC and a.tac != b.tac)
        or (a.medium != b.medium and not blank & BLANK_MEDIUM)
        or (a.card_kind != b.card_kind and not blank & BLANK_CARD_KIND)
        or (a.issuer != b.issuer and not blank & BLANK_ISSUER)
        or (a.key_version != b.key_version and not blank & BLANK_KEY_VERSION)
        or (a.algorithm != b.algorithm and not blank & BLANK_ALGORITHM)
    )


cdef inline bint take_number(uint32_t *into, uint32_t number) noexcept nogil:
    """Whether a number fills a blank."""
    if into[0] != 0 or number == 0:
        return False
    into[0] = number
    return True


cdef inline bint take_short(uint16_t *into, uint16_t number) noexcept nogil:
    if into[0] != 0 or number == 0:
        return False
    into[0] = number
    return True


cdef inline bint take_said(Tap *into, const Tap *tap) noexcept nogil:
    """Whether a tap says any of what has a flag of its own and `into` leaves blank."""
    cdef uint8_t more = tap.flags & ~into.flags & SAYS
    if more & HAS_DUE:
        into.due = tap.due
    if more & HAS_PAID:
        into.paid = tap.paid
    if more & HAS_BALANCE:
        into.balance_before = tap.balance_before
    if more & HAS_DISTANCE:
        into.distance_m = tap.distance_m
    if more & HAS_TAC:
        into.tac = tap.tac
    into.flags |= more
    return more != 0


cdef inline bint take_filled(Tap *into, const Tap *tap) noexcept nogil:
    """The same of what has a value where it is blank."""
    cdef uint8_t more = into.blanks & ~tap.blanks & ~<uint8_t>(
        PROVEN | DENIED | NOT_ADMITTED)
    if more & BLANK_MEDIUM:
        into.medium = tap.medium
    if more & BLANK_CARD_KIND:
        into.card_kind = tap.card_kind
    if more & BLANK_ISSUER:
        into.issuer = tap.issuer
    if more & BLANK_KEY_VERSION:
        into.key_version = tap.key_version
    if more & BLANK_ALGORITHM:
        into.algorithm = tap.algorithm
    into.blanks &= ~more
    if tap.blanks & PROVEN and not into.blanks & PROVEN:
        into.blanks |= PROVEN
        return True
    return more != 0


cdef inline bint take_in(Tap *into, const Tap *tap) noexcept nogil:
    """Whether a tap that does not contradict another one says more; if so, it is added."""
    cdef bint more = take_said(into, tap)
    more |= take_filled(into, tap)
    more |= take_number(&into.stop, tap.stop)
    more |= take_number(&into.in_stop, tap.in_stop)
    more |= take_number(&into.in_at, tap.in_at)
    more |= take_number(&into.line, tap.line)
    more |= take_number(&into.vehicle, tap.vehicle)
    more |= take_short(&into.born_day, tap.born_day)
    more |= take_short(&into.review_day, tap.review_day)
    if into.direction == 0 and tap.direction != 0:
        into.direction = tap.direction
        more = True
    return more


cdef inline bint takes_back(const Tap *charge, const Tap *back) noexcept nogil:
    """Whether what was given back is what was charged, as far as that is known."""
    cdef Tap without = charge[0]
    if back.paid == 0:      # the same record, but for amounts
        without.flags &= ~<uint8_t>(HAS_DUE | HAS_PAID)
        return not contradict(&without, back)
    return (charge.operator == back.operator and charge.mode == back.mode
            and (not charge.flags & HAS_PAID or charge.paid == -back.paid))


cdef inline bint takes_back_a_part(const Tap *charge, const Tap *back) noexcept nogil:
    """Whether less was given back than was charged."""
    return (back.paid < 0 and charge.flags & HAS_PAID and charge.paid > -back.paid
            and charge.operator == back.operator and charge.mode == back.mode)


cdef inline int refuse_unproven(const Tap[::1] taps, const Key *group, Py_ssize_t count,
                                uint16_t[::1] codes) except -1 nogil:
    """Where one operator alone has proven records, those of others count for nothing."""
    cdef Py_ssize_t i
    cdef uint16_t prover = 0
    cdef const Tap *tap
    for i in range(count):
        tap = &taps[group[i].index]
        if tap.blanks & PROVEN:
            if prover != 0 and prover != tap.operator:
                return 0
            prover = tap.operator
    for i in range(count):
        if prover != 0 and taps[group[i].index].operator != prover:
            codes[group[i].index] = Code.UNPROVEN_RECORD
    return 0


cdef inline bint is_award(const Tap *tap) noexcept nogil:
    """Whether somebody else than its operator has authorised a record."""
    return tap.authority != 0 and tap.authority != tap.operator


cdef inline int claimant(const Tap[::1] taps, const Key *group, Py_ssize_t count,
                         const uint16_t[::1] codes, uint8_t revision, bint awards) except -1 nogil:
    """The one operator of the records of a revision; NOBODY: there are several, or none.

    awards: of those that somebody else than their operator has authorised.
    """
    cdef Py_ssize_t i
    cdef int found = NOBODY
    cdef const Tap *tap
    for i in range(count):
        tap = &taps[group[i].index]
        if codes[group[i].index] != Code.OK or tap.revision != revision or (
                awards and not is_award(tap)):
            continue
        if found != NOBODY and found != tap.operator:
            return NOBODY
        found = tap.operator
    return found


cdef inline int owner_of(const Tap[::1] taps, const Key *group, Py_ssize_t count,
                         const uint16_t[::1] codes) except -1 nogil:
    """The operator whose counter it is; NOBODY: several claim it, and no other has said whose.

    That is the one whom the records of the lowest revision agree on; else whom those do that an
    issuer, a centre or an approver has authorised, of the highest revision of such.
    """
    cdef Py_ssize_t i
    cdef uint8_t lowest = 255, awarded = 0
    cdef int owner
    cdef const Tap *tap
    for i in range(count):
        tap = &taps[group[i].index]
        if codes[group[i].index] == Code.OK:
            lowest = min(lowest, tap.revision)
            if is_award(tap):
                awarded = max(awarded, tap.revision)
    owner = claimant(taps, group, count, codes, lowest, False)
    return owner if owner != NOBODY else claimant(taps, group, count, codes, awarded, True)


cdef inline bint refuse_foreign(const Tap[::1] taps, const Key *group, Py_ssize_t count,
                                uint16_t[::1] codes) except -1 nogil:
    """Refuse records of other operators than the counter's; of all, where it is contested.

    Whether any are left.
    """
    cdef Py_ssize_t i
    cdef int owner = owner_of(taps, group, count, codes)
    for i in range(count):
        if codes[group[i].index] == Code.OK and taps[group[i].index].operator != owner:
            codes[group[i].index] = Code.FOREIGN_RECORD if owner != NOBODY else Code.CONTESTED
    return owner != NOBODY


cdef inline int keep_highest(const Tap[::1] taps, const Key *group, Py_ssize_t count,
                             uint16_t[::1] codes) except -1 nogil:
    """Leave the records of the highest revision, and tell charges from what gives them back.

    A record of 0 takes one back where there is one of something else.
    """
    cdef Py_ssize_t i
    cdef uint8_t revision = 0
    cdef bint charges = False
    cdef const Tap *tap
    for i in range(count):
        if codes[group[i].index] == Code.OK:
            revision = max(revision, taps[group[i].index].revision)
    for i in range(count):
        tap = &taps[group[i].index]
        if codes[group[i].index] != Code.OK:
            continue
        if tap.revision < revision:
            codes[group[i].index] = Code.CORRECTED
        elif not gives_back(tap) and not charges_nothing(tap):
            charges = True
    for i in range(count):
        tap = &taps[group[i].index]
        if codes[group[i].index] == Code.OK and (
                gives_back(tap) or (charges and charges_nothing(tap))):
            codes[group[i].index] = GIVES_BACK
    return 0


cdef inline int unite(const Tap[::1] taps, const Key *group, Py_ssize_t count,
                      const uint16_t[::1] codes, uint16_t code, Tap *together) except -1 nogil:
    """What the records with a code say together: how many there are; none where they differ."""
    cdef Py_ssize_t i
    cdef int found = 0
    for i in range(count):
        if codes[group[i].index] != code:
            continue
        if found == 0:
            together[0] = taps[group[i].index]
        elif contradict(together, &taps[group[i].index]):
            return DIFFER
        else:
            take_in(together, &taps[group[i].index])
        found = 1
    return found


cdef inline int set_all(const Key *group, Py_ssize_t count, uint16_t[::1] codes, uint16_t code,
                        uint16_t into) except -1 nogil:
    """Turn a code of a group's records into another one."""
    cdef Py_ssize_t i
    for i in range(count):
        if codes[group[i].index] == code:
            codes[group[i].index] = into
    return 0


cdef inline Py_ssize_t first_of(const Tap[::1] taps, const Key *group, Py_ssize_t count,
                                const uint16_t[::1] codes, uint16_t code) except -1 nogil:
    """The record with a code that came first: one of the book's; else the lowest (file, line).

    Before all one that is set aside: of a refund, that its ride is of a window behind.
    """
    cdef Py_ssize_t i, found = count
    cdef bint carried = False
    cdef uint8_t flags
    for i in range(count):
        if codes[group[i].index] != code:
            continue
        flags = taps[group[i].index].flags
        if flags & SET_ASIDE:
            return i
        if found == count or (flags & CARRIED and not carried):
            found, carried = i, flags & CARRIED != 0
    return found


cdef inline int list_merged(Merging *merging, uint32_t record, uint32_t kept,
                            const Tap *as_it_came) except -1 nogil:
    """List that a kept record speaks for a record."""
    cdef Merged *row
    if merging.rows != NULL:
        row = &merging.rows[merging.count]
        row.as_it_came, row.record, row.kept = as_it_came[0], record, kept
        merging.count += 1
    return 0


cdef inline int merge_into_first(Tap[::1] taps, const Key *group, Py_ssize_t count,
                                 uint16_t[::1] codes, uint16_t code,
                                 Merging *merging) except -1 nogil:
    """Let the first of the records with a code say what they say together.

    A new one that says nothing that those before it did not is a DUPLICATE.
    """
    cdef Py_ssize_t i, first = first_of(taps, group, count, codes, code), others = 0
    cdef uint32_t kept
    cdef Tap as_it_came
    cdef bint carried, more
    cdef int turn
    check(first < count, b"of those that agree one is the first")
    kept = group[first].index
    as_it_came = taps[kept]
    for turn in range(2):       # the book's came before the run's
        for i in range(count):
            carried = taps[group[i].index].flags & CARRIED != 0
            if i == first or codes[group[i].index] != code or carried != (turn == 0):
                continue
            more = take_in(&taps[kept], &taps[group[i].index])
            if not more and not carried:
                codes[group[i].index] = Code.DUPLICATE
                continue
            codes[group[i].index] = NOT_PAIRED
            merging.not_paired += 1
            others += 1
            list_merged(merging, group[i].index, kept, &as_it_came)
    if others:
        list_merged(merging, kept, kept, &as_it_came)
    return 0


cdef inline int judge_group(Tap[::1] taps, const Key *group, Py_ssize_t count,
                            uint16_t[::1] codes, Merging *merging) except -1 nogil:
    """Write the codes of records with one identity, which are in the order of (file, line).

    Of those that count and agree the first one is kept, and says what they say together.
    """
    cdef Tap charge = taps[group[0].index], back = charge       # what `unite` fills, if any
    cdef int charges, backs
    check(count > 0, b"a group has a record")
    refuse_unproven(taps, group, count, codes)
    if not refuse_foreign(taps, group, count, codes):
        return 0
    keep_highest(taps, group, count, codes)
    charges = unite(taps, group, count, codes, Code.OK, &charge)
    backs = unite(taps, group, count, codes, GIVES_BACK, &back)
    if charges == 1 and backs == 1 and takes_back_a_part(&charge, &back):
        set_all(group, count, codes, GIVES_BACK, Code.GIVEN_BACK_IN_PART)
        backs = 0
    if charges == DIFFER or backs == DIFFER or (
            charges and backs and not takes_back(&charge, &back)):
        set_all(group, count, codes, Code.OK, Code.CONFLICT)
        set_all(group, count, codes, GIVES_BACK, Code.CONFLICT)
        return 0
    if backs == 0:
        return merge_into_first(taps, group, count, codes, Code.OK, merging)
    set_all(group, count, codes, Code.OK, Code.CORRECTED)
    merge_into_first(taps, group, count, codes, GIVES_BACK, merging)
    if charges == 0:        # a refund, of some ride of the card's
        return set_all(group, count, codes, GIVES_BACK, Code.OK)
    merging.not_paired += 1
    return set_all(group, count, codes, GIVES_BACK, NOT_PAIRED)
