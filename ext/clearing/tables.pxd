"""What kernels price and enter rides by: arrays only, made by fare_tables and settlement."""

from libc.stdint cimport int32_t, uint8_t, uint16_t, uint32_t

from ext.civil cimport Clock
from ext.records cimport (
    AccumulatorRule,
    Agreement,
    AgreementIndex,
    Band,
    CandidateRows,
    CivilOffset,
    ClaimLimit,
    Condition,
    DiscountRow,
    DiscountStage,
    FareRow,
    LineStop,
    LineStops,
    Member,
    PriceBand,
    SameStation,
    Share,
    Tariff,
    TariffIndex,
    Timeframe,
)


cdef class PricingTables:
    cdef const Member[::1] members              # by member number
    cdef const TariffIndex[::1] tariff_index    # [operator slot][mode][line group]
    cdef const uint16_t[::1] ranked_tariffs
    cdef const uint16_t[::1] line_groups        # by line number; 0 and beyond: group 0
    cdef const Tariff[::1] tariffs
    # [tariff][card kind][medium][mode]; the last kind and medium: newer ones
    cdef const CandidateRows[::1] candidates
    cdef const uint32_t[::1] candidate_fares
    cdef const FareRow[::1] fare_rows
    cdef const DiscountStage[::1] stages
    cdef const uint32_t[::1] candidate_discounts
    cdef const DiscountRow[::1] rows
    cdef const Condition[::1] conditions
    cdef const Timeframe[::1] timeframes
    cdef const Share[::1] shares
    cdef const Band[::1] bands
    cdef const PriceBand[::1] price_bands
    cdef const SameStation[::1] same_stations
    cdef const uint32_t[::1] stop_indexes        # by stop number: index among all listed stops
    cdef const uint16_t[::1] zones              # zone of each stop, for fare rows by zone
    cdef const int32_t[::1] fares               # matrices and edges, end to end; -1: none
    cdef const LineStop[::1] line_stops
    cdef const LineStops[:, ::1] lines          # [set][line number]; lines beyond it: no stops
    cdef const uint8_t[:, ::1] member_sets      # [set][member number]
    cdef const uint8_t[:, ::1] line_sets        # [set][line number]
    cdef const uint8_t[:, ::1] stop_sets        # [set][stop number]
    cdef const uint16_t[::1] counts_to
    cdef const AccumulatorRule[::1] accumulator_rules   # by accumulator number
    cdef const uint16_t[::1] days               # by service day: a bit for each thing it is
    cdef const uint32_t[::1] months             # by service day: year * 12 + month - 1
    cdef const CivilOffset[::1] civil_offsets
    cdef Clock clock                            # over these
    cdef int clock_tolerance_s                  # that clocks may be apart
    cdef Py_ssize_t card_kinds
    cdef Py_ssize_t media
    cdef Py_ssize_t modes
    cdef Py_ssize_t groups
    cdef readonly Py_ssize_t chains             # states of a card: one for each transfer chain
    cdef readonly Py_ssize_t counts_to_most     # accumulators that one ride can feed


cdef class EntryTables:
    cdef const Member[::1] members                      # by member number
    cdef const Agreement[::1] agreements
    cdef const AgreementIndex[:, ::1] agreement_index   # [issuer slot][operator slot]
    cdef const uint32_t[::1] ranked_agreements
    cdef const uint16_t[::1] windows                    # by service day
    cdef const ClaimLimit[::1] claim_limits
    cdef const TariffIndex[::1] claim_index             # by table number
    cdef bint holds_uncovered       # a ride for which no agreement holds
    cdef bint holds_overlapping     # one for which several do
