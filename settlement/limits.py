"""Who owes more than it may, or than it has laid in beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from network.model import DebitLimit
from settlement.carrying import Dues
from settlement.netting import NetPosition


class Exceeded(NamedTuple):
    """A limit that a member's position is beyond, in minor units."""

    netting: str
    member: str
    limit: Literal["debit_cap", "prefunded"]
    owes: int           # net, with what was carried forward
    may_owe: int

    @property
    def above(self) -> int:
        """What has to be laid in, or is at risk."""
        return self.owes - self.may_owe


def list_exceeded(positions: Iterable[NetPosition], carried: Dues,
                  limits: Iterable[DebitLimit]) -> list[Exceeded]:
    """The limits of members that are exceeded in some netting.

    carried: what was carried into these windows.
    """
    owed: dict[tuple[str, str], int] = {}
    for one in positions:
        owed[one.netting, one.member] = -one.net
    for (netting, payer, payee), amount in (
            item for keys in carried.values() for item in keys.items()):
        for member, signed in ((payer, amount), (payee, -amount)):
            owed[netting, member] = owed.get((netting, member), 0) + signed
    exceeded = []
    limited = {one.member: one for one in limits}
    for (netting, member), owes in sorted(owed.items()):
        limit = limited.get(member)
        if limit is None:
            continue
        if limit.debit_cap is not None and owes > limit.debit_cap:
            exceeded.append(Exceeded(netting, member, "debit_cap", owes, limit.debit_cap))
        if limit.prefunded is not None and owes > limit.prefunded:
            exceeded.append(Exceeded(netting, member, "prefunded", owes, limit.prefunded))
    return exceeded
