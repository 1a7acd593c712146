from typing import Any

from numpy.typing import NDArray

from ext.clearing.tables import PricingTables

def price_rides(
    tables: PricingTables,
    rides: NDArray[Any],
    states: NDArray[Any],
    before: NDArray[Any],
    charges: NDArray[Any],
    after: NDArray[Any],
) -> tuple[int, int]: ...
