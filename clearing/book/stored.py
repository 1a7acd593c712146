"""How records lie in columns: which fields are stored, under which names and types.

A column has its field's name. The legs of an entry have a column for each part of each leg but the
first: that is the fare's, and says again what the entry's own columns do (LEG_COLUMNS). Amounts of
entries are stored in 32 bits: pricing refuses what does not fit (RULES.md section 3). Reserved
bytes are zero by contract and not stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from clearing.book.native import Array
from ext.codes import Cause
from ext.records import ENTRY, LEGS_MOST

PARTS = ("cause", "rule", "debtor", "creditor", "amount")
NARROW = frozenset({"due", "price", "paid", "variance", "uncollected", "amount"})
# They mean nothing outside of the partition that was cleared, or are always the same.
NOT_STORED = frozenset({"first_tap", "last_tap", "validator_due", "validator_paid", "code"})
# It follows from the record and the register, which can change.
NOT_KEPT = "generation"
# What the columns of a leg, counted from 1, are called in SQL.
LEG_COLUMNS: tuple[dict[str, str], ...] = (
    {"cause": str(int(Cause.FARE)), "rule": "rule", "debtor": "issuer", "creditor": "operator",
     "amount": "paid"},
    *({part: f"leg{leg}_{part}" for part in PARTS} for leg in range(2, LEGS_MOST + 1)))
_KINDS = {"u": "UInt", "i": "Int"}


class StoredField(NamedTuple):
    """A field of a record, and the column that holds it."""

    column: str
    type: str               # ClickHouse's
    offset: int             # in the record, bytes
    width: int              # of it that are stored
    size: int               # that it has
    path: tuple[Any, ...]   # to it, from an array of records

    @property
    def dtype(self) -> str:
        """The column's values as an array."""
        kind = "V" if self.type.startswith("FixedString") else self.type[0].lower()
        return f"V{self.width}" if kind == "V" else f"<{kind}{self.width}"

    def of(self, records: Array) -> Array:
        """The field of every record, to read or to fill."""
        found: Array = records
        for step in self.path:
            found = found[step]
        return found


@cache
def stored_fields(dtype: np.dtype[Any]) -> tuple[StoredField, ...]:
    """The fields of a record that are stored, in the order of the columns."""
    assert dtype.fields is not None
    if dtype == ENTRY:
        return _entry_fields()
    return tuple(_field(name, dtype[name], dtype.fields[name][1], dtype[name].itemsize, (name,))
                 for name in dtype.names or ()
                 if not name.startswith("reserved") and name != NOT_KEPT)


def _entry_fields() -> tuple[StoredField, ...]:
    assert ENTRY.fields is not None
    found = []
    for name in ENTRY.names or ():
        if name in NOT_STORED or name.startswith("reserved") or name == "legs":
            continue
        width = 4 if name in NARROW else ENTRY[name].itemsize
        found.append(_field(name, ENTRY[name], ENTRY.fields[name][1], width, (name,)))
    legs, start = ENTRY.fields["legs"][:2]
    assert legs.fields is not None
    for leg in range(1, LEGS_MOST):
        for part in PARTS:
            base, offset = legs[part].base, legs.fields[part][1]
            found.append(_field(
                LEG_COLUMNS[leg][part], base, start + offset + leg * base.itemsize,
                4 if part in NARROW else base.itemsize, ("legs", part, (..., leg))))
    return tuple(found)


def _field(column: str, dtype: np.dtype[Any], offset: int, width: int,
           path: tuple[Any, ...]) -> StoredField:
    type_ = f"FixedString({width})" if dtype.kind == "V" else f"{_KINDS[dtype.kind]}{width * 8}"
    return StoredField(column, type_, offset, width, dtype.itemsize, path)


def stored_columns(dtype: np.dtype[Any]) -> tuple[str, ...]:
    """The names of the columns that hold a record."""
    return tuple(field.column for field in stored_fields(dtype))


def fields_named(dtype: np.dtype[Any], columns: Sequence[str]) -> list[StoredField]:
    """The stored fields of some columns, in their order."""
    by_column = {field.column: field for field in stored_fields(dtype)}
    return [by_column[column] for column in columns]


def complete_legs(entries: Array) -> None:
    """Fill in, of entries that were read, what is not stored of their legs."""
    legs = entries["legs"]
    legs["cause"][:, 0] = Cause.FARE
    for part in PARTS[1:]:
        legs[part][:, 0] = entries[LEG_COLUMNS[0][part]]
    entries["legs"]["count"] = (legs["cause"] != 0).sum(axis=1)
