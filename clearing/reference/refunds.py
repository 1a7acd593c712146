"""Which rides of a card were given back by records with a counter of their own (RULES.md §2)."""

from __future__ import annotations

from collections.abc import Sequence

from clearing.reference.results import Ride
from clearing.reference.taps import Tap
from clearing.reference.world import World

REFUND_DAYS = 30        # a ride is looked for that began so long before at most
RIDES_LOOKED_AT = 256   # of those before a refund, the nearest


def take_back(world: World, rides: Sequence[Ride], refunds: Sequence[Tap]
              ) -> tuple[list[Ride], list[tuple[Ride, Tap]], list[Tap]]:
    """The rides that stay, those that refunds take back, and the refunds that find none.

    rides: of one card, in the order in which they are priced.
    """
    left = list(rides)
    taken: list[tuple[Ride, Tap]] = []
    alone: list[Tap] = []
    for refund in sorted(refunds, key=lambda tap: (tap.time, tap.card_seq)):
        latest = refund.time + world.model.clock_tolerance_s
        beyond = [place for place, ride in enumerate(rides) if ride.time > latest]
        before = rides[:min(beyond, default=len(rides))][-RIDES_LOOKED_AT:]
        found = next((ride for ride in reversed(before)
                      if ride in left and _fits(world, ride, refund)), None)
        if found is None:
            alone.append(refund)
        else:
            left.remove(found)
            taken.append((found, refund))
    return left, taken, alone


def _fits(world: World, ride: Ride, refund: Tap) -> bool:
    """Whether a refund is of a ride, as far as their records say."""
    earlier_s = refund.time - ride.time
    is_before = earlier_s > world.model.clock_tolerance_s or ride.card_seq <= refund.card_seq
    assert refund.paid is not None
    return (
        is_before and earlier_s <= REFUND_DAYS * 86_400
        and (ride.operator, ride.mode) == (refund.operator, refund.mode)
        and (not ride.line or not refund.line
             or (ride.line_operator, ride.line) == (refund.operator, refund.line))
        and (not ride.vehicle or not refund.vehicle
             or (ride.vehicle_operator, ride.vehicle) == (refund.operator, refund.vehicle))
        and ride.paid in (None, -refund.paid)
    )
