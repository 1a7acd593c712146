"""Whether a discount row fits a ride, and if not why (RULES.md §4)."""

from __future__ import annotations

from clearing.reference import calendar
from clearing.reference.memory import Memory
from clearing.reference.results import Ride
from clearing.reference.world import World
from fare_tables.model import Concession, Table, Tier, Transfer

Discount = Concession | Transfer | Tier


def why_not(
    world: World, table: Table, row: Discount, ride: Ride, memory: Memory
) -> str | None:
    """The first condition that does not hold; None where the row fits."""
    common = _why_not_rider(world, table, row, ride)
    if common is not None or isinstance(row, Concession):
        return common
    if isinstance(row, Transfer):
        return _why_not_transfer(row, ride, memory)
    return _why_not_tier(world, row, ride, memory)


def _why_not_rider(world: World, table: Table, row: Discount, ride: Ride) -> str | None:
    if row.card_kinds is not None and ride.card_kind not in row.card_kinds:
        return f"not for card kind {ride.card_kind or '(blank)'}"
    if row.media is not None and ride.medium not in row.media:
        return f"not for medium {ride.medium or '(blank)'}"
    if not isinstance(row, Tier) and row.modes is not None and ride.mode not in row.modes:
        return f"not for mode {ride.mode}"
    city = world.issuer(ride.issuer).city
    if row.cards == "home" and city != table.city:
        return f"only for cards of {table.city}; this one is of {city}"
    if row.cards == "away" and city == table.city:
        return f"not for cards of {table.city}"
    if isinstance(row.cards, list) and city not in row.cards:
        return f"not for cards of {city}"
    return None


def _why_not_transfer(row: Transfer, ride: Ride, memory: Memory) -> str | None:
    chain = memory.chain
    if chain is None:
        return "no ride to transfer from"
    if row.from_modes is not None and chain.last_mode not in row.from_modes:
        return f"not from mode {chain.last_mode}"
    if row.from_operators is not None and chain.last_operator not in row.from_operators:
        return f"not from operator {chain.last_operator}"
    if chain.transfers >= row.max_transfers:
        return f"{chain.transfers} of {row.max_transfers} transfers used"
    if not row.same_line and _is_same_line(ride, memory):
        return "the line before again"
    since = {
        "start": chain.last_started_at, "end": chain.last_ended_at, "chain": chain.started_at,
    }[row.measured_from]
    if not 0 <= ride.time - since <= row.within_s:
        return f"{ride.time - since} s from {row.measured_from}, 0 to {row.within_s} allowed"
    return None


def _is_same_line(ride: Ride, memory: Memory) -> bool:
    chain = memory.chain
    assert chain is not None
    if not ride.line and chain.last_line == ("", ""):
        return ride.operator == chain.last_operator
    return ride.own_line == chain.last_line


def _why_not_tier(world: World, row: Tier, ride: Ride, memory: Memory) -> str | None:
    period = calendar.period_of(ride.service_day, world.accumulator(row.accumulator).period)
    spent = memory.spent_in(row.accumulator, period).amount
    if row.over is not None and not spent > row.over:
        return f"{spent} counted in {period}, not over {row.over}"
    if row.at_least is not None and not spent >= row.at_least:
        return f"{spent} counted in {period}, not at least {row.at_least}"
    if row.up_to is not None and not spent <= row.up_to:
        return f"{spent} counted in {period}, more than {row.up_to}"
    if row.below is not None and not spent < row.below:
        return f"{spent} counted in {period}, not below {row.below}"
    return None
