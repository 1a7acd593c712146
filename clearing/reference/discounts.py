"""What the rider pays after a discount row, and who pays the difference (RULES.md §4)."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from clearing.reference.fares import find_due, find_through
from clearing.reference.memory import Memory
from clearing.reference.results import Leg, Ride
from clearing.reference.rounding import apportion, round_to
from clearing.reference.state import Chain, Owned
from clearing.reference.words import Answer, counted
from clearing.reference.world import World
from fare_tables.model import (
    Cap,
    Concession,
    DiscountRow,
    Fare,
    PriceBand,
    Share,
    Table,
    Tier,
    Transfer,
)
from network.language import Phrase, joined


def price_after(
    world: World, table: Table, fare: Fare, row: DiscountRow, price: int, ride: Ride,
    memory: Memory, applied: Sequence[DiscountRow],
) -> Answer:
    """The price after a row that fits: never below 0, never above the price before.

    applied: the rows that have applied to the ride before. No amount: the row takes a fare that
    this ride does not have, and so does not fit.
    """
    if isinstance(row, Concession):
        answer = _concession(world, table, row, price, ride, None)
    elif isinstance(row, Transfer):
        assert memory.chain is not None
        answer = _transfer(world, table, fare, row, price, ride, memory.chain, applied)
    elif isinstance(row, Tier):
        answer = _percent(row, row.pays_percent, price)
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


def _transfer(
    world: World, table: Table, fare: Fare, row: Transfer, price: int, ride: Ride, chain: Chain,
    applied: Sequence[DiscountRow],
) -> Answer:
    money = world.model.money.text
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
        whole = _as_paid(world, table, applied, ride, None, Answer(row.chain_pays, Phrase("")))
        assert whole.amount is not None
        return Answer(whole.amount - chain.prices,
                      Phrase("{amount} for the chain, {so_far}", amount=money(whole.amount),
                             so_far=so_far))
    whole = _as_paid(world, table, applied, ride, chain.first_in_stop,
                     find_through(world, fare, ride, chain.first_in_stop))
    if whole.amount is None:
        return Answer(None, Phrase("no fare through: {why}", why=whole.words))
    return Answer(whole.amount - chain.prices,
                  Phrase("{amount} through ({why}), {so_far}", amount=money(whole.amount),
                         why=whole.words, so_far=so_far))


def _as_paid(
    world: World, table: Table, applied: Sequence[DiscountRow], ride: Ride, began_at: Owned | None,
    whole: Answer,
) -> Answer:
    """What a chain costs as a whole, as the rider pays it to whose ride those rows have applied."""
    for row in applied:
        if whole.amount is None or isinstance(row, Cap):
            continue
        if isinstance(row, Concession):
            answer = _concession(world, table, row, whole.amount, ride, began_at)
        else:
            assert isinstance(row, Tier)
            answer = _percent(row, row.pays_percent, whole.amount)
        answer = _bounded(world, row, whole.amount, answer)
        whole = Answer(answer.amount, joined("; ", [whole.words, answer.words]))
    return whole


def _percent(row: DiscountRow, percent: int | str, price: int) -> Answer:
    return Answer(round_to(percent_of(price, percent), row.rounding, row.unit),
                  Phrase("pays {percent} %", percent=percent))


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
