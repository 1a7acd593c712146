"""What a ride costs by one fare row (RULES.md §3). An answer without an amount means NO_FARE."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from clearing.reference.distances import along_line, between_stops, list_reached, stops_along
from clearing.reference.results import (
    COMPLETE,
    MISSING_IN,
    MISSING_OUT,
    OVERTIME,
    SAME_STATION,
    Ride,
)
from clearing.reference.state import Owned
from clearing.reference.words import Answer, duration, metres, shown
from clearing.reference.world import World
from fare_tables.bands import fare_of_bands
from fare_tables.model import Fare, SameStation
from network.language import Phrase

# How long a way is, by what a row measures.
MEASURED = {"stops": Phrase("{length} between the stops"), "pairs": Phrase("{length} in {matrix}"),
            "line": Phrase("{length} along line {line}"), "tap": Phrase("{length} by the tap")}


def judge_time(fare: Fare, ride: Ride) -> Ride:
    """The ride as OVERTIME where it lasted longer than this fare row lets it."""
    if ride.state not in (COMPLETE, OVERTIME):
        return ride
    limit_s = fare.overtime_after_s
    over = limit_s is not None and ride.seconds > limit_s
    return replace(ride, state=OVERTIME if over else COMPLETE)


def find_due(world: World, fare: Fare, ride: Ride) -> Answer:
    """What the ride costs by a fare row, overtime included."""
    if fare.basis == "none":
        return Answer(None, Phrase("rides of this row are not priced, on purpose"))
    ride = judge_time(fare, ride)
    answer = _by_state(world, fare, ride)
    if answer.amount is None or ride.state != OVERTIME:
        return answer
    due = answer.amount + fare.overtime_add
    words = Phrase("{words}; overtime adds {amount}", words=answer.words,
                   amount=world.model.money.text(fare.overtime_add))
    if fare.overtime_dearest:
        dearest = _edge(world, fare, ride, "highest", entering=False)
        if dearest.amount is not None and dearest.amount > due:
            return Answer(dearest.amount, Phrase("{words}; at least the {fare}", words=words,
                                                 fare=dearest.words))
    return Answer(due, words)


def find_through(world: World, fare: Fare, ride: Ride, first_in_stop: Owned) -> Answer:
    """What the ride would cost, complete and in time, if it had begun at the chain's first way in.

    A stop of another system is no stop of this one.
    """
    system, stop = first_in_stop
    start = stop if system == world.system_of(ride.operator) else ""
    return _between(world, fare, ride, start, ride.to_stop)


def _by_state(world: World, fare: Fare, ride: Ride) -> Answer:
    """The fare before overtime."""
    word: int | str = "fare"
    if fare.basis != "flat":
        if ride.state == MISSING_IN:
            word = fare.missing_in
        elif ride.state == MISSING_OUT:
            word = fare.missing_out
        elif ride.state == SAME_STATION:
            word = _same_station(fare, ride.seconds)
    if isinstance(word, int):
        return Answer(word, Phrase("{amount} for a {state} ride",
                                   amount=world.model.money.text(word), state=ride.state))
    if word == "fare":
        return _between(world, fare, ride, ride.from_stop, ride.to_stop)
    if word == "validator":
        return Answer(ride.due or 0, Phrase("{state}: what the validator says", state=ride.state))
    return _edge(world, fare, ride, word, entering=ride.state != MISSING_IN)


def _same_station(fare: Fare, inside_s: int) -> int | str:
    """What the first step that reaches as far says of a ride that ends where it began."""
    steps = fare.same_station
    if not isinstance(steps, list):
        steps = [SameStation(costs=steps)]
    fitting = (step.costs for step in steps if step.within_s is None or inside_s <= step.within_s)
    return next(fitting, "fare")


def _between(world: World, fare: Fare, ride: Ride, start: str, end: str) -> Answer:
    """What the basis says of a ride from one stop to another."""
    if fare.basis == "flat":
        return Answer(fare.amount, Phrase("flat"))
    if fare.basis == "validator":
        return Answer(ride.due, Phrase("the validator says" if ride.due is not None
                                       else "the validator does not say what it is"))
    if fare.basis in ("od", "zone"):
        return _by_matrix(world, fare, start, end)
    if fare.basis == "time":
        if not ride.started_at or not ride.ended_at:
            return Answer(None, Phrase("how long it took is not known"))
        lasted_s = ride.seconds
        return _by_bands(fare, lasted_s, Phrase("{duration} from start to end",
                                                duration=duration(lasted_s)))
    return _by_distance(world, fare, ride, start, end)


def _by_matrix(world: World, fare: Fare, start: str, end: str) -> Answer:
    """The amount of a pair of stops, or of their zones."""
    ends, way = (start, end), Phrase("stop {start} to stop {end}")
    if fare.basis == "zone":
        zones = world.folder.zones_in(fare.zones or "")
        unzoned = [stop for stop in ends if stop not in zones]
        if unzoned:
            return Answer(None, Phrase("stop {stop} has no zone", stop=shown(unzoned[0])))
        ends, way = (zones[start], zones[end]), Phrase("zone {start} to zone {end}")
    amount = world.folder.matrix_in(fare.matrix or "", fare.column).get(ends)
    way = Phrase(way, start=shown(ends[0]), end=shown(ends[1]))
    return Answer(amount, way if amount is not None
                  else Phrase("{way} is not in {matrix}", way=way, matrix=fare.matrix))


def _by_distance(world: World, fare: Fare, ride: Ride, start: str, end: str) -> Answer:
    """The fare of the metres between two stops, or of those that the tap says."""
    length_m = ride.distance_m
    words = Phrase("the tap says no distance")
    if fare.distance == "stops":
        length_m = between_stops(world, _links(world, fare, ride), start, end)
        words = Phrase("no way from {start} to {end}", start=shown(start),
                       end=shown(end))
    elif fare.distance == "pairs":
        length_m = world.folder.matrix_in(fare.matrix or "", fare.column).get((start, end))
        words = Phrase("{start} to {end} is not in {matrix}", start=shown(start),
                       end=shown(end), matrix=fare.matrix)
    elif fare.distance == "line" and ride.line_changed and (
            end not in stops_along(world, fare, ride.own_line)):
        return _to_terminus(world, fare, ride, start)
    elif fare.distance == "line":
        length_m = along_line(stops_along(world, fare, ride.own_line), start, end)
        words = Phrase("{start} and {end} are not both on line {line}", start=shown(start),
                       end=shown(end), line=shown(ride.line))
    if length_m is None:
        return Answer(None, words)
    words = Phrase(MEASURED[fare.distance], length=metres(length_m), matrix=fare.matrix,
                   line=ride.line)
    if fare.grace_m:
        words = Phrase("{length}, less {grace}", length=words, grace=metres(fare.grace_m))
    return _by_bands(fare, max(0, length_m - fare.grace_m), words)


def _links(world: World, fare: Fare, ride: Ride) -> str:
    """The file of links by which a row measures."""
    return fare.links or world.operators[ride.operator].links or ""


def _to_terminus(world: World, fare: Fare, ride: Ride, start: str) -> Answer:
    """The largest of the fares to the ends of a line that the vehicle left with the rider."""
    amounts = [amount for stop in _list_stops(world, fare, ride, start, "terminus") if stop != start
               and (amount := _between(world, fare, ride, start, stop).amount) is not None]
    words = Phrase("the vehicle left line {line}: terminus fare from {start}", line=ride.line,
                   start=shown(start))
    return Answer(max(amounts, default=None), words if amounts else Phrase("no {fare}", fare=words))


def _by_bands(fare: Fare, length: int, words: Phrase) -> Answer:
    amount = fare_of_bands(fare.bands or [], length)
    return Answer(amount, words if amount is not None
                  else Phrase("{length}: beyond the last band", length=words))


def _edge(world: World, fare: Fare, ride: Ride, word: str, *, entering: bool) -> Answer:
    """The lowest or highest fare that the known stop has, or the largest to the line's ends."""
    if fare.basis == "time" or (fare.basis == "distance" and fare.distance == "tap"):
        # What an incomplete ride does not know; it is at least the first band.
        first = (fare.bands or [])[0].amount
        return Answer(first if word == "lowest" else None,
                      Phrase("{edge} fare by {basis}", edge=word, basis=fare.basis))
    stop = ride.from_stop if entering else ride.to_stop
    words = Phrase("{edge} fare from {stop}" if entering else "{edge} fare to {stop}", edge=word,
                   stop=shown(stop))
    amounts = []
    for other in _list_stops(world, fare, ride, stop, word):
        ends = (stop, other) if entering else (other, stop)
        amount = _between(world, fare, ride, *ends).amount
        if other != stop and amount is not None:
            amounts.append(amount)
    found = (min if word == "lowest" else max)(amounts, default=None)
    return Answer(found, words if found is not None else Phrase("no {fare}", fare=words))


def _list_stops(world: World, fare: Fare, ride: Ride, stop: str, word: str) -> Iterator[str]:
    """The other ends that a ride could have had, by its basis; some have no fare."""
    if fare.basis == "distance" and fare.distance == "line":
        along = stops_along(world, fare, ride.own_line)
        ends = {min(along.values()), max(along.values())} if along else set()
        yield from (one for one, at_m in along.items() if word != "terminus" or at_m in ends)
    elif word == "terminus":
        return
    elif fare.basis == "distance" and fare.distance == "stops":
        yield from list_reached(world, _links(world, fare, ride), stop)
    elif fare.basis in ("od", "distance"):
        pairs = world.folder.matrix_in(fare.matrix or "", fare.column)
        yield from {end for pair in pairs if stop in pair for end in pair}
    elif fare.basis == "zone":
        known = world.stops_of(ride.operator)
        yield from (one for one in world.folder.zones_in(fare.zones or "")
                    if known is None or one in known)
