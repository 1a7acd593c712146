"""What the rows of a table take off a price, and who pays for it (RULES.md section 4)."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from ext.clearing.fares cimport fare_by_basis, find_due
from ext.clearing.rounding cimport divide_up, round_ppm
from ext.clearing.tables cimport PricingTables
from ext.checked cimport check
from ext.codes cimport Effect
from ext.records cimport (
    DISCOUNT_LEGS,
    LEGS,
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
    DOES_NOT_FIT = -1
    APPLIED_MOST = 4            # kinds of discount of which at most one row applies


cdef struct Applied:            # rows that have applied to a ride, but for caps
    int64_t counted             # before the ride, of a tier by bands
    uint32_t count
    const DiscountRow *rows[APPLIED_MOST]


cdef inline int64_t pays_by_bands(PricingTables tables, const DiscountRow *row, int64_t counted,
                                  int64_t price) except -1 nogil:
    """Each part of one price at its own share, added up and rounded once.

    Bands are of the price; of PAYS_BY_COUNTED of what is paid, from what was counted before on.
    """
    cdef bint by_counted = row.effect == Effect.PAYS_BY_COUNTED
    cdef int64_t total_ppm = 0, reached = counted if by_counted else 0, part, room, share_ppm
    cdef uint32_t i
    for i in range(row.price_bands, row.price_bands + row.price_bands_count):
        room = tables.price_bands[i].to - reached
        if room <= 0:
            continue
        share_ppm = tables.price_bands[i].pays_ppm
        part = min(price, room)
        if by_counted:      # of more than the room, as less than all of it is paid
            part = price
            if room < price and room * PPM < price * share_ppm:
                part = divide_up(room * PPM, share_ppm)
        total_ppm += part * share_ppm
        price -= part
        if price == 0:
            break
        reached = tables.price_bands[i].to
    return round_ppm(total_ppm, row.unit, row.rounding)


cdef inline int64_t price_after(PricingTables tables, const DiscountRow *row,
                                const FareRow *fare_row, const CardState *state, const Ride *ride,
                                const Applied *before, int64_t total,
                                int64_t price) except -2 nogil:
    """The price once the row has been applied, from 0 to what it was; DOES_NOT_FIT.

    fare_row: the one that set what is due. state: of the ride's chain. before: the rows that have
    applied to the ride. total: what a cap leaves, what is left of a carried credit, and what is
    counted before of a tier by bands.
    """
    cdef int64_t after
    cdef uint8_t effect = row.effect
    if effect == Effect.LIMIT:
        after = total
    elif effect == Effect.CARRIED_CREDIT:
        after = price - total
    elif effect == Effect.CREDIT_UP_TO:
        after = price - min(<int64_t>state.chain_due, row.amount)
    elif effect == Effect.PAYS_DIFFERENCE:
        after = price - state.chain_price
    elif effect == Effect.CHAIN_PAYS or effect == Effect.THROUGH:
        after = chain_costs(tables, row, fare_row, state, ride, before)
        if after < 0:
            return DOES_NOT_FIT
        after -= state.chain_price
    else:
        after = pays(tables, row, ride, total, price)
        if after == DOES_NOT_FIT:
            return DOES_NOT_FIT
    return bounded(row, after, price)


cdef inline int64_t pays(PricingTables tables, const DiscountRow *row, const Ride *ride,
                         int64_t counted, int64_t price) except -2 nogil:
    """What is left of a price by a row that asks for nothing else of the card; DOES_NOT_FIT.

    counted: before the ride, of a tier by bands.
    """
    cdef uint8_t effect = row.effect
    if effect == Effect.PAYS_SHARE:
        return round_ppm(price * row.pays_ppm, row.unit, row.rounding)
    if effect == Effect.PAYS_AMOUNT:
        return row.amount
    if effect == Effect.PAYS_BANDS or effect == Effect.PAYS_BY_COUNTED:
        return pays_by_bands(tables, row, counted, price)
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
        if one.effect == Effect.CARRIED_CREDIT:     # it was for that ride alone
            continue
        if through and one.effect == Effect.PAYS_FARE:
            after = fare_by_basis(tables, &tables.fare_rows[one.fare], ride, state.chain_stop)
        else:
            after = pays(tables, one, ride, before.counted, whole)
        whole = DOES_NOT_FIT if after < 0 else bounded(one, after, whole)
    return whole


cdef inline int64_t bounded(const DiscountRow *row, int64_t after,
                            int64_t price) except -1 nogil:
    """What a row leaves of a price: rounded, at least what it has to be, at most the price."""
    after = max(<int64_t>0, min(after, price))
    if row.unit != 1:       # what is by percent is rounded already: that stays as it is
        after = round_ppm(after * PPM, row.unit, row.rounding)
    return min(max(after, row.pays_least), price)


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
