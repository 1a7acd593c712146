"""Makes one balanced ledger entry of each priced ride.

    sum of the fare's and the discounts' legs = due + variance - uncollected = operator's gross
    operator's gross - sum of the fees' legs  = operator's net

The rules are in clearing/reference/RULES.md section 5. The caller brings all memory.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from ext.checked cimport CHECKED, check
from ext.clearing.grey cimport UNSHOWN
from ext.clearing.rounding cimport round_ppm
from ext.clearing.tables cimport EntryTables
from ext.codes cimport Cause, Code, CorrectionReason, Reason, RideState
from ext.records cimport (
    FARE_LEG,
    HAS_BALANCE,
    HAS_DUE,
    HAS_PAID,
    HELD,
    LEGS,
    PAID_BY_VALIDATOR,
    Agreement,
    AgreementIndex,
    Charge,
    ClaimLimit,
    Entry,
    Legs,
    Ride,
    Tap,
    TariffIndex,
)


cdef inline int64_t fee_of(int64_t paid, int64_t ppm, int64_t per_ride, int64_t least,
                           int64_t most, uint8_t rounding) except -1 nogil:
    """What an agreement asks for a ride, between its bounds; the amount is never negative."""
    return max(least, min(round_ppm(paid * ppm, 1, rounding) + per_ride, most))


cdef inline const Agreement *next_agreement(EntryTables tables, const Ride *ride, uint32_t *at,
                                            uint32_t end) except? NULL nogil:
    """The first agreement from a place on that holds for the ride, and the place behind it.

    NULL where there is none.
    """
    cdef const Agreement *agreement
    while at[0] < end:
        agreement = &tables.agreements[tables.ranked_agreements[at[0]]]
        at[0] += 1
        if (agreement.first_day <= ride.service_day <= agreement.last_day
                and agreement.modes >> ride.mode & 1 and agreement.media >> ride.medium & 1
                and agreement.card_kinds >> ride.card_kind & 1):
            return agreement
    return NULL


cdef int add_leg(Legs *legs, uint16_t cause, uint32_t rule, uint16_t debtor, uint16_t creditor,
                 int64_t amount) except -1 nogil:
    """One more leg."""
    if legs.count >= LEGS:
        raise IndexError("an entry has more legs than its tables say")
    legs.cause[legs.count] = <unsigned char>cause
    legs.rule[legs.count] = rule
    legs.debtor[legs.count] = debtor
    legs.creditor[legs.count] = creditor
    legs.amount[legs.count] = amount
    legs.count += 1
    return 0


cdef int hold(Ride *ride, Legs *legs, Cause why, uint32_t rule) except -1 nogil:
    """Keep an entry out of the flows; a leg of 0 says why, and by which agreement."""
    ride.flags |= HELD
    return add_leg(legs, why, rule, ride.operator, ride.issuer, 0)


cdef int add_fees(EntryTables tables, Ride *ride, Charge *charge) except -1 nogil:
    """What the operator owes for the clearing of the ride; a fee of 0 is none.

    The ride is held where its network asks for one agreement, and there is none, or a second.
    """
    cdef const AgreementIndex *index = &tables.agreement_index[
        tables.members[ride.issuer].slot, tables.members[ride.operator].slot]
    cdef uint32_t at = index.first, end = index.first + index.count
    cdef const Agreement *one = next_agreement(tables, ride, &at, end)
    cdef const Agreement *other
    cdef int64_t fee
    if one == NULL:
        if tables.holds_uncovered:
            hold(ride, &charge.legs, Cause.NO_AGREEMENT, 0)
        return 0
    if tables.holds_overlapping:
        other = next_agreement(tables, ride, &at, end)
        if other != NULL:
            hold(ride, &charge.legs, Cause.AGREEMENTS_OVERLAP, one.rule)
            return hold(ride, &charge.legs, Cause.AGREEMENTS_OVERLAP, other.rule)
    fee = fee_of(charge.paid, one.clearing_ppm, one.clearing_per_ride, one.clearing_least,
                 one.clearing_most, one.rounding)
    if fee:
        add_leg(&charge.legs, Cause.CLEARING_FEE, one.rule, ride.operator, one.centre, fee)
    fee = fee_of(charge.paid, one.issuer_ppm, one.issuer_per_ride, one.issuer_least,
                 one.issuer_most, one.rounding)
    if fee:
        add_leg(&charge.legs, Cause.ISSUER_FEE, one.rule, ride.operator, ride.issuer, fee)
    fee = fee_of(charge.paid, one.acquirer_ppm, one.acquirer_per_ride, one.acquirer_least,
                 one.acquirer_most, one.rounding)
    if fee:
        add_leg(&charge.legs, Cause.ACQUIRER_FEE, one.rule, ride.operator, one.acquirer, fee)
    return 0


cdef int check_balance(const Charge *charge) except -1 nogil:
    """What the operator is due comes from riders and funders, whole. Of the checked build only."""
    cdef const Legs *legs = &charge.legs
    cdef int64_t gross = 0
    cdef int leg
    if CHECKED:
        check(legs.count > 0 and legs.cause[FARE_LEG] == Cause.FARE, b"the first leg is the fare's")
        check(legs.amount[FARE_LEG] == charge.paid, b"the fare's leg is what the rider pays")
        for leg in range(legs.count):
            if legs.cause[leg] <= Cause.FARE:
                gross += legs.amount[leg]
        check(gross == charge.due + charge.variance - charge.uncollected, b"an entry balances")
        check(charge.variance == charge.paid + charge.uncollected - charge.price,
              b"a variance is paid less price, where it is known what was paid")
    return 0


cdef inline bint is_overdrawn(const Tap *tap, int64_t most) noexcept nogil:
    """Whether a tap took that much more than it says was there."""
    return (tap.flags & HAS_PAID and tap.flags & HAS_BALANCE
            and tap.paid > tap.balance_before + most)


cdef inline bint took_too_much(const Tap *first, const Tap *last, const Ride *ride,
                               int64_t overdraft_most) noexcept nogil:
    """Whether a tap of a ride that was paid for by what a validator took is overdrawn."""
    return ride.flags & PAID_BY_VALIDATOR and (is_overdrawn(first, overdraft_most)
                                               or is_overdrawn(last, overdraft_most))


cdef inline bint is_doubted(EntryTables tables, const Tap *first, const Tap *last,
                            const Ride *ride, const Charge *charge) except -1 nogil:
    """Whether a ride comes to more than its table believes of one of its mode and medium.

    Whatever the table says, to more than its card had.
    """
    cdef const TariffIndex *index
    cdef const ClaimLimit *limit
    cdef uint32_t i
    check(charge.table < tables.claim_index.shape[0], b"a charge is by a table of its tariffs")
    index = &tables.claim_index[charge.table]
    for i in range(index.first, index.first + index.count):
        limit = &tables.claim_limits[i]
        if limit.modes >> ride.mode & 1 and limit.media >> ride.medium & 1:
            return (max(charge.due, charge.paid) > limit.amount_most
                    or max(charge.variance, -charge.variance) > limit.variance_most
                    or took_too_much(first, last, ride, limit.overdraft_most))
    return took_too_much(first, last, ride, 0)


cdef inline bint is_decided(const Tap *first, const Tap *last, uint8_t reason) noexcept nogil:
    """Whether somebody decided so of all that a ride's records claim."""
    return ((first.correction_reason == reason or last.correction_reason == reason)
            and (first.correction_reason == reason or not first.flags & (HAS_DUE | HAS_PAID))
            and (last.correction_reason == reason or not last.flags & (HAS_DUE | HAS_PAID)))


