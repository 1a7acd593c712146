"""Fares between all stops of a service, for checks: where there are none, and where more is less.

This shares no arithmetic with what prices rides, but with the plain engine, which judges that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from fare_tables.bands import end_of, fare_within, walk_bands
from fare_tables.check.services import Service
from fare_tables.model import Band, Fare
from network.folder import Links, Zones
from network.language import Phrase
from network.network import Network
from network.ways import shortest_ways

Grid = npt.NDArray[np.int64]        # by stop and stop; NONE where there is no fare or no way
NONE = -1


@dataclass
class Grids:
    """The fares that come of the files beside tables."""

    network: Network
    _metres: dict[tuple[str, tuple[str, ...]], Grid] = field(default_factory=dict)

    def fares(self, fare: Fare, service: Service, line: str) -> tuple[Sequence[str], Grid]:
        """The stops that a fare row has fares between, and the fares; `line` for "line".

        Not for zones: by_zones.
        """
        if fare.basis == "distance" and fare.distance == "line":
            stops, metres = self._along_line(fare, service, line)
            return stops, banded(fare.bands or (), less(metres, fare.grace_m))
        stops = service.stops or ()
        if fare.basis == "distance":
            metres = self.metres(service, fare)
            return stops, banded(fare.bands or (), less(metres, fare.grace_m))
        return stops, self._looked_up(fare, stops)

    def by_zones(self, fare: Fare, stops: Sequence[str]) -> Grid:
        """The fares between some stops, by their zones."""
        zones = self.zones(fare)
        return self._looked_up(fare, [zones.get(stop, "") for stop in stops])

    def zones(self, fare: Fare) -> Zones:
        """The zone of every stop that has one."""
        return self.network.folder.zones_in(fare.zones or "")

    def lines(self, fare: Fare, service: Service) -> list[str]:
        """The lines whose stops are known."""
        return list(self.network.line_stops_of(service.operator, fare.line_stops))

    def metres(self, service: Service, fare: Fare) -> Grid:
        """How far a fare row has it between all stops of a service; NONE where there is no way."""
        stops = tuple(service.stops or ())
        if fare.basis == "distance" and fare.distance == "pairs":
            return self._looked_up(fare, stops)
        key = fare.links or self.network.operators[service.operator].links or "", stops
        if key not in self._metres:
            track = self.network.folder.links_in(key[0])
            ways = [shortest_ways(track, start) for start in stops]
            self._metres[key] = np.array([[metres.get(end, NONE) for end in stops]
                                          for metres in ways], dtype=np.int64)
        return self._metres[key]

    def _along_line(self, fare: Fare, service: Service, line: str) -> tuple[Sequence[str], Grid]:
        along = self.network.line_stops_of(service.operator, fare.line_stops).get(line, {})
        days = self.network.stop_days_of(service.operator)
        there = service.stops or ()
        along = {stop: metres for stop, metres in along.items()
                 if stop in there or stop not in days}
        at = np.array(list(along.values()), dtype=np.int64)
        return list(along), np.abs(at[:, None] - at)

    def _looked_up(self, fare: Fare, codes: Sequence[str]) -> Grid:
        """The matrix's fares between stops or zones."""
        matrix = self.network.folder.matrix_in(fare.matrix or "", fare.column)
        return np.array([[matrix.get((start, end), NONE) for end in codes] for start in codes],
                        dtype=np.int64).reshape(len(codes), len(codes))


def less(metres: Grid, grace_m: int) -> Grid:
    """Metres less those that count for nothing."""
    return np.where(metres == NONE, NONE, np.maximum(metres - grace_m, 0))


def banded(bands: Sequence[Band], metres: Grid) -> Grid:
    """The fare of every distance (or duration) by the bands; NONE beyond the last."""
    fares = np.full(metres.shape, NONE, dtype=np.int64)
    left = metres != NONE
    for started in walk_bands(bands):
        end = end_of(started.band)
        inside = left if end is None else left & (metres <= end)
        fares[inside] = fare_within(started, metres[inside])
        left = left & ~inside
    return fares


def cheaper_further(fares: Grid, track: Links, metres: Grid,
                    stops: Sequence[str]) -> tuple[int, str]:
    """How many trips cost less than the same one ended a stop earlier, and one of them."""
    index = {stop: index for index, stop in enumerate(stops)}
    count, example = 0, ""
    for one, neighbours in track.items():
        for other, length in neighbours.items():
            if one not in index or other not in index:      # not there on the table's days
                continue
            near, far = index[one], index[other]
            on_the_way = (metres[:, near] != NONE) & (metres[:, near] + length == metres[:, far])
            on_the_way[[near, far]] = False
            wrong = on_the_way & (fares[:, far] != NONE) & (fares[:, far] < fares[:, near])
            if wrong.any():
                start = int(np.argmax(wrong))
                example = example or (
                    Phrase("from {start} to {far} costs {fare}, to {near} on the way {fare_near}",
                           start=stops[start], far=stops[far], fare=fares[start, far],
                           near=stops[near], fare_near=fares[start, near]))
                count += int(wrong.sum())
    return count, example
