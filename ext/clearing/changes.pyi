from typing import Any

from numpy.typing import NDArray

def list_changes(
    made: NDArray[Any], ledger: NDArray[Any], first_open: int, changes: NDArray[Any]
) -> int: ...
