import numpy as np
from numpy.typing import NDArray

from ext.records import Records

SERIAL_BYTES: int
MESSAGE_BYTES: int
TERMINAL_BYTES: int

def write_signed(
    taps: Records,
    rows: NDArray[np.int64],
    terminals: NDArray[np.uint8],
    civil_offsets: Records,
    serials: NDArray[np.uint8],
    messages: NDArray[np.uint8],
    is_signed: NDArray[np.uint8],
) -> None: ...
