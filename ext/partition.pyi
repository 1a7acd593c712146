from typing import Any

import numpy as np
from numpy.typing import NDArray

MOST_PARTITIONS: int
SOURCE: np.dtype[np.void]
REMAP: np.dtype[np.void]

def group_by_card(
    taps: NDArray[Any],
    partitions: int,
    grouped: NDArray[Any],
    offsets: NDArray[np.int64],
    scratch: NDArray[np.uint16],
) -> None: ...
def partitions_of(
    card_hi: NDArray[np.uint64],
    card_lo: NDArray[np.uint64],
    partitions: int,
    parts: NDArray[np.uint16],
) -> None: ...

class Shelf:
    def __init__(
        self,
        chunks: list[tuple[NDArray[Any], NDArray[np.int64]]],
        partitions: int,
        sources: NDArray[Any],
        remaps: NDArray[Any],
        numbers: NDArray[np.uint32],
    ) -> None: ...
    def count(self, partition: int) -> int: ...
    def gather(self, partition: int, taps: NDArray[Any]) -> None: ...
