"""What one card remembers from ride to ride: its transfer chain and its accumulators."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from clearing.reference.calendar import day_before, days_from, first_day, period_of
from clearing.reference.chains import chain_after, is_companion
from clearing.reference.results import Charge, Ride
from clearing.reference.state import Accumulator, Chain, Memories
from clearing.reference.world import World
from fare_tables.model import Concession, DiscountRow, Fare, Table, Transfer, chain_of


@dataclass(frozen=True, slots=True)
class Memory:
    """One card's memory. Never changed, only replaced."""

    # The transfer chains that have a ride to transfer from, by name; "": the one without a name.
    chains: dict[str, Chain] = field(default_factory=dict)
    # By accumulator and period.
    accumulators: dict[tuple[str, str], Accumulator] = field(default_factory=dict)

    def accumulator(self, accumulator: str, period: str) -> Accumulator:
        """What an accumulator holds in a period."""
        return self.accumulators.get((accumulator, period), Accumulator(0, 0))

    def period(self, world: World, accumulator: str, day: datetime.date) -> str:
        """The period in which an accumulator counts a day.

        Of so many days, those that run, of several the last to begin; else they begin with the day.
        """
        spec = world.accumulators[accumulator]
        if spec.days is None:
            return period_of(day, spec.period)
        begun = [first_day(period) for name, period in self.accumulators if name == accumulator]
        running = [first for first in begun if 0 <= (day - first).days < spec.days]
        return days_from(max(running, default=day), spec.days)


    def before(self, world: World, accumulator: str, day: datetime.date) -> tuple[str, int]:
        """The period before that of a day, and what an accumulator counted in it."""
        kind = world.accumulators[accumulator].period
        period = period_of(day_before(day, kind), kind)
        return period, self.accumulator(accumulator, period).amount


def recall(memories: Memories, card: str) -> Memory:
    """What one card remembers."""
    accumulators = {(name, period): so_far
                    for (owner, name, period), so_far in memories.accumulators.items()
                    if owner == card}
    chains = {name: chain for (owner, name), chain in memories.chains.items() if owner == card}
    return Memory(chains, accumulators)


def together(chains: dict[str, Chain], cards: Iterable[Memory]) -> Memory:
    """What counts for a card: its own chains, and what all of its owner's cards have counted."""
    sums = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for memory in cards:
        for key, so_far in memory.accumulators.items():
            sums[0][key] += so_far.amount
            sums[1][key] += so_far.rides
    return Memory(chains, {key: Accumulator(sums[0][key], rides)
                           for key, rides in sums[1].items()})


def count_own(own: Memory, before: Memory, after: Memory) -> Memory:
    """A card's own memory after a ride, by what counted before it and after it."""
    accumulators = dict(own.accumulators)
    for key, so_far in after.accumulators.items():
        known = before.accumulators.get(key, Accumulator(0, 0))
        if so_far != known:
            mine = accumulators.get(key, Accumulator(0, 0))
            accumulators[key] = Accumulator(mine.amount + so_far.amount - known.amount,
                                            mine.rides + so_far.rides - known.rides)
    return Memory(after.chains, accumulators)


def remember(
    world: World, table: Table, fare: Fare, ride: Ride, charge: Charge,
    applied: Sequence[tuple[DiscountRow, int]], chain_price: int, memory: Memory,
) -> Memory:
    """The memory after a ride to which some rows applied, each with what it took off.

    chain_price: what it adds to the prices of its transfer chain. An incomplete ride counts only
    what quotas it used, and ends the chain.
    """
    accumulators = dict(memory.accumulators)

    def add(accumulator: str, amount: int) -> None:
        name = (accumulator, memory.period(world, accumulator, ride.service_day))
        before = accumulators.get(name, Accumulator(0, 0))
        accumulators[name] = Accumulator(before.amount + amount, before.rides + 1)

    if not ride.incomplete:
        for accumulator in (*table.counts_to, *fare.counts_to):
            counts = world.accumulators[accumulator].counts
            add(accumulator, {"paid": charge.paid, "due": charge.due, "rides": 1}[counts])
    for row, taken in applied:
        if row.quota is not None:
            add(row.quota.accumulator, row.quota.uses)
        if isinstance(row, Concession) and row.carried_credit is not None:
            add(row.carried_credit.used, taken)
    chains = dict(memory.chains)
    if not fare.outside_chain and not is_companion(world, table, ride, chains.values()):
        transfer = next((row for row, _ in applied if isinstance(row, Transfer)), None)
        after = chain_after(world, ride, charge, transfer, chain_price,
                            chains.pop(chain_of(fare), None))
        chains |= {} if after is None else {chain_of(fare): after}
    return Memory(chains, accumulators)
