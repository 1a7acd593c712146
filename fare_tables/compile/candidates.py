"""What each tariff has for each rider: short lists, so that a ride looks at no other rows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import NamedTuple, TypeVar

from fare_tables.compile.arrays import Numbers
from fare_tables.compile.conditions import Riders
from network.names import Names

Item = TypeVar("Item")
RowsForRiders = Sequence[tuple[int, Riders]]       # indexes of rows, and whom each is for


class Stacked(NamedTuple):
    """The rows of one kind of discount, in the table's order."""

    cause: int                  # of their legs
    best: int
    rows: RowsForRiders


class Pool(list[Item]):
    """Lists end to end; equal ones are there once."""

    def __init__(self) -> None:
        super().__init__()
        self._offsets: dict[tuple[Item, ...], int] = {}

    def offset(self, items: tuple[Item, ...]) -> int:
        """Where such a list begins."""
        if items not in self._offsets:
            self._offsets[items] = len(self)
            self.extend(items)
        return self._offsets[items]


class Candidates:
    """By tariff, card kind, medium and mode: the fare rows and the stages that can apply.

    The last card kind and medium stand for those that are newer than the tables.
    """

    def __init__(self, names: Names) -> None:
        count = names.count
        self.shape = count("card_kind") + 1, count("medium") + 1, count("mode")
        self.candidates: list[Numbers] = []
        self.fares = Pool[int]()
        self.rows = Pool[int]()
        self._stages = Pool[tuple[int, int, int, int]]()

    @property
    def stages(self) -> list[Numbers]:
        """The stages, as records are."""
        return [{"cause": kind, "best": best, "rows": rows, "rows_count": count}
                for kind, best, rows, count in self._stages]

    def add(self, fares: RowsForRiders, stack: Sequence[Stacked], chained: int) -> None:
        """The next tariff, for every rider. chained: kinds of the stack up to the transfer."""
        asked = {riders for _, riders in fares}
        asked.update(riders for stage in stack for _, riders in stage.rows)
        # Numbers that no row tells apart get the same candidates.
        alike = [[tuple(riders[part] >> number & 1 for riders in asked) for number in range(size)]
                 for part, size in enumerate(self.shape)]
        made: dict[tuple[tuple[int, ...], ...], Numbers] = {}
        for rider in product(*map(range, self.shape)):
            key = tuple(alike[part][number] for part, number in enumerate(rider))
            if key not in made:
                made[key] = self._candidate(fares, stack, chained, rider)
            self.candidates.append(made[key])

    def _candidate(self, fares: RowsForRiders, stack: Sequence[Stacked], chained: int,
                   rider: tuple[int, ...]) -> Numbers:
        candidate = _fitting(fares, rider)
        rows_of = [_fitting(stage.rows, rider) for stage in stack]
        stages = tuple((stage.cause, stage.best, self.rows.offset(rows), len(rows))
                       for stage, rows in zip(stack, rows_of, strict=True) if rows)
        return {"fares": self.fares.offset(candidate), "fares_count": len(candidate),
                "stages": self._stages.offset(stages), "stages_count": len(stages),
                "chain_stages": sum(map(bool, rows_of[:chained]))}


def _fitting(rows: RowsForRiders, rider: tuple[int, ...]) -> tuple[int, ...]:
    """The rows that are for a rider, in their order."""
    return tuple(index for index, riders in rows
                 if all(bits >> number & 1 for bits, number in zip(riders, rider, strict=True)))
