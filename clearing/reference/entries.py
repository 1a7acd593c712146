"""A ride and its charge to one balanced entry (RULES.md §5)."""

from __future__ import annotations

import datetime
from fractions import Fraction

from clearing.reference import calendar
from clearing.reference.results import Charge, Entry, Ride
from clearing.reference.rounding import round_to
from clearing.reference.world import World
from network.model import Agreement


def enter(
    world: World, ride: Ride, charge: Charge, closed_through: datetime.date | None
) -> Entry:
    """The entry of a ride: what it costs, who takes fees, and which window settles it."""
    agreement = find_agreement(world, ride)
    centre, clearing_fee, issuer_fee = "", 0, 0
    if agreement is not None:
        issuer_fee = fee(charge.paid, agreement.issuer_ppm)
        if agreement.centre is not None:
            centre, clearing_fee = agreement.centre, fee(charge.paid, agreement.clearing_ppm)
    entry = Entry(
        ride=ride, charge=charge, centre=centre, clearing_fee=clearing_fee, issuer_fee=issuer_fee,
        window=calendar.window_of(ride.service_day, closed_through),
    )
    shares = sum(leg.amount for leg in charge.legs)
    assert charge.paid + shares == entry.gross, "an entry that does not balance"
    return entry


def fee(paid: int, ppm: int) -> int:
    """Parts per million of what was paid, half up to a fen."""
    return round_to(Fraction(paid * ppm, 1_000_000), "half_up")


def find_agreement(world: World, ride: Ride) -> Agreement | None:
    """The agreement for how far from home the card is."""
    home, here = world.issuers[ride.issuer].city, world.operators[ride.operator].city
    if home == here:
        between = "city"
    elif world.provinces[home] == world.provinces[here]:
        between = "province"
    else:
        between = "nation"
    fitting = (one for one in world.model.agreement if one.between == between)
    return next(fitting, None)
