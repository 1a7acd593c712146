"""Which rides are asked for: who ran, issued and funded them, how, when, for how much, and why."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING

from clearing.answers.listings import civil_in_sql
from clearing.answers.parse import parse_amount
from clearing.answers.session import Session
from clearing.book.views import LEGS_IN_SQL
from ext.codes import Cause, Reason
from network.civil import EPOCH, Clock
from network.errors import OnecardError
from network.language import Phrase
from network.members import Role
from network.money import Currency
from network.spelling import did_you_mean

if TYPE_CHECKING:
    from clearing.answers.filters import Filter

REASONS = {reason.name.lower(): reason for reason in Reason}
EVERY_RIDE = "1"
_DAY_S = 86_400
_BETWEEN = ".."
_STARTED = "if(started_at != 0, started_at, ended_at)"      # of a ride without its first tap, when
_TIMES = Phrase("07:00..09:00, or 2024-11-25T07:00..2024-11-26T03:00, by the network's clocks")


def ride_condition(session: Session, wanted: Filter) -> str:
    """As SQL on entries. Raises OnecardError for what the book or its network does not know."""
    parts = [EVERY_RIDE]
    for column, code in (("operator", wanted.operator), ("issuer", wanted.issuer)):
        if code is not None:
            parts.append(f"{column} = {_number_of(session, code, column)}")
    if wanted.funder is not None:
        parts.append(_of_funder(funder_number(session, wanted.funder)))
    for kind, code in (("mode", wanted.mode), ("card_kind", wanted.card_kind)):
        if code is not None:
            parts.append(f"{kind} = {_named(session.names().codes(kind), code, kind)}")
    if wanted.reason is not None:
        known = ["", *REASONS]
        parts.append(f"reason = {int(REASONS[known[_named(known, wanted.reason, 'reason')]])}")
    if wanted.away:
        parts.append(_away(session))
    if wanted.late:
        parts.append(f"reason = {int(Reason.LATE_RECORD)}")
    parts += [f"{column} != 0" for column, is_wanted in (
        ("variance", wanted.variance), ("uncollected", wanted.uncollected)) if is_wanted]
    if wanted.time is not None:
        parts.append(_time(wanted.time, session.described().clock))
    if wanted.amount is not None:
        parts.append(_amount(wanted.amount, session.described().model.money))
    return " AND ".join(parts)


def funder_number(session: Session, code: str) -> int:
    """The number of who pays for discounts: also an issuer or operator can. Raises OnecardError."""
    return _number_of(session, code, None)


def _number_of(session: Session, code: str, role: str | None) -> int:
    """A member's number in the book; role: None: whichever it has."""
    members = session.numbered().members
    role_of: Role | None = "operator" if role == "operator" else "issuer" if role else None
    known = {one.code: one.number for one in members if role_of in (None, one.role)}
    if code not in known:
        raise _unknown(code, list(known), role or "member")
    return known[code]


def _named(codes: list[str], code: str, what: str) -> int:
    """The number of a code, of which the first one is none."""
    if code not in codes[1:]:
        raise _unknown(code, codes[1:], what.replace("_", " "))
    return codes.index(code)


def _unknown(code: str, known: list[str], what: str) -> OnecardError:
    return OnecardError(Phrase("there is no {what} {code!r}", what=what,
                               code=code), expected=Phrase("one of {known}",
                                                           known=", ".join(known)),
                        remedy=did_you_mean(code, known, Phrase("write one of these")))


def _of_funder(number: int) -> str:
    """A condition: the member pays for a discount of the ride."""
    return "(" + " OR ".join(
        f"({leg.cause} < {int(Cause.FARE)} AND {leg.debtor} = {number} AND {leg.amount} != 0)"
        for leg in LEGS_IN_SQL) + ")"


