"""Whether what the records of a ride claim is believed (RULES.md §4, Claims)."""

from __future__ import annotations

from clearing.reference.results import Charge, Ride
from clearing.reference.world import World
from fare_tables.model import ClaimLimit, Table
from network.language import Phrase


def why_held(world: World, table: Table, ride: Ride, charge: Charge) -> Phrase | None:
    """Why an entry is not settled yet; None: it is."""
    why = None
    if charge.variance and world.operators[ride.operator].on_variance == "hold":
        why = Phrase("its operator has variances held")
    limit = next((one for one in table.claim_limit if _is_for(one, ride)), None)
    why = _why_doubted(world, limit or ClaimLimit(), ride, charge) or why
    return None if is_released(ride) else why


def is_released(ride: Ride) -> bool:
    """Whether somebody said of all that its records claim that it is believed."""
    released = [tap.correction_reason == "released" for tap in ride.taps]
    silent = [tap.due is None and tap.paid is None for tap in ride.taps]
    return any(released) and all(map(max, released, silent))


def _is_for(limit: ClaimLimit, ride: Ride) -> bool:
    return ((limit.modes is None or ride.mode in limit.modes)
            and (limit.media is None or ride.medium in limit.media))


def _why_doubted(world: World, limit: ClaimLimit, ride: Ride, charge: Charge) -> Phrase | None:
    money = world.model.money.text
    if limit.amount_most is not None and max(charge.due, charge.paid) > limit.amount_most:
        return Phrase("its table believes no amount above {amount}",
                      amount=money(limit.amount_most))
    if limit.variance_most is not None and abs(charge.variance) > limit.variance_most:
        return Phrase("its table believes no variance beyond {amount}",
                      amount=money(limit.variance_most))
    if charge.by_validator and any(
            tap.paid is not None and tap.balance_before is not None
            and tap.paid > tap.balance_before + limit.overdraft_most for tap in ride.taps):
        return Phrase("more was taken than the card had")
    return None
