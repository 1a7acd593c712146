from typing import Any

import numpy as np
from numpy.typing import NDArray

REFUND: np.dtype[np.void]
REFUND_DAYS: int

def pair_taps(
    taps: NDArray[Any],
    order: NDArray[np.uint32],
    members: NDArray[Any],
    rides: NDArray[Any],
    carried: NDArray[np.uint32],
    *,
    ride_limit_s: int,
    open_from: int,
    civil_offsets: NDArray[Any],
    day_starts_s: int,
    clock_tolerance_s: int = 0,
) -> tuple[int, int]: ...