def _away(session: Session) -> str:
    """A condition: the ride is not in the city of its card's issuer."""
    cities: dict[str, dict[str, list[int]]] = {}
    for one in session.numbered().members:
        if one.city is not None and one.role in ("operator", "issuer"):
            cities.setdefault(one.city, {"operator": [], "issuer": []})[one.role].append(one.number)
    at_home = [f"(operator IN ({_listed(city['operator'])}) AND issuer IN "
               f"({_listed(city['issuer'])}))" for city in cities.values()]
    return f"NOT ({' OR '.join(at_home) or '0'})"


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers)) or "0"


def _ends(text: str) -> tuple[str, str]:
    """A..B as A and B, each blank where it is open; what has no .. is both."""
    first, between, last = text.partition(_BETWEEN)
    return (first.strip(), last.strip()) if between else (text.strip(),) * 2


def _time(text: str, clock: Clock) -> str:
    """A condition on when a ride began: between two times of every day, or two moments."""
    ends = [_moment(end, text, seconds) for end, seconds in zip(_ends(text), (0, 59), strict=True)]
    kinds = {is_of_day for end in ends if end is not None for is_of_day in [end[1]]}
    if len(kinds) != 1:
        raise _no_time(text)
    at = civil_in_sql(_STARTED, clock)
    if kinds == {True}:
        at = f"({at} % {_DAY_S})"
    first, last = (None if end is None else end[0] for end in ends)
    parts = [f"{at} {sign} {end}" for sign, end in ((">=", first), ("<=", last))
             if end is not None]
    over_midnight = None not in (first, last) and first > last      # type: ignore[operator]
    if over_midnight and kinds == {False}:
        raise OnecardError(Phrase("nothing is within {text!r}",
                                  text=text), where="--time", expected=_TIMES,
                           remedy="exchange both moments")
    return f"({(' OR ' if over_midnight else ' AND ').join(parts)})"


def _moment(text: str, whole: str, seconds: int) -> tuple[int, bool] | None:
    """Civil seconds, and whether they are since midnight; None for an open end.

    seconds: of a minute that is written without any.
    """
    if not text:
        return None
    is_of_day = "-" not in text
    try:
        day = EPOCH.isoformat() if is_of_day else text[:10]
        clock = datetime.time.fromisoformat(text if is_of_day else text[11:])
        moment = datetime.datetime.combine(datetime.date.fromisoformat(day), clock)
    except ValueError:
        raise _no_time(whole) from None
    if clock.tzinfo is not None or clock.microsecond or ":" not in text:
        raise _no_time(whole)
    since = moment - datetime.datetime.combine(EPOCH, datetime.time())
    return (since.days * _DAY_S + since.seconds + seconds * (text.count(":") == 1), is_of_day)


def _no_time(text: str) -> OnecardError:
    return OnecardError(Phrase("{text!r} is no stretch of time",
                               text=text), where="--time", expected=_TIMES,
                        remedy="write two times of the day, or two days with times")


def _amount(text: str, currency: Currency) -> str:
    """A condition on what was paid: between two amounts, or one amount."""
    def parse(end: str) -> int:
        sign = -1 if end.startswith("-") else 1
        return sign * parse_amount(end.removeprefix("-"), currency, "--amount")

    first, last = _ends(text)
    if not first and not last:
        raise OnecardError(Phrase("{text!r} names no amounts", text=text), where="--amount",
                           expected=Phrase("{currency}, such as 1.50..4 or 2.00",
                                           currency=currency.name),
                           remedy="write one amount, or two with .. between them")
    ends = [None if not end else parse(end) for end in (first, last)]
    if None not in ends and ends[0] > ends[1]:      # type: ignore[operator]
        raise OnecardError(Phrase("no amount is within {text!r}", text=text), where="--amount",
                           expected="a first amount that is not above the last",
                           remedy="exchange both amounts")
    parts = [f"paid {sign} {end}" for sign, end in zip((">=", "<="), ends, strict=True)
             if end is not None]
    return f"({' AND '.join(parts)})"
