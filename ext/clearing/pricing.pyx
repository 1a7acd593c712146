"""Prices rides, card by card in the order of their time.

The rules are in clearing/reference/RULES.md sections 3 and 4; what they compile to is made in
fare_tables/compile/tables.py. Amounts are minor units, at most 2,000,000,000 each by decoding and
compiling, so one price times parts per million fits 64 bits, and so does the sum of 2^32 prices.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t
from libc.string cimport memmove, memset

from ext.cards cimport card_before, same_card, seek_card
from ext.checked cimport CHECKED, check
from ext.clearing.accumulators cimport (
    NO_DAY, Card, accumulated, accumulated_before, count, forget_places, sort_accumulators,
)
from ext.clearing.chains cimport is_companion, may_transfer, move_chain
from ext.clearing.conditions cimport holds, is_incomplete
from ext.clearing.discounts cimport DOES_NOT_FIT, Applied, add_legs, price_after
from ext.clearing.fares cimport find_due, find_fare_row, is_overtime
from ext.clearing.rounding cimport round_ppm
from ext.clearing.persons cimport CARDS_LIMIT, Persons, find_person
from ext.clearing.tables cimport PricingTables
from ext.codes cimport Cause, Code, Counts, Effect, RideState
from ext.records cimport (
    AMOUNT_MOST,
    FARE_LEG,
    HELD,
    NO_CHAIN,
    PAID_BY_VALIDATOR,
    Accumulator,
    CandidateRows,
    CardState,
    Charge,
    DiscountRow,
    DiscountStage,
    FareRow,
    Legs,
    Member,
    PersonRow,
    Ride,
    Tariff,
    TariffIndex,
)

from ext.clearing import persons as people

cdef Persons _nobody = people.NOBODY

cdef enum:
    HALF_BYTES = 88             # of a charge
    USES_MOST = 16              # that one ride can make: the compiler refuses more

cdef int64_t CREDIT_BASE_MOST = 4_000_000_000_000   # with parts per million it fits 64 bits


cdef struct Use:                # of a quota, or of a carried credit
    uint16_t accumulator
    int64_t amount


cdef struct Pricing:
    # One ride while it is priced.
    Ride *ride
    Charge *charge
    Card *card
    CardState *chain                            # the transfer chain of the ride; NULL: none
    const Tariff *tariff
    const CandidateRows *candidates
    const FareRow *fare
    bint companion
    bint incomplete
    bint renews                                 # as the transfer row says that applied
    int64_t chain_price                         # price after the transfer row
    Applied before                              # rows that the transfer row finds
    uint32_t applied                            # bit k: a row of Cause k has applied
    uint32_t uses_count
    Use uses[USES_MOST]                         # by rows that have applied


cdef inline int64_t find_tariff(PricingTables tables, const Ride *ride) except -2 nogil:
    """The index of the table version in force for the ride; -1: none."""
    cdef uint32_t line = ride.line if ride.line < <uint32_t>tables.line_groups.shape[0] else 0
    cdef Py_ssize_t owner = tables.members[ride.operator].slot
    cdef const TariffIndex *index = &tables.tariff_index[
        (owner * tables.modes + ride.mode) * tables.groups + tables.line_groups[line]]
    cdef const Tariff *tariff
    cdef uint32_t i
    for i in range(index.first, index.first + index.count):
        tariff = &tables.tariffs[tables.ranked_tariffs[i]]
        if tariff.first_day <= ride.service_day <= tariff.last_day:
            return tables.ranked_tariffs[i]
    return -1


cdef inline const CandidateRows *find_candidates(PricingTables tables, int64_t tariff,
                                                 const Ride *ride) except NULL nogil:
    """What the tariff has for the rider."""
    cdef Py_ssize_t kind = min(<Py_ssize_t>ride.card_kind, tables.card_kinds - 1)
    cdef Py_ssize_t medium = min(<Py_ssize_t>ride.medium, tables.media - 1)
    return &tables.candidates[((tariff * tables.card_kinds + kind) * tables.media + medium)
                              * tables.modes + ride.mode]


cdef inline int64_t adds_to(PricingTables tables, uint16_t accumulator,
                            const Pricing *pricing) except? -1 nogil:
    """What a ride adds to an accumulator that it feeds, by what that counts."""
    cdef uint8_t counts = tables.accumulator_rules[accumulator].counts
    if counts == Counts.COUNTS_RIDES:
        return 1
    return pricing.charge.due if counts == Counts.COUNTS_DUE else pricing.charge.paid


cdef int64_t counted_with(PricingTables tables, uint16_t accumulator,
                          const Pricing *pricing) except -1 nogil:
    """What an accumulator of rides or dues has counted, this ride included where it feeds it."""
    cdef int64_t so_far = accumulated(tables, pricing.card, accumulator,
                                      pricing.ride.service_day)
    cdef uint32_t i
    if pricing.incomplete:
        return so_far
    for i in range(pricing.tariff.counts_to,
                   pricing.tariff.counts_to + pricing.tariff.counts_to_count):
        if tables.counts_to[i] == accumulator:
            so_far += adds_to(tables, accumulator, pricing)
    for i in range(pricing.fare.counts_to, pricing.fare.counts_to + pricing.fare.counts_to_count):
        if tables.counts_to[i] == accumulator:
            so_far += adds_to(tables, accumulator, pricing)
    return so_far


cdef bint fits(PricingTables tables, const DiscountRow *row, uint8_t cause,
               const Pricing *pricing) except -1 nogil:
    """Whether all holds that a candidate row asks for."""
    cdef const Ride *ride = pricing.ride
    cdef int64_t so_far
    if row.condition and not holds(tables, row.condition, ride, pricing.companion):
        return False
    if row.unless & pricing.applied:
        return False
    if cause == Cause.TRANSFER and (pricing.companion or pricing.chain == NULL or not may_transfer(
            tables, row, pricing.chain, ride)):
        return False
    if row.counted:
        so_far = counted_with(tables, row.counted, pricing)
        if not row.counted_from <= so_far <= row.counted_to:
            return False
    if row.counted_before:
        so_far = accumulated_before(tables, pricing.card, row.counted_before, ride.service_day)
        if not row.before_from <= so_far <= row.before_to:
            return False
    if cause == Cause.TIER:
        so_far = accumulated(tables, pricing.card, row.accumulator, ride.service_day)
        if not row.accumulated_from <= so_far <= row.accumulated_to:
            return False
    if row.quota:
        so_far = accumulated(tables, pricing.card, row.quota, ride.service_day)
        return so_far + row.quota_uses <= row.quota_limit
    return True


cdef int64_t credit_left(PricingTables tables, const DiscountRow *row,
                         const Pricing *pricing) except? -1 nogil:
    """What is left of the credit that a row carries from the period before; not above 0: none."""
    cdef uint16_t day = pricing.ride.service_day
    cdef int64_t base = accumulated_before(tables, pricing.card, row.credit_of, day)
    cdef int64_t credit
    base = max(<int64_t>0, min(base - row.credit_over, CREDIT_BASE_MOST))
    credit = min(round_ppm(base * row.pays_ppm, 1, row.rounding), row.credit_most)
    return credit - accumulated(tables, pricing.card, row.credit_used, day)


cdef inline int64_t price_by(PricingTables tables, const DiscountRow *row, uint8_t cause,
                             const Pricing *pricing, int64_t *total) except -2 nogil:
    """The price after a candidate row, and what it goes by that the card has; DOES_NOT_FIT."""
    total[0] = 0
    if row.narrow and not fits(tables, row, cause, pricing):
        return DOES_NOT_FIT
    if row.effect >= Effect.LIMIT:      # these go by what the card has
        if row.effect == Effect.CARRIED_CREDIT:
            total[0] = credit_left(tables, row, pricing)
            if total[0] <= 0:
                return DOES_NOT_FIT
        else:
            total[0] = accumulated(tables, pricing.card, row.accumulator,
                                   pricing.ride.service_day)
            if row.effect == Effect.LIMIT:
                total[0] = row.amount - total[0]
    return price_after(tables, row, pricing.fare, pricing.chain, pricing.ride,
                       &pricing.before, total[0], pricing.charge.price)


cdef int apply_row(PricingTables tables, const DiscountRow *row, uint8_t cause, int64_t after,
                   Pricing *pricing) except -1 nogil:
    """Take a row's discount off the price, as legs."""
    cdef Charge *charge = pricing.charge
    cdef int64_t taken = charge.price - after
    if taken != 0:
        add_legs(tables, row, pricing.ride, cause, taken, &charge.legs)
    charge.price = after
    if row.quota:
        use(pricing, row.quota, row.quota_uses)
    if row.credit_used:
        use(pricing, row.credit_used, taken)
    return 0


