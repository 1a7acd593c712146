"""What one ride costs and why, by the tables alone, without a book."""

from __future__ import annotations

from dataclasses import dataclass

from clearing.answers.counted import read_memory
from clearing.answers.explanation import Explanation, explain
from clearing.answers.plain import read_plain
from clearing.answers.quotes import Quote, check_day, price_trip
from clearing.answers.trips import PriceQuestion, read_rider, read_trip, read_trip_before
from clearing.reference.pricing import Priced
from clearing.reference.world import World
from fare_tables.staleness import stale_warning
from network.civil import Clock
from network.errors import OnecardError
from network.language import Phrase


@dataclass(frozen=True, kw_only=True)
class PriceAnswer(Explanation):
    """A ride with its price, or with why it has none."""

    reason: str | None              # why it would be refused, in words
    warning: str | None             # about a table that was checked long ago
    assumed: list[Phrase]            # what was taken for granted, or given for nothing
    rides_before: list[Explanation]


def price(asked: PriceQuestion) -> PriceAnswer:
    """The price of a ride as it is described, after the rides before it.

    Raises OnecardError and TableError for what cannot be read, or does not say enough.
    """
    world = read_plain(asked.network)
    before, quote = _price(world, asked)
    clock = Clock(world.model.time_zone, world.model.taps_from)
    return PriceAnswer(
        **vars(explain(world, quote.priced, clock)),
        reason=None if quote.priced.charge is not None else _reason(quote),
        warning=_warning(world, quote.priced),
        assumed=list(quote.assumed),
        rides_before=[explain(world, earlier.priced, clock) for earlier in before])


def _price(world: World, asked: PriceQuestion) -> tuple[list[Quote], Quote]:
    """The rides before, and the ride itself, each priced with what the one before left."""
    rider = read_rider(world, asked)
    trip = read_trip(world, asked)
    check_day(world, trip.at)
    memory = read_memory(world, asked, trip.at)
    quotes = []
    for earlier in sorted((read_trip_before(world, text, trip) for text in asked.before),
                          key=lambda one: one.at):
        quote = price_trip(world, rider, earlier, memory)
        if quote.priced.charge is None:
            raise OnecardError(
                Phrase("the ride before has no price: {why}", why=_reason(quote)),
                where=earlier.where,
                expected="a ride that the tables price, or what was due for it",
                remedy=Phrase('add what was due: "{mode} … {value}"', mode=earlier.mode,
                              value=world.model.money.text(200)))
        quotes.append(quote)
        memory = quote.priced.after
    return quotes, price_trip(world, rider, trip, memory)


def _warning(world: World, priced: Priced) -> str | None:
    """About the table that priced a ride, where it was checked too long before."""
    if priced.charge is None:
        return None
    return stale_warning(world.tables, world.model.recheck_after_days,
                         {priced.charge.table: priced.ride.service_day})


def _reason(quote: Quote) -> Phrase:
    """Why a ride has no price, in words."""
    priced = quote.priced
    if priced.code == "PRICE_OVERFLOW":
        return Phrase("its fare is more than a record can hold")
    last = priced.trace[-1] if priced.trace else None
    if last is None or last.kind == "table":
        return Phrase("no table of {operator} is for this mode and line, and in force on {day}",
                      operator=priced.ride.operator, day=priced.ride.service_day)
    return Phrase("{rule}: {why}", rule=last.rule, why=last.why)
