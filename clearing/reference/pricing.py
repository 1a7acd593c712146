"""One ride to its charge, with every row that was tried on the way (RULES.md §3 and §4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from clearing.reference import conditions, tables
from clearing.reference.claims import is_released, why_held
from clearing.reference.discounts import list_legs, price_after
from clearing.reference.fares import find_due, judge_time
from clearing.reference.memory import Memory, remember
from clearing.reference.results import Charge, Leg, Ride
from clearing.reference.state import Accumulator
from clearing.reference.words import Answer
from clearing.reference.world import World
from fare_tables.model import (
    Cap,
    Concession,
    DiscountRow,
    Fare,
    Table,
    Tier,
    Transfer,
    chain_of,
    discounts_of,
    table_version,
)
from network.language import Phrase, joined
from network.money import AMOUNT_MOST


class TraceLine(NamedTuple):
    """One row that was tried. Rows after the one that applies are not."""

    kind: str               # table, fare, concession, promotion, transfer, tier, cap, paid
    rule: str
    applied: bool
    why: Phrase             # why it did not apply, or what it did
    before: int | None      # the running price
    after: int | None


class AccumulatorChange(NamedTuple):
    """An accumulator that the ride's table reads or feeds, in the ride's period."""

    accumulator: str
    period: str
    before: Accumulator
    after: Accumulator


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A ride with its charge, or with the code that refuses it, and what the card remembers."""

    ride: Ride
    charge: Charge | None
    code: str               # OK, NO_FARE, PRICE_OVERFLOW, REBATE_ALONE
    trace: list[TraceLine]
    before: Memory
    after: Memory
    counted: list[AccumulatorChange] = field(default_factory=list)
    adds: dict[str, int] = field(default_factory=dict)      # to accumulators of rides and dues


def price(world: World, ride: Ride, memory: Memory) -> Priced:
    """The charge of a ride and the memory after it. A refused ride leaves the memory alone."""
    trace: list[TraceLine] = []
    table = _choose_table(world, ride, trace)
    fare = None if table is None else _choose_fare(world, table, ride, memory, trace)
    due = None if fare is None else _find_due(world, fare, ride, trace)
    if table is None or fare is None or due is None or due > AMOUNT_MOST:
        code = "NO_FARE" if due is None else "PRICE_OVERFLOW"
        return Priced(ride=ride, charge=None, code=code, trace=trace, before=memory, after=memory)
    ride = judge_time(fare, ride)
    running = _Running(world, table, fare, ride, memory, trace, price=due,
                       adds=ride_adds(world, table, fare, ride, due))
    if not ride.incomplete or fare.discounts_on_incomplete:
        running.discount()
    charge = _charge(running, due)
    why = why_held(world, table, ride, charge)
    charge = replace(charge, held=why is not None)
    code, words = _judge_paid(world, charge)
    if why is not None:
        words = joined("; ", [words, Phrase("held: {why}", why=why)])
    elif is_released(ride):
        words = joined("; ", [words, Phrase("released")])
    trace.append(TraceLine("paid", "", code == "OK", words, charge.price,
                           charge.paid if code == "OK" else None))
    if code != "OK":
        return Priced(ride=ride, charge=None, code=code, trace=trace, before=memory, after=memory)
    after = remember(world, table, fare, ride, charge, running.taken, running.chain_price, memory)
    return Priced(ride=ride, charge=charge, code="OK", trace=trace, before=memory, after=after,
                  counted=_list_counted(world, table, ride, memory, after), adds=running.adds)


def _choose_table(world: World, ride: Ride, trace: list[TraceLine]) -> Table | None:
    chosen = tables.find_table(world, ride)
    for table in tables.list_candidates(world, ride):
        why = tables.why_not(table, ride)
        if why is None and table is not chosen:
            why = Phrase("another table names the line, or comes first")
        name = table_version(table)
        trace.append(TraceLine("table", name, table is chosen, why or Phrase(""), None, None))
    return chosen


def _choose_fare(
    world: World, table: Table, ride: Ride, memory: Memory, trace: list[TraceLine]
) -> Fare | None:
    """The first fare row whose conditions hold."""
    for fare in table.fare:
        why = conditions.why_not(world, table, fare, ride, memory)
        if why is None:
            return fare
        trace.append(TraceLine("fare", fare.rule, False, why, None, None))
    return None


def _find_due(world: World, fare: Fare, ride: Ride, trace: list[TraceLine]) -> int | None:
    """What the chosen fare row says; it alone decides."""
    due = find_due(world, fare, ride)
    if due.amount is None:
        words = Phrase("no fare for this ride: {why}", why=due.words)
    else:
        told = [due.words]
        if ride.incomplete and not fare.discounts_on_incomplete:
            told.append(Phrase("an incomplete ride has no discounts"))
        if due.amount > AMOUNT_MOST:
            told.append(Phrase("more than the {most} that a price may be",
                               most=world.model.money.text(AMOUNT_MOST)))
        words = joined("; ", told)
    trace.append(TraceLine("fare", fare.rule, due.amount is not None, words, None, due.amount))
    return due.amount


