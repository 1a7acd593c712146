"""What the rows of a table take off a price, and who pays for it (RULES.md section 4)."""

from libc.stdint cimport int16_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.codes cimport Effect, MeasuredFrom, Period, Rounding
from ext.conditions cimport in_line_set, in_stop_set, ride_time
from ext.fares cimport fare_by_basis, find_due
from ext.plan cimport Plan
from ext.records cimport (
    NO_TRANSFER,
    SHARE_ISSUER,
    SHARE_OPERATOR,
    Accumulator,
    CardState,
    Charge,
    PriceRow,
    Ride,
)

cdef enum:
    PPM = 1000000
    NEVER_S = 0xFFFFFFFF
    FUNDERS_MAX = 8
    DOES_NOT_FIT = -1
    PLACES = 16             # accumulators whose places are kept from ride to ride
    PLACES_REACH = 30000    # totals of a card that a place can point to
    UNKNOWN_PLACE = -2
    NO_DAY = 0x10000


cdef struct Card:
    # One card while its rides are priced: what it carries, and where its running totals stand.
    CardState *state
    Py_ssize_t first
    Py_ssize_t end
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
    if number >= PLACES:
        return
    if found < 0:
        card.places[number] = -1
    elif found - card.first < PLACES_REACH:
        card.places[number] = <int16_t>(found - card.first)
    else:
        card.places[number] = UNKNOWN_PLACE     # too far off: it is looked for every time


cdef inline Py_ssize_t search_accumulator(const Accumulator[::1] totals, const Card *card,
                                          uint16_t number, uint32_t period) except -2 nogil:
    """The card's running total; -1: nothing counted yet. The newest stand last."""
    cdef Py_ssize_t i
    for i in range(card.end - 1, card.first - 1, -1):
        if totals[i].accumulator == number and totals[i].period == period:
            return i
    return -1


cdef inline Py_ssize_t find_accumulator(Plan plan, const Accumulator[::1] totals, Card *card,
                                        uint16_t number, uint16_t service_day) except -2 nogil:
    """The card's running total in the period of a day, which its places are of; -1: none."""
    cdef Py_ssize_t found
    if number < PLACES and card.places[number] != UNKNOWN_PLACE:
        return card.first + card.places[number] if card.places[number] >= 0 else -1
    found = search_accumulator(totals, card, number, period_of(plan, number, service_day))
    remember_place(card, number, found)
    return found


cdef inline int64_t counted(Plan plan, const Accumulator[::1] totals, Card *card,
                            uint16_t number, uint16_t service_day) except -1 nogil:
    """What an accumulator has counted in the period of a day."""
    cdef Py_ssize_t found = find_accumulator(plan, totals, card, number, service_day)
    return totals[found].spent if found >= 0 else 0


cdef inline int64_t round_ppm(int64_t amount_ppm, const PriceRow *row) except? -1 nogil:
    """Millionths of a fen, never negative, to a multiple of the row's unit."""
    cdef uint64_t amount = <uint64_t>amount_ppm, unit_ppm = <uint64_t>row.unit * PPM
    # Most rows round to a fen: dividing by what the compiler knows is several times as fast.
    cdef uint64_t whole = amount // PPM if row.unit == 1 else amount // unit_ppm
    cdef uint64_t rest = amount - whole * unit_ppm
    cdef bint up = False
    if row.rounding == Rounding.UP:
        up = rest > 0
    elif row.rounding == Rounding.HALF_UP:
        up = 2 * rest >= unit_ppm
    elif row.rounding == Rounding.HALF_EVEN:
        up = 2 * rest > unit_ppm or (2 * rest == unit_ppm and whole % 2 == 1)
    if up:
        whole += 1
    return <int64_t>(whole * row.unit)


cdef inline int64_t pays_by_bands(Plan plan, const PriceRow *row, int64_t price) except -1 nogil:
    """Each part of one price at its own share, added up and rounded once."""
    cdef int64_t total_ppm = 0, reached = 0, part
    cdef uint32_t i
    for i in range(row.price_bands, row.price_bands + row.price_bands_count):
        part = min(price, plan.price_bands[i].to) - reached
        if part <= 0:
            break
        total_ppm += part * plan.price_bands[i].pays_ppm
        reached += part
    return round_ppm(total_ppm, row)


