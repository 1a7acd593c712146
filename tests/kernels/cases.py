"""Cases as tables of text that a clerk can read, and record arrays from them.

The first line names the columns, each further line is a row; cells stand apart by blanks.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ext.records import CIVIL_OFFSET, Records
from network.civil import Clock

UTC = Clock("UTC", datetime.date(2024, 1, 1)).offsets


def rows_of(text: str) -> list[dict[str, str]]:
    """The rows of a table; `-` stands for a blank cell."""
    head, *lines = [line.split() for line in text.strip().splitlines()]
    assert head[0] == "#", "a table begins with # and its columns"
    for line in lines:
        assert len(line) == len(head) - 1, f"{line} does not fit {head[1:]}"
    return [{name: "" if cell == "-" else cell for name, cell in zip(head[1:], line, strict=True)}
            for line in lines]


# One leg: cause, rule, debtor, creditor, amount.
Leg = tuple[int, int, int, int, int]


def records_of(rows: Iterable[Mapping[str, Any]], dtype: np.dtype[Any]) -> Records:
    """Records with these fields; every other one is 0. `legs` is a list of Leg."""
    rows = list(rows)
    made = np.zeros(len(rows), dtype=dtype)
    for place, row in enumerate(rows):
        for name, value in row.items():
            if name == "legs":
                set_legs(made[place], value)
            else:
                made[name][place] = value
    return made


def set_legs(row: Any, legs: Sequence[Leg]) -> None:
    """Write the legs of a charge or an entry."""
    row["legs"]["count"] = len(legs)
    for place, leg in enumerate(legs):
        for part, value in zip(("cause", "rule", "debtor", "creditor", "amount"), leg,
                               strict=True):
            row["legs"][part][place] = value


def legs_of(row: Any) -> list[Leg]:
    """The legs of a charge or an entry."""
    legs = row["legs"]
    return [(int(legs["cause"][leg]), int(legs["rule"][leg]), int(legs["debtor"][leg]),
             int(legs["creditor"][leg]), int(legs["amount"][leg]))
            for leg in range(int(legs["count"]))]


def ahead(offset_s: int) -> Records:
    """The offsets of a clock that always is so many seconds ahead of UTC."""
    return np.array([(0, 0, offset_s)], CIVIL_OFFSET)


def dirty(count: int, dtype: np.dtype[Any]) -> Records:
    """Memory as a caller may bring it: every byte is 0xA5."""
    return np.full(count * dtype.itemsize, 0xA5, dtype=np.uint8).view(dtype)


def reserved_is_zero(records: Records) -> bool:
    """Whether every reserved field is 0 in every row."""
    names = [name for name in records.dtype.names or () if name.startswith("reserved")]
    assert names, "there is a reserved field to look at"
    return not any(records[name].any() for name in names)
