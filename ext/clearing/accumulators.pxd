"""What a card has paid and how often it has ridden: one running total per accumulator and period.

A card's accumulators lie side by side, the newest last. `places` says where those of one service
day stand, so that they are looked for once and not for every row of every ride.
"""

from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t, uint32_t

from ext.checked cimport check, must
from ext.codes cimport Period
from ext.clearing.tables cimport PricingTables
from ext.records cimport Accumulator, CardState, Ride

cdef enum:
    PLACES = 16             # numbers of accumulators whose places are kept from ride to ride
    PLACES_REACH = 30000    # accumulators of a card that a place can point to
    NO_PLACE = -1           # nothing is accumulated yet
    UNKNOWN_PLACE = -2
    NO_DAY = 0x10000


cdef struct Card:
    # One card while its rides are priced: what it carries, and its running accumulators.
    CardState *state
    Accumulator *accumulators
    Py_ssize_t count
    Py_ssize_t room
    uint32_t day                # service day that the places are of
    int16_t places[PLACES]      # by accumulator number: where its accumulator of that day stands
    Card *totals                # of all its owner's cards, for rows to ask; mostly itself


cdef inline uint32_t running_days(PricingTables tables, const Card *card, uint16_t accumulator,
                                  uint16_t service_day) except? 4294967295 nogil:
    """The first of the days that run for a card on a day; they begin with it where none do.

    Of several that run the last to begin: days of cards that are one person's can overlap.
    """
    cdef uint32_t days = tables.accumulator_rules[accumulator].days, began, found = service_day
    cdef bint is_running = False
    cdef Py_ssize_t i
    for i in range(card.count):
        if card.accumulators[i].accumulator == accumulator:
            began = card.accumulators[i].period
            if began <= service_day < began + days and (not is_running or began > found):
                is_running = True
                found = began
    return found


cdef inline uint32_t period_of(PricingTables tables, const Card *card, uint16_t accumulator,
                               uint16_t service_day) except? 4294967295 nogil:
    """The number of the period of an accumulator that a day is in, for a card's owner."""
    cdef uint8_t period = tables.accumulator_rules[accumulator].period
    if period == Period.DAYS:
        return running_days(tables, card.totals, accumulator, service_day)
    if period == Period.MONTH:
        return tables.months[service_day]
    if period == Period.WEEK:
        return (<uint32_t>service_day + 3) // 7      # 1970-01-01 was a Thursday
    if period == Period.YEAR:
        return tables.months[service_day] // 12
    return service_day


cdef inline void forget_places(Card *card, uint16_t service_day) noexcept nogil:
    """Start anew with the places of running accumulators where the day is another."""
    cdef int i
    if card.day != service_day:
        card.day = service_day
        for i in range(PLACES):
            card.places[i] = UNKNOWN_PLACE


cdef inline void remember_place(Card *card, uint16_t number, Py_ssize_t found) noexcept nogil:
    """Keep where a running accumulator stands, or that there is none, for the card's next rides."""
    if number < PLACES:
        # One too far off to be kept is looked for every time.
        card.places[number] = <int16_t>found if found < PLACES_REACH else UNKNOWN_PLACE


cdef inline Py_ssize_t search_accumulator(PricingTables tables, Card *card, uint16_t number,
                                          uint16_t service_day) except -2 nogil:
    """The card's running accumulator in the period of a day; NO_PLACE."""
    cdef uint32_t period = period_of(tables, card, number, service_day)
    cdef Py_ssize_t i, found = NO_PLACE
    for i in range(card.count - 1, -1, -1):
        if card.accumulators[i].accumulator == number and card.accumulators[i].period == period:
            found = i
            break
    remember_place(card, number, found)
    return found


cdef inline Py_ssize_t find_accumulator(PricingTables tables, Card *card, uint16_t number,
                                        uint16_t service_day) except -2 nogil:
    """The card's running accumulator in the period of a day, which its places are of; NO_PLACE."""
    if number < PLACES and card.places[number] != UNKNOWN_PLACE:
        return card.places[number]
    return search_accumulator(tables, card, number, service_day)


