"""Amounts of a feed as whole minor units of its currency: cents, fen, yen."""

from __future__ import annotations

import re

from network.language import Phrase
from network.money import AMOUNT_MOST

# Active codes of ISO 4217, by how many decimals their amounts have.
CURRENCIES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: ("AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN "
        "BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS "
        "GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR "
        "LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD "
        "PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN "
        "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR "
        "ZMW ZWG"),
    3: "BHD IQD JOD KWD LYD OMR TND",
}

AMOUNT = re.compile(r"(-?)(\d{1,12})(?:\.(\d{1,12}))?")


def decimals_of(currency: str) -> int | None:
    """How many decimals the amounts of a currency have; None where it is not in ISO 4217."""
    return next((decimals for decimals, codes in CURRENCIES.items() if currency in codes.split()),
                None)


def minor_units(text: str, decimals: int) -> int:
    """An amount as it is written, in whole minor units: "3.2" with two decimals is 320.

    Raises ValueError where it is no such amount.
    """
    found = AMOUNT.fullmatch(text)
    if found is None or not text.isascii():
        raise ValueError(Phrase("{text!r} is not an amount such as 2.50", text=text))
    sign, whole, part = found[1], found[2], (found[3] or "").rstrip("0")
    if len(part) > decimals:
        raise ValueError(Phrase("{text!r} has more decimals than the {decimals} of its currency",
                                text=text, decimals=decimals))
    amount = int(whole + part.ljust(decimals, "0"))
    if amount > AMOUNT_MOST:
        raise ValueError(Phrase("{text!r} is more than any fare can be", text=text))
    return -amount if sign else amount


def amount_text(amount: int, decimals: int, currency: str) -> str:
    """An amount as people read it: 320 is 3.20 EUR."""
    sign, digits = "-" if amount < 0 else "", str(abs(amount)).rjust(decimals + 1, "0")
    whole, part = digits[: len(digits) - decimals], digits[len(digits) - decimals:]
    return f"{sign}{whole}{'.' if part else ''}{part} {currency}"
