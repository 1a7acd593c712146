"""How a day's rides are spread over its half-hours, and other weights to draw by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

CHANCES = 1 << 16       # a draw is a number below this one
HALF_HOUR_S = 1800

# Entries per half-hour in 1/10,000 of the day, Hangzhou metro, January 2019 (80 stations; Tianchi
# contest data, as kept in github.com/gdhy9064/Subway-Flow-Data). The shape within the day is that
# of 2019-01-01, a holiday; the hours from 7, 8, 17 and 18 are raised to the weekday shares of the
# same data: 10.5, 13.2, 10.5 and 9 % of a day.
ENTRIES = (
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 19,
    50, 56, 458, 592, 634, 686, 160, 177, 195, 209, 214, 229,
    256, 266, 276, 297, 313, 305, 313, 331, 328, 317, 535, 515,
    489, 411, 228, 221, 212, 197, 153, 142, 118, 69, 23, 2,
)


def draw_table(weights: Sequence[int]) -> NDArray[np.uint16]:
    """For each of 65,536 draws the index that it falls on, by weight."""
    ends = np.cumsum(np.asarray(weights, dtype=np.int64))
    ends = ends * CHANCES // ends[-1]
    sizes = np.diff(ends, prepend=0)
    return np.repeat(np.arange(len(weights), dtype=np.uint16), sizes)


def zipf_table(count: int, salt: int) -> NDArray[np.uint16]:
    """The same for things of which few are common and most are rare, in an order of their own."""
    weights = [0] * count
    for rank, index in enumerate(_shuffled(count, salt)):
        weights[index] = 1_000_000 // (rank + 3)
    return draw_table(weights)


def _shuffled(count: int, salt: int) -> list[int]:
    return sorted(range(count), key=lambda index: ((index + salt + 1) * 2654435761) % (1 << 32))


class Draws:
    """Numbers from a seed: raw PCG64 output, which NumPy keeps the same in every version."""

    def __init__(self, *seed: int) -> None:
        """Start a stream of its own for these numbers."""
        self._bits = np.random.PCG64(np.random.SeedSequence(seed))

    def uint16(self, count: int) -> NDArray[np.uint16]:
        """So many draws, each below 65,536."""
        raw = self._bits.random_raw((count + 3) // 4)
        return np.asarray(raw, dtype="<u8").view("<u2")[:count].astype(np.uint16, copy=False)


def spread(numbers: NDArray[np.int64], salt: int) -> NDArray[np.uint16]:
    """A fixed draw for each number (splitmix64): the same card has the same home on every day."""
    x = numbers.astype(np.uint64) + np.uint64((salt * 0x9E3779B97F4A7C15) % (1 << 64))
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x >> np.uint64(48)).astype(np.uint16)
