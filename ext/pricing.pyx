"""Prices rides, card by card in the order of their time.

The rules are in clearing/reference/RULES.md sections 3 and 4; what they compile to is made in
fare_tables/compiled.py. Amounts are fen and at most 2,000,000,000 each by decoding and compiling,
so one price times parts per million fits 64 bits, and so does the sum of 2^32 prices.
"""

from libc.stdint cimport int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from ext.codes cimport (
    Basis,
    Code,
    Counts,
    EdgeFare,
    Effect,
    LegKind,
    MeasuredFrom,
    Period,
    RideState,
    Rounding,
)
from ext.records cimport (
    HELD,
    LEGS,
    PAID_BY_VALIDATOR,
    RIDE_HAS_DISTANCE,
    RIDE_HAS_DUE,
    SHARE_ISSUER,
    SHARE_OPERATOR,
    Accumulator,
    AccumulatorRule,
    Band,
    CardState,
    Charge,
    Choice,
    Member,
    PriceBand,
    PriceRow,
    Ride,
    Share,
    Tariff,
)

cdef enum:
    PPM = 1000000
    NO_TRANSFER = 255
    NO_FARE_AMOUNT = -1
    FUNDERS_MAX = 8
    DUE_MOST = 2000000000       # fen; a table by distance can ask for more


cdef class Plan:
    """Compiled tables, as the pricing kernel reads them: arrays only, made by fare_tables."""

    cdef const Member[::1] members              # by member number
    cdef const Tariff[::1] tariffs
    cdef const PriceRow[::1] rows
    cdef const Share[::1] shares
    cdef const Band[::1] bands
    cdef const PriceBand[::1] price_bands
    cdef const Choice[::1] choices              # [operator slot][mode][line group]
    cdef const uint16_t[::1] choice_tariffs
    cdef const uint16_t[::1] line_groups        # by line number; lines beyond it: group 0
    cdef const uint32_t[::1] stop_indexes       # by stop number: place along its system's matrix
    cdef const int32_t[::1] fares               # matrices and edges, end to end; -1: none
    cdef const uint16_t[::1] counts_to
    cdef const AccumulatorRule[::1] accumulator_rules   # by accumulator number
    cdef const uint8_t[:, ::1] member_sets      # [set][member number]
    cdef const uint32_t[::1] months             # by service day: year * 12 + month - 1
    cdef Py_ssize_t modes
    cdef Py_ssize_t groups
    cdef readonly Py_ssize_t counts_to_most     # accumulators that one ride can feed

    def __init__(self, *, members, tariffs, rows, shares, bands, price_bands, choices,
                 choice_tariffs, line_groups, stop_indexes, fares, counts_to, accumulator_rules,
                 member_sets, months, Py_ssize_t modes, Py_ssize_t groups,
                 Py_ssize_t counts_to_most):
        """Keep the arrays; their shapes are the compiler's promise."""
        self.members = members
        self.tariffs = tariffs
        self.rows = rows
        self.shares = shares
        self.bands = bands
        self.price_bands = price_bands
        self.choices = choices
        self.choice_tariffs = choice_tariffs
        self.line_groups = line_groups
        self.stop_indexes = stop_indexes
        self.fares = fares
        self.counts_to = counts_to
        self.accumulator_rules = accumulator_rules
        self.member_sets = member_sets
        self.months = months
        self.modes = modes
        self.groups = groups
        self.counts_to_most = counts_to_most


cdef int64_t find_tariff(Plan plan, const Ride *ride) except -2 nogil:
    """The index of the table version in force for the ride; -1: none."""
    cdef uint32_t group = 0
    cdef Choice choice
    cdef uint32_t i
    cdef uint16_t tariff
    if ride.line < <uint32_t>plan.line_groups.shape[0]:
        group = plan.line_groups[ride.line]
    choice = plan.choices[(plan.members[ride.operator].slot * plan.modes + ride.mode) * plan.groups
                          + group]
    for i in range(choice.first, choice.first + choice.count):
        tariff = plan.choice_tariffs[i]
        if plan.tariffs[tariff].first_day <= ride.service_day <= plan.tariffs[tariff].last_day:
            return tariff
    return -1


cdef inline bint is_incomplete(const Ride *ride) noexcept nogil:
    return ride.state == RideState.MISSING_OUT or ride.state == RideState.MISSING_IN


