"""Fares between stops, as square int32 arrays: from track lengths and bands, or from a matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from ext import records
from ext.clearing.bands import fill_fares
from fare_tables.compile.arrays import Numbers, as_structs
from network.errors import TableError
from network.folder import Links, NetworkFolder
from network.language import Phrase
from network.money import AMOUNT_MOST

Fares = npt.NDArray[np.int32]
UNREACHED = np.int64(1) << 40
METRES_MOST = (1 << 32) - 1          # of a way: lengths of rides have 32 bits
STOPS_MOST = 2_000          # of one system; the time to find all ways grows with its cube


class Tracks:
    """The ways along the links of a folder, found once for each file."""

    def __init__(self, folder: NetworkFolder) -> None:
        self._folder = folder
        self._metres: dict[tuple[str, tuple[str, ...]], npt.NDArray[np.int64]] = {}

    def metres(self, links: str, stops: Sequence[str]) -> npt.NDArray[np.int64]:
        """Metres between all stops along the links of a file; UNREACHED where there is no way.

        Raises TableError.
        """
        key = links, tuple(stops)
        if key not in self._metres:
            self._metres[key] = self._find(links, stops)
        return self._metres[key]

    def _find(self, links: str, stops: Sequence[str]) -> npt.NDArray[np.int64]:
        if len(stops) > STOPS_MOST:
            raise TableError(Phrase("there are {stops:,} stops, and the ways between at most "
                                    "{stops_most:,} are looked for", stops=len(stops),
                                    stops_most=STOPS_MOST),
                             "use an od or zone matrix, or distances along lines",
                             key=("distance",))
        track = self._folder.links_in(links)
        index = {stop: index for index, stop in enumerate(stops)}
        unknown = next((stop for stop in track if stop not in index), None)
        if unknown is not None:
            raise TableError(Phrase("stop {unknown!r} is not in the operator's stops",
                                    unknown=unknown),
                             "add it there, or correct the link",
                             location=self._folder.location_of(links, ("from", "to"), unknown))
        metres = shortest_metres(track, stops)
        if metres[metres < UNREACHED].max(initial=0) > METRES_MOST:
            raise TableError(Phrase("a way is longer than {metres_most} m",
                                    metres_most=METRES_MOST), "correct the links",
                             key=("distance",))
        return metres


def shortest_metres(track: Links, stops: Sequence[str]) -> npt.NDArray[np.int64]:
    """Metres between all stops along a track; UNREACHED where there is no way."""
    index = {stop: index for index, stop in enumerate(stops)}
    metres = np.full((len(stops), len(stops)), UNREACHED, dtype=np.int64)
    for here, near in track.items():
        for there, length in near.items():
            metres[index[here], index[there]] = length
    np.fill_diagonal(metres, 0)
    for via in range(len(stops)):
        np.minimum(metres, metres[:, via, None] + metres[via], out=metres)
    return metres


def fares_by_bands(metres: npt.NDArray[np.int64], bands: Sequence[Numbers], grace_m: int) -> Fares:
    """The compiled bands' fare for each way; -1 where there is none, and beyond the last band.

    Raises TableError where a fare is more than AMOUNT_MOST.
    """
    fares = np.full(metres.shape, -1, dtype=np.int64)
    leads = metres < UNREACHED
    found = np.empty(int(leads.sum()), dtype=np.int64)
    fill_fares(as_structs(bands, records.BAND), np.maximum(metres[leads] - grace_m, 0), found)
    fares[leads] = found
    return narrow(fares)


def narrow(fares: npt.NDArray[np.int64]) -> Fares:
    """The same fares in 32 bits, which halves what the kernel must keep in cache.

    Raises TableError where a fare is more than AMOUNT_MOST.
    """
    if fares.size and int(fares.max()) > AMOUNT_MOST:
        raise TableError(Phrase("a fare of {max} is more than {amount_most}", max=int(fares.max()),
                                amount_most=AMOUNT_MOST),
                         "correct the bands or the matrix")
    return fares.astype(np.int32)


def edge_fares(fares: Fares) -> Fares:
    """Lowest and highest fare as way in, then as way out, of each stop; -1 where there is none.

    Shape (stops, 4). A stop's fare with itself does not count.
    """
    others = fares.astype(np.int64)
    np.fill_diagonal(others, -1)
    lowest = np.where(others < 0, np.iinfo(np.int32).max, others)
    edges = np.full((len(fares), 4), -1, dtype=np.int64)
    if len(fares):
        edges[:, 0], edges[:, 1] = lowest.min(axis=1), others.max(axis=1)
        edges[:, 2], edges[:, 3] = lowest.min(axis=0), others.max(axis=0)
    edges[edges == np.iinfo(np.int32).max] = -1
    return edges.astype(np.int32)
