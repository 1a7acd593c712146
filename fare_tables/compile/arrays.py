"""The pools that tables are compiled into, row by row, until they become arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

Numbers = Mapping[str, int]


@dataclass
class Arrays:
    """Rows as they are compiled. Row 0 of conditions and sets stands for no condition."""

    tariffs: list[Numbers] = field(default_factory=list)
    fare_rows: list[Numbers] = field(default_factory=list)
    rows: list[Numbers] = field(default_factory=list)
    conditions: list[Numbers] = field(default_factory=lambda: [{}])
    timeframes: list[Numbers] = field(default_factory=list)
    shares: list[Numbers] = field(default_factory=list)
    bands: list[Numbers] = field(default_factory=list)
    price_bands: list[Numbers] = field(default_factory=list)
    same_stations: list[Numbers] = field(default_factory=list)
    counts_to: list[int] = field(default_factory=list)
    zones: list[int] = field(default_factory=list)
    fares: list[npt.NDArray[np.int32]] = field(default_factory=list)
    fares_count: int = 0
    # Whose stops along lines rows measure by: a file and operators; row 0: each operator's own.
    line_stops: list[tuple[str | None, tuple[str, ...]]] = field(default_factory=list)
    member_sets: list[frozenset[int]] = field(default_factory=lambda: [frozenset()])
    line_sets: list[frozenset[int]] = field(default_factory=lambda: [frozenset()])
    stop_sets: list[frozenset[int]] = field(default_factory=lambda: [frozenset()])
    _indexes: dict[tuple[tuple[str, int], ...], int] = field(default_factory=dict)  # of conditions

    def add_fares(self, fares: npt.NDArray[np.int32]) -> int:
        """Where a block of fares begins in the pool."""
        start = self.fares_count
        self.fares.append(fares.ravel())
        self.fares_count += fares.size
        return start

    def add_condition(self, condition: Numbers) -> int:
        """The row of a condition; equal ones share one, and 0 asks for nothing."""
        if not any(condition.values()):
            return 0
        index = self._indexes.setdefault(tuple(condition.items()), len(self.conditions))
        if index == len(self.conditions):
            self.conditions.append(condition)
        return index


def add_set(sets: list[frozenset[int]], numbers: frozenset[int]) -> int:
    """The row of a set of numbers, never 0; equal sets share one."""
    if numbers not in sets[1:]:
        sets.append(numbers)
    return sets.index(numbers, 1)


def as_structs(rows: Sequence[Numbers], dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """Records from dicts; what a dict does not name is 0. Never empty: no view is."""
    out = np.zeros(max(len(rows), 1), dtype=dtype)
    for index, row in enumerate(rows):
        for name, value in row.items():
            out[name][index] = value
    return out


def as_table(sets: Sequence[frozenset[int]], size: int) -> npt.NDArray[np.uint8]:
    """Sets as rows of flags, a column for each number below `size`."""
    out = np.zeros((len(sets), max(size, 1)), dtype=np.uint8)
    for index, numbers in enumerate(sets):
        out[index, sorted(numbers)] = 1
    return out
