"""The shortest ways along a track, as plainly as they can be found."""

from __future__ import annotations

import heapq

from network.folder import Links


def shortest_ways(track: Links, start: str) -> dict[str, int]:
    """Dijkstra: the least metres from a stop to each that it leads to, itself (0 m) among them."""
    metres = {start: 0}
    waiting = [(0, start)]
    while waiting:
        so_far, stop = heapq.heappop(waiting)
        if so_far > metres[stop]:
            continue
        for near, length in track.get(stop, {}).items():
            if near not in metres or so_far + length < metres[near]:
                metres[near] = so_far + length
                heapq.heappush(waiting, (metres[near], near))
    return metres
