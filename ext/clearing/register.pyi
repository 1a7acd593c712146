from typing import Any

import numpy as np
from numpy.typing import NDArray

MARGIN: int

class CardRegister:
    rows: NDArray[Any]
    def __init__(self, rows: NDArray[Any]) -> None: ...
    def __len__(self) -> int: ...
    def stamp(self, taps: NDArray[Any]) -> None: ...

def read_cards(text: NDArray[np.uint8], cards: NDArray[np.uint64]) -> int: ...
