from typing import Any

import numpy as np
from numpy.typing import NDArray

class PricingTables:
    @property
    def chains(self) -> int: ...
    @property
    def counts_to_most(self) -> int: ...
    def __init__(
        self,
        *,
        members: NDArray[Any],
        tariff_index: NDArray[Any],
        ranked_tariffs: NDArray[np.uint16],
        line_groups: NDArray[np.uint16],
        tariffs: NDArray[Any],
        candidates: NDArray[Any],
        candidate_fares: NDArray[np.uint32],
        fare_rows: NDArray[Any],
        stages: NDArray[Any],
        candidate_discounts: NDArray[np.uint32],
        rows: NDArray[Any],
        conditions: NDArray[Any],
        timeframes: NDArray[Any],
        shares: NDArray[Any],
        bands: NDArray[Any],
        price_bands: NDArray[Any],
        same_stations: NDArray[Any],
        stop_indexes: NDArray[np.uint32],
        zones: NDArray[np.uint16],
        fares: NDArray[np.int32],
        line_stops: NDArray[Any],
        lines: NDArray[Any],
        member_sets: NDArray[np.uint8],
        line_sets: NDArray[np.uint8],
        stop_sets: NDArray[np.uint8],
        counts_to: NDArray[np.uint16],
        accumulator_rules: NDArray[Any],
        days: NDArray[np.uint16],
        months: NDArray[np.uint32],
        civil_offsets: NDArray[Any],
        clock_tolerance_s: int,
        card_kinds: int,
        media: int,
        modes: int,
        groups: int,
        chains: int,
        counts_to_most: int,
    ) -> None: ...

class EntryTables:
    def __init__(
        self,
        *,
        members: NDArray[Any],
        agreements: NDArray[Any],
        agreement_index: NDArray[Any],
        ranked_agreements: NDArray[np.uint32],
        windows: NDArray[np.uint16],
        claim_limits: NDArray[Any],
        claim_index: NDArray[Any],
        holds_uncovered: bool = False,
        holds_overlapping: bool = False,
    ) -> None: ...
