"""What a ride costs before any discount (RULES.md section 3). -1 always means: no fare."""

from libc.stdint cimport int64_t, uint8_t, uint32_t

from ext.checked cimport check
from ext.codes cimport Basis, EdgeFare, RideState
from ext.clearing.bands cimport fare_in_bands
from ext.clearing.conditions cimport holds, is_incomplete, seconds_inside
from ext.clearing.tables cimport PricingTables
from ext.records cimport (
    RIDE_HAS_DISTANCE,
    RIDE_HAS_DUE,
    RIDE_LINE_CHANGED,
    CandidateRows,
    FareRow,
    LineStops,
    Ride,
    SameStation,
)

cdef enum:
    NO_FARE_AMOUNT = -1
    NOWHERE = 0xFFFF        # the zone of a stop that has none


cdef inline const FareRow *find_fare_row(PricingTables tables, const CandidateRows *candidates,
                                         const Ride *ride, bint companion) except? NULL nogil:
    """The first candidate fare row whose condition holds; NULL: none."""
    cdef const FareRow *row
    cdef uint32_t i
    for i in range(candidates.fares, candidates.fares + candidates.fares_count):
        row = &tables.fare_rows[tables.candidate_fares[i]]
        if row.condition == 0 or holds(tables, row.condition, ride, companion):
            return row
    return NULL


cdef inline int64_t fare_of_bands(PricingTables tables, const FareRow *row,
                                  int64_t value) except -2 nogil:
    """The fare of so many metres or seconds."""
    return fare_in_bands(tables.bands, row.bands, row.bands_count, value)


cdef inline int64_t fare_of_metres(PricingTables tables, const FareRow *row,
                                   int64_t metres) except -2 nogil:
    return fare_of_bands(tables, row, max(<int64_t>0, metres - row.grace_m))


cdef inline int64_t index_of_stop(PricingTables tables, const FareRow *row,
                                  uint32_t stop) except -2 nogil:
    """A stop's index along its system; -1: not one of its stops."""
    cdef uint32_t index
    if stop >= <uint32_t>tables.stop_indexes.shape[0]:
        return -1
    index = tables.stop_indexes[stop] - row.first_stop     # below the first: past every end
    return index if index < row.stops else -1


cdef inline int64_t fare_between(PricingTables tables, const FareRow *row, uint32_t from_stop,
                                 uint32_t to_stop) except -2 nogil:
    """The matrix's fare for two stops, or for their zones."""
    cdef int64_t start = index_of_stop(tables, row, from_stop)
    cdef int64_t end = index_of_stop(tables, row, to_stop)
    if start < 0 or end < 0:
        return NO_FARE_AMOUNT
    if row.zones >= 0:
        start = tables.zones[row.zones + start]
        end = tables.zones[row.zones + end]
        if start == NOWHERE or end == NOWHERE:
            return NO_FARE_AMOUNT
    check(start < row.side and end < row.side, b"a fare is looked up within its matrix")
    return tables.fares[row.matrix + start * row.side + end]


cdef inline int64_t find_line_stop(PricingTables tables, const LineStops *line,
                                   uint32_t stop) except -2 nogil:
    """The metres of a stop along a line; -1: not on it."""
    cdef int64_t low = line.first, high = <int64_t>line.first + line.count, middle
    while low < high:
        middle = low + (high - low) // 2
        if tables.line_stops[middle].stop < stop:
            low = middle + 1
        else:
            high = middle
    if low < <int64_t>line.first + line.count and tables.line_stops[low].stop == stop:
        return tables.line_stops[low].metres
    return -1


cdef inline const LineStops *line_of(PricingTables tables, const FareRow *row,
                                     const Ride *ride) except? NULL nogil:
    """The ride's line as the row measures it; NULL: its stops are not known."""
    cdef const LineStops *line
    if ride.line >= <uint32_t>tables.lines.shape[1]:
        return NULL
    line = &tables.lines[row.lines, ride.line]
    return line if line.count else NULL


cdef inline bint is_on_line(PricingTables tables, const FareRow *row, const Ride *ride,
                            uint32_t stop) except -1 nogil:
    """Whether a stop is one of the ride's line."""
    cdef const LineStops *line = line_of(tables, row, ride)
    return line != NULL and find_line_stop(tables, line, stop) >= 0


cdef inline int64_t fare_along(PricingTables tables, const FareRow *row, const Ride *ride,
                               uint32_t from_stop, uint32_t to_stop) except -2 nogil:
    """The fare between two stops of the ride's line."""
    cdef const LineStops *line = line_of(tables, row, ride)
    cdef int64_t start, end
    if line == NULL:
        return NO_FARE_AMOUNT
    start = find_line_stop(tables, line, from_stop)
    end = find_line_stop(tables, line, to_stop)
    if start < 0 or end < 0:
        return NO_FARE_AMOUNT
    return fare_of_metres(tables, row, max(start, end) - min(start, end))


