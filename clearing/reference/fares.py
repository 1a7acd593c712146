"""What a ride costs before any discount (RULES.md §3). None always means NO_FARE."""

from __future__ import annotations

from clearing.reference.distances import list_reached
from clearing.reference.results import MISSING_IN, MISSING_OUT, OVERTIME, SAME_STATION, Ride
from clearing.reference.world import World
from fare_tables.model import Band, Fare


def find_due(world: World, fare: Fare, ride: Ride) -> int | None:
    """What the ride costs by the table, overtime included."""
    due = _find_without_overtime(world, fare, ride)
    if due is not None and ride.state == OVERTIME:
        due += fare.overtime_add
    return due


def _find_without_overtime(world: World, fare: Fare, ride: Ride) -> int | None:
    if fare.basis == "flat":
        return fare.amount
    if ride.state == MISSING_IN:
        return _find_by_word(world, fare, ride, fare.missing_in)
    if ride.state == MISSING_OUT:
        return _find_by_word(world, fare, ride, fare.missing_out)
    if ride.state == SAME_STATION and fare.same_station != "fare":
        return _find_by_word(world, fare, ride, fare.same_station)
    return _find_by_basis(world, fare, ride)


def _find_by_basis(world: World, fare: Fare, ride: Ride) -> int | None:
    """The fare of a ride that has all that its basis asks for."""
    if fare.basis == "validator":
        return ride.due
    if fare.basis == "od":
        return world.matrices[fare.matrix or ""].get((ride.from_stop, ride.to_stop))
    metres = ride.distance_m
    if fare.distance == "stops":
        metres = None
        if ride.from_stop and ride.to_stop:
            metres = list_reached(world, ride.operator, ride.from_stop).get(ride.to_stop)
    return None if metres is None else banded(fare.bands or [], metres)


def _find_by_word(world: World, fare: Fare, ride: Ride, word: int | str) -> int | None:
    """The fare of a ride that is not a plain one, by what the table says of such rides."""
    if isinstance(word, int):
        return word
    if word == "validator":
        return ride.due or 0
    fares = _list_fares(world, fare, ride)
    if fares is None:
        # The distance is what the tap says, and an incomplete ride does not know it.
        return (fare.bands or [])[0].amount if word == "lowest" else None
    return (min if word == "lowest" else max)(fares, default=None)


def _list_fares(world: World, fare: Fare, ride: Ride) -> list[int] | None:
    """Every fare that the known stop has; None where the tap's own distance decides."""
    stop = ride.to_stop if ride.state == MISSING_IN else ride.from_stop
    if fare.basis == "od":
        matrix = world.matrices[fare.matrix or ""]
        here, there = (1, 0) if ride.state == MISSING_IN else (0, 1)
        return [amount for ends, amount in matrix.items()
                if ends[here] == stop and ends[there] != stop]
    if fare.basis == "validator":
        return []
    if fare.distance == "tap":
        return None
    reached = list_reached(world, ride.operator, stop)
    priced = [banded(fare.bands or [], metres) for other, metres in reached.items()
              if other != stop]
    return [amount for amount in priced if amount is not None]


def banded(bands: list[Band], metres: int) -> int | None:
    """The fare of a distance: the first band's amount, and what each later band adds."""
    first, *later = bands
    assert first.amount is not None
    amount, reach = first.amount, first.to_m
    for band in later:
        if reach is None or metres <= reach:
            return amount
        assert band.every_m is not None
        assert band.add is not None
        end = metres if band.to_m is None else min(metres, band.to_m)
        started = -((reach - end) // band.every_m)
        amount += started * band.add
        reach = band.to_m
    return amount if reach is None or metres <= reach else None
