"""Fares that a CSV gives: for each pair of stops, or of zones; one column per sort of fare."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from fare_tables.compile.distances import UNREACHED, Fares, narrow
from fare_tables.model import Fare
from network.errors import TableError
from network.folder import NetworkFolder
from network.language import Phrase

NOWHERE = 0xFFFF            # the zone of a stop that has none
SIDE_MOST = 4_000           # stops or zones between which fares are kept: 64 MB of them


def fares_by_stops(folder: NetworkFolder, fare: Fare, stops: Sequence[str]) -> Fares:
    """The fares of a row's matrix by stops; -1 for pairs that are not in it.

    Raises TableError for a stop that is not one of the operator's.
    """
    return narrow(_square(folder, fare, stops, "stop", "the operator's stops"))


def metres_by_pairs(folder: NetworkFolder, fare: Fare, stops: Sequence[str]
                    ) -> npt.NDArray[np.int64]:
    """The metres of a row's matrix by stops; UNREACHED for pairs that are not in it.

    Raises TableError for a stop that is not one of the operator's.
    """
    metres = _square(folder, fare, stops, "stop", "the operator's stops")
    return np.where(metres < 0, UNREACHED, metres)


def fares_by_zones(folder: NetworkFolder, fare: Fare, zones: Sequence[str]) -> Fares:
    """The fares of a row's matrix by zones; -1 for pairs that are not in it.

    Raises TableError for a zone that no stop is in.
    """
    return narrow(_square(folder, fare, zones, "zone", "the zones of stops"))


def _square(folder: NetworkFolder, fare: Fare, codes: Sequence[str], what: str, where: str
            ) -> npt.NDArray[np.int64]:
    """What a row's matrix has for each pair of codes; -1 for pairs that are not in it."""
    file = fare.matrix or ""
    if len(codes) > SIDE_MOST:
        raise TableError(Phrase("there are {codes:,} {what}s, and fares between at most "
                                "{side_most:,} are kept", codes=len(codes), what=what,
                                side_most=SIDE_MOST), "use zones of several stops", key=("matrix",))
    index = {code: index for index, code in enumerate(codes)}
    fares = np.full((len(codes), len(codes)), -1, dtype=np.int64)
    for pair, amount in folder.matrix_in(file, fare.column).items():
        for code in pair:
            if code not in index:
                raise TableError(Phrase("{what} {code!r} is not in {where}", what=what, code=code,
                                        where=where),
                                 "add it there, or correct the line",
                                 location=folder.location_of(file, ("from", "to"), code))
        fares[index[pair[0]], index[pair[1]]] = amount
    return fares


def zones_of(folder: NetworkFolder, file: str, stops: Sequence[str]
             ) -> tuple[list[str], npt.NDArray[np.uint16]]:
    """The zones of a CSV (stop,zone), and the index among them of each stop's; or NOWHERE.

    Raises TableError with file and line.
    """
    index = {stop: index for index, stop in enumerate(stops)}
    names: dict[str, int] = {}
    zones = np.full(len(stops), NOWHERE, dtype=np.uint16)
    for stop, zone in folder.zones_in(file).items():
        if stop not in index:
            raise TableError(Phrase("stop {stop!r} is not in the operator's stops", stop=stop),
                             "add it there, or correct the line",
                             location=folder.location_of(file, ("stop",), stop))
        zones[index[stop]] = names.setdefault(zone, len(names))
    return list(names), zones


def zone_edges(fares: Fares, zones: npt.NDArray[np.uint16]) -> Fares:
    """Lowest and highest fare as way in, then as way out, of each stop, by all others' zones.

    Shape (stops, 4); -1 where there is none.
    """
    if not len(zones):
        return np.zeros((0, 4), dtype=np.int32)
    edges = np.full((len(zones), 4), -1, dtype=np.int32)
    counts = np.bincount(zones[zones != NOWHERE], minlength=len(fares))
    for zone in range(len(fares)):
        others = counts > 0
        others[zone] = counts[zone] > 1     # its own counts only where another stop is in it, too
        edges[zones == zone] = (*_ends(fares[zone, others]), *_ends(fares[others, zone]))
    return edges


def _ends(fares: Fares) -> tuple[int, int]:
    """The lowest and the highest of some fares; -1 where there is none."""
    found = fares[fares >= 0]
    return (int(found.min()), int(found.max())) if found.size else (-1, -1)
