import numpy as np
from numpy.typing import NDArray

PART_BYTES: int
KEY_BYTES: int

def compute_codes(
    is_sm4: bool,
    secret: NDArray[np.uint8],
    by_card: bool,
    after: NDArray[np.uint8],
    serials: NDArray[np.uint8],
    messages: NDArray[np.uint8],
    codes: NDArray[np.uint32],
) -> None: ...
