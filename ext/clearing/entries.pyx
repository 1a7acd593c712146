"""Makes one balanced ledger entry of each priced ride.

    sum of the fare's and the discounts' legs = due + variance - uncollected = operator's gross
    operator's gross - sum of the fees' legs  = operator's net

The rules are in clearing/reference/RULES.md section 5. The caller brings all memory.
"""

from libc.stdint cimport int64_t, uint16_t, uint32_t

from ext.checked cimport CHECKED, check
from ext.clearing.tables cimport EntryTables
from ext.codes cimport Cause, Code, Reason, RideState
from ext.records cimport (
    FARE_LEG,
    LEGS,
    PPM,
    Agreement,
    AgreementIndex,
    Charge,
    Entry,
    Legs,
    Ride,
    Tap,
)


cdef inline int64_t fee_of(int64_t paid, int64_t ppm) noexcept nogil:
    """Parts per million of an amount, half up to a minor unit; the amount is never negative."""
    return (paid * ppm + PPM // 2) // PPM


cdef inline const Agreement *find_agreement(EntryTables tables,
                                            const Ride *ride) except? NULL nogil:
    """The first agreement that holds for the ride; NULL where there is none."""
    cdef const AgreementIndex *index = &tables.agreement_index[
        tables.members[ride.issuer].slot, tables.members[ride.operator].slot]
    cdef const Agreement *agreement
    cdef uint32_t i
    for i in range(index.first, index.first + index.count):
        agreement = &tables.agreements[tables.ranked_agreements[i]]
        if (agreement.first_day <= ride.service_day <= agreement.last_day
                and agreement.modes >> ride.mode & 1 and agreement.media >> ride.medium & 1
                and agreement.card_kinds >> ride.card_kind & 1):
            return agreement
    return NULL


cdef int add_fee(Legs *legs, uint16_t cause, uint32_t rule, uint16_t debtor, uint16_t creditor,
                 int64_t amount) except -1 nogil:
    """One more leg; a fee of nothing is none."""
    if amount == 0:
        return 0
    if legs.count >= LEGS:
        raise IndexError("an entry has more legs than its tables say")
    legs.cause[legs.count] = <unsigned char>cause
    legs.rule[legs.count] = rule
    legs.debtor[legs.count] = debtor
    legs.creditor[legs.count] = creditor
    legs.amount[legs.count] = amount
    legs.count += 1
    return 0


cdef int add_fees(EntryTables tables, const Ride *ride, Charge *charge) except -1 nogil:
    """What the operator owes for the clearing of the ride."""
    cdef const Agreement *agreement = find_agreement(tables, ride)
    if agreement == NULL:
        return 0
    add_fee(&charge.legs, Cause.CLEARING_FEE, agreement.rule, ride.operator, agreement.centre,
            fee_of(charge.paid, agreement.clearing_ppm))
    return add_fee(&charge.legs, Cause.ISSUER_FEE, agreement.rule, ride.operator, ride.issuer,
                   fee_of(charge.paid, agreement.issuer_ppm))


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
    """Write an entry per priced ride, and the code of each refused ride on its taps."""
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
        add_fees(tables, ride, &entry.charge)
        check_balance(&entry.charge)
        set_source(entry, taps, ride)
        entry.window = tables.windows[ride.service_day]
        entry.reason = Reason.ORIGINAL
        if taps[ride.first_tap].revision or taps[ride.last_tap].revision:
            entry.reason = Reason.CORRECTION
        elif entry.window != ride.service_day:
            entry.reason = Reason.LATE_RECORD
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
