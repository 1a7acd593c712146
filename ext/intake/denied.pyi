import numpy as np
from numpy.typing import NDArray

from ext.records import Records

CHANGE: np.dtype[np.void]
CARD_RANGE: np.dtype[np.void]
VERSION: np.dtype[np.void]

def read_cards(
    text: NDArray[np.uint8],
    start: int,
    end: int,
    highs: NDArray[np.uint64],
    lows: NDArray[np.uint64],
) -> tuple[int, int]: ...

class Denied:
    def __init__(
        self,
        highs: NDArray[np.uint64],
        starts: NDArray[np.uint32],
        lows: NDArray[np.uint64],
        changes: Records,
        ranges: Records,
        versions: Records,
        end: int,
    ) -> None: ...
    def has(self, high: int, low: int) -> bool: ...
    def check(self, taps: Records, codes: NDArray[np.uint16]) -> None: ...
