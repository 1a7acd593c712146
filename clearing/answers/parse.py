"""Amounts, distances, times and names as people write them, read exactly.

`where` is the option that the text was given to; every function raises OnecardError that names it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

from network.civil import day_number, day_of
from network.errors import OnecardError
from network.language import Phrase, joined
from network.money import AMOUNT_MOST, Currency
from network.spelling import close_to

METRES_MOST = 10_000_000
YEARS = range(1970, 2106)       # times of taps are 32 bits of seconds since 1970
NAMES_LISTED = 30
NEAR = 5

_AMOUNT = re.compile(r"(\d{1,10})(?:\.(\d{1,3}))?")
_DISTANCE = re.compile(r"(\d{1,8})(?:\.(\d{1,9}))?\s*(km|m|公里|米)", re.IGNORECASE)
_DATE = r"(\d{4})-(\d\d)-(\d\d)"
_CLOCK = r"(\d\d?):(\d\d)(?::(\d\d))?"
_TWO_SCRIPTS = re.compile(r"([^\x00-\x7f]+) ([\x20-\x7e]+)")
_METRES_OF = {"km": 1_000, "公里": 1_000, "m": 1, "米": 1}


def parse_amount(text: str, currency: Currency, where: str) -> int:
    """An amount of the currency in minor units: 99.5 and 99.50 yuan are 9,950 fen."""
    found = _AMOUNT.fullmatch(text.strip())
    decimals = "" if found is None or found[2] is None else found[2]
    amount = -1 if found is None or len(decimals) > currency.decimals else int(
        found[1] + decimals.ljust(currency.decimals, "0"))
    if not 0 <= amount <= AMOUNT_MOST:
        most = (Phrase("with up to {decimals} decimals", decimals=currency.decimals)
                if currency.decimals else Phrase("whole"))
        raise OnecardError(Phrase("{text!r} is not an amount", text=text), where=where,
                           expected=Phrase("{currency}, from 0 to {amount_most}, {most}",
                                           currency=currency.name,
                                           amount_most=currency.text(AMOUNT_MOST), most=most),
                           remedy=Phrase("write {example}",
                                         example=currency.text(9950).replace(",", "")))
    return amount


def parse_count(text: str, where: str) -> int:
    """A number of rides."""
    if not (text.isascii() and text.isdigit() and len(text) < len(str(AMOUNT_MOST))):
        raise OnecardError(Phrase("{text!r} is not a number of rides", text=text), where=where,
                           remedy="write digits only, such as 12")
    return int(text)


def parse_metres(text: str, where: str) -> int:
    """A distance in metres: 12.1km, 12.1 km and 12100 m are the same."""
    found = _DISTANCE.fullmatch(text.strip())
    if found is None:
        raise OnecardError(Phrase("{text!r} is not a distance", text=text), where=where,
                           expected="kilometres or metres, with the unit",
                           remedy="write 12.1km or 800m")
    unit, decimals = _METRES_OF[found[3].lower()], found[2] or ""
    metres, rest = divmod(int(found[1] + decimals) * unit, int("1" + "0" * len(decimals)))
    if rest or metres > METRES_MOST:
        raise OnecardError(Phrase("{text!r} is not a distance that is priced",
                                  text=text), where=where,
                           expected=Phrase("whole metres, from 0 to {metres_most:,}",
                                           metres_most=METRES_MOST),
                           remedy="round it as the operator does: 12.345km has the last decimal "
                                  "that counts")
    return metres


def parse_moment(text: str, zone: ZoneInfo, where: str, day: datetime.date | None = None) -> int:
    """A civil time in seconds since 1970 UTC: 2024-11-25 06:50, with T or seconds or without.

    day: the day that a time of the clock alone is of; without it, the day must be written.
    """
    found = re.fullmatch(rf"(?:{_DATE}[ T]\s*)?{_CLOCK}", text.strip())
    if found is None or (found[1] is None and day is None):
        raise OnecardError(
            Phrase("{text!r} is {misread}", text=text, misread=_misread(text)), where=where,
            expected="a civil time of the network, with day, hour and minute",
            remedy=Phrase('write "{text}"', text=_example(text)))
    year, month, of_month, *clock = (None if part is None else int(part)
                                     for part in found.groups())
    try:
        on = day if year is None else datetime.date(year, month or 0, of_month or 0)
        assert on is not None
        hour, minute, second = (part or 0 for part in clock)
        at = datetime.datetime.combine(on, datetime.time(hour, minute, second), zone)
        if on.year not in YEARS:
            raise ValueError(f"no tap is of {on.year}, only of {YEARS.start} to {YEARS.stop - 1}")
        return int(at.timestamp())
    except (ValueError, OverflowError) as error:
        raise OnecardError(Phrase("{text!r} does not exist: {error}", text=text,
                                  error=error), where=where,
                           expected="a day of the calendar, and an hour from 0 to 23",
                           remedy='write "2024-11-25 06:50"') from None


def parse_day(text: str, where: str) -> datetime.date:
    """A day, such as 2024-12-02."""
    try:
        return day_of(day_number(text.strip()))
    except OnecardError as error:
        raise OnecardError(error.found, where=where, expected=error.expected,
                           remedy="write the day of it, or leave it out for today") from None


def day_at(at: int, zone: ZoneInfo) -> datetime.date:
    """The day of the calendar on the wall at a moment."""
    return datetime.datetime.fromtimestamp(at, zone).date()


def _misread(text: str) -> str:
    """What a text is that is no time."""
    if re.fullmatch(_DATE, text.strip()):
        return "a day without a time: what a ride costs can depend on the minute"
    if re.fullmatch(_CLOCK, text.strip()):
        return "a time without a day"
    return "not a time"


def _example(text: str) -> str:
    found = re.fullmatch(_DATE, text.strip())
    return f"{found[0]} 06:50" if found else "2024-11-25 06:50"


def find_code(what: str, text: str, known: Mapping[str, str], where: str) -> str:
    """The code that a text is, or that has it as its name.

    known: the name of each code; blank, or the code again, where it has none of its own.
    """
    codes = find_codes(what, text, known, where)
    if len(codes) > 1:
        raise OnecardError(Phrase("{codes} are called {text!r}", codes=len(codes),
                                  text=text), where=where,
                           expected=Phrase("the code of one: {codes}", codes=", ".join(codes)),
                           remedy="name it by its code")
    return codes[0]


def find_codes(what: str, text: str, known: Mapping[str, str], where: str) -> list[str]:
    """The same where several may be meant: a station can have a code on each of its lines."""
    codes = [text] if text in known else [
        code for code, name in known.items() if text in _names_in(name)]
    if not codes:
        raise OnecardError(Phrase("there is no {what} {text!r}", what=what, text=text), where=where,
                           expected=Phrase("one of {known}",
                                           known=_list(known, text)), remedy=_remedy(known, text))
    return codes


def _names_in(name: str) -> Iterable[str]:
    """A name, and each half of one in two scripts: 中環 Central."""
    halves = _TWO_SCRIPTS.fullmatch(name)
    return (name,) if halves is None else (name, *halves.groups())


def _list(known: Mapping[str, str], text: str) -> str:
    """All that is known where that is little, else what is nearest."""
    if len(known) <= NAMES_LISTED:
        return joined(", ", (_label(known, code) for code in known))
    near = [*dict.fromkeys([*_near(known, text), *known])][:NEAR]
    return Phrase("{number}, such as {close}", number=len(known),
                  close=joined(", ", (_label(known, code) for code in near)))


def _remedy(known: Mapping[str, str], text: str) -> str:
    near = next(iter(_near(known, text)), None)
    return "name one of these" if near is None else Phrase("did you mean {close}?",
                                                           close=_label(known, near))


def _near(known: Mapping[str, str], text: str) -> Iterable[str]:
    """The codes that are written alike, or whose names are, the nearest first."""
    names = {name.lower(): code for code, named in known.items()
             for name in (code, *_names_in(named)) if name}
    near = close_to(text.lower(), names, NEAR)
    inside = [name for name in names if text and text.lower() in name]
    return dict.fromkeys(names[name] for name in (*near, *inside))


def _label(known: Mapping[str, str], code: str) -> str:
    return code if known[code] in ("", code) else f"{code} ({known[code]})"
