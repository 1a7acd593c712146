"""Prices rides, card by card in the order of their time.

The rules are in clearing/reference/RULES.md sections 3 and 4; what they compile to is made in
fare_tables/compiled.py. Amounts are fen and at most 2,000,000,000 each by decoding and compiling,
so one price times parts per million fits 64 bits, and so does the sum of 2^32 prices.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memset

from ext.codes cimport Code, Counts, Effect, LegKind, RideState
from ext.conditions cimport holds_narrowly, is_incomplete, ride_time
from ext.discounts cimport (
    Card,
    NO_DAY,
    add_legs,
    counted,
    find_accumulator,
    forget_places,
    may_transfer,
    period_of,
    price_after,
    remember_place,
)
from ext.fares cimport find_due, find_fare_row, is_overtime
from ext.plan cimport Plan
from ext.records cimport (
    HELD,
    NO_TRANSFER,
    PAID_BY_VALIDATOR,
    Accumulator,
    CardState,
    Charge,
    Choice,
    Condition,
    Member,
    PriceRow,
    Ride,
    Step,
    Tariff,
)

cdef enum:
    DUE_MOST = 2000000000       # fen; a table by distance can ask for more
    APPLIED_MOST = 16           # rows that can apply to one ride: the compiler refuses more


cdef struct Pricing:
    # One ride while it is priced.
    const Tariff *tariff
    uint32_t fare_row
    bint companion
    int legs
    uint32_t applied_count
    uint32_t applied[APPLIED_MOST]      # rows
    uint32_t kinds                      # bit k: a row of LegKind k has applied


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


cdef bint is_companion(const Tariff *tariff, const CardState *state,
                       const Ride *ride) noexcept nogil:
    """Whether the card was tapped again for somebody who rides along."""
    return (tariff.companion_within_s != 0 and state.transfers != NO_TRANSFER
            and ride.state == RideState.SINGLE_TAP and state.last_single != 0
            and ride.vehicle != 0 and ride.vehicle == state.last_vehicle
            and ride.operator == state.last_operator and ride.mode == state.last_mode
            and ride.line == state.last_line
            and ride.started_at - state.last_started_at <= tariff.companion_within_s)


cdef bint fits(Plan plan, const PriceRow *row, const Step *step, const Ride *ride,
               Card *card, Accumulator[::1] totals,
               const Pricing *pricing) except -1 nogil:
    """Whether all conditions of a candidate hold."""
    cdef const Condition *condition = &plan.conditions[row.condition]
    cdef int64_t so_far
    if condition.narrow and not holds_narrowly(plan, condition, ride, pricing.companion):
        return False
    if row.unless & pricing.kinds:
        return False
    if step.kind == LegKind.TRANSFER and not may_transfer(plan, row, card.state, ride,
                                                          pricing.companion):
        return False
    if step.kind == LegKind.TIER:
        so_far = counted(plan, totals, card, row.accumulator, ride.service_day)
        if not row.counted_from <= so_far <= row.counted_to:
            return False
    if row.quota:
        so_far = counted(plan, totals, card, row.quota, ride.service_day)
        return so_far + row.quota_uses <= row.quota_limit
    return True


cdef int64_t price_by(Plan plan, const PriceRow *row, const Ride *ride, Card *card,
                      Accumulator[::1] totals, const Pricing *pricing,
                      int64_t price) except -2 nogil:
    """The price after a row whose conditions hold; DOES_NOT_FIT."""
    cdef int64_t left = 0
    if row.effect == Effect.LIMIT:
        left = row.amount - counted(plan, totals, card, row.accumulator, ride.service_day)
    return price_after(plan, row, pricing.fare_row, card.state, ride, left, price)


cdef int apply_row(Plan plan, uint32_t row, uint8_t kind, int64_t after, const Ride *ride,
                   Charge *charge, Pricing *pricing) except -1 nogil:
    """Take a row's discount off the price, as legs."""
    if after != charge.price:
        add_legs(plan, &plan.rows[row], ride, kind, charge.price - after, charge, &pricing.legs)
    charge.price = after
    pricing.applied[pricing.applied_count] = row
    pricing.applied_count += 1
    return 0


