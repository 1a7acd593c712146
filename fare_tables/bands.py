"""What bands of metres or seconds cost: the one plain arithmetic of them, for lengths or arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from fare_tables.model import Band


class Started(NamedTuple):
    """A band, where it begins, and the fare of the way up to there."""

    band: Band
    reached: int
    fare: int


def end_of(band: Band) -> int | None:
    """Where a band ends; None: it does not."""
    return band.to_m if band.to_m is not None else band.to_s


def walk_bands(bands: Sequence[Band]) -> Iterator[Started]:
    """Every band with what led to it."""
    reached = fare = 0
    for band in bands:
        started = Started(band, reached, fare)
        yield started
        end = end_of(band)
        if end is not None:
            fare, reached = fare_within(started, end), end


def fare_within(started: Started, length: Any) -> Any:
    """The fare of a length, or of an array of them, that ends in a band: whole steps begun."""
    band, reached, fare = started
    if band.amount is not None:
        return band.amount
    every = band.every_m if band.every_m is not None else band.every_s
    assert every is not None and band.add is not None
    return fare - (reached - length) // every * band.add


def fare_of_bands(bands: Sequence[Band], length: int) -> int | None:
    """The fare of so many metres or seconds; None beyond the last band."""
    for started in walk_bands(bands):
        end = end_of(started.band)
        if end is None or length <= end:
            return int(fare_within(started, length))
    return None