@dataclass(slots=True)
class _Running:
    """A price on its way through the discounts of a table."""

    world: World
    table: Table
    fare: Fare
    ride: Ride
    memory: Memory
    trace: list[TraceLine]
    price: int
    adds: dict[str, int]                                # to accumulators of rides and dues
    chain_price: int = 0                                # price after the transfer row
    legs: list[Leg] = field(default_factory=list)
    taken: list[tuple[DiscountRow, int]] = field(default_factory=list)  # by rows that applied
    kinds: set[str] = field(default_factory=set)        # of the rows that have applied

    def discount(self) -> None:
        """Apply the kinds of discount in the table's order."""
        for kind in self.table.order:
            rows = discounts_of(self.table, kind)
            if kind == "cap":
                for row in rows:
                    self._apply_first(kind, [row])
            elif kind in self.table.best:
                self._apply_best(kind, rows)
            else:
                self._apply_first(kind, rows)
            if kind == "transfer":
                self.chain_price = self.price
        if "transfer" not in self.table.order:
            self.chain_price = self.price

    def _apply_first(self, kind: str, rows: Sequence[DiscountRow]) -> None:
        for row in rows:
            after = self._try_row(row)
            if after.amount is not None:
                self._apply(kind, row, after.amount, after.words)
                return
            self._pass(kind, row, after.words)

    def _apply_best(self, kind: str, rows: Sequence[DiscountRow]) -> None:
        """Every row is tried; of those that fit, the first that leaves the lowest price applies."""
        tried = [self._try_row(row) for row in rows]
        amounts = [after.amount for after in tried if after.amount is not None]
        best = next((number for number, after in enumerate(tried)
                     if amounts and after.amount == min(amounts)), None)
        for number, (row, after) in enumerate(zip(rows, tried, strict=True)):
            if after.amount is None:
                self._pass(kind, row, after.words)
            elif number != best:
                self._pass(kind, row, joined("; ", [
                    after.words, Phrase("another row leaves as little, or less")]))
        if best is not None:
            self._apply(kind, rows[best], min(amounts), tried[best].words)

    def _try_row(self, row: DiscountRow) -> Answer:
        """The price that a row would leave; none, and why, where it does not fit."""
        if isinstance(row, Transfer) and self.fare.outside_chain:
            return Answer(None, Phrase("a ride by {rule} is outside the transfer chain",
                                       rule=self.fare.rule))
        why = conditions.why_no_discount(
            self.world, self.table, row, self.ride, self.memory, self.kinds, self.adds,
            chain_of(self.fare))
        if why is not None:
            return Answer(None, why)
        return price_after(
            self.world, self.table, self.fare, row, self.price, self.ride, self.memory,
            [row for row, _ in self.taken])

    def _apply(self, kind: str, row: DiscountRow, after: int, words: Phrase) -> None:
        self.trace.append(TraceLine(kind, row.rule, True, words, self.price, after))
        self.legs += list_legs(kind, row, self.price - after, self.ride)
        self.taken.append((row, self.price - after))
        self.price = after
        self.kinds.add(kind)

    def _pass(self, kind: str, row: DiscountRow, why: Phrase) -> None:
        self.trace.append(TraceLine(kind, row.rule, False, why, self.price, self.price))


def ride_adds(world: World, table: Table, fare: Fare, ride: Ride, due: int) -> dict[str, int]:
    """What a ride adds to the accumulators of rides and dues that it feeds."""
    if ride.incomplete:
        return {}
    adds = {"rides": 1, "due": due}
    return {name: adds[world.accumulators[name].counts]
            for name in (*table.counts_to, *fare.counts_to)
            if world.accumulators[name].counts in adds}


def _judge_paid(world: World, charge: Charge) -> tuple[str, Phrase]:
    """The code of what was paid, and in words where that comes from."""
    if charge.paid > AMOUNT_MOST:
        most = world.model.money.text(AMOUNT_MOST)
        return "PRICE_OVERFLOW", Phrase("more was charged than the {most} that a price may be",
                                        most=most)
    if charge.paid < 0:
        return "REBATE_ALONE", Phrase("more was given back than the records of the ride took")
    if charge.uncollected:
        return "OK", Phrase("the validator charges, and no record says what it took: uncollected")
    return "OK", Phrase("the validator charged it" if charge.by_validator else "the price")


def _charge(running: _Running, due: int) -> Charge:
    world, ride, asked = running.world, running.ride, running.price
    paid, uncollected = asked, 0
    by_validator = world.charged_by_validator(ride.operator, ride.medium)
    if by_validator and ride.paid is not None:
        paid = ride.paid
    elif by_validator:
        by_validator, paid, uncollected = False, 0, asked
    fare = Leg("fare", running.fare.rule, ride.issuer, ride.operator, paid)
    return Charge(
        table=table_version(running.table), rule=running.fare.rule, due=due, price=asked,
        paid=paid, uncollected=uncollected, by_validator=by_validator, held=False,
        legs=(fare, *running.legs),
    )


def _list_counted(
    world: World, table: Table, ride: Ride, before: Memory, after: Memory
) -> list[AccumulatorChange]:
    """What the accumulators were before and after that the table reads or feeds."""
    rows = [row for kind in table.order for row in discounts_of(table, kind)]
    names = dict.fromkeys([
        *table.counts_to, *(name for fare in table.fare for name in fare.counts_to),
        *(row.accumulator for row in rows if isinstance(row, Tier | Cap)),
        *(row.quota.accumulator for row in rows if row.quota is not None),
        *(row.counted.accumulator for row in rows if row.counted is not None),
        *(row.carried_credit.used for row in rows
          if isinstance(row, Concession) and row.carried_credit is not None),
    ])
    periods = {name: before.period(world, name, ride.service_day) for name in names}
    return [AccumulatorChange(name, period, before.accumulator(name, period),
                              after.accumulator(name, period))
            for name, period in periods.items()]
