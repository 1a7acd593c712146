"""Fares between all stops of a service, for checks: where there are none, and where more is less.

This reads the files beside a table anew, and shares no arithmetic with what prices rides.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from fare_tables.check.setting import Service
from fare_tables.model import Band, Fare
from network.files import CSV_BYTES_MOST, read_bounded

Grid = npt.NDArray[np.int64]        # by stop and stop; NONE where there is no fare or no way
NONE = -1
FAR = np.int64(1) << 40


@dataclass
class Grids:
    """Files beside tables, each read once, and the fares that come of them."""

    folder: Path
    _files: dict[Path, list[dict[str, str]]] = field(default_factory=dict)
    _metres: dict[tuple[Path, tuple[str, ...]], Grid] = field(default_factory=dict)
    _zones: dict[Path, dict[str, str]] = field(default_factory=dict)
    _matrices: dict[Path, dict[tuple[str, str], dict[str, str]]] = field(default_factory=dict)

    def rows(self, path: Path) -> list[dict[str, str]]:
        """The rows of a CSV file, by its header."""
        if path not in self._files:
            text = read_bounded(path, CSV_BYTES_MOST)
            self._files[path] = list(csv.DictReader(io.StringIO(text, newline="")))
        return self._files[path]

    def fares(self, fare: Fare, service: Service, line: str) -> tuple[Sequence[str], Grid]:
        """The stops that a fare row has fares between, and the fares; `line` for "line".

        Not for zones: by_zones.
        """
        if fare.basis == "distance" and fare.distance == "line":
            stops, metres = self._along_line(service, line)
            return stops, banded(fare.bands or (), less(metres, fare.grace_m))
        stops = service.stops or ()
        if fare.basis == "distance":
            return stops, banded(fare.bands or (), less(self.metres(service), fare.grace_m))
        place = {stop: index for index, stop in enumerate(stops)}
        found = np.full((len(stops), len(stops)), NONE, dtype=np.int64)
        for (start, end), row in self._matrix(fare).items():
            if start in place and end in place and row[fare.column]:
                found[place[start], place[end]] = int(row[fare.column])
        return stops, found

    def by_zones(self, fare: Fare, stops: Sequence[str]) -> Grid:
        """The fares between some stops, by their zones."""
        zones, matrix = self.zones(fare), self._matrix(fare)
        nothing: dict[str, str] = {}
        named = [zones.get(stop, "") for stop in stops]
        return np.array(
            [[int(matrix.get((start, end), nothing).get(fare.column) or NONE) for end in named]
             for start in named], dtype=np.int64).reshape(len(named), len(named))

    def zones(self, fare: Fare) -> Mapping[str, str]:
        """The zone of every stop that has one."""
        path = self.folder / (fare.zones or "")
        if path not in self._zones:
            self._zones[path] = {row["stop"]: row["zone"] for row in self.rows(path)}
        return self._zones[path]

    def lines(self, service: Service) -> list[str]:
        """The lines whose stops are known."""
        return list(dict.fromkeys(row["line"] for row in self._line_rows(service)))

    def metres(self, service: Service) -> Grid:
        """The shortest way between all stops of a service; NONE where there is none."""
        stops = tuple(service.stops or ())
        assert service.links is not None
        key = service.links, stops
        if key not in self._metres:
            place = {stop: index for index, stop in enumerate(stops)}
            found = np.full((len(stops), len(stops)), FAR)
            np.fill_diagonal(found, 0)
            for start, end, metres in self.links(service):
                pair = place[start], place[end]
                found[pair] = found[pair[::-1]] = min(found[pair], metres)
            for via in range(len(stops)):
                np.minimum(found, found[:, via, None] + found[via], out=found)
            found[found >= FAR] = NONE
            self._metres[key] = found
        return self._metres[key]

    def links(self, service: Service) -> list[tuple[str, str, int]]:
        """Track between neighbouring stops."""
        return [(row["from"], row["to"], int(row["metres"]))
                for row in self.rows(service.links)] if service.links is not None else []

    def _line_rows(self, service: Service) -> list[dict[str, str]]:
        return [] if service.line_stops is None else self.rows(service.line_stops)

    def _along_line(self, service: Service, line: str) -> tuple[Sequence[str], Grid]:
        rows = [row for row in self._line_rows(service) if row["line"] == line]
        at = np.array([int(row["metres"]) for row in rows], dtype=np.int64)
        return [row["stop"] for row in rows], np.abs(at[:, None] - at)

    def _matrix(self, fare: Fare) -> dict[tuple[str, str], dict[str, str]]:
        path = self.folder / (fare.matrix or "")
        if path not in self._matrices:
            self._matrices[path] = {(row["from"], row["to"]): row for row in self.rows(path)}
        return self._matrices[path]


def less(metres: Grid, grace_m: int) -> Grid:
    """Metres less those that count for nothing."""
    return np.where(metres == NONE, NONE, np.maximum(metres - grace_m, 0))


def banded(bands: Sequence[Band], metres: Grid) -> Grid:
    """The fare of every distance (or duration) by the bands; NONE beyond the last."""
    fares = np.full(metres.shape, NONE, dtype=np.int64)
    left = metres != NONE
    base = reached = 0
    for band in bands:
        end = band.to_m if band.to_s is None else band.to_s
        every = band.every_m if band.every_s is None else band.every_s
        inside = left if end is None else left & (metres <= end)
        fares[inside] = fare_in_band(band, every, base, metres[inside] - reached)
        left = left & ~inside
        if end is not None:
            base, reached = int(fare_in_band(band, every, base, np.int64(end - reached))), end
    return fares


def fare_in_band(band: Band, every: int | None, base: int, beyond: Any) -> Any:
    """The fare so far into a band."""
    if band.amount is not None:
        return band.amount
    return base + -(-beyond // (every or 1)) * (band.add or 0)


def cheaper_further(fares: Grid, links: Sequence[tuple[str, str, int]], metres: Grid,
                    stops: Sequence[str]) -> tuple[int, str]:
    """How many trips cost less than the same one ended a stop earlier, and one of them."""
    place = {stop: index for index, stop in enumerate(stops)}
    count, example = 0, ""
    for one, other, length in links:
        for near, far in ((place[one], place[other]), (place[other], place[one])):
            on_the_way = (metres[:, near] != NONE) & (metres[:, near] + length == metres[:, far])
            on_the_way[[near, far]] = False
            wrong = on_the_way & (fares[:, far] != NONE) & (fares[:, far] < fares[:, near])
            if wrong.any():
                start = int(np.argmax(wrong))
                example = example or (
                    f"from {stops[start]} to {stops[far]} costs {fares[start, far]} fen, to "
                    f"{stops[near]} on the way {fares[start, near]}")
                count += int(wrong.sum())
    return count, example
