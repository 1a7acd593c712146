"""One ride to its charge, with every row that was tried on the way (RULES.md §3 and §4)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from clearing.reference import conditions, tables
from clearing.reference.discounts import list_legs, list_rows, price_after
from clearing.reference.fares import find_due
from clearing.reference.memory import Memory, remember
from clearing.reference.results import COMPLETE, OVERTIME, Charge, Leg, Ride
from clearing.reference.world import World
from fare_tables.model import Table
from fare_tables.money import AMOUNT_MAX


class Step(NamedTuple):
    """One row that was tried. Rows after the one that applies are not."""

    kind: str               # table, fare, concession, transfer, tier, paid
    rule: str
    applied: bool
    why: str                # why it did not apply, or what it did
    before: int | None      # the running price
    after: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A ride with its charge, or with the code that refuses it, and what the card remembers."""

    ride: Ride
    charge: Charge | None
    code: str               # OK, NO_FARE, PRICE_OVERFLOW
    steps: list[Step]
    before: Memory
    after: Memory


def price(world: World, ride: Ride, memory: Memory) -> Priced:
    """The charge of a ride and the memory after it. A refused ride leaves the memory alone."""
    steps: list[Step] = []
    table = _choose_table(world, ride, steps)
    due = None
    if table is not None:
        ride = _with_overtime(table, ride)
        due = find_due(world, table.fare, ride)
        why = f"{table.fare.basis}: no fare for this ride" if due is None else table.fare.basis
        steps.append(Step("fare", table.fare.rule, due is not None, why, None, due))
    if table is None or due is None or due > AMOUNT_MAX:
        code = "NO_FARE" if due is None else "PRICE_OVERFLOW"
        return Priced(ride=ride, charge=None, code=code, steps=steps, before=memory, after=memory)
    asked, legs, transferred = _discount(world, table, ride, due, memory, steps)
    charge = _charge(world, table, ride, due, asked, legs)
    said = "the validator charged it" if charge.by_validator else "the price"
    steps.append(Step("paid", "", True, said, asked, charge.paid))
    return Priced(
        ride=ride, charge=charge, code="OK", steps=steps, before=memory,
        after=remember(world, table, ride, charge, transferred, memory),
    )


def _choose_table(world: World, ride: Ride, steps: list[Step]) -> Table | None:
    chosen = tables.find_table(world, ride)
    for table in world.tables:
        why = tables.why_not(table, ride)
        if why is None and table is not chosen:
            why = "another table names the line, or comes first"
        name = tables.version_of(table)
        steps.append(Step("table", name, table is chosen, why or "", None, None))
    return chosen


def _with_overtime(table: Table, ride: Ride) -> Ride:
    limit_s = table.fare.overtime_after_s
    if ride.state != COMPLETE or limit_s is None or ride.ended_at - ride.started_at <= limit_s:
        return ride
    return replace(ride, state=OVERTIME)


def _discount(
    world: World, table: Table, ride: Ride, due: int, memory: Memory, steps: list[Step]
) -> tuple[int, list[Leg], bool]:
    """The price after all discounts, their legs, and whether a transfer row applied."""
    asked, legs, transferred = due, list[Leg](), False
    if ride.incomplete and not table.fare.discounts_on_incomplete:
        return asked, legs, transferred
    for kind in table.order:
        for row in list_rows(table, kind):
            why = conditions.why_not(world, table, row, ride, memory)
            if why is not None:
                steps.append(Step(kind, row.rule, False, why, asked, asked))
                continue
            before, asked = asked, price_after(row, asked, memory)
            steps.append(Step(kind, row.rule, True, "", before, asked))
            legs += list_legs(kind, row, before - asked, ride)
            transferred = transferred or kind == "transfer"
            break
    return asked, legs, transferred


def _charge(
    world: World, table: Table, ride: Ride, due: int, asked: int, legs: list[Leg]
) -> Charge:
    by_validator = (
        ride.paid is not None and world.charged_by_validator(ride.operator, ride.medium)
    )
    paid = ride.paid if by_validator and ride.paid is not None else asked
    held = paid != asked and world.operator(ride.operator).on_variance == "hold"
    return Charge(
        table=tables.version_of(table), rule=table.fare.rule, due=due, price=asked, paid=paid,
        by_validator=by_validator, held=held, legs=tuple(legs),
    )
