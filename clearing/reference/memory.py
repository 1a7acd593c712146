"""What one card remembers from ride to ride: its transfer chain and its accumulators."""

from __future__ import annotations

from dataclasses import dataclass, field

from clearing.reference import calendar
from clearing.reference.results import Charge, Ride
from clearing.reference.state import Chain, Spent, State
from clearing.reference.world import World
from fare_tables.model import Table


@dataclass(frozen=True, slots=True)
class Memory:
    """One card's memory. Never changed, only replaced."""

    chain: Chain | None = None          # None: no ride to transfer from
    spent: dict[tuple[str, str], Spent] = field(default_factory=dict)   # (accumulator, period)

    def spent_in(self, accumulator: str, period: str) -> Spent:
        """What an accumulator holds in a period."""
        return self.spent.get((accumulator, period), Spent(0, 0))


def recall(state: State, card: str) -> Memory:
    """What a card remembers from earlier runs."""
    spent = {(name, period): so_far for (owner, name, period), so_far in state.spent.items()
             if owner == card}
    return Memory(state.chains.get(card), spent)


def remember(
    world: World, table: Table, ride: Ride, charge: Charge, transferred: bool, memory: Memory
) -> Memory:
    """The memory after a ride. An incomplete ride counts nothing and ends the chain."""
    if ride.incomplete:
        return Memory(None, memory.spent)
    spent = dict(memory.spent)
    for name in table.counts_to:
        spec = world.accumulator(name)
        period = calendar.period_of(ride.service_day, spec.period)
        before = memory.spent_in(name, period)
        counted = charge.paid if spec.counts == "paid" else charge.due
        spent[name, period] = Spent(before.amount + counted, before.rides + 1)
    return Memory(_chain_after(ride, charge, transferred, memory.chain), spent)


def _chain_after(ride: Ride, charge: Charge, transferred: bool, chain: Chain | None) -> Chain:
    if transferred:
        assert chain is not None
        transfers, started_at, due = chain.transfers + 1, chain.started_at, chain.due
    else:
        transfers, started_at, due = 0, ride.time, charge.due
    return Chain(
        transfers, started_at, due,
        last_started_at=ride.started_at,
        last_ended_at=ride.ended_at,
        last_operator=ride.operator,
        last_mode=ride.mode,
        last_line=ride.own_line,
    )