cdef inline int judge_claim(EntryTables tables, const Tap *first, const Tap *last,
                            Entry *entry) except -1 nogil:
    """Hold an entry back whose amounts are not believed, or let it go where somebody said so."""
    if is_doubted(tables, first, last, &entry.ride, &entry.charge):
        entry.ride.flags |= HELD
    if entry.ride.flags & HELD and is_decided(first, last, CorrectionReason.RELEASED):
        entry.ride.flags &= ~HELD
    return 0


cdef inline bint is_unpaid(const Tap *first, const Tap *last, uint16_t first_code,
                           uint16_t last_code) noexcept nogil:
    """Whether nothing shows that a card paid which gave no code, and nobody decided that it did."""
    return ((first_code == UNSHOWN or last_code == UNSHOWN)
            and not is_decided(first, last, CorrectionReason.RELEASED))


cdef inline uint8_t reason_of(const Tap *first, const Tap *last, const Entry *entry) noexcept nogil:
    """Why an entry stands in its window."""
    if is_decided(first, last, CorrectionReason.RELEASED):
        return Reason.CLAIM_RELEASED
    if is_decided(first, last, CorrectionReason.REJECTED):
        return Reason.CLAIM_REJECTED
    if first.revision or last.revision:
        return Reason.CORRECTION
    return Reason.ORIGINAL if entry.window == entry.ride.service_day else Reason.LATE_RECORD


