from typing import Any

import numpy as np
from numpy.typing import NDArray

def make_entries(
    taps: NDArray[Any],
    rides: NDArray[Any],
    charges: NDArray[Any],
    members: NDArray[Any],
    agreements: NDArray[Any],
    first_open_day: int,
    entries: NDArray[Any],
    codes: NDArray[np.uint16],
) -> int: ...
