from typing import Any

import numpy as np
from numpy.typing import NDArray

CARDS_OF_A_PERSON_MOST: int
NO_PERSON: int

class Persons:
    rows: NDArray[Any]
    card_filter: NDArray[np.uint64]
    def __init__(self, rows: NDArray[Any]) -> None: ...
    def __len__(self) -> int: ...
    def number(self, rows: NDArray[np.uint8], numbers: NDArray[np.uint32]) -> None: ...
    def spread(self, card_filter: NDArray[np.uint64]) -> None: ...

NOBODY: Persons
