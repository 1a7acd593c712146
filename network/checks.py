"""What cannot be in a network.toml, though each of its values is one of its sort."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence

from network.errors import OnecardError
from network.model import Centre, Funder, Issuer, NetworkFile, Operator

FIRST_DAY = datetime.date(1970, 1, 1)
LAST_DAY = datetime.date(2105, 12, 31)      # times of taps are 32 bits of seconds since 1970
RIDE_LIMIT_S_MOST = 7 * 86_400
FUNDERS_OF_RIDES = ("operator", "issuer")   # whom a table's shares mean by these words


def check_model(model: NetworkFile) -> None:
    """Pass where every name stands for one thing, and times are those that taps can have.

    Raises OnecardError.
    """
    for what, names in _names_of(model):
        if "" in names:
            raise OnecardError(f"{what} has a blank name", remedy="give it a name, or leave it out")
        twice = next((name for name, count in Counter(names).items() if count > 1), None)
        if twice is not None:
            raise OnecardError(f"{what} names {twice!r} twice", remedy="keep one of the two")
    codes = [*(one.code for one in model.operator), *(one.code for one in model.issuer),
             *(one.code for one in model.funder), *(one.code for one in model.centre)]
    for code in codes:
        if code in FUNDERS_OF_RIDES:
            raise OnecardError(f"a member is called {code!r}, which means the ride's own {code} "
                               "where a table names who pays", remedy="give it another code")
    for operator in model.operator:
        unknown = sorted({*operator.charged_by} - {"default", *model.media})
        if unknown:
            raise OnecardError(f"operator {operator.code!r} says who charges {unknown[0]!r}, which "
                               "is not in media", expected=", ".join(("default", *model.media)),
                               remedy="correct the name, or add the medium")
        _check_operator(operator, model)
    _check_members(model)
    _check_line_classes(model)
    _check_times(model)


def _check_operator(operator: Operator, model: NetworkFile) -> None:
    unknown = [mode for mode in operator.modes if mode not in model.modes]
    if unknown:
        raise OnecardError(f"operator {operator.code!r} runs {unknown[0]!r}, which is not in modes",
                           remedy="add the mode to network.toml")
    for medium in model.media:
        if medium not in operator.charged_by and "default" not in operator.charged_by:
            raise OnecardError(f"operator {operator.code!r} does not say who charges {medium!r}",
                               remedy='add it to charged_by, or a "default"')


def _check_members(model: NetworkFile) -> None:
    """Every member has a code of its own, and a city that the network has."""
    provinces = {province.code for province in model.province}
    for city in model.city:
        if city.province not in provinces:
            raise OnecardError(f"city {city.code!r} is in province {city.province!r}, which "
                               "network.toml does not have", remedy="add the province")
    cities = {city.code for city in model.city}
    groups: tuple[tuple[str, Sequence[Operator | Issuer | Funder | Centre]], ...] = (
        ("operator", model.operator), ("issuer", model.issuer), ("funder", model.funder),
        ("centre", model.centre))
    seen: set[str] = set()
    for role, group in groups:
        for one in group:
            if one.city is not None and one.city not in cities:
                raise OnecardError(f"{role} {one.code!r} is in city {one.city!r}, which "
                                   "network.toml does not have", remedy="add the city")
            if one.code in seen:
                raise OnecardError(
                    f"two members are called {one.code!r}",
                    remedy="give every operator, issuer, funder and centre its own code")
            seen.add(one.code)


def _check_line_classes(model: NetworkFile) -> None:
    operators = [operator.code for operator in model.operator]
    for one in model.line_class:
        unknown = [code for code in one.operators if code not in operators]
        if unknown:
            raise OnecardError(
                f"line class {one.line_class!r} names the operator {unknown[0]!r}",
                expected=", ".join(operators), remedy="correct network.toml")


def _check_times(model: NetworkFile) -> None:
    start = model.day_starts_at
    if start.tzinfo is not None or start.microsecond:
        raise OnecardError(f"day_starts_at is {start}", expected="a time of the civil clock",
                           remedy="write 04:00:00")
    if not FIRST_DAY <= model.taps_from <= LAST_DAY:
        raise OnecardError(f"taps_from is {model.taps_from}",
                           expected=f"a day from {FIRST_DAY} to {LAST_DAY}",
                           remedy="correct the date")
    if not 1 <= model.ride_limit_s <= RIDE_LIMIT_S_MOST:
        raise OnecardError(f"ride_limit_s is {model.ride_limit_s}",
                           expected=f"seconds, from 1 to {RIDE_LIMIT_S_MOST}",
                           remedy="write how long a ride can last at most")


def _names_of(model: NetworkFile) -> Iterator[tuple[str, Sequence[str]]]:
    """Every list of names, and what it is called."""
    yield "modes", model.modes
    yield "card_kinds", model.card_kinds
    yield "media", model.media
    yield "province", [one.code for one in model.province]
    yield "city", [one.code for one in model.city]
    yield "accumulator", [one.accumulator for one in model.accumulator]
    yield "line_class", [one.line_class for one in model.line_class]
    yield "day", [one.date.isoformat() for one in model.day]
    for operator in model.operator:
        yield f"operator {operator.code!r}: modes", operator.modes
