"""A ride and its charge to one balanced entry (RULES.md §5)."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterator, Sequence
from fractions import Fraction

from clearing.reference import calendar
from clearing.reference.claims import is_released
from clearing.reference.results import Charge, Entry, Leg, Ride
from clearing.reference.rounding import round_to
from clearing.reference.world import World
from network.model import Agreement


def enter(
    world: World, ride: Ride, charge: Charge, closed_through: datetime.date | None
) -> Entry:
    """The entry of a ride: what it costs, who takes fees, and which window settles it."""
    found = [one for one in world.model.agreement if holds(world, one, ride)]
    why_held = list(list_reasons(world, ride, found))
    if why_held:
        charge = dataclasses.replace(charge, held=True)
    fees = why_held or list_fees(ride, charge, found[0] if found else None)
    entry = Entry(ride=ride, charge=charge, fees=tuple(fees),
                  window=calendar.window_of(ride.service_day, closed_through))
    assert sum(leg.amount for leg in charge.legs) == entry.gross, "an entry that does not balance"
    return entry


def list_reasons(world: World, ride: Ride, found: Sequence[Agreement]) -> Iterator[Leg]:
    """Why the ride is held for a grey record or its agreements, as legs of 0; none: it is not."""
    if any(tap.is_unshown for tap in ride.taps) and not is_released(ride):
        yield Leg("grey_record", "", ride.operator, ride.issuer, 0)
        return
    if not found and world.model.no_agreement == "hold":
        yield Leg("no_agreement", "", ride.operator, ride.issuer, 0)
    if len(found) > 1 and world.model.agreements_overlap == "hold":
        for one in found[:2]:
            yield Leg("agreements_overlap", one.agreement, ride.operator, ride.issuer, 0)


def list_fees(ride: Ride, charge: Charge, one: Agreement | None) -> list[Leg]:
    """What the operator owes for the clearing of the ride; a fee of 0 is none."""
    if one is None:
        return []
    fees = [("clearing_fee", one.centre or "", one.clearing_ppm, one.clearing_per_ride,
             one.clearing_least, one.clearing_most),
            ("issuer_fee", ride.issuer, one.issuer_ppm, one.issuer_per_ride, one.issuer_least,
             one.issuer_most),
            ("acquirer_fee", one.acquirer or "", one.acquirer_ppm, one.acquirer_per_ride,
             one.acquirer_least, one.acquirer_most)]
    legs = []
    for cause, receiver, ppm, per_ride, least, most in fees:
        fee = round_to(Fraction(charge.paid * ppm, 1_000_000), one.rounding) + per_ride
        if most is not None and fee > most:
            fee = most
        legs.append(Leg(cause, one.agreement, ride.operator, receiver, max(fee, least)))
    return [leg for leg in legs if leg.amount]


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