cdef int set_source(Entry *entry, const Tap[::1] taps, const Ride *ride) except -1 nogil:
    """Where the taps came from: an exit alone has no way in, a lone way in no exit."""
    entry.in_file = entry.in_line = entry.out_file = entry.out_line = 0
    if ride.state != RideState.MISSING_IN:
        entry.in_file = taps[ride.first_tap].source_file
        entry.in_line = taps[ride.first_tap].source_line
    if ride.state != RideState.MISSING_OUT and ride.state != RideState.SINGLE_TAP:
        entry.out_file = taps[ride.last_tap].source_file
        entry.out_line = taps[ride.last_tap].source_line
    return 0


cdef Py_ssize_t make_rows(const Tap[::1] taps, const Ride[::1] rides, const Charge[::1] charges,
                          EntryTables tables, Entry[::1] entries,
                          uint16_t[::1] codes) except -1 nogil:
    """Write an entry per priced ride, and the code of each refused ride on its taps.

    codes: UNSHOWN of grey taps of which nothing shows that they were paid.
    """
    cdef Py_ssize_t i, made = 0
    cdef const Ride *ride
    cdef Entry *entry
    for i in range(rides.shape[0]):
        ride = &rides[i]
        if charges[i].code != Code.OK:
            codes[ride.first_tap] = charges[i].code
            codes[ride.last_tap] = charges[i].code
            continue
        entry = &entries[made]
        entry.ride = ride[0]
        entry.charge = charges[i]
        judge_claim(tables, &taps[ride.first_tap], &taps[ride.last_tap], entry)
        if is_unpaid(&taps[ride.first_tap], &taps[ride.last_tap], codes[ride.first_tap],
                     codes[ride.last_tap]):
            hold(&entry.ride, &entry.charge.legs, Cause.GREY_RECORD, 0)
        else:
            add_fees(tables, &entry.ride, &entry.charge)
        check_balance(&entry.charge)
        set_source(entry, taps, ride)
        entry.window = tables.windows[ride.service_day]
        entry.reason = reason_of(&taps[ride.first_tap], &taps[ride.last_tap], entry)
        entry.reserved = 0
        entry.replaces = 0
        made += 1
    check(made <= rides.shape[0], b"no ride makes two entries")
    return made


def make_entries(const Tap[::1] taps not None, const Ride[::1] rides not None,
                 const Charge[::1] charges not None, EntryTables tables not None,
                 Entry[::1] entries not None, uint16_t[::1] codes not None):
    """The number of entries made; the taps of a ride without a fare get its code.

    rides and charges: one row per ride; entries: one row per ride at least; codes: one per tap.
    Raises ValueError where lengths do not fit.
    """
    cdef Py_ssize_t made
    if charges.shape[0] != rides.shape[0] or entries.shape[0] < rides.shape[0]:
        raise ValueError(f"rides has {rides.shape[0]} rows, charges {charges.shape[0]}, entries "
                         f"{entries.shape[0]}: each ride needs one of both")
    if codes.shape[0] != taps.shape[0]:
        raise ValueError(f"taps has {taps.shape[0]} rows, codes {codes.shape[0]}")
    with nogil:
        made = make_rows(taps, rides, charges, tables, entries, codes)
    return made