cdef inline int use(Pricing *pricing, uint16_t accumulator, int64_t amount) except -1 nogil:
    """Note what is to be counted once the ride is priced."""
    check(pricing.uses_count < USES_MOST, b"a ride makes no more uses than its tables say")
    pricing.uses[pricing.uses_count] = Use(accumulator, amount)
    pricing.uses_count += 1
    return 0


cdef inline int apply_stage(PricingTables tables, const DiscountStage *stage,
                            Pricing *pricing) except -1 nogil:
    """Apply the rows of one kind: the first that fits, the best, or every cap."""
    cdef const DiscountRow *row
    cdef const DiscountRow *chosen = NULL
    cdef int64_t after, least = 0, total, counted = 0
    cdef uint32_t i
    for i in range(stage.rows, stage.rows + stage.rows_count):
        row = &tables.rows[tables.candidate_discounts[i]]
        after = price_by(tables, row, stage.cause, pricing, &total)
        if after < 0 or (stage.best and chosen != NULL and after >= least):
            continue
        chosen = row
        least = after
        counted = total
        if stage.cause == Cause.CAP:
            apply_row(tables, row, stage.cause, after, pricing)
            pricing.applied |= <uint32_t>1 << stage.cause       # caps can exclude each other
        elif not stage.best:
            break
    if chosen != NULL:
        if stage.cause != Cause.CAP:
            apply_row(tables, chosen, stage.cause, least, pricing)
        pricing.applied |= <uint32_t>1 << stage.cause
        if stage.cause == Cause.TRANSFER:
            pricing.renews = chosen.renews
        elif stage.cause != Cause.CAP:
            if stage.cause == Cause.TIER:
                pricing.before.counted = counted
            pricing.before.rows[pricing.before.count] = chosen
            pricing.before.count += 1
    return 0


