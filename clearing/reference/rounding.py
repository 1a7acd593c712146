"""Exact fractions to whole amounts, and one amount to exact shares."""

from __future__ import annotations

from fractions import Fraction

from fare_tables.model import Rounding


def round_to(value: Fraction, rounding: Rounding, unit: int = 1) -> int:
    """The multiple of `unit` that a value of 0 or more rounds to."""
    units = value / unit
    whole = units.numerator // units.denominator
    rest = units - whole
    if rounding == "up":
        more = rest > 0
    elif rounding == "half_up":
        more = rest >= Fraction(1, 2)
    elif rounding == "half_even":
        more = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1)
    else:
        more = False
    return (whole + more) * unit


def apportion(amount: int, weights: list[int]) -> list[int]:
    """Shares that add up to the amount exactly, as near to the weights as whole fen allow.

    The fen left over go to the largest remainders, ties to the earlier share.
    """
    total = sum(weights)
    shares = [amount * weight // total for weight in weights]
    remainders = [amount * weight % total for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
    for index in by_remainder[: amount - sum(shares)]:
        shares[index] += 1
    return shares
