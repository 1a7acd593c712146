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
def mix_cards(rows: NDArray[np.uint8], mixes: NDArray[np.uint32]) -> None: ...
def list_mixes_in_card_filter(
    mixes: NDArray[np.uint32], card_filter: NDArray[np.uint64], listed: NDArray[np.uint32]
) -> int: ...