cdef int apply_step(Plan plan, const Step *step, const Choice *candidates, const Ride *ride,
                    Card *card, Accumulator[::1] totals, Charge *charge,
                    Pricing *pricing) except -1 nogil:
    """Apply the rows of one kind: the first that fits, the best, or every cap."""
    cdef int64_t after, least = -1
    cdef uint32_t i, place, chosen = 0
    cdef bint applied = False
    for place in range(candidates.first, candidates.first + candidates.count):
        i = plan.candidate_rows[place]
        if not fits(plan, &plan.rows[i], step, ride, card, totals, pricing):
            continue
        after = price_by(plan, &plan.rows[i], ride, card, totals, pricing, charge.price)
        if after < 0:
            continue
        if step.kind == LegKind.CAP:
            apply_row(plan, i, step.kind, after, ride, charge, pricing)
            applied = True
            continue
        if least < 0 or after < least:
            least = after
            chosen = i
        if not step.best:
            break
    if least >= 0:
        apply_row(plan, chosen, step.kind, least, ride, charge, pricing)
        applied = True
    if applied:
        pricing.kinds |= <uint32_t>1 << step.kind
    return 0


cdef int apply_steps(Plan plan, const Ride *ride, Card *card, Accumulator[::1] totals,
                     Charge *charge, Pricing *pricing) except -1 nogil:
    """Apply the discounts in the table's order; rows that the rider cannot have are left out."""
    cdef const Tariff *tariff = pricing.tariff
    cdef Py_ssize_t riders = plan.card_kinds * plan.media * plan.modes
    cdef Py_ssize_t rider = ((min(<Py_ssize_t>ride.card_kind, plan.card_kinds - 1) * plan.media
                              + min(<Py_ssize_t>ride.medium, plan.media - 1)) * plan.modes
                             + ride.mode)
    cdef const Choice *candidates
    cdef uint32_t i
    for i in range(tariff.steps, tariff.steps + tariff.steps_count):
        candidates = &plan.candidates[i * riders + rider]
        if candidates.count:
            apply_step(plan, &plan.steps[i], candidates, ride, card, totals, charge, pricing)
    return 0


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


cdef void move_chain(const Ride *ride, const Charge *charge, const Pricing *pricing,
                     CardState *state) noexcept nogil:
    """Carry the transfer chain past the ride."""
    if is_incomplete(ride):
        state.transfers = NO_TRANSFER
        return
    if pricing.companion:
        return
    if pricing.kinds >> LegKind.TRANSFER & 1:
        state.transfers += 1
        state.chain_price += charge.price
    else:
        state.transfers = 0
        state.chain_started_at = ride_time(ride)
        state.chain_due = charge.due
        state.chain_price = charge.price
        state.chain_stop = ride.from_stop
    state.last_started_at = ride.started_at
    state.last_ended_at = ride.ended_at
    state.last_line = ride.line
    state.last_vehicle = ride.vehicle
    state.last_operator = ride.operator
    state.last_mode = ride.mode
    state.last_stop = ride.to_stop
    state.last_single = ride.state == RideState.SINGLE_TAP


cdef inline int count(Plan plan, const Ride *ride, uint16_t number, int64_t amount, Card *card,
               Accumulator[::1] totals) except -1 nogil:
    """Add to one of the card's running totals, and one ride."""
    cdef Py_ssize_t found = find_accumulator(plan, totals, card, number, ride.service_day)
    if found < 0:
        found = card.end
        card.end += 1
        totals[found] = Accumulator(
            card_hi=ride.card_hi, card_lo=ride.card_lo, spent=0, rides=0,
            period=period_of(plan, number, ride.service_day), accumulator=number, reserved=0,
            reserved_2=0)
        remember_place(card, number, found)
    # At most 2e9 a ride and 2^32 rides: 63 bits hold any sum that `rides` can count.
    totals[found].spent += amount
    totals[found].rides += 1
    return 0


cdef int count_ride(Plan plan, const Ride *ride, const Charge *charge, const Pricing *pricing,
                    Card *card, Accumulator[::1] totals) except -1 nogil:
    """Feed the table's accumulators, and the quotas of the rows that applied."""
    cdef const Tariff *tariff = pricing.tariff
    cdef const PriceRow *row
    cdef uint32_t i
    cdef int64_t amount
    cdef uint8_t counts
    if not is_incomplete(ride):
        for i in range(tariff.counts_to, tariff.counts_to + tariff.counts_to_count):
            counts = plan.accumulator_rules[plan.counts_to[i]].counts
            amount = charge.paid
            if counts == Counts.COUNTS_DUE:
                amount = charge.due
            elif counts == Counts.COUNTS_RIDES:
                amount = 1
            count(plan, ride, plan.counts_to[i], amount, card, totals)
    for i in range(pricing.applied_count):
        row = &plan.rows[pricing.applied[i]]
        if row.quota:
            count(plan, ride, row.quota, row.quota_uses, card, totals)
    return 0


