import numpy as np
from numpy.typing import NDArray

PART_BYTES: int
KEY_BYTES: int

def derive_keys(
    is_sm4: bool,
    secret: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    keys: NDArray[np.uint8],
) -> None: ...
def compute_codes(
    is_sm4: bool,
    keys: NDArray[np.uint8],
    after: NDArray[np.uint8],
    messages: NDArray[np.uint8],
    types: NDArray[np.uint8],
    codes: NDArray[np.uint32],
) -> None: ...
