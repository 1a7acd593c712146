"""A dispute is about what stands of a ride, and not about what was taken back of it.

The store says a ride's entries in whatever order.
"""

from __future__ import annotations

import itertools
from typing import Any

from clearing.answers.disputed_rides import DisputedRide
from ext.records import RIDE_FLAGS

ISSUER, METRO, TRAM = 1, 2, 3
WAY_IN = 1_732_492_800


def entry(operator: int, day: int, amount: int, out_seq: int = 0, flags: int = 0
          ) -> tuple[Any, ...]:
    """An entry with one leg, of its own window."""
    return (day, day, operator, flags, out_seq, WAY_IN, WAY_IN + 60 * out_seq,
            ISSUER, operator, amount)


def test_whose_it_is_does_not_depend_on_the_order_of_entries() -> None:
    """It had no way out at first, and a late one on another operator's gate made it that one's."""
    first, stands = entry(METRO, 20_052, 900), entry(TRAM, 20_052, 300, out_seq=2)
    taken_back = entry(METRO, 20_052, -900, flags=RIDE_FLAGS["REVERSAL"])
    for entries in itertools.permutations((first, taken_back, stands)):
        ride = DisputedRide()
        for one in entries:
            ride.add(one)
        [place] = ride.standing
        assert (place.operator, place.service_day) == (TRAM, 20_052)
        assert dict(ride.owed) == {ISSUER: 300}
