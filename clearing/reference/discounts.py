"""What the rider pays after a discount row, and who pays the difference (RULES.md §4)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from clearing.reference.fares import find_due, find_through
from clearing.reference.memory import Memory
from clearing.reference.results import Leg, Ride
from clearing.reference.rounding import apportion, round_to
from clearing.reference.state import Owned
from clearing.reference.words import Answer, counted
from clearing.reference.world import World
from fare_tables.model import (
    Cap,
    CarriedCredit,
    Concession,
    DiscountRow,
    Fare,
    PriceBand,
    Share,
    Table,
    Tier,
    Transfer,
    chain_of,
)
from network.language import Phrase, joined
from network.money import AMOUNT_MOST

CREDIT_BASE_MOST = 4_000_000_000_000    # minor units of which a credit is a part


def price_after(
    world: World, table: Table, fare: Fare, row: DiscountRow, price: int, ride: Ride,
    memory: Memory, applied: Sequence[DiscountRow],
) -> Answer:
    """The price after a row that fits: never below 0, never above the price before.

    applied: the rows that have applied to the ride before. No amount: the row takes a fare that
    this ride does not have, and so does not fit.
    """
    if isinstance(row, Concession) and row.carried_credit is not None:
        answer = _credit(world, row, row.carried_credit, price, ride, memory)
    elif isinstance(row, Concession):
        answer = _concession(world, table, row, price, ride, None)
    elif isinstance(row, Transfer):
        answer = _transfer(world, table, fare, row, price, ride, memory, applied)
    elif isinstance(row, Tier):
        answer = _tier(world, row, price, ride, memory)
    else:
        assert isinstance(row, Cap)
        answer = _cap(world, row, ride, memory)
    return _bounded(world, row, price, answer)


def _bounded(world: World, row: DiscountRow, price: int, answer: Answer) -> Answer:
    """What a row leaves of a price: rounded, at least what it has to be, at most the price."""
    if answer.amount is None:
        return answer
    amount = round_to(Fraction(max(0, min(price, answer.amount))), row.rounding, row.unit)
    if row.pays_at_least is None:
        return Answer(min(price, amount), answer.words)
    return Answer(min(price, max(amount, row.pays_at_least)),
                  Phrase("{pays}, at least {amount}", pays=answer.words,
                         amount=world.model.money.text(row.pays_at_least)))


def list_legs(cause: str, row: DiscountRow, amount: int, ride: Ride) -> list[Leg]:
    """A difference split over the row's funders; a share of 0 is no leg."""
    if amount == 0:
        return []
    shares = apportion(amount, [_weight(funder) for funder in row.funders])
    named = {"operator": ride.operator, "issuer": ride.issuer}
    return [
        Leg(cause, row.rule, named.get(funder.funder, funder.funder), ride.operator, share)
        for funder, share in zip(row.funders, shares, strict=True)
        if share > 0
    ]


def percent_of(price: int, percent: int | str) -> Fraction:
    """That part of a price, exactly: a percentage may have decimals, as "62.5"."""
    return price * Fraction(percent) / 100


def _weight(funder: Share) -> Fraction:
    if funder.percent is not None:
        return Fraction(funder.percent)
    return Fraction(1 if funder.weight is None else funder.weight)


def _concession(
    world: World, table: Table, row: Concession, price: int, ride: Ride, began_at: Owned | None
) -> Answer:
    """began_at: where the ride began, if it is taken as one from somewhere else."""
    money = world.model.money.text
    if row.pays_percent is not None:
        return _percent(row, row.pays_percent, price)
    if row.bands is not None:
        parts = [Phrase("{percent} % of the rest", percent=band.pays_percent) if band.to is None
                 else Phrase("{percent} % up to {amount}", percent=band.pays_percent,
                             amount=money(band.to)) for band in row.bands]
        return Answer(round_to(_banded(row.bands, price), row.rounding, row.unit),
                      Phrase("pays {parts}", parts=joined(", ", parts)))
    if row.pays_amount is not None:
        return Answer(row.pays_amount, Phrase("pays {amount}", amount=money(row.pays_amount)))
    if row.takes_off is not None:
        return Answer(price - row.takes_off, Phrase("{amount} off", amount=money(row.takes_off)))
    fare = next(one for one in table.fare if one.rule == row.pays_fare)
    due = (find_due(world, fare, ride) if began_at is None
           else find_through(world, fare, ride, began_at))
    if due.amount is None:
        return Answer(None, Phrase("{rule} has no fare for this ride: {why}", rule=fare.rule,
                                   why=due.words))
    return Answer(due.amount, Phrase("pays {amount} as by {rule}: {why}",
                                     amount=money(due.amount), rule=fare.rule, why=due.words))


def _credit(world: World, row: Concession, credit: CarriedCredit, price: int, ride: Ride,
            memory: Memory) -> Answer:
    """What is left of a credit of the period before goes off the price."""
    money = world.model.money.text
    period, counted_then = memory.before(world, credit.accumulator, ride.service_day)
    base = max(0, min(counted_then - credit.over, CREDIT_BASE_MOST))
    whole = min(round_to(percent_of(base, credit.percent), row.rounding, 1),
                AMOUNT_MOST if credit.most is None else credit.most)
    now = memory.period(world, credit.used, ride.service_day)
    left = whole - memory.accumulator(credit.used, now).amount
    if left <= 0:
        return Answer(None, Phrase("nothing is left of a credit of {amount} for {period}",
                                   amount=money(whole), period=period))
    return Answer(price - left, Phrase("{left} left of a credit of {amount} for {period}",
                                       left=money(left), amount=money(whole), period=period))