cdef int64_t fare_of_distance(Plan plan, const Tariff *tariff, int64_t distance_m) except -2 nogil:
    """The bands' fare for a distance in metres; -1 beyond the last band."""
    cdef int64_t fare = 0, reached = 0, to_m
    cdef uint32_t i
    cdef const Band *band
    for i in range(tariff.bands, tariff.bands + tariff.bands_count):
        band = &plan.bands[i]
        if band.every_m == 0:
            fare += band.amount
        elif distance_m > reached:
            to_m = min(distance_m, band.to_m)
            # Whole steps begun; both are at least 1, so that floor division rounds up.
            fare += band.amount * ((to_m - reached + band.every_m - 1) // band.every_m)
        if distance_m <= band.to_m:
            return fare
        reached = band.to_m
    return NO_FARE_AMOUNT


cdef int64_t edge_fare(Plan plan, const Tariff *tariff, const Ride *ride, uint8_t by,
                       int64_t fixed, bint known_entry) except -2 nogil:
    """What a ride costs of which one end counts; -1: no fare."""
    cdef uint32_t stop
    cdef int64_t place
    if by == EdgeFare.FIXED:
        return fixed
    if by == EdgeFare.BY_VALIDATOR:
        return ride.due if ride.flags & RIDE_HAS_DUE else 0
    if tariff.basis == Basis.TAP_DISTANCE and by == EdgeFare.LOWEST:
        return plan.bands[tariff.bands].amount
    if tariff.edges < 0:
        return NO_FARE_AMOUNT
    stop = ride.from_stop if known_entry else ride.to_stop
    if (stop >= <uint32_t>plan.stop_indexes.shape[0]
            or plan.stop_indexes[stop] >= tariff.matrix_stops):
        return NO_FARE_AMOUNT
    # Four fares a stop: lowest and highest as entry, lowest and highest as exit.
    place = tariff.edges + <int64_t>plan.stop_indexes[stop] * 4
    if not known_entry:
        place += 2
    if by == EdgeFare.HIGHEST:
        place += 1
    return plan.fares[place]


cdef int64_t fare_by_basis(Plan plan, const Tariff *tariff, const Ride *ride) except -2 nogil:
    """What the table's basis says of a ride with both ends known; -1: no fare."""
    cdef uint32_t stops = <uint32_t>plan.stop_indexes.shape[0], from_index, to_index
    if tariff.basis == Basis.FLAT:
        return tariff.amount
    if tariff.basis == Basis.VALIDATOR:
        return ride.due if ride.flags & RIDE_HAS_DUE else NO_FARE_AMOUNT
    if tariff.basis == Basis.TAP_DISTANCE:
        if not ride.flags & RIDE_HAS_DISTANCE:
            return NO_FARE_AMOUNT
        return fare_of_distance(plan, tariff, ride.distance_m)
    if ride.from_stop >= stops or ride.to_stop >= stops:
        return NO_FARE_AMOUNT
    from_index = plan.stop_indexes[ride.from_stop]
    to_index = plan.stop_indexes[ride.to_stop]
    if from_index >= tariff.matrix_stops or to_index >= tariff.matrix_stops:
        return NO_FARE_AMOUNT
    return plan.fares[tariff.matrix + <int64_t>from_index * tariff.matrix_stops + to_index]


cdef int64_t find_due(Plan plan, const Tariff *tariff, Ride *ride) except -2 nogil:
    """What the ride costs before discounts, deciding whether it was overtime; -1: no fare."""
    cdef int64_t due
    if tariff.basis != Basis.FLAT:
        if ride.state == RideState.MISSING_IN:
            return edge_fare(plan, tariff, ride, tariff.missing_in_by, tariff.missing_in, False)
        if ride.state == RideState.MISSING_OUT:
            return edge_fare(plan, tariff, ride, tariff.missing_out_by, tariff.missing_out, True)
        if ride.state == RideState.SAME_STATION and tariff.same_station_by != EdgeFare.BY_BASIS:
            return edge_fare(plan, tariff, ride, tariff.same_station_by, tariff.same_station, True)
    due = fare_by_basis(plan, tariff, ride)
    if (due >= 0 and ride.state == RideState.COMPLETE and tariff.overtime_after_s
            and ride.ended_at - ride.started_at > tariff.overtime_after_s):
        ride.state = RideState.OVERTIME
        due += tariff.overtime_add
    return due


cdef inline int64_t round_ppm(int64_t amount_ppm, const PriceRow *row) except? -1 nogil:
    """Millionths of a fen, never negative, to a multiple of the row's unit."""
    cdef int64_t unit_ppm = <int64_t>row.unit * PPM
    cdef int64_t whole = amount_ppm // unit_ppm
    cdef int64_t rest = amount_ppm - whole * unit_ppm
    cdef bint up = False
    if row.rounding == Rounding.UP:
        up = rest > 0
    elif row.rounding == Rounding.HALF_UP:
        up = 2 * rest >= unit_ppm
    elif row.rounding == Rounding.HALF_EVEN:
        up = 2 * rest > unit_ppm or (2 * rest == unit_ppm and whole % 2 == 1)
    if up:
        whole += 1
    return whole * row.unit


cdef int64_t pays_by_bands(Plan plan, const PriceRow *row, int64_t price) except -1 nogil:
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


cdef int64_t price_after(Plan plan, const PriceRow *row, const CardState *state,
                         int64_t price) except -1 nogil:
    """The price once the row has been applied: from 0 to what it was."""
    cdef int64_t after
    if row.effect == Effect.PAYS_SHARE:
        after = round_ppm(price * row.pays_ppm, row)
    elif row.effect == Effect.PAYS_BANDS:
        after = pays_by_bands(plan, row, price)
    elif row.effect == Effect.PAYS_AMOUNT:
        after = row.amount
    elif row.effect == Effect.CREDIT:
        after = price - row.amount
    else:
        after = price - min(state.chain_due, row.amount)
    return max(<int64_t>0, min(after, price))


cdef inline bint holds_for(Plan plan, const PriceRow *row, const Ride *ride) except -1 nogil:
    """The conditions that every kind of row has."""
    return (
        (row.card_kinds >> ride.card_kind) & 1 != 0
        and (row.media >> ride.medium) & 1 != 0
        and (row.modes >> ride.mode) & 1 != 0
        and (row.issuers == 0 or plan.member_sets[row.issuers, ride.issuer] != 0)
    )


cdef inline uint32_t ride_time(const Ride *ride) noexcept nogil:
    return ride.ended_at if ride.state == RideState.MISSING_IN else ride.started_at


cdef bint may_transfer(Plan plan, const PriceRow *row, const CardState *state,
                       const Ride *ride) except -1 nogil:
    """Whether the ride follows the one before as the row wants it."""
    cdef int64_t since
    if state.transfers == NO_TRANSFER or state.transfers >= row.max_transfers:
        return False
    if not (row.from_modes >> state.last_mode) & 1:
        return False
    if row.from_operators != 0 and plan.member_sets[row.from_operators, state.last_operator] == 0:
        return False
    if not row.same_line and state.last_line == ride.line and (
            ride.line != 0 or state.last_operator == ride.operator):
        return False
    since = state.last_ended_at
    if row.measured_from == MeasuredFrom.FROM_START:
        since = state.last_started_at
    elif row.measured_from == MeasuredFrom.FROM_CHAIN:
        since = state.chain_started_at
    since = <int64_t>ride_time(ride) - since
    return 0 <= since <= row.within_s


cdef inline uint32_t period_of(Plan plan, uint16_t accumulator,
                               uint16_t service_day) except? 4294967295 nogil:
    if plan.accumulator_rules[accumulator].period == Period.MONTH:
        return plan.months[service_day]
    return service_day


cdef Py_ssize_t find_accumulator(const Accumulator[::1] accumulators, Py_ssize_t first,
                                 Py_ssize_t end, uint16_t number, uint32_t period) except -2 nogil:
    """The card's running total; -1: nothing counted yet."""
    cdef Py_ssize_t i
    for i in range(first, end):
        if accumulators[i].accumulator == number and accumulators[i].period == period:
            return i
    return -1


cdef bint in_tier(Plan plan, const PriceRow *row, const Ride *ride,
                  const Accumulator[::1] accumulators, Py_ssize_t first,
                  Py_ssize_t end) except -1 nogil:
    cdef int64_t spent = 0
    cdef Py_ssize_t found = find_accumulator(
        accumulators, first, end, row.accumulator,
        period_of(plan, row.accumulator, ride.service_day))
    if found >= 0:
        spent = accumulators[found].spent
    return row.spent_from <= spent <= row.spent_to


cdef int apportion(Plan plan, const PriceRow *row, int64_t amount, int64_t *parts) except -1 nogil:
    """Split an amount over the row's shares by largest remainder, ties to the earlier share."""
    cdef int64_t total = 0, left = amount, most
    cdef int64_t rests[FUNDERS_MAX]
    cdef Py_ssize_t i, best
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


cdef int add_legs(Plan plan, const PriceRow *row, const Ride *ride, uint8_t kind, int64_t amount,
                  Charge *charge, int *legs) except -1 nogil:
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


cdef int64_t find_row(Plan plan, const Tariff *tariff, const Ride *ride, const CardState *state,
                      const Accumulator[::1] accumulators, Py_ssize_t first, Py_ssize_t end,
                      uint8_t kind) except -2 nogil:
    """The first row of a kind whose conditions all hold; -1: none."""
    cdef uint32_t i, start = tariff.concessions, count = tariff.concessions_count
    if kind == LegKind.TRANSFER:
        start = tariff.transfers
        count = tariff.transfers_count
    elif kind == LegKind.TIER:
        start = tariff.tiers
        count = tariff.tiers_count
    for i in range(start, start + count):
        if not holds_for(plan, &plan.rows[i], ride):
            continue
        if kind == LegKind.TRANSFER and not may_transfer(plan, &plan.rows[i], state, ride):
            continue
        if (kind == LegKind.TIER
                and not in_tier(plan, &plan.rows[i], ride, accumulators, first, end)):
            continue
        return i
    return -1


cdef bint discount(Plan plan, const Tariff *tariff, const Ride *ride, const CardState *state,
                   const Accumulator[::1] accumulators, Py_ssize_t first, Py_ssize_t end,
                   Charge *charge) except -1 nogil:
    """Apply the table's discounts in its order; whether a transfer row applied."""
    cdef const uint8_t *steps = &tariff.step1
    cdef bint transferred = False
    cdef int step, legs = 0
    cdef int64_t row, after
    for step in range(3):
        if steps[step] == 0:
            break
        row = find_row(plan, tariff, ride, state, accumulators, first, end, steps[step])
        if row < 0:
            continue
        after = price_after(plan, &plan.rows[row], state, charge.price)
        if steps[step] == LegKind.TRANSFER:
            transferred = True
        if after != charge.price:
            add_legs(plan, &plan.rows[row], ride, steps[step], charge.price - after, charge, &legs)
        charge.price = after
    return transferred


cdef int settle_paid(Plan plan, Ride *ride, Charge *charge) except -1 nogil:
    """Decide what the rider pays: what the validator took, where it charges; else the price."""
    cdef const Member *owner = &plan.members[ride.operator]
    charge.paid = charge.price
    if ride.flags & PAID_BY_VALIDATOR:
        if (owner.validator_media >> ride.medium) & 1:
            charge.paid = ride.paid
        else:
            ride.flags &= ~PAID_BY_VALIDATOR
    charge.variance = charge.paid - charge.price
    if charge.variance != 0 and owner.holds_variance:
        ride.flags |= HELD
    return 0


cdef void move_chain(const Ride *ride, const Charge *charge, bint transferred,
                     CardState *state) noexcept nogil:
    """Carry the transfer chain past the ride."""
    if is_incomplete(ride):
        state.transfers = NO_TRANSFER
        return
    if transferred:
        state.transfers += 1
    else:
        state.transfers = 0
        state.chain_started_at = ride_time(ride)
        state.chain_due = charge.due
    state.last_started_at = ride.started_at
    state.last_ended_at = ride.ended_at
    state.last_line = ride.line
    state.last_vehicle = ride.vehicle
    state.last_operator = ride.operator
    state.last_mode = ride.mode


cdef int count_ride(Plan plan, const Tariff *tariff, const Ride *ride, const Charge *charge,
                    Accumulator[::1] accumulators, Py_ssize_t first,
                    Py_ssize_t *end) except -1 nogil:
    """Feed the table's accumulators."""
    cdef uint32_t i
    cdef uint16_t number
    cdef uint32_t period
    cdef int64_t amount
    cdef Py_ssize_t found
    for i in range(tariff.counts_to, tariff.counts_to + tariff.counts_to_count):
        number = plan.counts_to[i]
        period = period_of(plan, number, ride.service_day)
        amount = charge.paid
        if plan.accumulator_rules[number].counts == Counts.COUNTS_DUE:
            amount = charge.due
        found = find_accumulator(accumulators, first, end[0], number, period)
        if found < 0:
            found = end[0]
            end[0] += 1
            accumulators[found] = Accumulator(
                card_hi=ride.card_hi, card_lo=ride.card_lo, spent=0, rides=0, period=period,
                accumulator=number, reserved=0, reserved_2=0)
        # At most 2e9 a ride and 2^32 rides: 63 bits hold any sum that `rides` can count.
        accumulators[found].spent += amount
        accumulators[found].rides += 1
    return 0


cdef Code price_ride(Plan plan, Ride *ride, Charge *charge, CardState *state,
                     Accumulator[::1] accumulators, Py_ssize_t first,
                     Py_ssize_t *end) except? Code.PRICE_OVERFLOW nogil:
    """Price one ride and move its card's state; a refused ride leaves the state alone."""
    cdef const Tariff *tariff
    cdef int64_t found = find_tariff(plan, ride), due
    cdef bint transferred = False
    memset(charge, 0, sizeof(Charge))
    if found < 0:
        return Code.NO_FARE
    tariff = &plan.tariffs[found]
    due = find_due(plan, tariff, ride)
    if due < 0:
        return Code.NO_FARE
    if due > DUE_MOST:
        return Code.PRICE_OVERFLOW
    charge.due = due
    charge.price = due
    charge.rule = tariff.rule
    charge.table = tariff.table
    if tariff.discounts_on_incomplete or not is_incomplete(ride):
        transferred = discount(plan, tariff, ride, state, accumulators, first, end[0], charge)
    settle_paid(plan, ride, charge)
    if not is_incomplete(ride):
        count_ride(plan, tariff, ride, charge, accumulators, first, end)
    move_chain(ride, charge, transferred, state)
    return Code.OK


cdef int sort_accumulators(Accumulator[::1] accumulators, Py_ssize_t first,
                            Py_ssize_t end) except -1 nogil:
    """Order one card's few running totals by (accumulator, period)."""
    cdef Py_ssize_t i, j
    cdef Accumulator moved
    for i in range(first + 1, end):
        moved = accumulators[i]
        j = i
        while j > first and (
            accumulators[j - 1].accumulator > moved.accumulator
            or (accumulators[j - 1].accumulator == moved.accumulator
                and accumulators[j - 1].period > moved.period)
        ):
            accumulators[j] = accumulators[j - 1]
            j -= 1
        accumulators[j] = moved
    return 0


cdef Py_ssize_t price_rows(Plan plan, Ride[::1] rides, CardState[::1] states,
                           const Accumulator[::1] before, Charge[::1] charges,
                           Accumulator[::1] after, Py_ssize_t *refused) except -1 nogil:
    """Price every ride; how many accumulators the touched cards have then."""
    cdef Py_ssize_t card, ride = 0, old = 0, first, end = 0
    cdef Code code
    for card in range(states.shape[0]):
        first = end
        while old < before.shape[0] and (
            before[old].card_hi < states[card].card_hi
            or (before[old].card_hi == states[card].card_hi
                and before[old].card_lo < states[card].card_lo)
        ):
            old += 1
        while (old < before.shape[0] and before[old].card_hi == states[card].card_hi
               and before[old].card_lo == states[card].card_lo):
            after[end] = before[old]
            end += 1
            old += 1
        while (ride < rides.shape[0] and rides[ride].card_hi == states[card].card_hi
               and rides[ride].card_lo == states[card].card_lo):
            code = price_ride(plan, &rides[ride], &charges[ride], &states[card], after, first, &end)
            charges[ride].code = code
            if code != Code.OK:
                refused[0] += 1
            ride += 1
        sort_accumulators(after, first, end)
    return end


def price_rides(Plan plan not None, Ride[::1] rides not None, CardState[::1] states not None,
                const Accumulator[::1] before not None, Charge[::1] charges not None,
                Accumulator[::1] after not None):
    """The number of accumulators of the touched cards, and of rides that have no fare.

    rides: by card and time, as pair_taps makes them; `state` and `flags` may change (OVERTIME,
    HELD). states: one row per card, as open_states leaves them; moved forward. before:
    accumulators sorted by card. charges: one row per ride. after: room for `before` and
    plan.counts_to_most more per ride.
    Raises ValueError where charges or after is too short.
    """
    cdef Py_ssize_t kept, refused = 0
    if charges.shape[0] != rides.shape[0]:
        raise ValueError(f"rides has {rides.shape[0]} rows, charges {charges.shape[0]}")
    if after.shape[0] < before.shape[0] + rides.shape[0] * plan.counts_to_most:
        raise ValueError(f"after has {after.shape[0]} rows: {before.shape[0]} accumulators and "
                         f"{rides.shape[0]} rides may need "
                         f"{before.shape[0] + rides.shape[0] * plan.counts_to_most}")
    with nogil:
        kept = price_rows(plan, rides, states, before, charges, after, &refused)
    return kept, refused
