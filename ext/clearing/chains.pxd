"""The transfer chains of a card: who rides along, what may be transferred, and what a ride leaves.

The rules are in clearing/reference/RULES.md section 4.
"""

from libc.stdint cimport int64_t, uint32_t

from ext.checked cimport must
from ext.clearing.conditions cimport in_line_set, in_stop_set, ride_time, seconds_between
from ext.clearing.tables cimport PricingTables
from ext.codes cimport MeasuredFrom, RideState
from ext.records cimport NO_TRANSFER, CardState, Charge, DiscountRow, Ride, Tariff

cdef enum:
    NEVER_S = 0xFFFFFFFF


cdef inline bint is_companion(PricingTables tables, const Tariff *tariff, const CardState *states,
                              const Ride *ride) noexcept nogil:
    """Whether the card was tapped again for somebody who rides along, in any of its chains."""
    cdef Py_ssize_t i
    if tariff.companion_within_s == 0 or ride.state != RideState.SINGLE_TAP:
        return False
    for i in range(tables.chains):
        if rides_along(tables, tariff, &states[i], ride):
            return True
    return False


cdef inline bint rides_along(PricingTables tables, const Tariff *tariff, const CardState *state,
                      const Ride *ride) noexcept nogil:
    """Whether the ride is a companion's of the last one of a chain."""
    return (state.transfers != NO_TRANSFER and state.last_single != 0
            and ride.vehicle != 0 and ride.vehicle == state.last_vehicle
            and ride.operator == state.last_operator and ride.mode == state.last_mode
            and ride.line == state.last_line
            and 0 <= seconds_between(tables, state.last_started_at, ride.started_at)
            <= tariff.companion_within_s)


cdef inline bint same_line(const CardState *state, const Ride *ride) noexcept nogil:
    """Whether the ride is on the line before again; two of no line are, of one operator."""
    return state.last_line == ride.line and (
        ride.line != 0 or state.last_operator == ride.operator)


cdef inline bint may_transfer(PricingTables tables, const DiscountRow *row, const CardState *state,
                              const Ride *ride) except -1 nogil:
    """Whether the ride follows the one before in its chain as the row wants it."""
    cdef int64_t since = state.last_ended_at, until = ride_time(ride)
    if state.transfers == NO_TRANSFER or state.transfers >= row.max_transfers:
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
    if row.began_at and not in_stop_set(tables, row.began_at, state.last_from_stop):
        return False
    if row.not_began_at and in_stop_set(tables, row.not_began_at, state.last_from_stop):
        return False
    if row.chain_began_at and not in_stop_set(tables, row.chain_began_at, state.chain_stop):
        return False
    if row.not_chain_began_at and in_stop_set(tables, row.not_chain_began_at, state.chain_stop):
        return False
    if not row.first_due_from <= <int64_t>state.chain_due <= row.first_due_to:
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


cdef inline void move_chain(const Ride *ride, const Charge *charge, bint incomplete,
                            bint transferred, bint renews, int64_t chain_price,
                            CardState *state) noexcept nogil:
    """Carry a ride's chain past it, which is no companion's.

    chain_price: what it adds to the chain's prices. transferred, renews: whether a transfer row
    applied to it, and whether by that the chain's time begins anew.
    """
    if incomplete:
        state.transfers = NO_TRANSFER
        return
    if transferred:
        must(state.transfers != NO_TRANSFER, b"a transfer is from a ride before")
        state.transfers += 1
        state.chain_price += chain_price
        if renews and charge.price > 0:
            state.chain_started_at = ride_time(ride)
    else:
        state.transfers = 0
        state.chain_started_at = ride_time(ride)
        state.chain_due = <uint32_t>charge.due
        state.chain_price = chain_price
        state.chain_stop = ride.from_stop
    state.last_started_at = ride.started_at
    state.last_ended_at = ride.ended_at
    state.last_line = ride.line
    state.last_vehicle = ride.vehicle
    state.last_operator = ride.operator
    state.last_mode = ride.mode
    state.last_stop = ride.to_stop
    state.last_from_stop = ride.from_stop
    state.last_single = ride.state == RideState.SINGLE_TAP
