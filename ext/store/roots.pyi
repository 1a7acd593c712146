import numpy as np
from numpy.typing import NDArray

ALWAYS: int
NOT_ZERO: int

def order_rows(
    records: NDArray[np.uint8],
    offsets: NDArray[np.int64],
    widths: NDArray[np.int64],
    scratch: NDArray[np.uint64],
    order: NDArray[np.uint32],
    differs: NDArray[np.uint8],
) -> None: ...
def lay_out(
    records: NDArray[np.uint8],
    order: NDArray[np.uint32],
    fields: NDArray[np.int64],
    names: NDArray[np.uint8],
    rows: NDArray[np.uint8],
    told: NDArray[np.uint32],
) -> None: ...
