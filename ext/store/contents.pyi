import numpy as np
from numpy.typing import NDArray

def add_columns(
    memory: NDArray[np.uint8],
    places: NDArray[np.int64],
    widths: NDArray[np.int64],
    keys: NDArray[np.uint64],
    sums: NDArray[np.uint64],
) -> None: ...
def finish_rows(sums: NDArray[np.uint64]) -> None: ...