cdef inline int decide_paid(PricingTables tables, Ride *ride, Charge *charge) except -1 nogil:
    """Decide what the rider pays: what the validator took, where it charges; else the price.

    Where it charges and nobody says what it took, nothing is known to have left the purse.
    """
    cdef const Member *owner = &tables.members[ride.operator]
    if (owner.validator_media >> ride.medium) & 1:
        if ride.flags & PAID_BY_VALIDATOR:
            charge.paid = ride.validator_paid
        else:
            charge.uncollected = charge.price
    else:
        charge.paid = charge.price
        ride.flags &= ~PAID_BY_VALIDATOR
    charge.variance = charge.paid + charge.uncollected - charge.price
    charge.legs.amount[FARE_LEG] = charge.paid
    if charge.variance != 0 and owner.holds_variance:
        ride.flags |= HELD
    return 0


cdef inline void begin_legs(const Ride *ride, Charge *charge) noexcept nogil:
    """The first leg: the issuer holds the money of its cards, and owes what they paid."""
    cdef Legs *legs = &charge.legs
    legs.cause[FARE_LEG] = Cause.FARE
    legs.rule[FARE_LEG] = charge.rule
    legs.debtor[FARE_LEG] = ride.issuer
    legs.creditor[FARE_LEG] = ride.operator
    legs.count = FARE_LEG + 1


cdef inline int count_to(PricingTables tables, uint32_t first, uint32_t how_many,
                         const Pricing *pricing) except -1 nogil:
    """Feed some accumulators, which stand one after the other."""
    cdef uint32_t i
    for i in range(first, first + how_many):
        count(tables, pricing.ride, tables.counts_to[i],
              adds_to(tables, tables.counts_to[i], pricing), pricing.card)
    return 0


cdef inline int count_ride(PricingTables tables, const Pricing *pricing) except -1 nogil:
    """Feed the accumulators of the table and the fare row, and what rows that applied have used."""
    cdef uint32_t i
    if not pricing.incomplete:
        count_to(tables, pricing.tariff.counts_to, pricing.tariff.counts_to_count, pricing)
        count_to(tables, pricing.fare.counts_to, pricing.fare.counts_to_count, pricing)
    for i in range(pricing.uses_count):
        count(tables, pricing.ride, pricing.uses[i].accumulator, pricing.uses[i].amount,
              pricing.card)
    return 0