def _transfer(
    world: World, table: Table, fare: Fare, row: Transfer, price: int, ride: Ride, memory: Memory,
    applied: Sequence[DiscountRow],
) -> Answer:
    money = world.model.money.text
    chain = memory.chains[chain_of(fare)]
    so_far = Phrase("less {prices} so far", prices=money(chain.prices))
    if row.credit is not None:
        return Answer(price - row.credit, Phrase("{amount} off", amount=money(row.credit)))
    if row.credit_up_to is not None:
        credit = min(chain.due, row.credit_up_to)
        return Answer(price - credit, Phrase("{amount} off: the first ride's {due}, at most {most}",
                                             amount=money(credit), due=money(chain.due),
                                             most=money(row.credit_up_to)))
    if row.pays_amount is not None:
        return Answer(row.pays_amount, Phrase("pays {amount}", amount=money(row.pays_amount)))
    if row.pays_percent is not None:
        return _percent(row, row.pays_percent, price)
    if row.pays_difference:
        return Answer(price - chain.prices, Phrase("{amount} {so_far}", amount=money(price),
                                                   so_far=so_far))
    if row.chain_pays is not None:
        whole = _as_paid(world, table, applied, ride, memory, None,
                         Answer(row.chain_pays, Phrase("")))
        assert whole.amount is not None
        return Answer(whole.amount - chain.prices,
                      Phrase("{amount} for the chain, {so_far}", amount=money(whole.amount),
                             so_far=so_far))
    whole = _as_paid(world, table, applied, ride, memory, chain.first_in_stop,
                     find_through(world, fare, ride, chain.first_in_stop))
    if whole.amount is None:
        return Answer(None, Phrase("no fare through: {why}", why=whole.words))
    return Answer(whole.amount - chain.prices,
                  Phrase("{amount} through ({why}), {so_far}", amount=money(whole.amount),
                         why=whole.words, so_far=so_far))


def _as_paid(
    world: World, table: Table, applied: Sequence[DiscountRow], ride: Ride, memory: Memory,
    began_at: Owned | None, whole: Answer,
) -> Answer:
    """What a chain costs as a whole, as the rider pays it to whose ride those rows have applied."""
    for row in applied:
        if whole.amount is None or isinstance(row, Cap) or (
                isinstance(row, Concession) and row.carried_credit is not None):
            continue
        if isinstance(row, Concession):
            answer = _concession(world, table, row, whole.amount, ride, began_at)
        else:
            assert isinstance(row, Tier)
            answer = _tier(world, row, whole.amount, ride, memory)
        answer = _bounded(world, row, whole.amount, answer)
        whole = Answer(answer.amount, joined("; ", [whole.words, answer.words]))
    return whole


def _percent(row: DiscountRow, percent: int | str, price: int) -> Answer:
    return Answer(round_to(percent_of(price, percent), row.rounding, row.unit),
                  Phrase("pays {percent} %", percent=percent))


def _tier(world: World, row: Tier, price: int, ride: Ride, memory: Memory) -> Answer:
    if row.pays_percent is not None:
        return _percent(row, row.pays_percent, price)
    assert row.bands is not None
    period = memory.period(world, row.accumulator, ride.service_day)
    counted_before = memory.accumulator(row.accumulator, period).amount
    parts = _parts_by_counted(row.bands, price, counted_before)
    pays = sum((percent_of(part, percent) for part, percent in parts), Fraction(0))
    money = world.model.money.text
    return Answer(round_to(pays, row.rounding, row.unit),
                  Phrase("pays {parts}", parts=joined(", ", (
                      Phrase("{percent} % of {amount}", percent=percent, amount=money(part))
                      for part, percent in parts))))


def _parts_by_counted(bands: Sequence[PriceBand], price: int, counted_before: int
                      ) -> list[tuple[int, int | str]]:
    """The parts of a price with the percent of each, by what is counted with them.

    A part ends where what the rider pays of it brings the count to the end of its band.
    """
    parts, left, so_far = list[tuple[int, int | str]](), price, counted_before
    for band in bands:
        if band.to is not None and band.to <= so_far:
            continue
        part, share = left, Fraction(band.pays_percent) / 100
        if band.to is not None and share > 0:
            part = min(left, round_to((band.to - so_far) / share, "up", 1))
            so_far = band.to
        parts.append((part, band.pays_percent))
        left -= part
        if left == 0:
            break
    return parts


def _cap(world: World, row: Cap, ride: Ride, memory: Memory) -> Answer:
    money = world.model.money.text
    period = memory.period(world, row.accumulator, ride.service_day)
    so_far = memory.accumulator(row.accumulator, period).amount
    spec = world.accumulators[row.accumulator]
    return Answer(row.amount - so_far,
                  Phrase("at most {amount} in {period}; {counted} so far",
                         amount=money(row.amount), period=period,
                         counted=counted(world.model, spec, so_far)))


def _banded(bands: list[PriceBand], price: int) -> Fraction:
    """Each part of the price times its percent; what lies beyond the last band is paid in full."""
    pays, below = Fraction(0), 0
    for band in bands:
        end = price if band.to is None else min(price, band.to)
        if end > below:
            pays += percent_of(end - below, band.pays_percent)
            below = end
    return pays + (price - below)
