from enum import IntEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

RULES: np.dtype[np.void]
CELL: np.dtype[np.void]
SOURCE: np.dtype[np.void]
CONDITION: np.dtype[np.void]
CHANGE: np.dtype[np.void]
TEXT: np.dtype[np.void]
ADAPTING: np.dtype[np.void]

MOST_CELLS: int
MOMENT_BYTES: int
PAIRS_MOST: int

class Encoding(IntEnum):
    ASCII = 0
    UTF_8 = 1
    PAIRS = 2

class CellType(IntEnum):
    DELIMITED = 0
    CHARACTERS = 1
    HEX_NUMBER = 2
    BCD = 3
    HEX = 4
    BIG_ENDIAN = 5
    LITTLE_ENDIAN = 6

class ChangeType(IntEnum):
    STRIP = 0
    BLANK = 1
    DROP_SUFFIX = 2
    SLICE = 3
    TIME = 4
    UTC_TIME = 5
    DATE = 6
    MAP = 7
    SCALE = 8

class Plan:
    def __init__(
        self,
        rules: NDArray[Any],
        civil_offsets: NDArray[Any],
        cells: NDArray[Any],
        sources: NDArray[Any],
        reads: NDArray[np.uint16],
        conditions: NDArray[Any],
        changes: NDArray[Any],
        texts: NDArray[Any],
        data: NDArray[np.uint8],
        letters: NDArray[np.uint32],
        cuts: NDArray[np.uint64],
    ) -> None: ...

def adapt_lines(
    plan: Plan,
    data: NDArray[np.uint8] | bytearray | bytes | memoryview,
    stop: int,
    starts: NDArray[np.uint64],
    sizes: NDArray[np.uint32],
    left: NDArray[np.uint32],
    places: NDArray[np.uint64],
    text: NDArray[np.uint8] | bytearray | memoryview,
    progress: NDArray[Any],
) -> bool: ...
def adapt_records(
    plan: Plan,
    data: NDArray[np.uint8] | bytearray | bytes | memoryview,
    starts: NDArray[np.uint64],
    sizes: NDArray[np.uint32],
    left: NDArray[np.uint32],
    places: NDArray[np.uint64],
    text: NDArray[np.uint8] | bytearray | memoryview,
    progress: NDArray[Any],
) -> bool: ...
def find_records(
    data: NDArray[np.uint8] | bytearray | bytes | memoryview,
    record: int,
    start: int,
    width: int,
    kind: CellType,
    unit: int,
    besides: int,
    starts: NDArray[np.uint64],
    sizes: NDArray[np.uint32],
) -> int: ...
