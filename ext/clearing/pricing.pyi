from typing import Any

from numpy.typing import NDArray

from ext.clearing.tables import Plan

def price_rides(
    plan: Plan,
    rides: NDArray[Any],
    states: NDArray[Any],
    before: NDArray[Any],
    charges: NDArray[Any],
    after: NDArray[Any],
) -> tuple[int, int]: ...
