import numpy as np
from numpy.typing import NDArray

def spread_records(
    records: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    widths: NDArray[np.int64],
    places: NDArray[np.int64],
    at: int,
    columns: NDArray[np.uint8],
) -> None: ...
def gather_records(
    columns: list[NDArray[np.uint8]],
    offsets: NDArray[np.int64],
    widths: NDArray[np.int64],
    sizes: NDArray[np.int64],
    records: NDArray[np.uint8],
) -> None: ...
