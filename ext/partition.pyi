import numpy as np
from numpy.typing import NDArray

MOST_PARTITIONS: int

def list_by_partition(
    rows: NDArray[np.uint8],
    partitions: int,
    listed: NDArray[np.uint32],
    offsets: NDArray[np.int64],
) -> None: ...
