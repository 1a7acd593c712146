from typing import Any

import numpy as np
from numpy.typing import NDArray

SLOT: np.dtype[np.void]
KEY: np.dtype[np.void]

class Lookup:
    def __init__(
        self,
        slots: NDArray[Any],
        keys: NDArray[Any],
        blob: NDArray[np.uint8],
        used: NDArray[np.uint64],
    ) -> None: ...
    def find(self, code: bytes, scope: int = 0) -> int: ...
    def find_all(
        self, other: Lookup, scopes: NDArray[np.uint16], values: NDArray[np.uint32]
    ) -> None: ...
    def add(self, code: bytes, scope: int = 0, value: int = 0) -> int: ...
    def count(self) -> int: ...
    def value(self, index: int) -> int: ...
    def rebuild(self) -> None: ...
