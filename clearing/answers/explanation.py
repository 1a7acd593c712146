"""Why a ride costs what it costs: every figure and every row tried, for people and for machines.

Money is minor units of the network's currency, times are ISO 8601 civil times, "" where not known.
"""

from __future__ import annotations

from dataclasses import dataclass

from clearing.reference.chains import is_companion
from clearing.reference.conditions import why_no_discount, why_not
from clearing.reference.memory import Memory
from clearing.reference.pricing import Priced
from clearing.reference.state import Chain
from clearing.reference.world import World
from fare_tables.model import DISCOUNTS, Table, chain_of, discounts_of, table_version
from network.civil import Clock, civil_text
from network.language import Phrase
from network.money import Currency


@dataclass(frozen=True)
class RowTried:
    """A row of the table, and why it did or did not apply."""

    kind: str               # table, fare, concession, promotion, transfer, tier, cap, paid
    rule: str
    applied: bool
    why: Phrase
    before: int | None      # the running price
    after: int | None


@dataclass(frozen=True)
class ExplainedLeg:
    """An amount that one party owes another for the ride: fare, discount or fee."""

    cause: str
    rule: str
    debtor: str
    creditor: str
    amount: int


@dataclass(frozen=True)
class Counted:
    """An accumulator before and after the ride."""

    accumulator: str
    period: str
    counts: str             # paid, due, rides
    before: int
    after: int


@dataclass(frozen=True)
class TierReached:
    """The tier row before the ride, and for the next one like it; None: none."""

    accumulator: str
    before: str | None
    after: str | None


@dataclass(frozen=True)
class QuotaUsed:
    """What a row for this rider has used of its quota."""

    rule: str
    accumulator: str
    limit: int
    takes: int              # uses that this ride is
    before: int
    after: int


@dataclass(frozen=True)
class CapLeft:
    """What is left of a cap for this rider."""

    rule: str
    accumulator: str
    amount: int
    left_before: int
    left_after: int


@dataclass(frozen=True)
class ChainState:
    """The chain with the ride that can be transferred from."""

    transfers: int
    prices: int             # of its rides so far
    first_due: int
    started_at: str
    last_ended_at: str
    last_operator: str
    last_mode: str
    last_line: str


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """Everything there is to say of a ride. None where it has no price."""

    operator: str
    mode: str
    line: str
    from_stop: str
    to_stop: str
    started_at: str
    ended_at: str
    service_day: str
    state: str
    distance_m: int | None
    card_kind: str
    medium: str
    issuer: str
    age: int | None
    reviewed: bool
    companion: bool         # the card was tapped for others, too
    by_counter: bool        # the card's counter, not the clocks, puts it before others of its day
    line_changed: bool      # its vehicle said another line at the way out
    currency: str
    currency_decimals: int
    minor_unit: str
    code: str
    table: str | None
    title: str | None
    rule: str | None
    due: int | None
    price: int | None
    paid: int | None
    variance: int | None
    uncollected: int | None     # where the validator charges, and no record says what it took
    legs: list[ExplainedLeg]
    rows_tried: list[RowTried]
    accumulators: list[Counted]
    tiers: list[TierReached]
    quotas: list[QuotaUsed]
    caps: list[CapLeft]
    transfer_chain_before: ChainState | None
    transfer_chain_after: ChainState | None

    @property
    def money(self) -> Currency:
        """What its amounts are in."""
        return Currency(self.currency, self.minor_unit, self.currency_decimals)


def explain(world: World, priced: Priced, clock: Clock) -> Explanation:
    """What the plain engine says of a ride."""
    ride, charge = priced.ride, priced.charge
    named = {table_version(table): table for table in world.tables}
    table = None if charge is None else named[charge.table]
    currency = world.model.money
    chain_name = "" if table is None or charge is None else next(
        chain_of(fare) for fare in table.fare if fare.rule == charge.rule)
    return Explanation(
        operator=ride.operator, mode=ride.mode, line=ride.line, from_stop=ride.from_stop,
        to_stop=ride.to_stop, started_at=civil_text(ride.started_at, clock),
        ended_at=civil_text(ride.ended_at, clock),
        service_day=ride.service_day.isoformat(), state=ride.state, distance_m=ride.distance_m,
        card_kind=ride.card_kind, medium=ride.medium, issuer=ride.issuer, age=ride.age,
        reviewed=ride.reviewed,
        companion=table is not None and is_companion(
            world, table, ride, priced.before.chains.values()),
        by_counter=ride.before_by_counter, line_changed=ride.line_changed,
        currency=currency.name, currency_decimals=currency.decimals,
        minor_unit=currency.minor_unit, code=priced.code,
        table=None if charge is None else charge.table,
        title=None if table is None else table.title,
        rule=None if charge is None else charge.rule,
        due=None if charge is None else charge.due,
        price=None if charge is None else charge.price,
        paid=None if charge is None else charge.paid,
        variance=None if charge is None else charge.variance,
        uncollected=None if charge is None else charge.uncollected,
        legs=[] if charge is None else [ExplainedLeg(*leg) for leg in charge.legs],
        rows_tried=[RowTried(*line) for line in priced.trace],
        accumulators=[Counted(one.accumulator, one.period,
                              world.accumulators[one.accumulator].counts, one.before.amount,
                              one.after.amount) for one in priced.counted],
        tiers=[] if table is None else _tiers(world, table, priced),
        quotas=[] if table is None else _quotas(world, table, priced),
        caps=[] if table is None else _caps(world, table, priced),
        transfer_chain_before=_chain(priced.before.chains.get(chain_name), clock),
        transfer_chain_after=_chain(priced.after.chains.get(chain_name), clock))


def _chain(chain: Chain | None, clock: Clock) -> ChainState | None:
    if chain is None:
        return None
    return ChainState(
        transfers=chain.transfers, prices=chain.prices, first_due=chain.due,
        started_at=civil_text(chain.started_at, clock),
        last_ended_at=civil_text(chain.last_ended_at, clock),
        last_operator=chain.last_operator, last_mode=chain.last_mode,
        last_line=chain.last_line[1])


def _tiers(world: World, table: Table, priced: Priced) -> list[TierReached]:
    """Of each accumulator with tiers, the tier before this ride, and for the next one like it."""
    def reached(accumulator: str, memory: Memory) -> str | None:
        fitting = (row.rule for row in table.tier if row.accumulator == accumulator
                   and why_no_discount(world, table, row, priced.ride, memory, (), priced.adds)
                   is None)
        return next(fitting, None)

    return [TierReached(name, reached(name, priced.before), reached(name, priced.after))
            for name in dict.fromkeys(row.accumulator for row in table.tier)]


def _quotas(world: World, table: Table, priced: Priced) -> list[QuotaUsed]:
    counted = {one.accumulator: one for one in priced.counted}
    rows = [row for kind in DISCOUNTS for row in discounts_of(table, kind)]
    return [QuotaUsed(row.rule, row.quota.accumulator, row.quota.limit, row.quota.uses,
                      counted[row.quota.accumulator].before.amount,
                      counted[row.quota.accumulator].after.amount)
            for row in rows if row.quota is not None
            and why_not(world, table, row, priced.ride, priced.before) is None]


def _caps(world: World, table: Table, priced: Priced) -> list[CapLeft]:
    counted = {one.accumulator: one for one in priced.counted}
    return [CapLeft(row.rule, row.accumulator, row.amount,
                    max(0, row.amount - counted[row.accumulator].before.amount),
                    max(0, row.amount - counted[row.accumulator].after.amount))
            for row in table.cap
            if why_not(world, table, row, priced.ride, priced.before) is None]