cdef inline int64_t price_after(Plan plan, const PriceRow *row, uint32_t fare_row,
                                const CardState *state, const Ride *ride, int64_t left,
                                int64_t price) except -2 nogil:
    """The price once the row has been applied, from 0 to what it was; DOES_NOT_FIT.

    fare_row: the one that set what is due. left: what a cap leaves.
    """
    cdef int64_t after, fare
    cdef uint8_t effect = row.effect
    if effect == Effect.PAYS_SHARE:
        after = round_ppm(price * row.pays_ppm, row)
    elif effect == Effect.PAYS_AMOUNT:
        after = row.amount
    elif effect == Effect.PAYS_BANDS:
        after = pays_by_bands(plan, row, price)
    elif effect == Effect.CREDIT or effect == Effect.TAKES_OFF:
        after = price - row.amount
    elif effect == Effect.CREDIT_UP_TO:
        after = price - min(state.chain_due, row.amount)
    elif effect == Effect.LIMIT:
        after = left
    elif effect == Effect.PAYS_DIFFERENCE:
        after = price - state.chain_price
    elif effect == Effect.CHAIN_PAYS:
        after = row.amount - state.chain_price
    elif effect == Effect.PAYS_FARE:
        after = find_due(plan, &plan.fare_rows[row.fare], ride)
        if after < 0:
            return DOES_NOT_FIT
    elif effect == Effect.THROUGH:
        fare = fare_by_basis(plan, &plan.fare_rows[fare_row], ride, state.chain_stop)
        if fare < 0:
            return DOES_NOT_FIT
        after = fare - state.chain_price
    else:
        after = price       # no other effect is compiled
    return max(<int64_t>0, min(after, price))


cdef inline bint same_line(const CardState *state, const Ride *ride) noexcept nogil:
    """Whether the ride is on the line before again; two of no line are, of one operator."""
    return state.last_line == ride.line and (
        ride.line != 0 or state.last_operator == ride.operator)


cdef inline bint may_transfer(Plan plan, const PriceRow *row, const CardState *state,
                              const Ride *ride, bint companion) except -1 nogil:
    """Whether the ride follows the one before as the row wants it."""
    cdef int64_t since = state.last_ended_at, until = ride_time(ride)
    if state.transfers == NO_TRANSFER or state.transfers >= row.max_transfers or companion:
        return False
    if not (row.from_modes >> state.last_mode) & 1:
        return False
    if row.from_operators and not plan.member_sets[row.from_operators, state.last_operator]:
        return False
    if row.from_lines and not in_line_set(plan, row.from_lines, state.last_line):
        return False
    if row.left_at and not in_stop_set(plan, row.left_at, state.last_stop):
        return False
    if same_line(state, ride) and (row.same_line_after_s == NEVER_S
                                   or until - since < row.same_line_after_s):
        return False
    if not row.same_vehicle and ride.vehicle != 0 and ride.vehicle == state.last_vehicle:
        return False
    if row.measured_from == MeasuredFrom.FROM_START:
        since = state.last_started_at
    elif row.measured_from == MeasuredFrom.FROM_CHAIN:
        since = state.chain_started_at
    if row.measured_to_end:
        until = ride.ended_at
    return 0 <= until - since <= row.within_s


cdef inline int apportion(Plan plan, const PriceRow *row, int64_t amount,
                          int64_t *parts) except -1 nogil:
    """Split an amount over the row's shares by largest remainder, ties to the earlier share."""
    cdef int64_t total = 0, left = amount, most
    cdef int64_t rests[FUNDERS_MAX]
    cdef Py_ssize_t i, best
    if row.shares_count == 1:
        parts[0] = amount
        return 0
    for i in range(row.shares_count):
        total += plan.shares[row.shares + i].weight
    for i in range(row.shares_count):
        parts[i] = amount * plan.shares[row.shares + i].weight // total
        rests[i] = amount * plan.shares[row.shares + i].weight - parts[i] * total
        left -= parts[i]
    while left > 0:
        best = 0
        most = -1
        for i in range(row.shares_count):
            if rests[i] > most:
                most = rests[i]
                best = i
        parts[best] += 1
        rests[best] = -1
        left -= 1
    return 0


cdef inline int add_legs(Plan plan, const PriceRow *row, const Ride *ride, uint8_t kind,
                         int64_t amount, Charge *charge, int *legs) except -1 nogil:
    """Write the legs of one row, one per funder that pays; more than LEGS cannot be compiled."""
    cdef int64_t parts[FUNDERS_MAX]
    cdef int64_t *amounts = &charge.leg1_amount
    cdef uint32_t *rules = &charge.leg1_rule
    cdef uint16_t *funders = &charge.leg1_funder
    cdef uint8_t *kinds = &charge.leg1_kind
    cdef uint16_t funder
    cdef Py_ssize_t i
    apportion(plan, row, amount, parts)
    for i in range(row.shares_count):
        if parts[i] == 0:
            continue
        funder = plan.shares[row.shares + i].funder
        if funder == SHARE_OPERATOR:
            funder = ride.operator
        elif funder == SHARE_ISSUER:
            funder = ride.issuer
        amounts[legs[0]] = parts[i]
        rules[legs[0]] = row.rule
        funders[legs[0]] = funder
        kinds[legs[0]] = kind
        legs[0] += 1
    return 0
