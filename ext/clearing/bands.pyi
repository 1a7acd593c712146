from typing import Any

import numpy as np
from numpy.typing import NDArray

def fill_fares(
    bands: NDArray[Any], lengths: NDArray[np.int64], fares: NDArray[np.int64]
) -> None: ...
