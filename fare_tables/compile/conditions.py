"""Compiles what rows ask of a ride: who, with what, from where, when."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import NamedTuple

from fare_tables.compile.arrays import Arrays, Numbers, add_set
from fare_tables.model import Row, Table, Timeframe
from network.calendars import DAY_NAMES
from network.civil import seconds_of
from network.errors import TableError
from network.network import Network
from network.numbering import BITS, NumberedNetwork

EVERY_BIT = (1 << 64) - 1
EVERY_DAY = (1 << len(DAY_NAMES)) - 1
DAY_S = 86_400
AGE_MAX = 150


class Riders(NamedTuple):
    """Whom a row is for: a bit for each card kind, medium and mode."""

    card_kinds: int
    media: int
    modes: int


def riders_of(row: Row, numbered: NumberedNetwork) -> Riders:
    """Whom a row is for.

    Raises TableError for a name that the network does not have.
    """
    return Riders(bits_of("card_kind", row.card_kinds, "card_kinds", numbered),
                  bits_of("medium", row.media, "media", numbered),
                  bits_of("mode", row.modes, "modes", numbered))


def compile_condition(row: Row, table: Table, numbered: NumberedNetwork, arrays: Arrays) -> int:
    """The row in the pool of what a row asks besides who rides; 0: nothing.

    Raises TableError for a name that the network or the table does not have.
    """
    return arrays.add_condition({
        "issuers": _issuers(row.cards, table, numbered, arrays),
        "lines": lines_in(row.line_classes, "line_classes", numbered, arrays),
        "from_stops": stops_in(row.from_stops, "from_stops", table, numbered, arrays),
        "to_stops": stops_in(row.to_stops, "to_stops", table, numbered, arrays),
        "reviewed": int(row.reviewed), "holder_only": int(not row.companions),
        **_ages(row), **_timeframes(row, table, arrays),
    })


def bits_of(kind: str, codes: Sequence[str] | None, key: str, numbered: NumberedNetwork) -> int:
    """One bit per name that a key of a row gives; every bit where there is no condition.

    Raises TableError for a name that the network does not have.
    """
    if codes is None:
        return EVERY_BIT
    bits = 0
    for index, code in enumerate(codes):
        number = numbered.names.find(kind, code)
        if not number:
            raise TableError(f"{kind.replace('_', ' ')} {code!r} is not in network.toml",
                             "add it there, or correct the name", key=(key, index))
        assert number < BITS, "the network refuses more"
        bits |= 1 << number
    return bits


def lines_in(classes: Sequence[str] | None, key: str, numbered: NumberedNetwork,
             arrays: Arrays) -> int:
    """The set of lines of some line classes; 0: every line.

    Raises TableError for a class that the network does not have.
    """
    if classes is None:
        return 0
    numbers: set[int] = set()
    for index, name in enumerate(classes):
        if name not in numbered.network.line_classes:
            raise TableError(f"line class {name!r} is not in network.toml",
                             "add it there, or correct the name", key=(key, index))
        numbers.update(numbered.names.known("line", line, operator)
                       for operator, line in numbered.network.line_classes[name])
    return add_set(arrays.line_sets, frozenset(numbers))


def stops_in(sets: Sequence[str] | None, key: str, table: Table, numbered: NumberedNetwork,
             arrays: Arrays) -> int:
    """The stops of some of the table's stop sets, of whatever system; 0: every stop.

    Raises TableError for a stop set that the table does not have.
    """
    if sets is None:
        return 0
    network = numbered.network
    listed = {system: network.stops_of(one.code) for system, one in network.systems().items()}
    numbers: set[int] = set()
    for index, name in enumerate(sets):
        if name not in table.stop_sets:
            raise TableError(f"stop set {name!r} is not in the table", "add it to stop_sets",
                             key=(key, index))
        numbers.update(numbered.names.known("stop", stop, system)
                       for stop in table.stop_sets[name] for system, stops in listed.items()
                       if stops is None or stop in stops)
    return add_set(arrays.stop_sets, frozenset(numbers))


def check_stop_sets(table: Table, network: Network) -> None:
    """Pass where every stop of a stop set can be one of the network's.

    Raises TableError.
    """
    lists = [network.stops_of(code) for code in network.operators]
    if None in lists:
        return
    known = {stop for stops in lists for stop in stops or ()}
    for name, stops in table.stop_sets.items():
        for index, stop in enumerate(stops):
            if stop not in known:
                raise TableError(f"stop {stop!r} of stop set {name!r} is not a stop of any "
                                 "operator", "add it to the operator's stops, or correct it",
                                 key=("stop_sets", name, index))


def members_of(codes: Sequence[str] | None, numbered: NumberedNetwork, arrays: Arrays) -> int:
    """The set of some operators' member numbers; 0: any.

    Raises TableError for an operator that the network does not have.
    """
    if codes is None:
        return 0
    for index, code in enumerate(codes):
        if code not in numbered.network.operators:
            raise TableError(f"operator {code!r} in from_operators is not in network.toml",
                             "add it", key=("from_operators", index))
    return add_set(arrays.member_sets, frozenset(
        numbered.names.known("member", code) for code in codes))


def _issuers(cards: str | list[str], table: Table, numbered: NumberedNetwork,
             arrays: Arrays) -> int:
    """The set of issuers whose cards a row holds for; 0: all."""
    if cards == "any":
        return 0
    if isinstance(cards, list):
        for index, city in enumerate(cards):
            if city not in numbered.network.provinces:
                raise TableError(f"city {city!r} in cards is not in network.toml", "add it there",
                                 key=("cards", index))
    wanted = [cards] if isinstance(cards, str) else cards
    return add_set(arrays.member_sets, frozenset(
        numbered.names.known("member", issuer.code) for issuer in numbered.network.model.issuer
        if issuer.city in wanted or (cards == "home" and issuer.city == table.city)
        or (cards == "away" and issuer.city != table.city)))


def _ages(row: Row) -> Numbers:
    if row.age_from is None and row.age_to is None:
        return {"age_from": 0, "age_to": 0}
    first = 1 if row.age_from is None else row.age_from
    last = AGE_MAX if row.age_to is None else row.age_to
    if not 0 <= first <= last <= AGE_MAX or last < 1:
        raise TableError(f"no age is from {first} to {last}",
                         f"write age_from and age_to in years, up to {AGE_MAX}",
                         key=("age_to" if row.age_from is None else "age_from",))
    return {"age_from": first, "age_to": last}


def _timeframes(row: Row, table: Table, arrays: Arrays) -> dict[str, int]:
    """The row's timeframes, one after the other in the pool."""
    if row.timeframes is None:
        return {"timeframes": 0, "timeframes_count": 0, "at_exit": 0}
    named = {timeframe.timeframe: timeframe for timeframe in table.timeframe}
    for index, name in enumerate(row.timeframes):
        if name not in named:
            raise TableError(f"timeframe {name!r} is not in the table",
                             "add a [[timeframe]] of that name", key=("timeframes", index))
    compiled = [_timeframe(named[name]) for name in row.timeframes]
    if not compiled:
        raise TableError("timeframes is empty", "name a timeframe, or leave it out",
                         key=("timeframes",))
    first = len(arrays.timeframes)
    arrays.timeframes += compiled
    return {"timeframes": first, "timeframes_count": len(compiled),
            "at_exit": int(row.timeframe_at == "exit")}


def _timeframe(timeframe: Timeframe) -> Numbers:
    days = EVERY_DAY
    if timeframe.days is not None:
        days = sum(1 << DAY_NAMES.index(day) for day in set(timeframe.days))
    return {"since_s": _seconds(timeframe.since), "days": days,
            "until_s": DAY_S if timeframe.until is None else _seconds(timeframe.until)}


def _seconds(clock: datetime.time) -> int:
    if clock.tzinfo is not None or clock.microsecond:
        raise TableError(f"{clock} is not a time of the civil clock", "write 07:00:00")
    return seconds_of(clock)