cdef inline Code find_charge(PricingTables tables,
                             Pricing *pricing) except? Code.PRICE_OVERFLOW nogil:
    """What is due for the ride, by which row of which table."""
    cdef Ride *ride = pricing.ride
    cdef Charge *charge = pricing.charge
    cdef int64_t found = find_tariff(tables, ride), due
    if found < 0:
        return Code.NO_FARE
    pricing.tariff = &tables.tariffs[found]
    pricing.candidates = find_candidates(tables, found, ride)
    pricing.companion = is_companion(tables, pricing.tariff, pricing.card.state, ride)
    pricing.fare = find_fare_row(tables, pricing.candidates, ride, pricing.companion)
    if pricing.fare == NULL:
        return Code.NO_FARE
    if pricing.fare.chain != NO_CHAIN:
        check(pricing.fare.chain < tables.chains, b"a card has a state for each chain")
        pricing.chain = pricing.card.state + pricing.fare.chain
    due = find_due(tables, pricing.fare, ride)
    if due < 0:
        return Code.NO_FARE
    if due > AMOUNT_MOST:       # by distance there is no end
        return Code.PRICE_OVERFLOW
    if is_overtime(pricing.fare, ride):
        ride.state = RideState.OVERTIME
    charge.due = due
    charge.price = due
    charge.rule = pricing.fare.rule
    charge.table = pricing.tariff.table
    return Code.OK


cdef int check_legs(const Charge *charge) except -1 nogil:
    """What is paid and taken off is what is due, and what the validator took beside the price."""
    cdef int64_t total = 0
    cdef int leg
    check(0 <= charge.price <= charge.due, b"no discount is below 0 or above the due")
    for leg in range(charge.legs.count):
        check(charge.legs.cause[leg] != 0, b"every leg has a cause")
        total += charge.legs.amount[leg]
    check(total == charge.due + charge.variance - charge.uncollected,
          b"the legs add up to the due and the variance, less what is uncollected")
    return 0


cdef Code price_ride(PricingTables tables, Ride *ride, Charge *charge,
                     Card *card) except? Code.PRICE_OVERFLOW nogil:
    """Price one ride and move its card's state; a refused ride leaves the state alone."""
    cdef Pricing pricing
    cdef Code code
    cdef uint32_t i
    # In two pieces: for one of this size, compilers take an instruction that is slow to start.
    memset(charge, 0, HALF_BYTES)
    memset(<char *>charge + HALF_BYTES, 0, sizeof(Charge) - HALF_BYTES)
    forget_places(card, ride.service_day)
    if card.totals != card:
        forget_places(card.totals, ride.service_day)
    pricing.ride = ride
    pricing.charge = charge
    pricing.card = card
    pricing.incomplete = is_incomplete(ride)
    pricing.applied = 0
    pricing.renews = False
    pricing.chain = NULL
    pricing.before.count = 0
    pricing.before.counted = 0
    pricing.uses_count = 0
    code = find_charge(tables, &pricing)
    if code != Code.OK:
        return code
    begin_legs(ride, charge)
    if pricing.fare.discounts_on_incomplete or not pricing.incomplete:
        for i in range(pricing.candidates.chain_stages):
            apply_stage(tables, &tables.stages[pricing.candidates.stages + i], &pricing)
        pricing.chain_price = charge.price
        for i in range(pricing.candidates.chain_stages, pricing.candidates.stages_count):
            apply_stage(tables, &tables.stages[pricing.candidates.stages + i], &pricing)
    decide_paid(tables, ride, charge)
    if charge.paid > AMOUNT_MOST:       # two taps can have paid more than one may
        return Code.PRICE_OVERFLOW
    if charge.paid < 0:                 # an exit gave back what no record of the ride took
        return Code.REBATE_ALONE
    if CHECKED:
        check_legs(charge)
    count_ride(tables, &pricing)
    if pricing.chain != NULL and not pricing.companion:
        move_chain(ride, charge, pricing.incomplete, pricing.applied >> Cause.TRANSFER & 1,
                   pricing.renews, pricing.chain_price, pricing.chain)
    return Code.OK


