"""What kernels price and enter rides by: arrays only, made by fare_tables and settlement."""

from ext.civil cimport clock_of
from ext.records cimport DAYS_MOST


cdef class PricingTables:
    """Everything that prices of a network depend on. Shapes are the compiler's promise."""

    def __init__(self, *, members, tariff_index, ranked_tariffs, line_groups, tariffs, candidates,
                 candidate_fares, fare_rows, stages, candidate_discounts, rows, conditions,
                 timeframes, shares, bands, price_bands, same_stations, stop_indexes, zones, fares,
                 line_stops, lines, member_sets, line_sets, stop_sets, counts_to, accumulator_rules,
                 days, months, civil_offsets, int clock_tolerance_s, Py_ssize_t card_kinds,
                 Py_ssize_t media, Py_ssize_t modes, Py_ssize_t groups, Py_ssize_t chains,
                 Py_ssize_t counts_to_most):
        """Keep the arrays; none may be empty."""
        self.members = members
        self.tariff_index = tariff_index
        self.ranked_tariffs = ranked_tariffs
        self.line_groups = line_groups
        self.tariffs = tariffs
        self.candidates = candidates
        self.candidate_fares = candidate_fares
        self.fare_rows = fare_rows
        self.stages = stages
        self.candidate_discounts = candidate_discounts
        self.rows = rows
        self.conditions = conditions
        self.timeframes = timeframes
        self.shares = shares
        self.bands = bands
        self.price_bands = price_bands
        self.same_stations = same_stations
        self.stop_indexes = stop_indexes
        self.zones = zones
        self.fares = fares
        self.line_stops = line_stops
        self.lines = lines
        self.member_sets = member_sets
        self.line_sets = line_sets
        self.stop_sets = stop_sets
        self.counts_to = counts_to
        self.accumulator_rules = accumulator_rules
        self.days = days
        self.months = months
        self.civil_offsets = civil_offsets
        self.clock = clock_of(self.civil_offsets)
        self.clock_tolerance_s = clock_tolerance_s
        self.card_kinds = card_kinds
        self.media = media
        self.modes = modes
        self.groups = groups
        self.chains = chains
        self.counts_to_most = counts_to_most


cdef class EntryTables:
    """What an entry depends on besides its price: who owes fees, when and whether it is settled."""

    def __init__(self, *, members, agreements, agreement_index, ranked_agreements, windows,
                 claim_limits, claim_index, bint holds_uncovered=False,
                 bint holds_overlapping=False):
        """Keep the arrays; settlement/ and fare_tables/ make them. None may be empty."""
        self.members = members
        self.agreements = agreements
        self.agreement_index = agreement_index
        self.ranked_agreements = ranked_agreements
        self.windows = windows
        self.claim_limits = claim_limits
        self.claim_index = claim_index
        self.holds_uncovered = holds_uncovered
        self.holds_overlapping = holds_overlapping
        if self.windows.shape[0] != DAYS_MOST:
            raise ValueError(f"windows has {self.windows.shape[0]} days, expected {DAYS_MOST}")
