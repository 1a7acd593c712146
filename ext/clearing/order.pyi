from typing import Any

import numpy as np
from numpy.typing import NDArray

SCRATCH_BYTES: int

def order_taps(
    taps: NDArray[Any],
    order: NDArray[np.uint32],
    codes: NDArray[np.uint16],
    scratch: NDArray[np.uint8],
    *,
    clock_tolerance_s: int,
    civil_offsets: NDArray[Any],
    day_starts_s: int,
) -> int: ...
def find_seen(
    taps: NDArray[Any],
    order: NDArray[np.uint32],
    states: NDArray[Any],
    maybe_seen: NDArray[np.uint32],
) -> int: ...
def open_states(
    taps: NDArray[Any],
    order: NDArray[np.uint32],
    states: NDArray[Any],
    opened: NDArray[Any],
    chains: int = 1,
) -> int: ...
def remember_taps(
    taps: NDArray[Any],
    by_card: NDArray[np.uint32],
    states: NDArray[Any],
) -> None: ...
