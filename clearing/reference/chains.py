"""The transfer chain: the ride to transfer from, and who only rides along (RULES.md §4)."""

from __future__ import annotations

from collections.abc import Iterable

from clearing.reference.results import SINGLE_TAP, Charge, Ride
from clearing.reference.state import Chain, Owned
from clearing.reference.world import World
from fare_tables.model import Table, Transfer


def seconds_between(world: World, since: int, until: int) -> int:
    """From a ride to a later one; what clocks may be apart counts as 0."""
    seconds = until - since
    return 0 if -world.model.clock_tolerance_s <= seconds < 0 else seconds


def is_companion(world: World, table: Table, ride: Ride, chains: Iterable[Chain]) -> bool:
    """Whether a ride is that of somebody for whom the holder tapped again, in any chain."""
    within_s = table.companion_within_s
    return within_s is not None and any(
        _rides_along(world, within_s, ride, chain) for chain in chains)


def _rides_along(world: World, within_s: int, ride: Ride, chain: Chain) -> bool:
    return (
        chain.last_single
        and ride.state == SINGLE_TAP
        and (ride.operator, ride.mode) == (chain.last_operator, chain.last_mode)
        and ride.own_line == chain.last_line
        and ride.own_vehicle == chain.last_vehicle != ("", "")
        and 0 <= seconds_between(world, chain.last_started_at, ride.started_at) <= within_s
    )


def is_same_line(ride: Ride, chain: Chain) -> bool:
    """Whether a ride is on the line of the one before; two blanks of one operator are, too."""
    if not ride.line and chain.last_line == ("", ""):
        return ride.operator == chain.last_operator
    return ride.own_line == chain.last_line


def chain_after(
    world: World, ride: Ride, charge: Charge, transfer: Transfer | None, chain_price: int,
    chain: Chain | None,
) -> Chain | None:
    """What a ride that is no companion's leaves of its chain, by the transfer row that applied.

    chain_price: what the ride adds to the chain's prices. An incomplete ride ends the chain.
    """
    if ride.incomplete:
        return None
    system = world.system_of(ride.operator)
    if transfer is not None:
        assert chain is not None
        transfers, started_at, due = chain.transfers + 1, chain.started_at, chain.due
        prices, first_in_stop = chain.prices + chain_price, chain.first_in_stop
        if transfer.renews and charge.price > 0:
            started_at = ride.time
    else:
        transfers, started_at, due = 0, ride.time, charge.due
        prices, first_in_stop = chain_price, _owned(system, ride.from_stop)
    return Chain(
        transfers, started_at, due, prices, first_in_stop,
        last_started_at=ride.started_at,
        last_ended_at=ride.ended_at,
        last_operator=ride.operator,
        last_mode=ride.mode,
        last_line=ride.own_line,
        last_vehicle=ride.own_vehicle,
        last_in_stop=_owned(system, ride.from_stop),
        last_exit=_owned(system, ride.to_stop),
        last_single=ride.state == SINGLE_TAP,
    )


def _owned(system: str, stop: str) -> Owned:
    return (system, stop) if stop else ("", "")
