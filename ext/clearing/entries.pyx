"""Makes one balanced ledger entry of each priced ride.

    paid + legs = due + variance = operator's gross = operator's net + clearing fee + issuer fee

The rules are in clearing/reference/RULES.md section 5. The caller brings all memory.
"""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t, uint64_t
from libc.string cimport memset

from ext.codes cimport Code, Reason, RideState
from ext.records cimport AgreementTerms, Charge, Entry, Member, Ride, Tap

cdef enum:
    PPM = 1000000
    SAME_CITY = 0
    SAME_PROVINCE = 1
    FURTHER = 2


cdef inline int64_t fee_of(int64_t paid, int64_t ppm) noexcept nogil:
    """Parts per million of an amount, half up to a fen; the amount is never negative."""
    return (paid * ppm + PPM // 2) // PPM


cdef inline const AgreementTerms *terms_of(const Member[::1] members,
                                           const AgreementTerms[::1] agreements,
                                           const Ride *ride) except NULL nogil:
    """The agreement for how far from home the card is."""
    if members[ride.issuer].city == members[ride.operator].city:
        return &agreements[SAME_CITY]
    if members[ride.issuer].province == members[ride.operator].province:
        return &agreements[SAME_PROVINCE]
    return &agreements[FURTHER]


cdef void copy_charge(Entry *entry, const Charge *charge) noexcept nogil:
    entry.due = charge.due
    entry.price = charge.price
    entry.paid = charge.paid
    entry.variance = charge.variance
    entry.rule = charge.rule
    entry.table = charge.table
    entry.leg1_amount = charge.leg1_amount
    entry.leg2_amount = charge.leg2_amount
    entry.leg3_amount = charge.leg3_amount
    entry.leg4_amount = charge.leg4_amount
    entry.leg1_rule = charge.leg1_rule
    entry.leg2_rule = charge.leg2_rule
    entry.leg3_rule = charge.leg3_rule
    entry.leg4_rule = charge.leg4_rule
    entry.leg1_funder = charge.leg1_funder
    entry.leg2_funder = charge.leg2_funder
    entry.leg3_funder = charge.leg3_funder
    entry.leg4_funder = charge.leg4_funder
    entry.leg1_kind = charge.leg1_kind
    entry.leg2_kind = charge.leg2_kind
    entry.leg3_kind = charge.leg3_kind
    entry.leg4_kind = charge.leg4_kind


cdef void copy_ride(Entry *entry, const Ride *ride) noexcept nogil:
    entry.card_hi = ride.card_hi
    entry.card_lo = ride.card_lo
    entry.started_at = ride.started_at
    entry.ended_at = ride.ended_at
    entry.card_seq = ride.card_seq
    entry.out_seq = ride.out_seq
    entry.line = ride.line
    entry.vehicle = ride.vehicle
    entry.device = ride.device
    entry.device_seq = ride.device_seq
    entry.from_stop = ride.from_stop
    entry.to_stop = ride.to_stop
    entry.distance_m = ride.distance_m
    entry.operator = ride.operator
    entry.issuer = ride.issuer
    entry.service_day = ride.service_day
    entry.mode = ride.mode
    entry.medium = ride.medium
    entry.card_kind = ride.card_kind
    entry.state = ride.state
    entry.flags = ride.flags
    entry.age = ride.age


cdef int copy_source(Entry *entry, const Tap[::1] taps, const Ride *ride) except -1 nogil:
    """Where the taps came from: an exit alone has no way in, a lone entry no way out."""
    if ride.state != RideState.MISSING_IN:
        entry.in_file = taps[ride.first_tap].source_file
        entry.in_line = taps[ride.first_tap].source_line
    if ride.state != RideState.MISSING_OUT and ride.state != RideState.SINGLE_TAP:
        entry.out_file = taps[ride.last_tap].source_file
        entry.out_line = taps[ride.last_tap].source_line
    return 0


cdef Py_ssize_t make_rows(const Tap[::1] taps, const Ride[::1] rides, const Charge[::1] charges,
                          const Member[::1] members, const AgreementTerms[::1] agreements,
                          uint16_t first_open_day, Entry[::1] entries,
                          uint16_t[::1] codes) except -1 nogil:
    """Write an entry per priced ride, and the code of each refused ride on its taps."""
    cdef Py_ssize_t i, made = 0
    cdef const Ride *ride
    cdef const AgreementTerms *terms
    cdef Entry *entry
    for i in range(rides.shape[0]):
        ride = &rides[i]
        if charges[i].code != Code.OK:
            codes[ride.first_tap] = charges[i].code
            codes[ride.last_tap] = charges[i].code
            continue
        entry = &entries[made]
        memset(entry, 0, sizeof(Entry))
        copy_ride(entry, ride)
        copy_charge(entry, &charges[i])
        copy_source(entry, taps, ride)
        terms = terms_of(members, agreements, ride)
        entry.centre = terms.centre
        entry.clearing_fee = fee_of(charges[i].paid, terms.clearing_ppm)
        entry.issuer_fee = fee_of(charges[i].paid, terms.issuer_ppm)
        entry.window = max(ride.service_day, first_open_day)
        entry.reason = Reason.ORIGINAL
        made += 1
    return made


def make_entries(const Tap[::1] taps not None, const Ride[::1] rides not None,
                 const Charge[::1] charges not None, const Member[::1] members not None,
                 const AgreementTerms[::1] agreements not None, uint16_t first_open_day,
                 Entry[::1] entries not None, uint16_t[::1] codes not None):
    """The number of entries made; the taps of a ride without a fare get its code.

    rides and charges: one row per ride; agreements: for the same city, the same province and
    further; entries: one row per ride at least; codes: one per tap.
    Raises ValueError where lengths do not fit.
    """
    cdef Py_ssize_t made
    if charges.shape[0] != rides.shape[0] or entries.shape[0] < rides.shape[0]:
        raise ValueError(f"rides has {rides.shape[0]} rows, charges {charges.shape[0]}, entries "
                         f"{entries.shape[0]}: each ride needs one of both")
    if agreements.shape[0] != 3:
        raise ValueError(f"agreements has {agreements.shape[0]} rows, not 3")
    if codes.shape[0] != taps.shape[0]:
        raise ValueError(f"taps has {taps.shape[0]} rows, codes {codes.shape[0]}")
    with nogil:
        made = make_rows(taps, rides, charges, members, agreements, first_open_day, entries, codes)
    return made