cdef inline int64_t edge_along(PricingTables tables, const FareRow *row, const Ride *ride,
                               uint8_t by, uint32_t stop) except -2 nogil:
    """The lowest or highest fare that a stop has along its line, or the fare to its ends."""
    cdef const LineStops *line = line_of(tables, row, ride)
    cdef int64_t here, there, least = 0, most = 0, fare, found = NO_FARE_AMOUNT
    cdef uint32_t i
    if line == NULL:
        return NO_FARE_AMOUNT
    here = find_line_stop(tables, line, stop)
    if here < 0:
        return NO_FARE_AMOUNT
    least = most = tables.line_stops[line.first].metres
    for i in range(line.first, line.first + line.count):
        least = min(least, tables.line_stops[i].metres)
        most = max(most, tables.line_stops[i].metres)
    for i in range(line.first, line.first + line.count):
        there = tables.line_stops[i].metres
        if tables.line_stops[i].stop == stop or (by == EdgeFare.TERMINUS
                                                 and there != least and there != most):
            continue
        fare = fare_of_metres(tables, row, max(here, there) - min(here, there))
        if fare >= 0 and (found < 0 or (fare < found) == (by == EdgeFare.LOWEST)):
            found = fare
    return found


cdef inline int64_t edge_fare(PricingTables tables, const FareRow *row, const Ride *ride,
                              uint8_t by, int64_t fixed, bint known_in) except -2 nogil:
    """What a ride costs of which one end counts."""
    cdef uint32_t stop = ride.from_stop if known_in else ride.to_stop
    cdef int64_t index
    if by == EdgeFare.FIXED:
        return fixed
    if by == EdgeFare.BY_VALIDATOR:
        return ride.validator_due if ride.flags & RIDE_HAS_DUE else 0
    if row.basis == Basis.LINE_DISTANCE:
        return edge_along(tables, row, ride, by, stop)
    if row.basis == Basis.TAP_DISTANCE or row.basis == Basis.DURATION:
        return tables.bands[row.bands].amount if by == EdgeFare.LOWEST else NO_FARE_AMOUNT
    if row.edges < 0:
        return NO_FARE_AMOUNT
    index = index_of_stop(tables, row, stop)
    if index < 0:
        return NO_FARE_AMOUNT
    # Four fares a stop: lowest and highest as way in, the same as way out.
    return tables.fares[row.edges + 4 * index + (0 if known_in else 2)
                        + (1 if by == EdgeFare.HIGHEST else 0)]


cdef inline int64_t fare_by_basis(PricingTables tables, const FareRow *row, const Ride *ride,
                                  uint32_t from_stop) except -2 nogil:
    """What the row's basis says of a ride that began at a stop."""
    if row.basis == Basis.MATRIX:
        return fare_between(tables, row, from_stop, ride.to_stop)
    if row.basis == Basis.FLAT:
        return row.amount
    if row.basis == Basis.VALIDATOR:
        return ride.validator_due if ride.flags & RIDE_HAS_DUE else NO_FARE_AMOUNT
    if row.basis == Basis.TAP_DISTANCE:
        if not ride.flags & RIDE_HAS_DISTANCE:
            return NO_FARE_AMOUNT
        return fare_of_metres(tables, row, ride.distance_m)
    if row.basis == Basis.LINE_DISTANCE:
        if ride.flags & RIDE_LINE_CHANGED and not is_on_line(tables, row, ride,
                                                                ride.to_stop):
            return edge_along(tables, row, ride, EdgeFare.TERMINUS, from_stop)
        return fare_along(tables, row, ride, from_stop, ride.to_stop)
    if is_incomplete(ride):
        return NO_FARE_AMOUNT
    return fare_of_bands(tables, row, seconds_inside(ride))


cdef inline int64_t same_station_fare(PricingTables tables, const FareRow *row,
                                      const Ride *ride) except -2 nogil:
    """What a ride costs that ends where it began, by how long it was inside."""
    cdef int64_t inside_s = seconds_inside(ride)
    cdef uint32_t i
    cdef const SameStation *step
    for i in range(row.same_station, row.same_station + row.same_station_count):
        step = &tables.same_stations[i]
        if inside_s <= step.within_s:
            if step.by == EdgeFare.BY_BASIS:
                break
            return edge_fare(tables, row, ride, step.by, step.amount, True)
    return fare_by_basis(tables, row, ride, ride.from_stop)


cdef inline bint is_overtime(const FareRow *row, const Ride *ride) noexcept nogil:
    """Whether the row charges the ride for staying too long."""
    return (row.overtime_after_s != 0
            and (ride.state == RideState.COMPLETE or ride.state == RideState.OVERTIME)
            and seconds_inside(ride) > row.overtime_after_s)


cdef inline int64_t find_due(PricingTables tables, const FareRow *row,
                             const Ride *ride) except -2 nogil:
    """What the ride costs by a fare row, overtime included."""
    cdef int64_t due, dearest
    if row.basis == Basis.NOT_PRICED:
        return NO_FARE_AMOUNT
    if row.basis != Basis.FLAT:
        if ride.state == RideState.MISSING_IN:
            return edge_fare(tables, row, ride, row.missing_in_by, row.missing_in, False)
        if ride.state == RideState.MISSING_OUT:
            return edge_fare(tables, row, ride, row.missing_out_by, row.missing_out, True)
        if ride.state == RideState.SAME_STATION:
            return same_station_fare(tables, row, ride)
    due = fare_by_basis(tables, row, ride, ride.from_stop)
    if due >= 0 and is_overtime(row, ride):
        due += row.overtime_add
        if row.overtime_dearest:
            dearest = edge_fare(tables, row, ride, EdgeFare.HIGHEST, 0, False)
            due = max(due, dearest)
    return due
