"""Codes that cards have for the city that issued them, with names: `cities.csv`.

The code is of GB/T 13497-1992, four digits; the province's of GB/T 2260, its first
two. Those of the shipped networks and of cities whose published rules were read: no list of all of
them has a licence that lets it be shipped.
"""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple


class CityCode(NamedTuple):
    """A city and its province."""

    code: str
    name: str
    province: str
    province_name: str


@cache
def city_codes() -> dict[str, CityCode]:
    """The cities that are known, by their codes."""
    with Path(__file__).with_name("cities.csv").open(encoding="utf-8", newline="") as file:
        return {row["code"]: CityCode(**row) for row in csv.DictReader(file)}
