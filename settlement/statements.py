"""A member's statement: what it is owed and owes, added up by whatever a line tells apart."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple

from network.members import Member


class Line(NamedTuple):
    """What one member owes another, of rides that are alike; amounts in minor units."""

    window: int
    debtor: int             # member numbers
    creditor: int
    cause: int              # Cause
    operator: int           # 0: of no rides
    mode: int               # names
    card_kind: int
    reason: int             # Reason; 0: of no rides
    rides: int              # less those that are taken back
    amount: int


class Sum(NamedTuple):
    """Lines of a statement that have a key in common."""

    key: Any
    rides: int
    is_owed: int
    owes: int

    @property
    def net(self) -> int:
        """What it comes to for the member: what it is owed less what it owes."""
        return self.is_owed - self.owes


@dataclass(frozen=True)
class Statement:
    """A member's lines of some windows; they come to its position."""

    member: Member
    lines: list[Line]

    def total(self) -> Sum:
        """All of it: the member's position."""
        return next(iter(self.sums(lambda line: "")), Sum("", 0, 0, 0))

    def sums(self, key: Callable[[Line], Hashable]) -> list[Sum]:
        """The lines added up by a key, in its order. What is taken back counts as less."""
        sums: dict[Any, tuple[int, int, int]] = {}
        for line in self.lines:
            rides, is_owed, owes = sums.get(key(line), (0, 0, 0))
            credit = line.creditor == self.member.number
            sums[key(line)] = (rides + line.rides, is_owed + credit * line.amount,
                               owes + (not credit) * line.amount)
        return [Sum(one, *sums[one]) for one in sorted(sums)]

    def other(self, line: Line) -> int:
        """The member on the other side of a line."""
        return line.debtor if line.creditor == self.member.number else line.creditor


def make_statements(lines: Iterable[Line], members: Iterable[Member]) -> list[Statement]:
    """The statement of each member, also of one that nobody owes anything."""
    by_member: dict[int, list[Line]] = {}
    for line in lines:
        for number in {line.debtor, line.creditor}:
            by_member.setdefault(number, []).append(line)
    return [Statement(member, by_member.get(member.number, [])) for member in members]
