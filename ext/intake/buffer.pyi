from typing import Any

import numpy as np
from numpy.typing import NDArray

from ext.clearing.persons import Persons

PAGE_BYTES: int
SOURCE: np.dtype[np.void]
REMAP: np.dtype[np.void]

class Origins:
    def __init__(
        self, sources: NDArray[Any], remaps: NDArray[Any], numbers: NDArray[np.uint32]
    ) -> None: ...
    def unpack(
        self, rows: NDArray[np.uint8], size: int, taps: NDArray[Any], at: int
    ) -> int: ...

class PartitionBuffer:
    def __init__(self, partitions: int, persons: Persons = ...) -> None: ...
    def add(self, arena: NDArray[np.uint8]) -> None: ...
    def put(self, taps: NDArray[Any], first: int, block: int) -> tuple[int, int]: ...
    def count(self, partition: int) -> int: ...
    def size(self, partition: int) -> int: ...
    def gather(
        self, partition: int, origins: Origins, taps: NDArray[Any], at: int
    ) -> int: ...
    def drain(self, partition: int, rows: NDArray[np.uint8], at: int) -> int: ...
    def mark(self, card_filter: NDArray[np.uint64]) -> None: ...
    def forget(self) -> None: ...

def mark_used(
    rows: NDArray[np.uint8],
    size: int,
    keep: NDArray[np.uint8],
    stops: NDArray[np.uint8],
    lines: NDArray[np.uint8],
    vehicles: NDArray[np.uint8],
    devices: NDArray[np.uint8],
) -> None: ...