cdef inline int price_next(PricingTables tables, Ride *ride, Charge *charge, Card *card,
                           Py_ssize_t *refused) except -1 nogil:
    """Price a ride, or say why it is refused."""
    cdef Code code = price_ride(tables, ride, charge, card)
    charge.code = code
    refused[0] += code != Code.OK
    return 0


cdef inline void begin_card(Card *card, CardState *state, Accumulator[::1] accumulators,
                            Py_ssize_t first) noexcept nogil:
    """A card that has nothing accumulated yet, with room for it from a place on."""
    card.state = state
    card.accumulators = &accumulators[0] + first if accumulators.shape[0] else NULL
    card.count = 0
    card.room = accumulators.shape[0] - first
    card.day = NO_DAY
    card.totals = card


cdef struct Mate:               # one of a person's cards that have taps
    Card card
    Py_ssize_t ride             # the next one to be priced
    Py_ssize_t rides_end


cdef inline Py_ssize_t first_of(const void *rows, Py_ssize_t size, Py_ssize_t count,
                                const void *card) noexcept nogil:
    """Where a card's rows are among those that are sorted by card, of `size` bytes each."""
    cdef Py_ssize_t first = 0, end = count, middle
    while first < end:
        middle = (first + end) >> 1
        if card_before(<const uint8_t *>rows + middle * size, card):
            first = middle + 1
        else:
            end = middle
    return first


cdef int add_up(const Accumulator *one, Card *totals) except -1 nogil:
    """Add what one card has accumulated to its owner's totals."""
    cdef Py_ssize_t i
    for i in range(totals.count):
        if (totals.accumulators[i].accumulator == one.accumulator
                and totals.accumulators[i].period == one.period):
            totals.accumulators[i].amount += one.amount
            totals.accumulators[i].rides += one.rides
            return 0
    check(totals.count < totals.room, b"there is room for what a person's cards have")
    totals.accumulators[totals.count] = one[0]
    totals.count += 1
    return 0