cdef inline int64_t accumulated(PricingTables tables, Card *card, uint16_t number,
                                uint16_t service_day) except -1 nogil:
    """What an accumulator has accumulated in the period of a day."""
    cdef Py_ssize_t found = find_accumulator(tables, card.totals, number, service_day)
    return card.totals.accumulators[found].amount if found >= 0 else 0


cdef inline int64_t accumulated_before(PricingTables tables, const Card *card, uint16_t number,
                                       uint16_t service_day) except -1 nogil:
    """What an accumulator has accumulated in the period before that of a day; not of DAYS."""
    cdef const Card *totals = card.totals
    cdef uint32_t period = period_of(tables, card, number, service_day)
    cdef Py_ssize_t i
    for i in range(totals.count):
        if (totals.accumulators[i].accumulator == number
                and totals.accumulators[i].period + 1 == period):
            return totals.accumulators[i].amount
    return 0


cdef inline Py_ssize_t add_accumulator(PricingTables tables, const Ride *ride, uint16_t number,
                                       Card *card) except -1 nogil:
    """The place of a new running accumulator of the card, with nothing accumulated yet."""
    cdef Py_ssize_t place = card.count
    if place >= card.room:
        raise IndexError("a ride feeds more accumulators than its tables say")
    card.count += 1
    card.accumulators[place] = Accumulator(
        card_hi=ride.card_hi, card_lo=ride.card_lo, amount=0, rides=0,
        period=period_of(tables, card, number, ride.service_day), accumulator=number, window=0,
        reserved=0)
    remember_place(card, number, place)
    return place


cdef inline int count(PricingTables tables, const Ride *ride, uint16_t number, int64_t amount,
                      Card *card) except -1 nogil:
    """Add to one of the card's running accumulators, and one ride; and to its owner's."""
    count_for(tables, ride, number, amount, card)
    if card.totals != card:
        count_for(tables, ride, number, amount, card.totals)
    return 0


cdef inline int count_for(PricingTables tables, const Ride *ride, uint16_t number, int64_t amount,
                          Card *card) except -1 nogil:
    cdef Py_ssize_t place = find_accumulator(tables, card, number, ride.service_day)
    if place < 0:
        place = add_accumulator(tables, ride, number, card)
    check(card.accumulators[place].accumulator == number, b"a place is of its accumulator")
    # At most 2e9 a ride and 2^32 rides: 63 bits hold any sum that `rides` can count.
    card.accumulators[place].amount += amount
    card.accumulators[place].rides += 1
    return 0


cdef inline bint are_sorted(const Card *card) noexcept nogil:
    """Whether the card's running accumulators are in order, each of them there once."""
    cdef Py_ssize_t i
    cdef const Accumulator *one
    cdef const Accumulator *last
    for i in range(1, card.count):
        one, last = &card.accumulators[i], &card.accumulators[i - 1]
        if one.accumulator < last.accumulator or (one.accumulator == last.accumulator
                                                  and one.period <= last.period):
            return False
    return True


cdef inline void sort_accumulators(Card *card) noexcept nogil:
    """Order the card's few running accumulators by (accumulator, period)."""
    cdef Accumulator *accumulators = card.accumulators
    cdef Py_ssize_t i, j
    cdef Accumulator moved
    for i in range(1, card.count):
        moved = accumulators[i]
        j = i
        while j > 0 and (
            accumulators[j - 1].accumulator > moved.accumulator
            or (accumulators[j - 1].accumulator == moved.accumulator
                and accumulators[j - 1].period > moved.period)
        ):
            accumulators[j] = accumulators[j - 1]
            j -= 1
        accumulators[j] = moved
    must(are_sorted(card), b"a card has one total for an accumulator and period")
