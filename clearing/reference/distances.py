"""How far it is between two stops: along the shortest way over links, or along a line."""

from __future__ import annotations

from clearing.reference.world import World
from fare_tables.model import Fare
from network.ways import shortest_ways


def between_stops(world: World, links: str, start: str, end: str) -> int | None:
    """Metres of the shortest way over some links; None without one, or where a stop is blank."""
    if not start or not end:
        return None
    if (links, end) in world.reached:       # as far there as back
        start, end = end, start
    return list_reached(world, links, start).get(end)


def along_line(stops: dict[str, int], start: str, end: str) -> int | None:
    """Metres between two stops of one line; None where one is not on it."""
    if start not in stops or end not in stops:
        return None
    return abs(stops[start] - stops[end])


def list_reached(world: World, links: str, stop: str) -> dict[str, int]:
    """Metres to every stop that can be reached, the stop itself (0 m) among them."""
    name = (links, stop)
    if name not in world.reached:
        world.reached[name] = shortest_ways(world.folder.links_in(links), stop)
    return world.reached[name]


def stops_along(world: World, fare: Fare, line: tuple[str, str]) -> dict[str, int]:
    """How far along a line (its operator, its code) each of its stops is; none where not known."""
    operator, code = line
    return world.line_stops_of(operator, fare.line_stops).get(code, {}) if code else {}
