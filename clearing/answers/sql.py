"""A question in SQL that no list answers: its rows as a list, with cards masked as any list has."""

from __future__ import annotations

from typing import Any

import numpy as np

from clearing.answers.named_views import ask_in_sql
from clearing.answers.session import Session
from clearing.answers.show import Listing
from clearing.book.native import Column


def ask(session: Session, sql: str) -> Listing:
    """The rows of a query in ClickHouse's SQL; memory: all of them at once.

    Raises OnecardError where it would change anything, or the store does not understand it.
    """
    found = ask_in_sql(session, sql)
    values = {name: _values(column) for name, column in found.items()}
    numbers = tuple(name for name, column in found.items()
                    if isinstance(column, np.ndarray) and column.dtype.kind in "iuf")
    return Listing("the answer", tuple(values), zip(*values.values(), strict=True), numbers,
                   is_free=True)


def _values(column: Column) -> list[Any]:
    """Numbers as they are, anything else as text."""
    listed = column.tolist() if isinstance(column, np.ndarray) else column
    return [value if isinstance(value, int) else str(value) for value in listed]
