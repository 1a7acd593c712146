"""Whether a row's conditions hold for a ride (RULES.md section 4)."""

from libc.stdint cimport int64_t, uint8_t, uint16_t, uint32_t

from ext.codes cimport RideState
from ext.plan cimport Plan
from ext.records cimport REVIEWED, Condition, Ride, Window

cdef enum:
    DAY_S = 86400


cdef inline bint is_incomplete(const Ride *ride) noexcept nogil:
    return ride.state == RideState.MISSING_OUT or ride.state == RideState.MISSING_IN


cdef inline uint32_t ride_time(const Ride *ride) noexcept nogil:
    return ride.ended_at if ride.state == RideState.MISSING_IN else ride.started_at


cdef inline bint in_set(const uint8_t[:, ::1] sets, uint32_t which,
                        uint32_t number) except -1 nogil:
    """Whether a set has a number; 0 and numbers that are newer than the plan are in none."""
    return number != 0 and number < <uint32_t>sets.shape[1] and sets[which, number] != 0


cdef inline bint in_window(Plan plan, const Window *window, uint32_t second,
                           uint16_t service_day) except -1 nogil:
    if not plan.days[service_day] & window.days:
        return False
    if window.since_s < window.until_s:
        return window.since_s <= second < window.until_s
    return second >= window.since_s or second < window.until_s


cdef inline bint in_windows(Plan plan, const Condition *condition,
                            const Ride *ride) except -1 nogil:
    """Whether the time that the condition means is in one of its windows."""
    cdef uint32_t at = ride.ended_at if condition.at_exit else ride.started_at
    cdef uint32_t i, second
    if at == 0:
        return False
    second = <uint32_t>((<int64_t>at + plan.civil_offset_s) % DAY_S)
    for i in range(condition.windows, condition.windows + condition.windows_count):
        if in_window(plan, &plan.windows[i], second, ride.service_day):
            return True
    return False


cdef inline bint holds_narrowly(Plan plan, const Condition *condition, const Ride *ride,
                                bint companion) except -1 nogil:
    """The conditions that few rows have."""
    if condition.lines and not in_set(plan.line_sets, condition.lines, ride.line):
        return False
    if condition.from_stops and not in_set(plan.stop_sets, condition.from_stops, ride.from_stop):
        return False
    if condition.to_stops and not in_set(plan.stop_sets, condition.to_stops, ride.to_stop):
        return False
    if condition.age_to and not (ride.age != 0
                                 and condition.age_from <= ride.age <= condition.age_to):
        return False
    if condition.reviewed and not ride.flags & REVIEWED:
        return False
    if condition.holder_only and companion:
        return False
    return not condition.windows_count or in_windows(plan, condition, ride)


cdef inline bint holds(Plan plan, uint32_t number, const Ride *ride,
                       bint companion) except -1 nogil:
    """Whether all that a condition asks for is so."""
    cdef const Condition *condition = &plan.conditions[number]
    if not ((condition.card_kinds >> ride.card_kind) & 1
            and (condition.media >> ride.medium) & 1
            and (condition.modes >> ride.mode) & 1):
        return False
    if condition.issuers and not plan.member_sets[condition.issuers, ride.issuer]:
        return False
    return not condition.narrow or holds_narrowly(plan, condition, ride, companion)
