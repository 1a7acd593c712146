"""Payment instructions: what each member pays, or gets, of whom."""

from __future__ import annotations

from typing import Literal, NamedTuple


class Instruction(NamedTuple):
    """One transfer between a member and the settlement account, or another member; never 0."""

    member: str
    action: Literal["pays", "receives"]
    amount: int                 # minor units
    counterparty: str = ""      # a member's code; "": the settlement account
    netting: str = ""           # by which of the network's it came about
