"""What a card has spent and how often it has ridden: one running total per accumulator and period.

A card's totals lie side by side, the newest last. Places says where the totals of one service day
stand, so that they are looked for once and not for every row of every ride.
"""

from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t, uint32_t

from ext.codes cimport Period
from ext.clearing.tables cimport Plan
from ext.records cimport Accumulator, CardState, Ride

cdef enum:
    PLACES = 16             # accumulators whose places are kept from ride to ride
    PLACES_REACH = 30000    # totals of a card that a place can point to
    NO_PLACE = -1           # nothing is counted yet
    UNKNOWN_PLACE = -2
    NO_DAY = 0x10000


cdef struct Card:
    # One card while its rides are priced: what it carries, and its running totals.
    CardState *state
    Accumulator *totals
    Py_ssize_t count
    Py_ssize_t room
    uint32_t day                # service day that the places are of
    int16_t places[PLACES]      # by accumulator number: where its total of that day stands


cdef inline uint32_t period_of(Plan plan, uint16_t accumulator,
                               uint16_t service_day) except? 4294967295 nogil:
    """The number of the period of an accumulator that a day is in."""
    cdef uint8_t period = plan.accumulator_rules[accumulator].period
    if period == Period.MONTH:
        return plan.months[service_day]
    if period == Period.WEEK:
        return (<uint32_t>service_day + 3) // 7      # 1970-01-01 was a Thursday
    if period == Period.YEAR:
        return plan.months[service_day] // 12
    return service_day


cdef inline void forget_places(Card *card, uint16_t service_day) noexcept nogil:
    """Start anew with the places of running totals where the day is another."""
    cdef int i
    if card.day != service_day:
        card.day = service_day
        for i in range(PLACES):
            card.places[i] = UNKNOWN_PLACE


cdef inline void remember_place(Card *card, uint16_t number, Py_ssize_t found) noexcept nogil:
    """Keep where a running total stands, or that there is none, for the card's next rides."""
    if number < PLACES:
        # One too far off to be kept is looked for every time.
        card.places[number] = <int16_t>found if found < PLACES_REACH else UNKNOWN_PLACE


cdef inline Py_ssize_t search_total(Plan plan, Card *card, uint16_t number,
                                    uint16_t service_day) except -2 nogil:
    """The card's running total in the period of a day; NO_PLACE."""
    cdef uint32_t period = period_of(plan, number, service_day)
    cdef Py_ssize_t i, found = NO_PLACE
    for i in range(card.count - 1, -1, -1):
        if card.totals[i].accumulator == number and card.totals[i].period == period:
            found = i
            break
    remember_place(card, number, found)
    return found


cdef inline Py_ssize_t find_total(Plan plan, Card *card, uint16_t number,
                                  uint16_t service_day) except -2 nogil:
    """The card's running total in the period of a day, which its places are of; NO_PLACE."""
    if number < PLACES and card.places[number] != UNKNOWN_PLACE:
        return card.places[number]
    return search_total(plan, card, number, service_day)


cdef inline int64_t counted(Plan plan, Card *card, uint16_t number,
                            uint16_t service_day) except -1 nogil:
    """What an accumulator has counted in the period of a day."""
    cdef Py_ssize_t found = find_total(plan, card, number, service_day)
    return card.totals[found].spent if found >= 0 else 0


cdef inline Py_ssize_t add_total(Plan plan, const Ride *ride, uint16_t number,
                                 Card *card) except -1 nogil:
    """The place of a new running total of the card, with nothing counted yet."""
    cdef Py_ssize_t place = card.count
    if place >= card.room:
        raise IndexError("a ride feeds more accumulators than its plan says")
    card.count += 1
    card.totals[place] = Accumulator(
        card_hi=ride.card_hi, card_lo=ride.card_lo, spent=0, rides=0,
        period=period_of(plan, number, ride.service_day), accumulator=number, reserved=0,
        reserved_2=0)
    remember_place(card, number, place)
    return place


cdef inline int count(Plan plan, const Ride *ride, uint16_t number, int64_t amount,
                      Card *card) except -1 nogil:
    """Add to one of the card's running totals, and one ride."""
    cdef Py_ssize_t place = find_total(plan, card, number, ride.service_day)
    if place < 0:
        place = add_total(plan, ride, number, card)
    # At most 2e9 a ride and 2^32 rides: 63 bits hold any sum that `rides` can count.
    card.totals[place].spent += amount
    card.totals[place].rides += 1
    return 0


cdef inline void sort_totals(Card *card) noexcept nogil:
    """Order the card's few running totals by (accumulator, period)."""
    cdef Accumulator *totals = card.totals
    cdef Py_ssize_t i, j
    cdef Accumulator moved
    for i in range(1, card.count):
        moved = totals[i]
        j = i
        while j > 0 and (
            totals[j - 1].accumulator > moved.accumulator
            or (totals[j - 1].accumulator == moved.accumulator
                and totals[j - 1].period > moved.period)
        ):
            totals[j] = totals[j - 1]
            j -= 1
        totals[j] = moved
