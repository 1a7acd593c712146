"""What cannot be in a network.toml, though each of its values is one of its sort."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from network.errors import TableError
from network.locations import KeyPath
from network.model import Centre, Funder, Issuer, NetworkFile, Operator

FIRST_DAY = datetime.date(1970, 1, 1)
LAST_DAY = datetime.date(2105, 12, 31)      # times of taps are 32 bits of seconds since 1970
RIDE_LIMIT_S_MOST = 7 * 86_400
FUNDERS_OF_RIDES = ("operator", "issuer")   # whom a table's shares mean by these words


def check_model(model: NetworkFile) -> None:
    """Pass where every name stands for one thing, and times are those that taps can have.

    Raises TableError, whose key is of network.toml.
    """
    for what, named in _names_of(model):
        seen: set[str] = set()
        for key, name in named:
            if name == "":
                raise TableError(f"{what} has a blank name", "give it a name, or leave it out",
                                 key=key)
            if name in seen:
                raise TableError(f"{what} names {name!r} twice", "keep one of the two", key=key)
            seen.add(name)
    for index, operator in enumerate(model.operator):
        _check_operator(operator, model, ("operator", index))
    _check_members(model)
    _check_line_classes(model)
    _check_agreements(model)
    _check_times(model)


def _check_operator(operator: Operator, model: NetworkFile, here: KeyPath) -> None:
    for medium in sorted({*operator.charged_by} - {"default", *model.media}):
        raise TableError(f"operator {operator.code!r} says who charges {medium!r}, which is not in "
                         "media", "correct the name, or add the medium",
                         expected=", ".join(("default", *model.media)),
                         key=(*here, "charged_by", medium))
    for index, mode in enumerate(operator.modes):
        if mode not in model.modes:
            raise TableError(f"operator {operator.code!r} runs {mode!r}, which is not in modes",
                             "add the mode to network.toml", key=(*here, "modes", index))
    for medium in model.media:
        if medium not in operator.charged_by and "default" not in operator.charged_by:
            raise TableError(f"operator {operator.code!r} does not say who charges {medium!r}",
                             'add it to charged_by, or a "default"', key=(*here, "charged_by"))


def _check_members(model: NetworkFile) -> None:
    """Every member has a code of its own, and a city that the network has."""
    provinces = {province.code for province in model.province}
    for index, city in enumerate(model.city):
        if city.province not in provinces:
            raise TableError(f"city {city.code!r} is in province {city.province!r}, which "
                             "network.toml does not have", "add the province",
                             key=("city", index, "province"))
    cities = {city.code for city in model.city}
    groups: tuple[tuple[str, Sequence[Operator | Issuer | Funder | Centre]], ...] = (
        ("operator", model.operator), ("issuer", model.issuer), ("funder", model.funder),
        ("centre", model.centre))
    seen: set[str] = set()
    for role, group in groups:
        for index, one in enumerate(group):
            key = role, index, "code"
            if one.city is not None and one.city not in cities:
                raise TableError(f"{role} {one.code!r} is in city {one.city!r}, which "
                                 "network.toml does not have", "add the city",
                                 key=(role, index, "city"))
            if one.code in seen:
                raise TableError(f"two members are called {one.code!r}",
                                 "give every operator, issuer, funder and centre its own code",
                                 key=key)
            if one.code in FUNDERS_OF_RIDES:
                raise TableError(f"a member is called {one.code!r}, which means the ride's own "
                                 f"{one.code} where a table names who pays",
                                 "give it another code", key=key)
            seen.add(one.code)


def _check_line_classes(model: NetworkFile) -> None:
    operators = [operator.code for operator in model.operator]
    for index, one in enumerate(model.line_class):
        for which, code in enumerate(one.operators):
            if code not in operators:
                raise TableError(
                    f"line class {one.line_class!r} names the operator {code!r}",
                    "correct network.toml", expected=", ".join(operators),
                    key=("line_class", index, "operators", which))


def _check_agreements(model: NetworkFile) -> None:
    centres = {centre.code for centre in model.centre}
    for index, agreement in enumerate(model.agreement):
        if agreement.centre is not None and agreement.centre not in centres:
            raise TableError(f"agreement {agreement.agreement!r} names the centre "
                             f"{agreement.centre!r}, which network.toml does not have",
                             "add the centre", key=("agreement", index, "centre"))


def _check_times(model: NetworkFile) -> None:
    start = model.day_starts_at
    if start.tzinfo is not None or start.microsecond:
        raise TableError(f"day_starts_at is {start}", "write 04:00:00",
                         expected="a time of the civil clock", key=("day_starts_at",))
    if not FIRST_DAY <= model.taps_from <= LAST_DAY:
        raise TableError(f"taps_from is {model.taps_from}", "correct the date",
                         expected=f"a day from {FIRST_DAY} to {LAST_DAY}", key=("taps_from",))
    if not 1 <= model.ride_limit_s <= RIDE_LIMIT_S_MOST:
        raise TableError(f"ride_limit_s is {model.ride_limit_s}",
                         "write how long a ride can last at most",
                         expected=f"seconds, from 1 to {RIDE_LIMIT_S_MOST}", key=("ride_limit_s",))


def _names_of(model: NetworkFile) -> Iterator[tuple[str, list[tuple[KeyPath, str]]]]:
    """What is named, and every name with where it is given."""
    for what in ("modes", "card_kinds", "media"):
        yield what, [((what, index), name) for index, name in enumerate(getattr(model, what))]
    for what, key in (("province", "code"), ("city", "code"), ("accumulator", "accumulator"),
                      ("line_class", "line_class"), ("day", "date")):
        yield what, [((what, index, key), str(getattr(one, key)))
                     for index, one in enumerate(getattr(model, what))]
    for number, operator in enumerate(model.operator):
        yield f"operator {operator.code!r}: modes", [
            (("operator", number, "modes", index), mode)
            for index, mode in enumerate(operator.modes)]