cdef Py_ssize_t price_person(PricingTables tables, Ride[::1] rides, CardState[::1] states,
                             const Accumulator[::1] before, Charge[::1] charges,
                             Accumulator[::1] accumulators, Py_ssize_t end, Persons persons,
                             const PersonRow *row, const CardState *card, const int64_t *moments,
                             Py_ssize_t *refused) except -1 nogil:
    """Price the rides of all of a person's cards in the order of their moments.

    `card` is the one that the states have next; nothing is done where one of the others was it
    before. Where the accumulators end then, which are kept by card: what a person has is theirs
    added up, so that other cards can be the person's tomorrow. Rides of one moment are in the order
    in which the cards replaced each other.
    """
    cdef Py_ssize_t first = persons._firsts[row.person], i, state, mates = 0, next_mate, at = end
    cdef Mate[CARDS_LIMIT] mate
    cdef Card totals
    cdef Mate *one
    cdef const PersonRow *member
    begin_card(&totals, NULL, accumulators, 0)
    totals.accumulators += accumulators.shape[0] // 2
    totals.room = accumulators.shape[0] - accumulators.shape[0] // 2
    for i in range(first, persons._firsts[row.person + 1]):
        member = &persons._rows[persons._members[i]]
        state = first_of(&states[0], sizeof(CardState), states.shape[0], member)
        if state == states.shape[0] or not same_card(&states[state], member):
            add_known(before, member, &totals, NULL)
            continue
        if card_before(&states[state], card):
            return end
        one = &mate[mates]
        mates += 1
        begin_card(&one.card, &states[state], accumulators, at)
        one.card.totals = &totals
        add_known(before, member, &totals, &one.card)
        one.ride = one.rides_end = first_of(&rides[0] if rides.shape[0] else NULL, sizeof(Ride),
                                            rides.shape[0], member)
        while one.rides_end < rides.shape[0] and same_card(&rides[one.rides_end], member):
            one.rides_end += 1
        one.card.room = one.card.count + (one.rides_end - one.ride) * tables.counts_to_most
        at += one.card.room
    check(at <= accumulators.shape[0] // 2, b"there is room for what a person's cards count")
    while True:
        next_mate = -1
        for i in range(mates):
            if mate[i].ride < mate[i].rides_end and (next_mate < 0 or (
                    moments[rides[mate[i].ride].first_tap]
                    < moments[rides[mate[next_mate].ride].first_tap])):
                next_mate = i
        if next_mate < 0:
            break
        one = &mate[next_mate]
        price_next(tables, &rides[one.ride], &charges[one.ride], &one.card, refused)
        one.ride += 1
    for i in range(mates):
        sort_accumulators(&mate[i].card)
        memmove(&accumulators[0] + end, mate[i].card.accumulators,
                mate[i].card.count * sizeof(Accumulator))
        end += mate[i].card.count
    return end


cdef int add_known(const Accumulator[::1] before, const PersonRow *member, Card *totals,
                   Card *card) except -1 nogil:
    """Add what one of a person's cards had accumulated to the totals, and to its own, if any."""
    cdef Py_ssize_t at = 0
    if before.shape[0] == 0:
        return 0
    at = first_of(&before[0], sizeof(Accumulator), before.shape[0], member)
    while at < before.shape[0] and same_card(&before[at], member):
        add_up(&before[at], totals)
        if card != NULL:
            card.accumulators[card.count] = before[at]
            card.count += 1
        at += 1
    return 0


cdef Py_ssize_t price_rows(PricingTables tables, Ride[::1] rides, CardState[::1] states,
                           const Accumulator[::1] before, Charge[::1] charges,
                           Accumulator[::1] accumulators, Py_ssize_t *refused,
                           Persons persons, const int64_t *moments) except -1 nogil:
    """Price every ride; how many accumulators the touched cards have then.

    moments: of rides by their first tap, see pair_rows; NULL: no card is one of several of a
    person. A person's cards are all among the states, but for those that have no taps.
    """
    cdef Py_ssize_t number, i, ride = 0, old = 0, end = 0
    cdef const Accumulator *known = &before[0] if before.shape[0] else NULL
    cdef const PersonRow *row = NULL
    cdef Card card
    for number in range(states.shape[0] // tables.chains):
        i = number * tables.chains
        if moments != NULL:
            row = find_person(persons, &states[i])
        if row != NULL:
            end = price_person(tables, rides, states, before, charges, accumulators, end, persons,
                               row, &states[i], moments, refused)
            while ride < rides.shape[0] and same_card(&rides[ride], &states[i]):
                ride += 1
            continue
        begin_card(&card, &states[i], accumulators, end)
        old = seek_card(known, sizeof(Accumulator), old, before.shape[0], card.state)
        while old < before.shape[0] and same_card(&before[old], card.state):
            accumulators[end + card.count] = before[old]
            card.count += 1
            old += 1
        while ride < rides.shape[0] and same_card(&rides[ride], card.state):
            price_next(tables, &rides[ride], &charges[ride], &card, refused)
            ride += 1
        sort_accumulators(&card)
        end += card.count
    check(ride == rides.shape[0], b"every ride's card has a state, in its order")
    return end


def price_rides(PricingTables tables not None, Ride[::1] rides not None,
                CardState[::1] states not None, const Accumulator[::1] before not None,
                Charge[::1] charges not None, Accumulator[::1] after not None):
    """The number of accumulators of the touched cards, and of rides that were refused.

    A refused ride has the code NO_FARE, PRICE_OVERFLOW or REBATE_ALONE in its charge.
    rides: by card and time, as pair_taps makes them; `state` and `flags` may change (OVERTIME,
    HELD). states: tables.chains rows per card, as open_states leaves them; moved forward. before:
    accumulators sorted by card. charges: one row per ride. after: room for `before` and
    tables.counts_to_most more per ride.
    Raises ValueError where charges or after is too short.
    """
    cdef Py_ssize_t kept, refused = 0
    if charges.shape[0] != rides.shape[0]:
        raise ValueError(f"rides has {rides.shape[0]} rows, charges {charges.shape[0]}")
    if after.shape[0] < before.shape[0] + rides.shape[0] * tables.counts_to_most:
        raise ValueError(f"after has {after.shape[0]} rows: {before.shape[0]} accumulators and "
                         f"{rides.shape[0]} rides may need "
                         f"{before.shape[0] + rides.shape[0] * tables.counts_to_most}")
    with nogil:
        kept = price_rows(tables, rides, states, before, charges, after, &refused, _nobody, NULL)
    return kept, refused
