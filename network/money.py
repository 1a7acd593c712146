"""Exact shares of money: percents as parts per million, never through a float."""

from __future__ import annotations

from network.errors import TableError

PPM = 1_000_000
AMOUNT_MAX = 2_000_000_000      # fen that one record or price may carry; kernels rely on it


def percent_ppm(percent: int | str) -> int:
    """A percent as parts per million: 95 and "62.5" are 950,000 and 625,000.

    Raises TableError where it is not a number from 0 to 100 with at most four decimals.
    """
    whole, _, decimals = str(percent).partition(".")
    if not (whole.isascii() and whole.isdigit() and len(whole) <= 20 and len(decimals) <= 4
            and (decimals == "" or (decimals.isascii() and decimals.isdigit()))):
        raise TableError(f"{percent!r} is not a percent", 'write 95 or "62.5"')
    ppm = int(whole) * 10_000 + int(decimals.ljust(4, "0"))
    if ppm > PPM:
        raise TableError(f"{percent} % is more than the whole price", "write 0 to 100")
    return ppm
