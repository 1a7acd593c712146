"""What a card had counted before a ride, read from what people write."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

from clearing.answers.parse import find_code, parse_amount, parse_count
from clearing.answers.trips import PriceQuestion
from clearing.reference import calendar
from clearing.reference.memory import Memory
from clearing.reference.state import Accumulator
from clearing.reference.world import World
from network.errors import OnecardError
from network.language import Phrase, joined

NOTHING = Memory()


def read_memory(world: World, asked: PriceQuestion, at: int) -> Memory:
    """What the card had counted, in the periods that a moment is in.

    Raises OnecardError where nothing counts what is said.
    """
    day = calendar.service_day(world.model, at)
    counted = dict([*_list_by_period(world, asked),
                    *_list_by_name(world, asked.counted, "--counted")])
    before = {(name, _period_before(world, name, day)): Accumulator(amount, 0)
              for name, amount in _list_by_name(world, asked.counted_before, "--counted-before")}
    return Memory({}, {(name, NOTHING.period(world, name, day)): Accumulator(amount, 0)
                       for name, amount in counted.items()} | before)


def _period_before(world: World, name: str, day: datetime.date) -> str:
    """The period before that of a day. Raises OnecardError where none is."""
    if world.accumulators[name].days is not None:
        raise OnecardError(Phrase("the days of {name} begin with a ride: none come before",
                                  name=name), where="--counted-before", remedy="leave it out")
    return NOTHING.before(world, name, day)[0]


def _list_by_period(world: World, asked: PriceQuestion) -> Iterator[tuple[str, int]]:
    """Every accumulator of money, or of rides, of a period, with the one amount that is said."""
    for where, text, period, of_rides in (
            ("--month-spend", asked.month_spend, "month", False),
            ("--week-spend", asked.week_spend, "week", False),
            ("--day-spend", asked.day_spend, "day", False),
            ("--month-rides", asked.month_rides, "month", True)):
        if text is None:
            continue
        amount = _amount(world, text, where, of_rides=of_rides)
        names = [spec.accumulator for spec in world.model.accumulator
                 if spec.period == period and spec.counts in (
                     ("rides",) if of_rides else ("paid", "due"))]
        if amount and not names:
            raise OnecardError(
                Phrase("no accumulator of the network counts {counts} by the {period}",
                       counts="rides" if of_rides else "money", period=period), where=where,
                expected=Phrase("one of {known}", known=joined(", ", (
                    f"{spec.accumulator} ({spec.counts}, {spec.period})"
                    for spec in world.model.accumulator)))
                if world.model.accumulator else "none",
                remedy="leave it out: no fare depends on it")
        for name in names:
            yield name, amount


def _list_by_name(world: World, texts: tuple[str, ...], where: str
                  ) -> Iterator[tuple[str, int]]:
    """The accumulators that are named, with their amounts."""
    known = {spec.accumulator: "" for spec in world.model.accumulator}
    told: set[str] = set()
    for text in texts:
        name, _, value = text.partition("=")
        find_code("accumulator", name, known, where)
        if name in told:
            raise OnecardError(Phrase("{name!r} is given twice", name=name), where=where,
                               remedy="give it once")
        told.add(name)
        yield name, _amount(world, value, f"{where} {name}",
                            of_rides=world.accumulators[name].counts == "rides")


def _amount(world: World, text: str, where: str, *, of_rides: bool) -> int:
    return (parse_count(text, where) if of_rides
            else parse_amount(text, world.model.money, where))
