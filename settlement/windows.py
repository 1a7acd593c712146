"""Which window settles a ride: its service day's while that is open, else the first open one."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from network.civil import DAYS_MOST


def window_table(closed_through: int | None) -> npt.NDArray[np.uint16]:
    """By service day (days since 1970), the window that its entries are posted in.

    closed_through: the last closed day; None: none is closed.
    """
    first_open = 0 if closed_through is None else closed_through + 1
    return np.maximum(np.arange(DAYS_MOST), min(first_open, DAYS_MOST - 1)).astype(np.uint16)
