from typing import Any

import numpy as np
from numpy.typing import NDArray

from ext.clearing.tables import EntryTables

def make_entries(
    taps: NDArray[Any],
    rides: NDArray[Any],
    charges: NDArray[Any],
    tables: EntryTables,
    entries: NDArray[Any],
    codes: NDArray[np.uint16],
) -> int: ...
