"""Zones of a plan: stops by the areas that they are in, and the zones that a ride passes."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from fare_tables.gtfs.feed import Feed
from fare_tables.gtfs.plan import Zone
from fare_tables.gtfs.records import LocationType
from network.language import Phrase

ELSEWHERE = "elsewhere"
ZONES_MOST = 1_000

Areas = Mapping[str, frozenset[str]]        # stop -> areas


def areas_of_stops(feed: Feed, used: Iterable[str]) -> Areas:
    """The areas of every stop, of those that rules use.

    A platform that is in no area of its own is in those of its station.
    """
    used = set(used)
    own: dict[str, set[str]] = {}
    for row in feed.stop_areas:
        own.setdefault(row.stop_id, set()).add(row.area_id)
    areas = {}
    for stop in feed.stops:
        named = own.get(stop.stop_id) or own.get(stop.parent_station) or set()
        areas[stop.stop_id] = frozenset(named & used)
    return areas


def zones_of_stops(feed: Feed, used: Iterable[str]) -> Areas:
    """The fare zone of every stop as its only area, of those that rules use."""
    used = set(used)
    by_id = {stop.stop_id: stop for stop in feed.stops}
    areas = {}
    for stop in feed.stops:
        station = by_id.get(stop.parent_station)
        zone = stop.zone_id or (station.zone_id if station else "")
        areas[stop.stop_id] = frozenset({zone} & used)
    return areas


def make_zones(feed: Feed, areas: Areas) -> list[Zone]:
    """Stops by the areas that they are in, by name; only where somebody can board or alight."""
    together: dict[frozenset[str], list[str]] = {}
    for stop in feed.stops:
        if stop.location_type in (LocationType.STOP, LocationType.STATION,
                                  LocationType.BOARDING_AREA):
            together.setdefault(areas[stop.stop_id], []).append(stop.stop_id)
    named = [(" + ".join(sorted(inside)) or ELSEWHERE, stops)
             for inside, stops in together.items()]
    taken: set[str] = set()
    zones = []
    for name, stops in sorted(named):
        while name in taken:
            name += "'"
        taken.add(name)
        zones.append(Zone(name, tuple(stops)))
    if len(zones) > ZONES_MOST:
        feed.notices.say("GTFS_TOO_LARGE", "stops.txt", 0,
                         Phrase("fall into {number:,} zones; at most {most:,} are imported",
                                number=len(zones), most=ZONES_MOST))
        feed.notices.refuse_where_faulty(feed.source)
    return zones


def areas_of_zones(zones: Sequence[Zone], areas: Areas) -> list[frozenset[str]]:
    """The areas of each zone."""
    return [areas[zone.stops[0]] for zone in zones]


class Ways:
    """Which zones follow each other on the feed's trips."""

    def __init__(self, feed: Feed, zones: Sequence[Zone]) -> None:
        """Read the trips; there is no way where the feed has none."""
        zone_of = {stop: index for index, zone in enumerate(zones) for stop in zone.stops}
        self.near: dict[int, set[int]] = {}
        trips: dict[str, list[tuple[int, str]]] = {}
        for row in feed.stop_times:
            trips.setdefault(row.trip_id, []).append((int(row.stop_sequence), row.stop_id))
        for stops in trips.values():
            passed = [zone_of[stop] for _, stop in sorted(stops) if stop in zone_of]
            for here, there in pairwise(passed):
                self.near.setdefault(here, set()).add(there)

    def __bool__(self) -> bool:
        """Whether the feed has any."""
        return bool(self.near)

    def passed(self, start: int, end: int) -> frozenset[int] | None:
        """The zones of the way that passes the fewest; None where no trip leads there."""
        before = {start: start}
        waiting = deque([start])
        while waiting and end not in before:
            here = waiting.popleft()
            for there in sorted(self.near.get(here, ())):
                if there not in before:
                    before[there] = here
                    waiting.append(there)
        if end not in before:
            return None
        way = {end}
        while end != start:
            end = before[end]
            way.add(end)
        return frozenset(way)


def pairs_within(
    wanted: frozenset[str], inside: Sequence[frozenset[str]], ways: Ways, *, just: bool = True
) -> set[tuple[int, int]] | None:
    """The pairs of zones between which a ride passes just these areas, or some of them alone.

    Up to two areas are the ride's ends; more need the feed's trips: None where there are none.
    """
    if len(wanted) > 2 and not ways:
        return None
    found = set()
    indexes = [index for index, areas in enumerate(inside) if areas & wanted]
    for start in indexes:
        for end in indexes:
            way = ways.passed(start, end) if ways else frozenset({start, end})
            # A stop of two areas counts for the one that is wanted.
            if way is not None and all(inside[one] & wanted for one in way) and (
                    not just or wanted <= {area for one in way for area in inside[one]}):
                found.add((start, end))
    return found