cdef Code find_charge(Plan plan, Ride *ride, const Card *card, Charge *charge,
                      Pricing *pricing) except? Code.PRICE_OVERFLOW nogil:
    """What is due for the ride, by which row of which table."""
    cdef int64_t found = find_tariff(plan, ride), due
    pricing.legs = 0
    pricing.applied_count = 0
    pricing.kinds = 0
    if found < 0:
        return Code.NO_FARE
    pricing.tariff = &plan.tariffs[found]
    pricing.companion = is_companion(pricing.tariff, card.state, ride)
    found = find_fare_row(plan, pricing.tariff, ride, pricing.companion)
    if found < 0:
        return Code.NO_FARE
    pricing.fare_row = <uint32_t>found
    due = find_due(plan, &plan.fare_rows[found], ride)
    if due < 0:
        return Code.NO_FARE
    if due > DUE_MOST:
        return Code.PRICE_OVERFLOW
    if is_overtime(&plan.fare_rows[found], ride):
        ride.state = RideState.OVERTIME
    charge.due = due
    charge.price = due
    charge.rule = plan.fare_rows[found].rule
    charge.table = pricing.tariff.table
    return Code.OK


cdef Code price_ride(Plan plan, Ride *ride, Charge *charge, Card *card,
                     Accumulator[::1] totals) except? Code.PRICE_OVERFLOW nogil:
    """Price one ride and move its card's state; a refused ride leaves the state alone."""
    cdef Pricing pricing
    memset(charge, 0, sizeof(Charge))
    forget_places(card, ride.service_day)
    cdef Code code = find_charge(plan, ride, card, charge, &pricing)
    if code != Code.OK:
        return code
    if plan.fare_rows[pricing.fare_row].discounts_on_incomplete or not is_incomplete(ride):
        apply_steps(plan, ride, card, totals, charge, &pricing)
    settle_paid(plan, ride, charge)
    count_ride(plan, ride, charge, &pricing, card, totals)
    move_chain(ride, charge, &pricing, card.state)
    return Code.OK


cdef int sort_accumulators(Accumulator[::1] totals, Py_ssize_t first,
                            Py_ssize_t end) except -1 nogil:
    """Order one card's few running totals by (accumulator, period)."""
    cdef Py_ssize_t i, j
    cdef Accumulator moved
    for i in range(first + 1, end):
        moved = totals[i]
        j = i
        while j > first and (
            totals[j - 1].accumulator > moved.accumulator
            or (totals[j - 1].accumulator == moved.accumulator
                and totals[j - 1].period > moved.period)
        ):
            totals[j] = totals[j - 1]
            j -= 1
        totals[j] = moved
    return 0


cdef Py_ssize_t price_rows(Plan plan, Ride[::1] rides, CardState[::1] states,
                           const Accumulator[::1] before, Charge[::1] charges,
                           Accumulator[::1] totals, Py_ssize_t *refused) except -1 nogil:
    """Price every ride; how many accumulators the touched cards have then."""
    cdef Py_ssize_t i, ride = 0, old = 0
    cdef Code code
    cdef Card card
    card.end = 0
    for i in range(states.shape[0]):
        card.state = &states[i]
        card.first = card.end
        card.day = NO_DAY
        while old < before.shape[0] and (
            before[old].card_hi < card.state.card_hi
            or (before[old].card_hi == card.state.card_hi
                and before[old].card_lo < card.state.card_lo)
        ):
            old += 1
        while (old < before.shape[0] and before[old].card_hi == card.state.card_hi
               and before[old].card_lo == card.state.card_lo):
            totals[card.end] = before[old]
            card.end += 1
            old += 1
        while (ride < rides.shape[0] and rides[ride].card_hi == card.state.card_hi
               and rides[ride].card_lo == card.state.card_lo):
            code = price_ride(plan, &rides[ride], &charges[ride], &card, totals)
            charges[ride].code = code
            if code != Code.OK:
                refused[0] += 1
            ride += 1
        sort_accumulators(totals, card.first, card.end)
    return card.end


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
