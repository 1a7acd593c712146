"""What the rows of a table take off a price, and who pays for it (RULES.md section 4)."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t

from ext.clearing.conditions cimport (
    in_line_set, in_stop_set, ride_time, seconds_between,
)
from ext.clearing.fares cimport fare_by_basis, find_due
from ext.clearing.rounding cimport round_ppm
from ext.clearing.tables cimport PricingTables
from ext.checked cimport check
from ext.codes cimport Effect, MeasuredFrom
from ext.records cimport (
    DISCOUNT_LEGS,
    LEGS,
    NO_TRANSFER,
    PPM,
    SHARE_ISSUER,
    SHARE_OPERATOR,
    CardState,
    DiscountRow,
    FareRow,
    Legs,
    Ride,
)

cdef enum:
    NEVER_S = 0xFFFFFFFF
    DOES_NOT_FIT = -1
    APPLIED_MOST = 4            # kinds of discount of which at most one row applies


cdef struct Applied:            # rows that have applied to a ride, but for caps
    uint32_t count
    const DiscountRow *rows[APPLIED_MOST]


cdef inline int64_t pays_by_bands(PricingTables tables, const DiscountRow *row,
                                  int64_t price) except -1 nogil:
    """Each part of one price at its own share, added up and rounded once."""
    cdef int64_t total_ppm = 0, reached = 0, part
    cdef uint32_t i
    for i in range(row.price_bands, row.price_bands + row.price_bands_count):
        part = min(price, tables.price_bands[i].to) - reached
        if part <= 0:
            break
        total_ppm += part * tables.price_bands[i].pays_ppm
        reached += part
    return round_ppm(total_ppm, row.unit, row.rounding)


cdef inline int64_t price_after(PricingTables tables, const DiscountRow *row,
                                const FareRow *fare_row, const CardState *state, const Ride *ride,
                                const Applied *before, int64_t left,
                                int64_t price) except -2 nogil:
    """The price once the row has been applied, from 0 to what it was; DOES_NOT_FIT.

    fare_row: the one that set what is due. before: the rows that have applied to the ride. left:
    what a cap leaves.
    """
    cdef int64_t after
    cdef uint8_t effect = row.effect
    if effect == Effect.LIMIT:
        after = left
    elif effect == Effect.CREDIT_UP_TO:
        after = price - min(state.chain_due, row.amount)
    elif effect == Effect.PAYS_DIFFERENCE:
        after = price - state.chain_price
    elif effect == Effect.CHAIN_PAYS or effect == Effect.THROUGH:
        after = chain_costs(tables, row, fare_row, state, ride, before)
        if after < 0:
            return DOES_NOT_FIT
        after -= state.chain_price
    else:
        after = pays(tables, row, ride, price)
        if after == DOES_NOT_FIT:
            return DOES_NOT_FIT
    return bounded(row, after, price)


cdef inline int64_t pays(PricingTables tables, const DiscountRow *row, const Ride *ride,
                         int64_t price) except -2 nogil:
    """What is left of a price by a row that asks for nothing else of the card; DOES_NOT_FIT."""
    cdef uint8_t effect = row.effect
    if effect == Effect.PAYS_SHARE:
        return round_ppm(price * row.pays_ppm, row.unit, row.rounding)
    if effect == Effect.PAYS_AMOUNT:
        return row.amount
    if effect == Effect.PAYS_BANDS:
        return pays_by_bands(tables, row, price)
    if effect == Effect.CREDIT or effect == Effect.TAKES_OFF:
        return max(<int64_t>0, price - row.amount)
    if effect == Effect.PAYS_FARE:
        return max(<int64_t>DOES_NOT_FIT, find_due(tables, &tables.fare_rows[row.fare], ride))
    return price            # no other effect is compiled


cdef inline int64_t chain_costs(PricingTables tables, const DiscountRow *row,
                                const FareRow *fare_row, const CardState *state, const Ride *ride,
                                const Applied *before) except -2 nogil:
    """What the whole chain costs, as the rider pays it to whose ride those rows have applied.

    DOES_NOT_FIT where there is no fare through.
    """
    cdef int64_t whole = row.amount, after
    cdef bint through = row.effect == Effect.THROUGH
    cdef const DiscountRow *one
    cdef uint32_t i
    if through:
        whole = fare_by_basis(tables, fare_row, ride, state.chain_stop)
    for i in range(before.count):
        if whole < 0:
            return DOES_NOT_FIT
        one = before.rows[i]
        if through and one.effect == Effect.PAYS_FARE:
            after = fare_by_basis(tables, &tables.fare_rows[one.fare], ride, state.chain_stop)
        else:
            after = pays(tables, one, ride, whole)
        whole = DOES_NOT_FIT if after < 0 else bounded(one, after, whole)
    return whole


cdef inline int64_t bounded(const DiscountRow *row, int64_t after,
                            int64_t price) except -1 nogil:
    """What a row leaves of a price: rounded, at least what it has to be, at most the price."""
    after = max(<int64_t>0, min(after, price))
    if row.unit != 1:       # what is by percent is rounded already: that stays as it is
        after = round_ppm(after * PPM, row.unit, row.rounding)
    return min(max(after, row.pays_least), price)


cdef inline bint same_line(const CardState *state, const Ride *ride) noexcept nogil:
    """Whether the ride is on the line before again; two of no line are, of one operator."""
    return state.last_line == ride.line and (
        ride.line != 0 or state.last_operator == ride.operator)


cdef inline bint may_transfer(PricingTables tables, const DiscountRow *row, const CardState *state,
                              const Ride *ride, bint outside) except -1 nogil:
    """Whether the ride follows the one before as the row wants it; not one outside the chain."""
    cdef int64_t since = state.last_ended_at, until = ride_time(ride)
    if state.transfers == NO_TRANSFER or state.transfers >= row.max_transfers or outside:
        return False
    if not (row.from_modes >> state.last_mode) & 1:
        return False
    if row.from_operators and not tables.member_sets[row.from_operators, state.last_operator]:
        return False
    if row.from_lines and not in_line_set(tables, row.from_lines, state.last_line):
        return False
    if row.not_from_lines and in_line_set(tables, row.not_from_lines, state.last_line):
        return False
    if row.left_at and not in_stop_set(tables, row.left_at, state.last_stop):
        return False
    if row.not_left_at and in_stop_set(tables, row.not_left_at, state.last_stop):
        return False
    if row.chain_began_at and not in_stop_set(tables, row.chain_began_at, state.chain_stop):
        return False
    if row.not_chain_began_at and in_stop_set(tables, row.not_chain_began_at, state.chain_stop):
        return False
    if not row.first_due_from <= state.chain_due <= row.first_due_to:
        return False
    if row.returns and (ride.to_stop == 0 or ride.to_stop != state.chain_stop):
        return False
    if row.same_line_after_s != 0 and same_line(state, ride) and (
            row.same_line_after_s == NEVER_S
            or seconds_between(tables, since, until) < row.same_line_after_s):
        return False
    if not row.same_vehicle and ride.vehicle != 0 and ride.vehicle == state.last_vehicle:
        return False
    if row.measured_from == MeasuredFrom.FROM_START:
        since = state.last_started_at
    elif row.measured_from == MeasuredFrom.FROM_CHAIN:
        since = state.chain_started_at
    if row.measured_to_end:
        until = ride.ended_at
    return 0 <= seconds_between(tables, since, until) <= row.within_s


cdef inline int apportion(PricingTables tables, const DiscountRow *row, int64_t amount,
                          int64_t *parts) except -1 nogil:
    """Split an amount over the row's shares by largest remainder, ties to the earlier share."""
    cdef int64_t weights = 0, left = amount, most
    cdef int64_t rests[DISCOUNT_LEGS]
    cdef Py_ssize_t i, best
    if row.shares_count == 1:
        parts[0] = amount
        return 0
    check(row.shares_count <= DISCOUNT_LEGS, b"a row has no more funders than legs")
    for i in range(row.shares_count):
        weights += tables.shares[row.shares + i].weight
    for i in range(row.shares_count):
        parts[i] = amount * tables.shares[row.shares + i].weight // weights
        rests[i] = amount * tables.shares[row.shares + i].weight - parts[i] * weights
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
    check(left == 0, b"the parts add up to the amount")
    return 0


cdef inline int add_legs(PricingTables tables, const DiscountRow *row, const Ride *ride,
                         uint8_t cause, int64_t amount, Legs *legs) except -1 nogil:
    """Add a leg of one row for each funder that pays; the compiler refuses tables with more."""
    cdef int64_t parts[DISCOUNT_LEGS]
    cdef uint16_t funder
    cdef Py_ssize_t i
    apportion(tables, row, amount, parts)
    for i in range(row.shares_count):
        if parts[i] == 0:
            continue
        funder = tables.shares[row.shares + i].funder
        if funder == SHARE_OPERATOR:
            funder = ride.operator
        elif funder == SHARE_ISSUER:
            funder = ride.issuer
        if legs.count >= LEGS:
            raise IndexError("a ride has more legs than its tables say")
        legs.cause[legs.count] = cause
        legs.rule[legs.count] = row.rule
        legs.debtor[legs.count] = funder
        legs.creditor[legs.count] = ride.operator
        legs.amount[legs.count] = parts[i]
        legs.count += 1
    return 0
