"""Compiles what rows ask of a ride: who, with what, from where, when."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from fare_tables.compile.arrays import Arrays, Numbers, add_set
from fare_tables.model import Row, Table, Timeframe, Transfer, operators_of, timeframes_of
from network.calendars import DAY_NAMES
from network.civil import seconds_of
from network.errors import TableError
from network.language import Phrase
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
    return Riders(bits_left("card_kind", row, "card_kinds", numbered),
                  bits_left("medium", row, "media", numbered),
                  bits_left("mode", row, "modes", numbered))


def compile_condition(row: Row, table: Table, numbered: NumberedNetwork, arrays: Arrays) -> int:
    """The row in the pool of what a row asks besides who rides; 0: nothing.

    Raises TableError for a name that the network or the table does not have.
    """
    return arrays.add_condition({
        "issuers": _issuers(row.cards, table, numbered, arrays),
        "operators": _operators(row, table, numbered, arrays),
        "lines": lines_in(row, "line_classes", numbered, arrays),
        "not_lines": lines_in(row, "not_line_classes", numbered, arrays),
        **{key: stops_in(row, key, table, numbered, arrays)
           for key in ("from_stops", "not_from_stops", "to_stops", "not_to_stops")},
        "reviewed": int(row.reviewed), "holder_only": int(not row.companions),
        **_ages(row), **_timeframes(row, table, arrays),
    })


def check_operators(row: Row, table: Table) -> None:
    """Pass where a row is for some of its table's operators.

    Raises TableError.
    """
    for key in ("operators", "not_operators"):
        for index, code in enumerate(getattr(row, key) or ()):
            if code not in table.operators:
                raise TableError(Phrase("operator {code!r} is not one of the table's", code=code),
                                 Phrase("name one of {operators}, or add it to the operators of "
                                        "the table",
                                        operators=", ".join(table.operators)), key=(key, index))
    if not operators_of(row, table):
        raise TableError("it is for none of the table's operators",
                         Phrase("name one of {operators}, or leave the row out",
                                operators=", ".join(table.operators)),
                         key=("not_operators" if row.not_operators else "operators",))


def bits_left(kind: str, row: Row, key: str, numbered: NumberedNetwork) -> int:
    """One bit per name that a row's key and its not_ key leave.

    Raises TableError for a name that the network does not have.
    """
    excluded = bits_of(kind, getattr(row, f"not_{key}") or (), f"not_{key}", numbered)
    return bits_of(kind, getattr(row, key), key, numbered) & ~excluded


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
            raise TableError(Phrase("{kind} {code!r} is not in network.toml",
                                    kind=kind.replace("_", " "), code=code),
                             "add it there, or correct the name", key=(key, index))
        assert number < BITS, "the network refuses more"
        bits |= 1 << number
    return bits


def lines_in(row: Row, key: str, numbered: NumberedNetwork, arrays: Arrays) -> int:
    """The set of lines of the line classes that a row's key names; 0: it names none.

    Raises TableError for a class that the network does not have.
    """
    classes: Sequence[str] | None = getattr(row, key)
    if classes is None:
        return 0
    numbers: set[int] = set()
    for index, name in enumerate(classes):
        if name not in numbered.network.line_classes:
            raise TableError(Phrase("line class {name!r} is not in network.toml", name=name),
                             "add it there, or correct the name", key=(key, index))
        numbers.update(numbered.names.known("line", line, operator)
                       for operator, line in numbered.network.line_classes[name])
    return add_set(arrays.line_sets, frozenset(numbers))


def stops_in(row: Row, key: str, table: Table, numbered: NumberedNetwork, arrays: Arrays) -> int:
    """The stops of the stop sets that a row's key names, of whatever system; 0: it names none.

    Raises TableError for a stop set that the table does not have.
    """
    sets: Sequence[str] | None = getattr(row, key)
    if sets is None:
        return 0
    network = numbered.network
    listed = {system: network.stops_of(one.code) for system, one in network.systems().items()}
    numbers: set[int] = set()
    for index, name in enumerate(sets):
        if name not in table.stop_sets:
            raise TableError(Phrase("stop set {name!r} is not in the table",
                                    name=name), "add it to stop_sets",
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
                raise TableError(Phrase("stop {stop!r} of stop set {name!r} is not a stop of any "
                                        "operator", stop=stop,
                                        name=name), "add it to the operator's stops, or correct it",
                                 key=("stop_sets", name, index))


def operators_before(row: Transfer, numbered: NumberedNetwork, arrays: Arrays) -> int:
    """The set of operators that the ride before can be of; 0: any.

    Raises TableError for an operator that the network does not have.
    """
    known = numbered.network.operators
    for key in ("from_operators", "not_from_operators"):
        for index, code in enumerate(getattr(row, key) or ()):
            if code not in known:
                raise TableError(Phrase("operator {code!r} in {key} is not in network.toml",
                                        code=code, key=key),
                                 "add it", key=(key, index))
    if row.from_operators is None and row.not_from_operators is None:
        return 0
    named = known if row.from_operators is None else row.from_operators
    return _members(set(named) - set(row.not_from_operators or ()), numbered, arrays)


def _operators(row: Row, table: Table, numbered: NumberedNetwork, arrays: Arrays) -> int:
    """The set of operators whose rides a row is for; 0: all of the table's."""
    if row.operators is None and row.not_operators is None:
        return 0
    return _members(operators_of(row, table), numbered, arrays)


