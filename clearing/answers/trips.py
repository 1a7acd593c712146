"""Who rides and which ride it is, read from what people write.

Errors name what was written by its option of `onecard price`.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo

from clearing.answers.parse import (
    day_at,
    find_code,
    parse_amount,
    parse_metres,
    parse_moment,
)
from clearing.reference.world import World
from network.errors import OnecardError
from network.language import Phrase

BEFORE_SHAPE = '"MODE[:LINE] START[..END] [DUE] [KEY=VALUE]..."'
BEFORE_KEYS = ("operator", "from", "to", "distance", "vehicle")


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceQuestion:
    """What one ride costs, as it is asked. Blank text and None stand for what is not said."""

    network: str                # a shipped network's name, or a folder
    at: str                     # when it began: "2024-11-25 06:50"
    until: str | None = None
    mode: str | None = None     # None: the only one
    operator: str = ""
    line: str = ""
    vehicle: str = ""
    from_stop: str = ""         # codes or names
    to_stop: str = ""
    distance: str | None = None     # "12.1km"; takes the place of the stops
    missing: Literal["in", "out"] | None = None
    due: str | None = None      # what the validator says the ride costs: "2.50"
    card_kind: str | None = None    # None: the network's first
    medium: str | None = None
    card_city: str = "home"     # home, away, or a city
    issuer: str = ""            # in place of card_city
    age: int | None = None
    reviewed: bool = True
    # What the card had counted before all rides.
    month_spend: str | None = None
    week_spend: str | None = None
    day_spend: str | None = None
    month_rides: str | None = None
    counted: tuple[str, ...] = ()   # each NAME=AMOUNT, of one accumulator
    counted_before: tuple[str, ...] = ()    # the same of the period before the ride's
    before: tuple[str, ...] = ()    # rides of the card before this one: BEFORE_SHAPE


@dataclass(frozen=True, slots=True, kw_only=True)
class Rider:
    """Who rides, and by what card."""

    card_kind: str
    medium: str
    city: str = "home"          # of the card's issuer: home, away, or a city
    issuer: str = ""            # blank: the first of that city
    age: int | None = None
    reviewed: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """A ride as it is described. Blank text and None stand for what is not said."""

    where: str                  # how it was described, for errors
    mode: str
    at: int                     # when it began; when it ended, where the way in is missing
    until: int | None = None
    operator: str = ""
    line: str = ""
    vehicle: str = ""
    from_stop: str = ""         # codes or names
    to_stop: str = ""
    missing: Literal["in", "out"] | None = None
    distance_m: int | None = None
    says: int | None = None     # what the validator says the ride costs
    costs: int | None = None    # what it is known to have cost, whatever the tables say


def read_rider(world: World, asked: PriceQuestion) -> Rider:
    """Who rides. Raises OnecardError for names that the network does not have."""
    network, media = world.model, world.model.media
    city = asked.card_city
    if city not in ("home", "away"):
        city = find_code("city", city, {one.code: one.name for one in network.city},
                         "--card-city")
    issuers = {one.code: one.name for one in network.issuer}
    return Rider(
        card_kind=_one_of("card kind", asked.card_kind, network.card_kinds, "--card-kind"),
        medium=_one_of("medium", asked.medium, ["card", *media] if "card" in media else media,
                       "--medium"),
        city=city,
        issuer=find_code("issuer", asked.issuer, issuers, "--issuer") if asked.issuer else "",
        age=asked.age, reviewed=asked.reviewed)


def _one_of(what: str, text: str | None, known: list[str], where: str) -> str:
    """The name that was written, or the first where none was."""
    return known[0] if text is None else find_code(what, text, {one: one for one in known}, where)


def read_trip(world: World, asked: PriceQuestion) -> Trip:
    """The ride that is asked for. Raises OnecardError for what cannot be read."""
    zone, currency = ZoneInfo(world.model.time_zone), world.model.money
    at = parse_moment(asked.at, zone, "--at")
    until = None if asked.until is None else parse_moment(
        asked.until, zone, "--until", day_at(at, zone))
    if asked.missing is not None and until is not None:
        raise OnecardError(Phrase("a ride that lacks its way {missing} has one time",
                                  missing=asked.missing),
                           where="--until", remedy="leave out --until")
    if until is not None:
        _check_length(world, at, until, "--until")
    return Trip(
        where="the ride", mode=_mode(world, asked), at=at, until=until, operator=asked.operator,
        line=asked.line, vehicle=asked.vehicle, from_stop=asked.from_stop, to_stop=asked.to_stop,
        missing=asked.missing,
        distance_m=None if asked.distance is None else parse_metres(asked.distance, "--distance"),
        says=None if asked.due is None else parse_amount(asked.due, currency, "--due"))


def _mode(world: World, asked: PriceQuestion) -> str:
    """The mode that was named, or the only one that it can be."""
    modes = world.model.modes
    if asked.mode is None:
        for operator in world.model.operator:
            if asked.operator in (operator.code, operator.name):
                modes = operator.modes
        if len(modes) > 1:
            raise OnecardError("the ride's mode is not named", where="--mode",
                               expected=Phrase("one of {modes}",
                                               modes=", ".join(modes)), remedy="name it")
    return _one_of("mode", asked.mode, modes, "--mode")


def _check_length(world: World, at: int, until: int, where: str) -> None:
    """Pass where both times can be those of one ride."""
    limit_s = world.model.ride_limit_s
    if not 0 <= until - at <= limit_s:
        raise OnecardError(
            "the ride ends before it begins" if until < at else
            Phrase("the ride lasts {until} minutes, and the network's longest is {limit_s}",
                   until=(until - at) // 60, limit_s=limit_s // 60), where=where,
            expected="a way out in time after the way in",
            remedy="after midnight, write the day, too; where a tap is missing, see --missing")


def read_trip_before(world: World, text: str, trip: Trip) -> Trip:
    """A ride before, such as "bus:102 06:20..06:40 2.00 to=一中".

    Raises OnecardError where it cannot be read, or was not before.
    """
    where, zone = f'--before "{text}"', ZoneInfo(world.model.time_zone)
    try:
        tokens = shlex.split(text)
    except ValueError:
        tokens = []
    keys = dict(token.partition("=")[::2] for token in tokens if "=" in token)
    plain = [token for token in tokens if "=" not in token]
    if not 2 <= len(plain) <= 3:
        raise OnecardError("a ride before cannot be read", where=where, expected=BEFORE_SHAPE,
                           remedy='write "bus 06:20", or "metro 06:05..06:30 4.00 to=西直门"')
    for key in keys:
        find_code("key", key, dict.fromkeys(BEFORE_KEYS, ""), where)
    mode, _, line = plain[0].partition(":")
    start, _, end = plain[1].partition("..")
    day = day_at(trip.at, zone)
    at = parse_moment(start, zone, where, day)
    until = parse_moment(end, zone, where, day_at(at, zone)) if end else None
    if at > trip.at or (until or 0) > trip.at:
        raise OnecardError("a ride before is not before the ride", where=where,
                           expected="an end no later than --at",
                           remedy="correct its time; the day before must be written")
    if until is not None:
        _check_length(world, at, until, where)
    return Trip(
        where=where, mode=_one_of("mode", mode, world.model.modes, where), at=at, until=until,
        operator=keys.get("operator", ""), line=line, vehicle=keys.get("vehicle", ""),
        from_stop=keys.get("from", ""), to_stop=keys.get("to", ""),
        distance_m=parse_metres(keys["distance"], where) if "distance" in keys else None,
        costs=(parse_amount(plain[2], world.model.money, where) if len(plain) > 2 else None))
