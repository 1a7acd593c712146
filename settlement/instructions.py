"""Payment instructions: what each member pays into, or gets from, the settlement account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from settlement.positions import Position


class Instruction(NamedTuple):
    """One transfer between a member and the settlement account, in minor units; never 0."""

    member: str
    action: Literal["pays", "receives"]
    amount: int


def instruct(positions: Iterable[Position]) -> list[Instruction]:
    """One instruction for each member whose position is not 0; payers come first.

    What is paid in equals what is paid out.
    """
    members = [position for position in positions if position.level == "member" and position.net]
    pays = [Instruction(position.member, "pays", -position.net)
            for position in members if position.net < 0]
    receives = [Instruction(position.member, "receives", position.net)
                for position in members if position.net > 0]
    assert sum(one.amount for one in pays) == sum(one.amount for one in receives)
    return pays + receives