def _members(codes: Iterable[str], numbered: NumberedNetwork, arrays: Arrays) -> int:
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
                raise TableError(Phrase("city {city!r} in cards is not in network.toml",
                                        city=city), "add it there",
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
        raise TableError(Phrase("no age is from {first} to {last}", first=first, last=last),
                         Phrase("write age_from and age_to in years, up to {age_max}",
                                age_max=AGE_MAX),
                         key=("age_to" if row.age_from is None else "age_from",))
    return {"age_from": first, "age_to": last}


def _timeframes(row: Row, table: Table, arrays: Arrays) -> dict[str, int]:
    """The timeframes of a row's way in and of its way out."""
    if row.timeframe_at == "exit" and None not in (row.timeframes, row.exit_timeframes):
        raise TableError('it has timeframes with timeframe_at = "exit", and exit_timeframes, too',
                         "leave timeframe_at out: timeframes are then of the way in",
                         key=("timeframe_at",))
    entries, exits = timeframes_of(row)
    exits_key = "exit_timeframes" if row.timeframes is not exits else "timeframes"
    return {**_pooled("entry", entries, "timeframes", table, arrays),
            **_pooled("exit", exits, exits_key, table, arrays)}


def _pooled(end: str, names: Sequence[str] | None, key: str, table: Table, arrays: Arrays
            ) -> dict[str, int]:
    """The timeframes of one end of a ride, one after the other in the pool."""
    compiled: list[Numbers] = []
    named = {timeframe.timeframe: timeframe for timeframe in table.timeframe}
    for index, name in enumerate(names or ()):
        if name not in named:
            raise TableError(Phrase("timeframe {name!r} is not in the table", name=name),
                             "add a [[timeframe]] of that name", key=(key, index))
        compiled.append(_timeframe(named[name]))
    if names is not None and not compiled:
        raise TableError(Phrase("{key} is empty",
                                key=key), "name a timeframe, or leave it out", key=(key,))
    first = len(arrays.timeframes) if compiled else 0
    arrays.timeframes += compiled
    return {f"{end}_timeframes": first, f"{end}_timeframes_count": len(compiled)}


def _timeframe(timeframe: Timeframe) -> Numbers:
    days = EVERY_DAY
    if timeframe.days is not None:
        days = sum(1 << DAY_NAMES.index(day) for day in set(timeframe.days))
    return {"since_s": _seconds(timeframe.since), "days": days,
            "until_s": DAY_S if timeframe.until is None else _seconds(timeframe.until)}


def _seconds(clock: datetime.time) -> int:
    if clock.tzinfo is not None or clock.microsecond:
        raise TableError(Phrase("{clock} is not a time of the civil clock",
                                clock=clock), "write 07:00:00")
    return seconds_of(clock)
