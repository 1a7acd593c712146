"""Money, exact: amounts as people read them, percents as parts per million, never through a float.

Amounts are whole minor units of a network's currency: fen, cents, rupiah.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

from network.errors import TableError
from network.language import Phrase

PPM = 1_000_000
AMOUNT_MOST = 2_000_000_000     # of one record or price; ext/records.pxd says it to kernels


# ISO 4217: the decimals of currencies that do not have two.
_ISO_DECIMALS = {
    **dict.fromkeys(("BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX",
                     "UYI", "VND", "VUV", "XAF", "XOF", "XPF"), 0),
    **dict.fromkeys(("BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"), 3),
    **dict.fromkeys(("CLF", "UYW"), 4),
}


def iso_decimals(code: str) -> int:
    """The decimals that amounts of a currency have by ISO 4217."""
    return _ISO_DECIMALS.get(code, 2)


# How an exact fraction becomes a whole amount: ties up, ties to even, never up, always up.
Rounding = Literal["half_up", "half_even", "down", "up"]


class Currency(NamedTuple):
    """What a network's amounts are in."""

    name: str               # what people read: yuan
    minor_unit: str         # what is stored: fen
    decimals: int           # 10 ** decimals minor units are one of the currency
    code: str = ""          # of ISO 4217, by which banks know it; "": not known

    def text(self, amount: int) -> str:
        """An amount as people read it: 123456 fen are 1,234.56."""
        return self._written(amount, ",")

    def plain(self, amount: int) -> str:
        """An amount as machines read it: 123456 fen are 1234.56."""
        return self._written(amount, "")

    def _written(self, amount: int, thousands: str) -> str:
        whole, part = divmod(abs(amount), 10 ** self.decimals)
        decimals = f".{part:0{self.decimals}}" if self.decimals else ""
        return f"{'-' if amount < 0 else ''}{whole:{thousands}}{decimals}"


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """Split an amount so that the parts add up to it exactly; without weights there are none.

    The leftover units go to the largest remainders, then to the earliest index, so the same inputs
    give the same split on every machine. A negative amount is split as its mirror.
    """
    if amount < 0:
        return [-part for part in apportion(-amount, weights)]
    total = sum(weights)
    parts = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: -remainders[index])
    for index in by_remainder[:amount - sum(parts)]:
        parts[index] += 1
    return parts


def part_of(amount: int, ppm: int, rounding: Rounding) -> int:
    """Parts per million of an amount, rounded; of one below 0 the mirror image."""
    if amount < 0:
        return -part_of(-amount, ppm, rounding)
    whole, rest = divmod(amount * ppm, PPM)
    twice = 2 * rest
    is_up = {"down": False, "up": rest > 0, "half_up": twice >= PPM,
             "half_even": twice > PPM or (twice == PPM and whole % 2 == 1)}[rounding]
    return whole + is_up


def percent_ppm(percent: int | str) -> int:
    """A percent as parts per million: 95 and "62.5" are 950,000 and 625,000.

    Raises TableError where it is not a number from 0 to 100 with at most four decimals.
    """
    whole, _, decimals = str(percent).partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 20 and len(decimals) <= 4
            and (decimals == "" or (decimals.isascii() and decimals.isdigit()))):
        raise TableError(Phrase("{percent!r} is not a percent",
                                percent=percent), 'write 95 or "62.5"')
    ppm = int(whole) * 10_000 + int(decimals.ljust(4, "0"))
    if ppm > PPM:
        raise TableError(Phrase("{percent} % is more than the whole price",
                                percent=percent), "write 0 to 100")
    return ppm
