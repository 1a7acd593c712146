"""How far it is between two stops: along the shortest way over links, or along a line."""

from __future__ import annotations

import heapq

from clearing.reference.world import Links, World


def between_stops(world: World, operator: str, start: str, end: str) -> int | None:
    """Metres of the shortest way; None where there is none, or a stop is blank."""
    if not start or not end:
        return None
    if (world.operator(operator).links or "", end) in world.reached:  # as far there as back
        start, end = end, start
    return list_reached(world, operator, start).get(end)


def along_line(world: World, line: tuple[str, str], start: str, end: str) -> int | None:
    """Metres between two stops of one line; None where one is not on it."""
    stops = world.metres_along(*line) if line[1] else {}
    if start not in stops or end not in stops:
        return None
    return abs(stops[start] - stops[end])


def list_reached(world: World, operator: str, stop: str) -> dict[str, int]:
    """Metres to every stop that can be reached, the stop itself (0 m) among them."""
    name = (world.operator(operator).links or "", stop)
    if name not in world.reached:
        world.reached[name] = shortest(world.links_of(operator), stop)
    return world.reached[name]


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
