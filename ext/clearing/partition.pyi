import numpy as np
from numpy.typing import NDArray

from ext.clearing.persons import Persons

MOST_PARTITIONS: int

def list_by_partition(
    rows: NDArray[np.uint8],
    partitions: int,
    listed: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    persons: Persons = ...,
) -> None: ...
def add_to_card_filter(rows: NDArray[np.uint8], card_filter: NDArray[np.uint64]) -> None: ...
def list_in_card_filter(
    rows: NDArray[np.uint8], card_filter: NDArray[np.uint64], listed: NDArray[np.uint32]
) -> int: ...
