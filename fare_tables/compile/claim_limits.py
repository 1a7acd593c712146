"""Compiles what tables believe that a ride can come to: a short list for each table version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ext import records
from ext.records import Records
from fare_tables.compile.conditions import bits_of
from fare_tables.compile.fare_rows import INT64_MAX, check_amount
from fare_tables.model import ClaimLimit, Table, table_version
from network.errors import TableError
from network.numbering import NumberedNetwork


class ClaimLimitArrays(NamedTuple):
    """What the kernel reads; see ext/clearing/tables.pxd."""

    claim_limits: Records       # CLAIM_LIMIT
    claim_index: Records        # TARIFF_INDEX, by table number


def compile_claim_limits(tables: Sequence[Table], numbered: NumberedNetwork) -> ClaimLimitArrays:
    """The limits of every table version, in their order. Raises TableError."""
    rows: list[tuple[int, ...]] = []
    index = np.zeros(numbered.names.count("table"), dtype=records.TARIFF_INDEX)
    for table in tables:
        version = table_version(table)
        index[numbered.names.known("table", version)] = len(rows), len(table.claim_limit)
        for place, limit in enumerate(table.claim_limit):
            try:
                rows.append(_row(limit, numbered))
            except TableError as error:
                raise error.within(f"table {version}: claim limit {place + 1}",
                                   version, "claim_limit", place) from None
    return ClaimLimitArrays(np.array(rows or [(0,) * 5], dtype=records.CLAIM_LIMIT), index)


def _row(limit: ClaimLimit, numbered: NumberedNetwork) -> tuple[int, ...]:
    """CLAIM_LIMIT, in the order of its fields."""
    amounts = {"amount_most": limit.amount_most, "variance_most": limit.variance_most,
               "overdraft_most": limit.overdraft_most}
    for key, amount in amounts.items():
        if amount is not None:
            check_amount(amount, key)
    return (*(INT64_MAX if amount is None else amount for amount in amounts.values()),
            bits_of("mode", limit.modes, "modes", numbered),
            bits_of("medium", limit.media, "media", numbered))
