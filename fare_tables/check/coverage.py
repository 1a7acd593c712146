"""Proves that every ride of a table has one price: every combination that rows tell apart is tried.

Combinations are not listed one by one: dimension after dimension, the masks (atoms.py) of
what is possible so far are and-ed with those of the next, and equal ones become one. What is
left is every set of rows that can hold for one ride, with an example of such a ride.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

from fare_tables.check.atoms import (
    Atoms,
    Dimension,
    TableRow,
    TooMany,
    states_of,
)
from fare_tables.check.services import Service
from fare_tables.model import DiscountRow, Fare, Table, is_between_stops
from network.language import Phrase, joined

MASKS_MOST = 200_000
INCOMPLETE = ("MISSING_IN", "MISSING_OUT")

Example = tuple[tuple[str, Any], ...]       # (dimension, value) of a ride, as far as it matters
Possible = dict[int, Example]               # the rows that hold together -> a ride of that sort


class Ride(NamedTuple):
    """A sort of ride: its service, how it ended, and in what it differs."""

    service: Service
    state: str
    example: Example

    def words(self) -> Phrase:
        """The ride, for people."""
        state = self.state.lower().replace("_", " ")
        said = [Phrase("{operator} {mode}, {state}", operator=self.service.operator,
                       mode=self.service.mode, state=state)]
        said += [Phrase("{dimension} {value}", dimension=name, value=_value_words(value))
                 for name, value in self.example if value != ""]
        return joined(", ", said)


@dataclass
class Coverage:
    """What was found about one table, over all services."""

    table: Table
    rows: Sequence[TableRow]
    combinations: int = 0
    winning: dict[int, Ride] = field(default_factory=dict)      # rows that can win, and when
    without_fare: list[Ride] = field(default_factory=list)      # no fare row holds
    # (fare row, service's index, state) -> the stops, from and to, that it can win between
    won: dict[tuple[int, int, str], set[tuple[str, str]]] = field(default_factory=dict)


def cover(atoms: Iterable[Atoms]) -> Coverage:
    """Which rows of a table win, and what rides have no fare row, over all of its services.

    Raises TooMany.
    """
    several = list(atoms)
    coverage = Coverage(several[0].table, several[0].rows)
    for index, one in enumerate(several):
        for state in states_of(one.table, one.service):
            dimensions = one.dimensions(state)
            coverage.combinations += prod(len(one.merged()) for one in dimensions)
            _cover_fares(coverage, index, one.service, state, dimensions)
            _cover_discounts(coverage, one.service, state, dimensions)
    return coverage


def spread(dimensions: Sequence[Dimension], rows: int) -> Possible:
    """Every set of the given rows that can hold for one ride.

    Raises TooMany.
    """
    possible: Possible = {rows: ()}
    for dimension in dimensions:
        classes: dict[int, Any] = {}
        for atom in dimension.atoms:
            classes.setdefault(atom.mask & rows, atom.value)
        if len(classes) == 1:
            only = next(iter(classes))
            possible = {mask & only: example for mask, example in possible.items()}
            continue
        following: Possible = {}
        for mask, example in possible.items():
            for held, value in classes.items():
                following.setdefault(mask & held, (*example, (dimension.name, value)))
        if len(following) > MASKS_MOST:
            raise TooMany(Phrase("more than {most:,} sets of rows can hold for one ride",
                                 most=MASKS_MOST))
        possible = following
    return possible


def bits_of(rows: Sequence[TableRow], kinds: Iterable[str]) -> int:
    """The bits of all rows of some kinds."""
    return sum(1 << bit for bit, one in enumerate(rows) if one.kind in kinds)


def first_of(mask: int) -> int:
    """The index of the first row that holds."""
    return (mask & -mask).bit_length() - 1


def _cover_fares(coverage: Coverage, index: int, service: Service, state: str,
                 dimensions: Sequence[Dimension]) -> None:
    """The fare row of every ride, by the stops that it is between."""
    fares = bits_of(coverage.rows, ("fare",))
    ends = [one for one in dimensions if one.name in ("from_stop", "to_stop")]
    others = spread([one for one in dimensions if one not in ends], fares)
    for (start, end), held in _by_stops(ends, fares).items():
        for mask, example in others.items():
            ride = Ride(service, state, (*_known(("from_stop", start), ("to_stop", end)), *example))
            if not mask & held:
                coverage.without_fare.append(ride)
                continue
            row = first_of(mask & held)
            coverage.winning.setdefault(row, ride)
            coverage.won.setdefault((row, index, state), set()).add((start, end))


def _by_stops(ends: Sequence[Dimension], rows: int) -> dict[tuple[str, str], int]:
    """The rows that hold between classes of stops; a class is called by its first stop."""
    by_name = {one.name: one for one in ends}
    sides = [_classes(by_name.get(name), rows) for name in ("from_stop", "to_stop")]
    return {(start, end): one & other for start, one in sides[0].items()
            for end, other in sides[1].items()}


def _classes(dimension: Dimension | None, rows: int) -> dict[str, int]:
    if dimension is None:
        return {"": rows}
    first: dict[int, str] = {}
    for atom in dimension.atoms:
        first.setdefault(atom.mask & rows, atom.value)
    return {value: mask for mask, value in first.items()}


def class_of(dimensions: Sequence[Dimension], name: str, rows: int) -> Mapping[str, str]:
    """The first stop of the class that each stop is of."""
    for dimension in dimensions:
        if dimension.name == name:
            first: dict[int, str] = {}
            return {atom.value: first.setdefault(atom.mask & rows, atom.value)
                    for atom in dimension.atoms}
    return {}


def _cover_discounts(coverage: Coverage, service: Service, state: str,
                     dimensions: Sequence[Dimension]) -> None:
    """Which discount rows can win, kind by kind, with the kinds that they depend on."""
    table = coverage.table
    if state in INCOMPLETE and not any(row.discounts_on_incomplete for row in table.fare):
        return
    for kind in table.order:
        if not getattr(table, kind):
            continue
        depends = needed_kinds(table, kind)
        rows = bits_of(coverage.rows, depends)
        for mask, example in spread(dimensions, rows).items():
            for row in _applied(coverage, mask, depends)[kind]:
                coverage.winning.setdefault(row, Ride(service, state, example))


def needed_kinds(table: Table, kind: str) -> list[str]:
    """A kind and all those whose rows decide, through `unless`, whether its rows hold, in order."""
    needed = [kind]
    for one in needed:
        for row in getattr(table, one):
            needed += [other for other in row.unless if other not in needed]
    return [one for one in table.order if one in needed]


def _applied(coverage: Coverage, mask: int, kinds: Sequence[str]) -> dict[str, list[int]]:
    """The rows of each kind that can apply to a ride that a set of rows holds for."""
    applied: dict[str, list[int]] = {}
    for kind in kinds:
        held = [row for row in _set_bits(mask & bits_of(coverage.rows, (kind,)))
                if not any(applied.get(other) for other in _unless(coverage.rows[row]))]
        several = kind == "cap" or kind in coverage.table.best
        applied[kind] = held if several else held[:1]
    return applied


def _unless(one: TableRow) -> Sequence[str]:
    return one.row.unless if isinstance(one.row, DiscountRow) else ()


def _set_bits(mask: int) -> Iterator[int]:
    while mask:
        yield first_of(mask)
        mask &= mask - 1


def never_win(coverage: Coverage) -> list[TableRow]:
    """The rows that win no ride; a fare row that another row takes its price from is needed."""
    asked = {row.pays_fare for kind in ("concession", "promotion")
             for row in getattr(coverage.table, kind)}
    return [one for index, one in enumerate(coverage.rows)
            if index not in coverage.winning
            and not (isinstance(one.row, Fare) and one.row.rule in asked)]


def fares_between_stops(coverage: Coverage) -> list[tuple[int, Fare]]:
    """The fare rows that are looked up between stops, by their index among the rows."""
    return [(index, one.row) for index, one in enumerate(coverage.rows)
            if isinstance(one.row, Fare) and is_between_stops(one.row)]


def _known(*ends: tuple[str, str]) -> Example:
    return tuple(one for one in ends if one[1])


def _value_words(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return Phrase("not known" if value is None else "yes" if value else "no")
    if isinstance(value, tuple) and not hasattr(value, "_fields"):      # days and clocks
        words, *clocks = value
        return joined(" ", [*(Phrase("{day_word}", day_word=word) for word in sorted(words)),
                            *dict.fromkeys(f"{at // 3600:02d}:{at // 60 % 60:02d}"
                                           for at in clocks if at is not None)])
    return str(value)
