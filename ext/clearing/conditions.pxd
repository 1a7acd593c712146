"""Whether a row's conditions hold for a ride (RULES.md section 4)."""

from libc.stdint cimport int64_t, uint16_t, uint32_t

from ext.checked cimport check
from ext.civil cimport offset_at
from ext.codes cimport RideState
from ext.clearing.tables cimport PricingTables
from ext.records cimport DAY_S, REVIEWED, Condition, Ride, Timeframe


cdef inline bint is_incomplete(const Ride *ride) noexcept nogil:
    return ride.state == RideState.MISSING_OUT or ride.state == RideState.MISSING_IN


cdef inline uint32_t ride_time(const Ride *ride) noexcept nogil:
    return ride.ended_at if ride.state == RideState.MISSING_IN else ride.started_at


cdef inline int64_t seconds_inside(const Ride *ride) noexcept nogil:
    """How long a ride with both ends lasted; 0 where its clocks say that it ended before."""
    return max(<int64_t>0, <int64_t>ride.ended_at - ride.started_at)


cdef inline int64_t seconds_between(PricingTables tables, int64_t since,
                                    int64_t until) noexcept nogil:
    """From a ride to a later one; what clocks may be apart counts as 0."""
    cdef int64_t seconds = until - since
    return 0 if -tables.clock_tolerance_s <= seconds < 0 else seconds


cdef inline bint in_line_set(PricingTables tables, uint32_t which, uint32_t line) except -1 nogil:
    """Whether a set has a line; 0 and lines that are newer than the tables are in none."""
    return (line != 0 and line < <uint32_t>tables.line_sets.shape[1]
            and tables.line_sets[which, line])


cdef inline bint in_stop_set(PricingTables tables, uint32_t which, uint32_t stop) except -1 nogil:
    """Whether a set has a stop; 0 and stops that are newer than the tables are in none."""
    return (stop != 0 and stop < <uint32_t>tables.stop_sets.shape[1]
            and tables.stop_sets[which, stop])


cdef inline bint in_timeframe(PricingTables tables, const Timeframe *timeframe, uint32_t second,
                              uint16_t service_day) except -1 nogil:
    if not tables.days[service_day] & timeframe.days:
        return False
    if timeframe.since_s < timeframe.until_s:
        return timeframe.since_s <= second < timeframe.until_s
    return second >= timeframe.since_s or second < timeframe.until_s


cdef inline bint in_timeframes(PricingTables tables, uint32_t first, uint32_t count, uint32_t at,
                               uint16_t service_day) except -1 nogil:
    """Whether a time is in one of some timeframes; one that is not known (0) is in none."""
    cdef uint32_t i, second
    if at == 0:
        return False
    second = <uint32_t>((at + offset_at(&tables.clock, at)) % DAY_S)
    check(second < DAY_S, b"a second of the day is one of it")
    for i in range(first, first + count):
        if in_timeframe(tables, &tables.timeframes[i], second, service_day):
            return True
    return False


cdef inline bint holds(PricingTables tables, uint32_t number, const Ride *ride,
                       bint companion) except -1 nogil:
    """Whether all is so that a row asks besides who rides; condition 0 asks for nothing."""
    cdef const Condition *condition = &tables.conditions[number]
    if condition.issuers and not tables.member_sets[condition.issuers, ride.issuer]:
        return False
    if condition.operators and not tables.member_sets[condition.operators, ride.operator]:
        return False
    if condition.lines and not in_line_set(tables, condition.lines, ride.line):
        return False
    if condition.not_lines and in_line_set(tables, condition.not_lines, ride.line):
        return False
    if condition.from_stops and not in_stop_set(tables, condition.from_stops, ride.from_stop):
        return False
    if condition.not_from_stops and in_stop_set(tables, condition.not_from_stops, ride.from_stop):
        return False
    if condition.to_stops and not in_stop_set(tables, condition.to_stops, ride.to_stop):
        return False
    if condition.not_to_stops and in_stop_set(tables, condition.not_to_stops, ride.to_stop):
        return False
    if condition.age_to and not (ride.age != 0
                                 and condition.age_from <= ride.age <= condition.age_to):
        return False
    if condition.reviewed and not ride.flags & REVIEWED:
        return False
    if condition.holder_only and companion:
        return False
    if condition.entry_timeframes_count and not in_timeframes(
            tables, condition.entry_timeframes, condition.entry_timeframes_count,
            ride.started_at, ride.service_day):
        return False
    return not condition.exit_timeframes_count or in_timeframes(
        tables, condition.exit_timeframes, condition.exit_timeframes_count,
        ride.ended_at, ride.service_day)
