"""What an operator's variances come to in a window, held to what its network lets pass."""

from __future__ import annotations

from typing import NamedTuple

from clearing.answers.session import Session
from clearing.book.parts import own_rows
from clearing.book.schema import ENTRIES
from ext.records import RIDE_FLAGS
from network.civil import day_of


class TotalVariance(NamedTuple):
    """Validators less tables, in minor units, and the most that the network lets pass."""

    operator: str
    window: str
    total: int
    most: int


def variances_beyond(session: Session, run: int) -> list[TotalVariance]:
    """Of the windows that a run has entries in: which operators' variances are beyond their limits.

    Entries that are held count nothing: somebody looks at them anyway.
    """
    limits = {one.code: one.window_variance_most for one in session.described().model.operator
              if one.window_variance_most is not None}
    if not limits:
        return []
    names = session.names()
    found = session.book.ask(
        "SELECT operator, window, sum(variance) AS total FROM ledger "
        f"WHERE bitAnd(flags, {RIDE_FLAGS['HELD']}) = 0 AND variance != 0 AND window IN "
        f"(SELECT DISTINCT window FROM {ENTRIES.name} WHERE {own_rows(run)}) "
        "GROUP BY operator, window ORDER BY window, operator")
    rows = [(names.code("member", int(operator)), day_of(int(window)).isoformat(), int(total))
            for operator, window, total in zip(*found.values(), strict=True)]
    return [TotalVariance(operator, window, total, limits[operator])
            for operator, window, total in rows
            if operator in limits and abs(total) > limits[operator]]
