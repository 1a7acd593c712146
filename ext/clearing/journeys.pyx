"""Pairs a card's taps into rides. The rules are in clearing/reference/RULES.md section 2.

The caller brings all memory: as many rides as there are kept taps is always enough.
"""

import numpy as np

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from ext.cards cimport same_card
from ext.checked cimport check, must
from ext.civil cimport clock_of
from ext.clearing.identity cimport gives_back
from ext.clearing.keys cimport Key, sort_keys
from ext.codes cimport Code, RideState, TapKind
from ext.records cimport (
    BLANK_CARD_KIND,
    BLANK_ISSUER,
    BLANK_MEDIUM,
    DENIED,
    HAS_DISTANCE,
    HAS_DUE,
    HAS_PAID,
    NOT_ADMITTED,
    BY_COUNTER,
    PAID_BY_VALIDATOR,
    REVIEWED,
    RIDE_BY_COUNTER,
    RIDE_HAS_DISTANCE,
    RIDE_HAS_DUE,
    RIDE_LINE_CHANGED,
    DAY_S,
    SET_ASIDE,
    CivilOffset,
    Member,
    Ride,
    Tap,
)

cdef enum:
    DAYS_TO_1900 = 693901       # from 0000-03-01, where calendar_date counts from
    DAYS_TO_1970 = 719468
    OLDEST = 150                # years: nobody is older, whatever a card says
    REFUND_DAYS_MOST = 30       # a refund's ride began so long before it at most
    RIDES_LOOKED_AT = 256       # of those before a refund, the nearest
    TAKEN_BACK = 0              # beside RideState

cdef Refund _refund
REFUND = np.asarray(<Refund[:1]>&_refund).dtype
REFUND_DAYS = REFUND_DAYS_MOST


