"""A ride and its charge to one balanced entry (RULES.md §5)."""

from __future__ import annotations

import datetime
from fractions import Fraction

from clearing.reference import calendar
from clearing.reference.results import Charge, Entry, Leg, Ride
from clearing.reference.rounding import round_to
from clearing.reference.world import World
from network.model import Agreement


def enter(
    world: World, ride: Ride, charge: Charge, closed_through: datetime.date | None
) -> Entry:
    """The entry of a ride: what it costs, who takes fees, and which window settles it."""
    entry = Entry(ride=ride, charge=charge, fees=tuple(list_fees(world, ride, charge)),
                  window=calendar.window_of(ride.service_day, closed_through))
    assert sum(leg.amount for leg in charge.legs) == entry.gross, "an entry that does not balance"
    return entry


def list_fees(world: World, ride: Ride, charge: Charge) -> list[Leg]:
    """What the operator owes for the clearing of the ride; a fee of 0 is none."""
    agreement = next((one for one in world.model.agreement if holds(world, one, ride)), None)
    if agreement is None:
        return []
    fees = [("clearing_fee", agreement.centre or "", agreement.clearing_ppm),
            ("issuer_fee", ride.issuer, agreement.issuer_ppm)]
    legs = [Leg(cause, agreement.agreement, ride.operator, receiver, fee(charge.paid, ppm))
            for cause, receiver, ppm in fees]
    return [leg for leg in legs if leg.amount]


def fee(paid: int, ppm: int) -> int:
    """Parts per million of what was paid, half up to a minor unit."""
    return round_to(Fraction(paid * ppm, 1_000_000), "half_up")


def holds(world: World, agreement: Agreement, ride: Ride) -> bool:
    """Whether an agreement is for the ride: every condition that it has holds."""
    day = ride.service_day
    return (
        agreement.between in (None, how_far(world, ride))
        and (agreement.in_force_from is None or agreement.in_force_from <= day)
        and (agreement.in_force_until is None or day <= agreement.in_force_until)
        and all(names is None or value in names for names, value in (
            (agreement.issuers, ride.issuer), (agreement.operators, ride.operator),
            (agreement.modes, ride.mode), (agreement.media, ride.medium),
            (agreement.card_kinds, ride.card_kind))))


def how_far(world: World, ride: Ride) -> str:
    """How far from home the card is: in its city, in its province, or further."""
    home, here = world.issuers[ride.issuer].city, world.operators[ride.operator].city
    if home == here:
        return "city"
    return "province" if world.provinces[home] == world.provinces[here] else "nation"
