"""Exact fractions to whole amounts, and one amount to exact shares."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from network.money import Rounding


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


def apportion(amount: int, weights: Sequence[Fraction]) -> list[int]:
    """Shares that add up to the amount exactly, as near to the weights as whole units allow.

    The units left over go to the largest remainders, ties to the earlier share.
    """
    exact = [amount * weight / sum(weights) for weight in weights]
    shares = [int(share) for share in exact]
    by_remainder = sorted(range(len(weights)), key=lambda index: shares[index] - exact[index])
    for index in by_remainder[: amount - sum(shares)]:
        shares[index] += 1
    return shares