cdef inline uint32_t calendar_date(uint32_t days) noexcept nogil:
    """Year, month and day (year << 9 | month << 5 | day) of days since 0000-03-01.

    Years that begin in March have their leap day last: whole years, months of 153 days in five,
    then days. Numbers of two dates compare as the dates do.
    """
    cdef uint32_t era = days // 146097, rest = days % 146097, year, month
    year = (rest - rest // 1460 + rest // 36524 - rest // 146096) // 365
    rest -= 365 * year + year // 4 - year // 100
    month = (5 * rest + 2) // 153
    rest -= (153 * month + 2) // 5
    month = month + 3 if month < 10 else month - 9
    must(1 <= month <= 12 and rest < 31, b"a date is one of the calendar")
    year += 400 * era + (month <= 2)
    return year << 9 | month << 5 | (rest + 1)


cdef uint8_t age_on(uint16_t service_day, uint16_t born_day) noexcept nogil:
    """Full years on a day, 0 where that is not known.

    Someone born on 29 February is a year older when a date comes after 28 February: on 1 March.
    """
    cdef uint32_t born, today
    if born_day == 0:
        return 0
    born = calendar_date(DAYS_TO_1900 + born_day)
    today = calendar_date(DAYS_TO_1970 + service_day)
    if today < born:
        return 0
    # A month and day not yet reached borrow from the years.
    today = (today - born) >> 9
    return <uint8_t>today if today <= OLDEST else 0


cdef inline void date_ride(Ride *ride, const Tap *first, const Tap *last, uint32_t at,
                           const Pairing *pairing) noexcept nogil:
    """Set the service day by the ride time, and what the taps say of the rider on that day."""
    cdef uint16_t born_day = last.born_day if last.born_day else first.born_day
    cdef uint16_t review_day = last.review_day if last.review_day else first.review_day
    ride.service_day = service_day_of(at, pairing)
    ride.age = age_on(ride.service_day, born_day)
    if review_day != 0 and review_day >= ride.service_day:
        ride.flags |= REVIEWED


cdef inline void take_amounts(Ride *ride, const Tap *tap) noexcept nogil:
    """Add what the validator said at one tap of the ride."""
    if tap.flags & HAS_PAID:
        ride.validator_paid += tap.paid
        ride.flags |= PAID_BY_VALIDATOR
    if tap.flags & HAS_DUE:
        ride.validator_due = tap.due
        ride.flags |= RIDE_HAS_DUE
    if tap.flags & HAS_DISTANCE:
        ride.distance_m = tap.distance_m
        ride.flags |= RIDE_HAS_DISTANCE


cdef inline void keep_line(Ride *ride, const Tap *first, const Tap *last) noexcept nogil:
    """Who got on a line stays on it, also where its vehicle is another line's at the way out."""
    if (last.vehicle != 0 and last.vehicle == first.vehicle and first.line != 0 and last.line != 0
            and last.line != first.line):
        ride.line = first.line
        ride.flags |= RIDE_LINE_CHANGED


cdef int begin_ride(Ride *ride, const Tap[::1] taps, uint32_t first, uint32_t last,
                     uint8_t state) except -1 nogil:
    """Fill what does not depend on how the ride ended."""
    cdef const Tap *tap = &taps[last]
    cdef const Tap *entry = &taps[first]
    memset(ride, 0, sizeof(Ride))
    ride.card_hi = tap.card_hi
    ride.card_lo = tap.card_lo
    ride.card_seq = taps[first].card_seq
    ride.out_seq = tap.card_seq
    ride.device_seq = tap.device_seq
    ride.first_tap = first
    ride.last_tap = last
    ride.device = tap.device
    ride.line = tap.line if tap.line else taps[first].line
    ride.vehicle = tap.vehicle if tap.vehicle else taps[first].vehicle
    ride.operator = tap.operator
    ride.mode = tap.mode
    # What both leave blank stands for the same.
    ride.issuer = entry.issuer if tap.blanks & BLANK_ISSUER else tap.issuer
    ride.medium = entry.medium if tap.blanks & BLANK_MEDIUM else tap.medium
    ride.card_kind = entry.card_kind if tap.blanks & BLANK_CARD_KIND else tap.card_kind
    ride.state = state
    if taps[first].flags & BY_COUNTER:
        ride.flags |= RIDE_BY_COUNTER
    take_amounts(ride, &taps[first])
    if last != first:
        take_amounts(ride, tap)
        keep_line(ride, &taps[first], tap)
    return 0


cdef inline uint8_t state_of_pair(uint32_t from_stop, uint32_t to_stop) noexcept nogil:
    if from_stop == to_stop and from_stop != 0:
        return RideState.SAME_STATION
    return RideState.COMPLETE


cdef int close_without_out(Ride *ride, const Tap[::1] taps, uint32_t opened,
                            const Pairing *pairing) except -1 nogil:
    """A ride that never tapped out."""
    cdef const Tap *tap = &taps[opened]
    begin_ride(ride, taps, opened, opened, RideState.MISSING_OUT)
    if tap.kind == TapKind.RIDE:
        ride.started_at = tap.in_at
        ride.from_stop = tap.in_stop
    else:
        ride.started_at = tap.tapped_at
        ride.from_stop = tap.stop
    date_ride(ride, tap, tap, ride.started_at, pairing)
    return 0


cdef int close_without_in(Ride *ride, const Tap[::1] taps, uint32_t out,
                           const Pairing *pairing) except -1 nogil:
    """A ride that never tapped in."""
    begin_ride(ride, taps, out, out, RideState.MISSING_IN)
    ride.ended_at = taps[out].tapped_at
    ride.to_stop = taps[out].stop
    date_ride(ride, &taps[out], &taps[out], ride.ended_at, pairing)
    return 0


cdef int close_pair(Ride *ride, const Tap[::1] taps, uint32_t opened, uint32_t out,
                     const Pairing *pairing) except -1 nogil:
    """A ride from gate in to gate out."""
    begin_ride(ride, taps, opened, out, state_of_pair(taps[opened].stop, taps[out].stop))
    ride.started_at = taps[opened].tapped_at
    ride.ended_at = taps[out].tapped_at
    ride.from_stop = taps[opened].stop
    ride.to_stop = taps[out].stop
    date_ride(ride, &taps[opened], &taps[out], ride.started_at, pairing)
    return 0


cdef int close_single(Ride *ride, const Tap[::1] taps, uint32_t tap,
                       const Pairing *pairing) except -1 nogil:
    """A ride of one boarding."""
    begin_ride(ride, taps, tap, tap, RideState.SINGLE_TAP)
    ride.started_at = taps[tap].tapped_at
    ride.ended_at = taps[tap].tapped_at
    ride.from_stop = taps[tap].stop
    date_ride(ride, &taps[tap], &taps[tap], ride.started_at, pairing)
    return 0


cdef int close_whole(Ride *ride, const Tap[::1] taps, uint32_t tap,
                      const Pairing *pairing) except -1 nogil:
    """A ride whose two ends came in one record."""
    begin_ride(ride, taps, tap, tap, state_of_pair(taps[tap].in_stop, taps[tap].stop))
    ride.started_at = taps[tap].in_at if taps[tap].in_at else taps[tap].tapped_at
    ride.ended_at = taps[tap].tapped_at
    ride.from_stop = taps[tap].in_stop
    ride.to_stop = taps[tap].stop
    date_ride(ride, &taps[tap], &taps[tap], ride.started_at, pairing)
    return 0


cdef int close_alone(Ride *ride, const Tap[::1] taps, uint32_t tap,
                     const Pairing *pairing) except -1 nogil:
    """A ride of one record that ends it: an exit alone, a boarding, or both ends."""
    if taps[tap].kind == TapKind.OUT:
        return close_without_in(ride, taps, tap, pairing)
    if taps[tap].kind == TapKind.SINGLE:
        return close_single(ride, taps, tap, pairing)
    if taps[tap].stop == 0:
        return close_without_out(ride, taps, tap, pairing)
    return close_whole(ride, taps, tap, pairing)


cdef inline bint fits(const Tap *opened, const Tap *out, const Member[::1] members,
                      const Pairing *pairing) except -1 nogil:
    """Whether a gate-out closes the open ride; it comes after it, if maybe not by the clocks."""
    return (
        members[opened.operator].system == members[out.operator].system
        and opened.mode == out.mode
        and <int64_t>out.tapped_at - <int64_t>opened.tapped_at <= pairing.ride_limit_s
    )


cdef inline uint32_t ride_time(const Ride *ride) noexcept nogil:
    return ride.ended_at if ride.state == RideState.MISSING_IN else ride.started_at


cdef inline uint32_t refund_time(const Tap *refund) noexcept nogil:
    return refund.in_at if refund.kind == TapKind.RIDE and refund.in_at else refund.tapped_at


cdef inline bint differ(uint32_t a, uint32_t b) noexcept nogil:
    """Of two numbers of which 0 is blank."""
    return a != b and a != 0 and b != 0


cdef inline bint is_refund_of(const Tap *refund, const Ride *ride,
                              const Pairing *pairing) noexcept nogil:
    """Whether a refund is of a ride, as far as their records say."""
    cdef int64_t earlier_s = <int64_t>refund_time(refund) - ride_time(ride)
    return (ride.state != TAKEN_BACK
            and ride.operator == refund.operator and ride.mode == refund.mode
            and not differ(ride.line, refund.line) and not differ(ride.vehicle, refund.vehicle)
            and (not ride.flags & PAID_BY_VALIDATOR or ride.validator_paid == -refund.paid)
            and (earlier_s > pairing.clock_tolerance_s or ride.card_seq <= refund.card_seq)
            and earlier_s <= REFUND_DAYS_MOST * DAY_S)


cdef Py_ssize_t find_refunded(const Tap *refund, Ride[::1] rides, Py_ssize_t first,
                              Py_ssize_t upto, const Pairing *pairing) except -2 nogil:
    """The nearest ride that a refund is of, among those before a place; -1: there is none."""
    cdef Py_ssize_t i
    first = max(first, upto - RIDES_LOOKED_AT)
    for i in range(upto - first):
        if is_refund_of(refund, &rides[upto - 1 - i], pairing):
            return upto - 1 - i
    return -1


cdef Py_ssize_t take_back(const Tap[::1] taps, Ride[::1] rides, Py_ssize_t made,
                          const Pairing *pairing, Refunds *refunds,
                          Py_ssize_t listed) except -1 nogil:
    """Leave a card's rides that its refunds, listed from a place on, do not take back.

    How many rides there are then. A refund that is set aside has taken its ride in a window
    behind: it says whether it finds another one here, and takes none.
    """
    cdef Py_ssize_t i, found, first = made, upto, left, count = refunds.count - listed
    cdef const Tap *refund = &taps[refunds.rows[listed].refund]
    cdef Refund *row
    while first > 0 and same_card(&rides[first - 1], refund):
        first -= 1
    for i in range(count):
        refund = &taps[refunds.rows[listed + i].refund]
        refunds.keys[i] = Key(major=refund_time(refund), minor=refund.card_seq,
                              index=refunds.rows[listed + i].refund, reserved=0)
    sort_keys(refunds.keys, refunds.spare, count)
    upto = left = first
    for i in range(count):
        row = &refunds.rows[listed + i]
        refund = &taps[refunds.keys[i].index]
        row[0] = Refund(refund=refunds.keys[i].index, first_tap=0, last_tap=0, found=0)
        while upto < made and (<int64_t>ride_time(&rides[upto])
                               <= refund_time(refund) + pairing.clock_tolerance_s):
            upto += 1
        found = find_refunded(refund, rides, first, upto, pairing)
        if found >= 0:
            row.first_tap, row.last_tap = rides[found].first_tap, rides[found].last_tap
            row.found = 1
            if not refund.flags & SET_ASIDE:
                rides[found].state = TAKEN_BACK
    for i in range(first, made):
        if rides[i].state != TAKEN_BACK:
            rides[left] = rides[i]
            left += 1
    return left


cdef inline uint32_t place_time(const Tap *tap) noexcept nogil:
    """When a tap takes its place among its card's."""
    return tap.in_at if tap.kind == TapKind.RIDE and tap.in_at else tap.tapped_at


cdef inline int set_moment(const Tap[::1] taps, const Ride *ride, const Tap *following,
                           const Pairing *pairing, int64_t *latest,
                           int64_t *moments) except -1 nogil:
    """Set when a ride counts among those of its owner's other cards; see RULES section 4.

    following: the tap that its card has next; NULL: none. latest: of the card's ride before it.
    """
    cdef const Tap *last = &taps[ride.last_tap]
    cdef int64_t at = place_time(last)
    if ride.state == RideState.MISSING_OUT and last.kind == TapKind.IN:
        at += pairing.ride_limit_s
        if following != NULL:
            at = min(at, <int64_t>place_time(following))
    latest[0] = max(latest[0], at)
    moments[ride.first_tap] = latest[0]
    check(latest[0] > 0, b"times are after 1970")
    return 0


cdef Py_ssize_t set_moments(const Tap[::1] taps, const Ride[::1] rides, Py_ssize_t told,
                            uint32_t following, const Pairing *pairing, int64_t *latest,
                            int64_t *moments) except -1 nogil:
    """The same of what one tap made, which is the last one's next; how many rides have theirs."""
    cdef Py_ssize_t i
    for i in range(told, rides.shape[0]):
        set_moment(taps, &rides[i], &taps[following], pairing, latest, moments)
    return rides.shape[0]


cdef Py_ssize_t pair_rows(const Tap[::1] taps, const uint32_t[::1] order, const Member[::1] members,
                          const Pairing *pairing, Ride[::1] rides, uint32_t[::1] carried,
                          Py_ssize_t *carried_count, Refunds *refunds, uint16_t *codes,
                          int64_t *moments=NULL) except -1 nogil:
    """Write the rides in the order of their first taps; how many. Open rides are listed apart.

    Rides that were given back are left out, and refunds listed. codes: by tap, the register's, lost
    by exits that end a ride, and lists' of exits alone: what has one makes no ride. moments: by
    first tap, when its ride counts among those of its owner's other cards. NULL: nobody asks.
    """
    cdef Py_ssize_t i, made = 0, kept_open = 0, listed = refunds.count, told = 0
    cdef int64_t opened = -1, latest = 0
    cdef uint32_t this = 0
    cdef uint8_t kind
    for i in range(order.shape[0] + 1):
        if moments != NULL and told < made:     # by the tap before
            told = set_moments(taps, rides[:made], told, this, pairing, &latest, moments)
        if opened >= 0 and (i == order.shape[0] or not same_card(&taps[order[i]], &taps[opened])):
            if taps[opened].tapped_at < pairing.open_from:
                close_without_out(&rides[made], taps, <uint32_t>opened, pairing)
                if moments != NULL:
                    set_moment(taps, &rides[made], NULL, pairing, &latest, moments)
                made += 1
            else:
                carried[kept_open] = <uint32_t>opened
                kept_open += 1
            opened = -1
        if listed < refunds.count and (i == order.shape[0] or not same_card(
                &taps[order[i]], &taps[refunds.rows[listed].refund])):
            made = take_back(taps, rides, made, pairing, refunds, listed)
            listed = refunds.count
        if i == order.shape[0]:
            break
        if i and not same_card(&taps[order[i]], &taps[order[i - 1]]):
            latest = 0
        told = made
        this = order[i]
        kind = taps[this].kind
        if kind == TapKind.TOP_UP or kind == TapKind.LOCK:
            continue
        if gives_back(&taps[this]):
            refunds.rows[refunds.count].refund = this
            refunds.count += 1
            continue
        if (kind == TapKind.OUT and opened >= 0
                and fits(&taps[opened], &taps[this], members, pairing)):
            close_pair(&rides[made], taps, <uint32_t>opened, this, pairing)
            if codes != NULL:
                codes[this] = Code.OK
            made += 1
            opened = -1
            continue
        if opened >= 0:
            close_without_out(&rides[made], taps, <uint32_t>opened, pairing)
            made += 1
            opened = -1
        if codes != NULL and codes[this] != Code.OK:
            continue
        if kind == TapKind.IN:
            opened = this
        elif kind == TapKind.OUT and taps[this].blanks & (DENIED | NOT_ADMITTED):
            if codes != NULL:
                codes[this] = (Code.ISSUER_NOT_ADMITTED if taps[this].blanks & NOT_ADMITTED
                               else Code.CARD_DENIED)
        else:
            close_alone(&rides[made], taps, this, pairing)
            made += 1
    check(made + kept_open <= order.shape[0], b"no tap begins two rides")
    carried_count[0] = kept_open
    return made


def pair_taps(const Tap[::1] taps not None, const uint32_t[::1] order not None,
              const Member[::1] members not None, Ride[::1] rides not None,
              uint32_t[::1] carried not None, *, int64_t ride_limit_s, int64_t open_from,
              const CivilOffset[::1] civil_offsets not None, int64_t day_starts_s,
              int64_t clock_tolerance_s=0):
    """The number of rides made, and of gate-ins whose rides stay open.

    taps and order as order_taps leaves them; members: by member number; rides and carried: one row
    per kept tap at least. Times are UTC seconds, durations seconds.
    Raises ValueError where rides or carried are too short.
    """
    cdef Py_ssize_t made, kept_open = 0
    cdef Pairing pairing
    cdef Refunds refunds
    cdef uint8_t[::1] scratch = np.empty(
        (order.shape[0] + 1) * (sizeof(Refund) + 2 * sizeof(Key)), np.uint8)
    if rides.shape[0] < order.shape[0] or carried.shape[0] < order.shape[0]:
        raise ValueError(f"rides has {rides.shape[0]} rows and carried {carried.shape[0]} for "
                         f"{order.shape[0]} kept taps: each needs as many")
    pairing.ride_limit_s = ride_limit_s
    pairing.open_from = open_from
    pairing.clock = clock_of(civil_offsets)
    pairing.day_starts_s = day_starts_s
    pairing.clock_tolerance_s = clock_tolerance_s
    refunds.keys, refunds.count = <Key *>&scratch[0], 0
    refunds.spare = refunds.keys + order.shape[0]
    refunds.rows = <Refund *>(refunds.spare + order.shape[0])
    with nogil:
        made = pair_rows(taps, order, members, &pairing, rides, carried, &kept_open, &refunds,
                         NULL)
    return made, kept_open
