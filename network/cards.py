"""Card numbers as people read them, and as the 128 exact bits that records carry."""

from __future__ import annotations

import re
from functools import lru_cache

from network.errors import OnecardError
from network.language import Phrase

DIGITS_MOST = 20
CHARACTERS_MOST = 16
SPREADSHEET_DIGITS = 15     # of a number that a spreadsheet keeps; further ones become 0
_LOW = (1 << 64) - 1


def card_bits(text: str) -> tuple[int, int]:
    """The (high, low) halves of a card number; see ext/records.pxd for the encoding.

    Raises OnecardError where no card can have that number.
    """
    if text.isascii() and text.isdigit() and len(text) <= DIGITS_MOST:
        value = int(text)
        return len(text) << 56 | value >> 64, value & _LOW
    if text.isascii() and text.isalnum() and len(text) <= CHARACTERS_MOST:
        value = int.from_bytes(text.encode().ljust(CHARACTERS_MOST, b"\0"), "big")
        return value >> 64, value & _LOW
    raise OnecardError(Phrase("{text!r} is not a card number", text=text),
                       expected=Phrase("up to {digits_most} digits, or up to {characters_most} "
                                       "letters and digits", digits_most=DIGITS_MOST,
                                       characters_most=CHARACTERS_MOST),
                       remedy="copy it from `onecard show rides`")


def card_text(high: int, low: int) -> str:
    """The card number that two halves stand for, leading zeros and all."""
    digits = high >> 56
    if digits <= DIGITS_MOST:
        value = (high & (1 << 56) - 1) << 64 | low
        return str(value).zfill(digits)
    return (high << 64 | low).to_bytes(CHARACTERS_MOST, "big").replace(b"\0", b"").decode("ascii")


def mask_card(card: str) -> str:
    """A card number that is shown to whoever need not know it: its issuer and its last digits."""
    shown = 6 if len(card) > 12 else 0
    end = min(4, max(0, len(card) - shown - 2))
    return card[:shown] + "*" * (len(card) - shown - end) + card[len(card) - end:]


@lru_cache(maxsize=1 << 12)     # lists are by card
def abridge_card(card: str) -> str:
    """A masked card number as lists have it, 310487…8019, which `card_pattern` reads."""
    return re.sub(r"\*+", "…", mask_card(card))


def card_pattern(text: str) -> str | None:
    """A part of a card number as a pattern of SQL: …119, 310487…8019, also with stars or dots.

    None where it is a whole number. Raises OnecardError where no card can be like that.
    """
    parts = re.split(r"…+|\*+|\.{2,}", text)
    if len(parts) == 1:
        return None
    digits = "".join(parts)
    if not digits or not (digits.isascii() and digits.isalnum()) or len(digits) > DIGITS_MOST:
        raise OnecardError(Phrase("{text!r} is no part of a card number", text=text),
                           expected="digits or letters, and … for what is not known of it",
                           remedy="write its last digits as …8019, or copy it from "
                                  "`onecard show rides`")
    return "%".join(parts)


def is_rounded(card: str) -> bool:
    """Whether a number is longer than a spreadsheet can hold, and reads as it would round it."""
    return card.isdigit() and not card[SPREADSHEET_DIGITS:].strip("0") and (
        len(card) > SPREADSHEET_DIGITS)


def are_most(rounded: int, long: int) -> bool:
    """Whether so many of some long card numbers end in zeros that it is no chance.

    At least three and half of them: of 16 digits every tenth one ends so by itself.
    """
    return rounded >= 3 and 2 * rounded >= long
