"""How far it is between two stops, along the shortest way over an operator's links."""

from __future__ import annotations

import heapq

from clearing.reference.world import Links, World


def list_reached(world: World, operator: str, stop: str) -> dict[str, int]:
    """Metres to every stop that can be reached, the stop itself (0 m) among them."""
    file = world.operator(operator).links or ""
    found = world.reached.get((file, stop))
    if found is None:
        found = world.reached[file, stop] = shortest(world.links.get(file, {}), stop)
    return found


def shortest(links: Links, start: str) -> dict[str, int]:
    """Dijkstra: the least metres from a stop to each that it leads to."""
    metres = {start: 0}
    waiting = [(0, start)]
    while waiting:
        so_far, stop = heapq.heappop(waiting)
        if so_far > metres[stop]:
            continue
        for near, length in links.get(stop, {}).items():
            if near not in metres or so_far + length < metres[near]:
                metres[near] = so_far + length
                heapq.heappush(waiting, (metres[near], near))
    return metres
