from typing import Any

import numpy as np
from numpy.typing import NDArray

class Plan:
    @property
    def counts_to_most(self) -> int: ...
    def __init__(
        self,
        *,
        members: NDArray[Any],
        tariffs: NDArray[Any],
        rows: NDArray[Any],
        shares: NDArray[Any],
        bands: NDArray[Any],
        price_bands: NDArray[Any],
        choices: NDArray[Any],
        choice_tariffs: NDArray[np.uint16],
        line_groups: NDArray[np.uint16],
        stop_indexes: NDArray[np.uint32],
        fares: NDArray[np.int32],
        counts_to: NDArray[np.uint16],
        accumulator_rules: NDArray[Any],
        member_sets: NDArray[np.uint8],
        months: NDArray[np.uint32],
        modes: int,
        groups: int,
        counts_to_most: int,
    ) -> None: ...

def price_rides(
    plan: Plan,
    rides: NDArray[Any],
    states: NDArray[Any],
    before: NDArray[Any],
    charges: NDArray[Any],
    after: NDArray[Any],
) -> tuple[int, int]: ...
