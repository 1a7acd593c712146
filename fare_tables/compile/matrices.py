"""Fares that a CSV gives: for each pair of stops, or of zones; one column per sort of fare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fare_tables.compile.distances import Fares, narrow, shortest_metres
from network.files import TableError, read_csv, read_rows, whole_number

NOWHERE = 0xFFFF            # the zone of a stop that has none
SIDE_MOST = 4_000           # stops or zones between which fares are kept: 64 MB of them

Pairs = Mapping[tuple[str, str], int]


class Matrices:
    """The matrices and tracks of a network's folder, each file read once."""

    def __init__(self) -> None:
        self._rows: dict[Path, list[list[str]]] = {}
        self._metres: dict[tuple[Path, tuple[str, ...]], npt.NDArray[np.int64]] = {}

    def metres(self, links: Path, stops: Sequence[str]) -> npt.NDArray[np.int64]:
        """Metres between all stops along the links, as shortest_metres has them.

        Raises TableError with file and line.
        """
        key = links, tuple(stops)
        if key not in self._metres:
            self._metres[key] = shortest_metres(links, stops)
        return self._metres[key]

    def column(self, path: Path, column: str) -> Pairs:
        """One fare for each pair that has one: a blank field is none.

        Raises TableError with file and line.
        """
        if path not in self._rows:
            self._rows[path] = read_rows(path)
        header, *rows = self._rows[path]
        if header[:2] != ["from", "to"] or len(set(header)) != len(header):
            raise TableError(f"{path}:1: the header is {','.join(header) or 'missing'}\n"
                             "write from,to and then a name for each column of fares")
        if column not in header[2:]:
            raise TableError(f"{path}:1: there is no column {column!r}, only "
                             f"{', '.join(header[2:])}\nname one of these as `column`")
        place = header.index(column)
        pairs: dict[tuple[str, str], int] = {}
        seen: set[tuple[str, str]] = set()
        for line, row in enumerate(rows, 2):
            pair = row[0], row[1]
            if pair in seen:
                raise TableError(f"{path}:{line}: the fare from {row[0]!r} to {row[1]!r} is given "
                                 "twice\nkeep one of the two lines")
            seen.add(pair)
            if row[place]:
                pairs[pair] = whole_number(row[place], path, line)
        return pairs


def fares_by_stops(matrix: Pairs, stops: Sequence[str], path: Path) -> Fares:
    """The fares of a matrix by stops; -1 for pairs that are not in it.

    Raises TableError for a stop that is not one of the operator's.
    """
    return _square(matrix, {stop: place for place, stop in enumerate(stops)},
                   path, "stop", "the operator's stops")


def fares_by_zones(matrix: Pairs, zones: Sequence[str], path: Path) -> Fares:
    """The fares of a matrix by zones; -1 for pairs that are not in it.

    Raises TableError for a zone that no stop is in.
    """
    return _square(matrix, {zone: place for place, zone in enumerate(zones)},
                   path, "zone", "the zones of stops")


def _square(matrix: Pairs, places: Mapping[str, int], path: Path, what: str, where: str) -> Fares:
    if len(places) > SIDE_MOST:
        raise TableError(f"{path}: there are {len(places):,} {what}s, and fares between at most "
                         f"{SIDE_MOST:,} are kept\nuse zones of several stops")
    fares = np.full((len(places), len(places)), -1, dtype=np.int64)
    for (start, end), amount in matrix.items():
        for name in (start, end):
            if name not in places:
                line = next(line for line, row in enumerate(read_rows(path), 1)
                            if row[:2] == [start, end])
                raise TableError(f"{path}:{line}: {what} {name!r} is not in {where}\n"
                                 "add it there, or correct the line")
        fares[places[start], places[end]] = amount
    return narrow(fares)


def zones_of(path: Path, stops: Sequence[str]) -> tuple[list[str], npt.NDArray[np.uint16]]:
    """The zones of a CSV (stop,zone), and the place among them of each stop's; or NOWHERE.

    Raises TableError with file and line.
    """
    places = {stop: place for place, stop in enumerate(stops)}
    names: dict[str, int] = {}
    zones = np.full(len(stops), NOWHERE, dtype=np.uint16)
    for line, (stop, zone) in enumerate(read_csv(path, ("stop", "zone")), 2):
        if stop not in places:
            raise TableError(f"{path}:{line}: stop {stop!r} is not in the operator's stops\n"
                             "add it there, or correct the line")
        if zones[places[stop]] != NOWHERE:
            raise TableError(f"{path}:{line}: stop {stop!r} is given a zone twice\n"
                             "keep one of the two lines")
        zones[places[stop]] = names.setdefault(zone, len(names))
    return list(names), zones


def zone_edges(fares: Fares, zones: npt.NDArray[np.uint16]) -> Fares:
    """Lowest and highest fare as entry, then as exit, of each stop, by all others' zones.

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
