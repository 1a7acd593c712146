"""What cannot be in a network.toml, though each of its values is one of its sort."""

from __future__ import annotations

import datetime
from collections import Counter
from collections.abc import Iterator, Sequence

from network.errors import OnecardError
from network.model import Network

FIRST_DAY = datetime.date(1970, 1, 1)
LAST_DAY = datetime.date(2105, 12, 31)      # times of taps are 32 bits of seconds since 1970
RIDE_LIMIT_S_MOST = 7 * 86_400
CURRENCY_DECIMALS = range(4)                # of ISO 4217: rupiah without, yuan 2, dinar 3
FUNDERS_OF_RIDES = ("operator", "issuer")   # whom a table's shares mean by these words


def check_written(network: Network) -> None:
    """Pass where every name stands for one thing, and times are those that taps can have.

    Raises OnecardError.
    """
    for what, names in _names_of(network):
        if "" in names:
            raise OnecardError(f"{what} has a blank name", remedy="give it a name, or leave it out")
        twice = next((name for name, count in Counter(names).items() if count > 1), None)
        if twice is not None:
            raise OnecardError(f"{what} names {twice!r} twice", remedy="keep one of the two")
    codes = [*(one.code for one in network.operator), *(one.code for one in network.issuer),
             *(one.code for one in network.funder), *(one.code for one in network.centre)]
    for code in codes:
        if code in FUNDERS_OF_RIDES:
            raise OnecardError(f"a member is called {code!r}, which means the ride's own {code} "
                               "where a table names who pays", remedy="give it another code")
    for operator in network.operator:
        unknown = sorted({*operator.charged_by} - {"default", *network.media})
        if unknown:
            raise OnecardError(f"operator {operator.code!r} says who charges {unknown[0]!r}, which "
                               "is not in media", expected=", ".join(("default", *network.media)),
                               remedy="correct the name, or add the medium")
    for agreement in network.agreement:
        for what, asked, known in (("mode", agreement.modes, network.modes),
                                   ("medium", agreement.media, network.media),
                                   ("card kind", agreement.card_kinds, network.card_kinds)):
            unknown = sorted({*(asked or ())} - {*known})
            if unknown:
                raise OnecardError(f"agreement {agreement.agreement!r} names the {what} "
                                   f"{unknown[0]!r}, which the network does not have",
                                   expected=", ".join(known), remedy="correct the name")
        for day in (agreement.in_force_from, agreement.in_force_until):
            if day is not None and not FIRST_DAY <= day <= LAST_DAY:
                raise OnecardError(f"agreement {agreement.agreement!r} has the date {day}",
                                   expected=f"a day from {FIRST_DAY} to {LAST_DAY}",
                                   remedy="correct the date")
    _check_times(network)
    _check_currency(network)


def _check_times(network: Network) -> None:
    start = network.day_starts_at
    if start.tzinfo is not None or start.microsecond:
        raise OnecardError(f"day_starts_at is {start}", expected="a time of the civil clock",
                           remedy="write 04:00:00")
    if not FIRST_DAY <= network.taps_from <= LAST_DAY:
        raise OnecardError(f"taps_from is {network.taps_from}",
                           expected=f"a day from {FIRST_DAY} to {LAST_DAY}",
                           remedy="correct the date")
    if not 1 <= network.ride_limit_s <= RIDE_LIMIT_S_MOST:
        raise OnecardError(f"ride_limit_s is {network.ride_limit_s}",
                           expected=f"seconds, from 1 to {RIDE_LIMIT_S_MOST}",
                           remedy="write how long a ride can last at most")


def _check_currency(network: Network) -> None:
    for name, text in (("currency", network.currency), ("minor_unit", network.minor_unit)):
        if not text.strip():
            raise OnecardError(f"{name} is blank", expected="a name, such as yuan and fen",
                               remedy="name it, or leave it out")
    if network.currency_decimals not in CURRENCY_DECIMALS:
        raise OnecardError(
            f"currency_decimals is {network.currency_decimals}",
            expected=f"a number from {CURRENCY_DECIMALS[0]} to {CURRENCY_DECIMALS[-1]}",
            remedy="write 2 where amounts are hundredths, as of yuan, and 0 where they are whole")
    if network.currency_decimals == 0 and network.minor_unit != network.currency:
        raise OnecardError(
            f"amounts without decimals are whole {network.currency}, and minor_unit is "
            f"{network.minor_unit!r}", expected=f"minor_unit = {network.currency!r}",
            remedy="correct minor_unit, or currency_decimals")


def _names_of(network: Network) -> Iterator[tuple[str, Sequence[str]]]:
    """Every list of names, and what it is called."""
    yield "modes", network.modes
    yield "card_kinds", network.card_kinds
    yield "media", network.media
    yield "province", [one.code for one in network.province]
    yield "city", [one.code for one in network.city]
    yield "accumulator", [one.accumulator for one in network.accumulator]
    yield "line_class", [one.line_class for one in network.line_class]
    yield "agreement", [one.agreement for one in network.agreement]
    yield "day", [one.date.isoformat() for one in network.day]
    for operator in network.operator:
        yield f"operator {operator.code!r}: modes", operator.modes
