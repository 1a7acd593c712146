"""What is wrong with a value that somebody wrote, in the words of whoever wrote it."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any, NamedTuple

from network.language import Phrase

EXPECTED = re.compile(r"Expected `(.+)`, got `(\w+)`")
DECIMAL = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")
MINOR_UNITS = 100               # of a currency of two decimals, in which the example is
# Keys whose numbers are money.
AMOUNTS = frozenset(re.findall(r"\w+", """
    amount add pays_amount pays_at_least takes_off credit credit_up_to chain_pays overtime_add
    missing_in missing_out same_station costs pay_from debit_cap prefunded lump least most per_ride
    clearing_per_ride clearing_least clearing_most issuer_per_ride issuer_least issuer_most
    acquirer_per_ride acquirer_least acquirer_most ceiling
    amount_most variance_most window_variance_most overdraft_most
"""))
# What a keyboard for Chinese writes where TOML wants another sign.
SIGNS = {
    "，": ("a Chinese comma", ","), "、": ("a Chinese enumeration comma", ","),
    "。": ("a Chinese full stop", "."), "．": ("a wide full stop", "."),
    "：": ("a Chinese colon", ":"), "；": ("a Chinese semicolon", ";"),
    "“": ("a Chinese quotation mark", '"'), "”": ("a Chinese quotation mark", '"'),
    "‘": ("a Chinese quotation mark", '"'), "’": ("a Chinese quotation mark", '"'),
    "（": ("a Chinese bracket", "("), "）": ("a Chinese bracket", ")"),
    "【": ("a Chinese bracket", "["), "】": ("a Chinese bracket", "]"),
    "［": ("a wide bracket", "["), "］": ("a wide bracket", "]"),
    "｛": ("a wide brace", "{"), "｝": ("a wide brace", "}"),
    "＝": ("a wide equals sign", "="), "＃": ("a wide number sign", "#"),
    "－": ("a wide hyphen", "-"), "　": ("a wide space", " "), "\u00a0": ("a no-break space", " "),
    **{chr(0xFF10 + digit): ("a wide digit", str(digit)) for digit in range(10)},
}
# What to write for other sorts of values.
REMEDIES = {"date": Phrase("write a day such as 2026-01-31, without quotes"),
            "time": Phrase("write a time such as 07:30:00, without quotes"),
            "bool": Phrase("write true or false, without quotes"),
            "object": Phrase("write its keys and values in braces: { key = value }")}
SHOWN_MOST = 40             # characters of a value
# Days and times that lack something, or have other signs.
DAY = re.compile(r"([0-9]{4})[-/.年]([0-9]{1,2})[-/.月]([0-9]{1,2})日?")
TIME = re.compile(r"([0-9]{1,2}):([0-9]{2})")
# Texts in quotes and comments may have any sign.
QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*')


class Words(NamedTuple):
    """What was found, and what to write."""

    found: Phrase
    remedy: Phrase


def wrong_sign(line: str) -> Words | None:
    """The first sign of a line of TOML that only looks like the one that is wanted."""
    for sign in QUOTED.sub("", line):
        if sign in SIGNS:
            name, wanted = SIGNS[sign]
            shown = Phrase("a space") if wanted == " " else wanted
            return Words(Phrase("there is {sign_name} ({sign}) outside of quotes",
                                sign_name=name, sign=sign),
                         Phrase("write {shown} in its place, with the keyboard set to English",
                                shown=shown))
    return None


def wrong_value(line: str) -> Words | None:
    """A value of a line of TOML that is written as people write it, and TOML does not."""
    key, sign, value = (part.strip() for part in line.partition("="))
    value = value.partition("#")[0].strip()
    day, time = DAY.fullmatch(value), TIME.fullmatch(value)
    if day is not None:
        written = f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}"
        if written != value:
            return Words(Phrase("{value} is no day as TOML has it", value=value),
                         Phrase("write {written}", written=written))
    if time is not None:
        return Words(Phrase("{value} is no time as TOML has it", value=value),
                     Phrase("write {written}", written=f"{int(time[1]):02}:{time[2]}:00"))
    if sign and value[:1].isalpha() and value not in ("true", "false"):
        return Words(Phrase("a text is not in quotes"),
                     Phrase('write {key} = "{value}"', key=key, value=value[:SHOWN_MOST]))
    return None


def write_instead(said: str, value: Any, key: str) -> Phrase | None:
    """What to write for a value of another sort than its key takes; None for other faults.

    said: as msgspec says it; value: None where it is not known.
    """
    if said.startswith("Invalid RFC3339 encoded "):
        wanted, got = {said.rpartition(" ")[2]}, "str"
    else:
        match = EXPECTED.fullmatch(said)
        if match is None:
            return None
        wanted, got = {*match[1].split(" | ")} - {"null"}, match[2]
    shown = _shown(value)
    if "int" in wanted:
        return _whole_number(value, key, is_text="str" in wanted)
    if "array" in wanted:
        if got == "object":
            return Phrase("write [[{key}]] with two brackets each", key=key)
        return (Phrase("write it in brackets: {key} = [{shown}]", key=key, shown=shown) if shown
                else Phrase("write it in brackets"))
    if "str" in wanted:
        return (Phrase('write it in quotes: "{value}"', value=shown) if shown and got != "str"
                else Phrase("write it in quotes"))
    return next((words for sort, words in REMEDIES.items() if sort in wanted), None)


def _whole_number(value: Any, key: str, *, is_text: bool) -> Phrase:
    number = _fraction(value)
    if key in AMOUNTS:
        minor = 200 if number is None else number * MINOR_UNITS
        whole, part = divmod(int(minor) if int(minor) == minor else 200, MINOR_UNITS)
        return Phrase("write {minor} for {whole}.{part:02} yuan",
                      minor=whole * MINOR_UNITS + part, whole=whole, part=part)
    if is_text and number is not None:
        return Phrase('write it in quotes: "{value}"', value=value)
    return Phrase("write digits alone, such as 60, without decimals and quotes")


def _fraction(value: Any) -> Fraction | None:
    """A number with or without quotes, as it is written."""
    text = str(value)
    return None if isinstance(value, bool) or not DECIMAL.fullmatch(text) else Fraction(text)


def _shown(value: Any) -> str:
    """A value as TOML has it; "" for one that is long, made of parts, or not known."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if isinstance(value, (str, int, float)) and len(text) < SHOWN_MOST else ""
