"""What a day's clearing came to, the same for the engine and for every peer, and compared."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

# (window, debtor, creditor, cause): fen. The window is a date such as "2024-11-25".
Flows = dict[tuple[str, str, str, str], int]

# Of a ride with a card's number, the counter of its first tap and its three amounts:
#   (card % 9973 + 1) * (card_seq % 89 + 1) * (due + 3 * price + 7 * paid)
# Added up over all rides it fits 64 bits, and two rides that swap an amount change it.
CARD_MODULUS, SEQ_MODULUS = 9973, 89


@dataclass(frozen=True)
class Outcome:
    """Counts, whole fen, and a checksum over every ride."""

    refused: dict[str, int]             # records by code
    rides: dict[str, int]               # by state
    still_open: int                     # rides that wait for their exit while their window is open
    due: int
    price: int
    paid: int
    checksum: int
    flows: list[list[Any]]        # window, debtor, creditor, cause, fen; sorted
    positions: dict[str, int]           # member: fen owed to it less what it owes


def as_rows(flows: Flows) -> list[list[Any]]:
    """Flows as rows to write down; amounts of 0 make none."""
    return sorted([*key, amount] for key, amount in flows.items() if amount)


def positions_of(flows: Iterable[tuple[str, str, int]]) -> dict[str, int]:
    """What each member is owed less what it owes, of (debtor, creditor, fen)."""
    net: dict[str, int] = {}
    for debtor, creditor, amount in flows:
        net[debtor] = net.get(debtor, 0) - amount
        net[creditor] = net.get(creditor, 0) + amount
    return net


def assert_same(name: str, outcome: Outcome, expected: Outcome) -> None:
    """Raise AssertionError, saying what differs, unless both are equal to the fen and the record.

    The checksum over single rides differs wherever one ride's card, counter or amount does.
    """
    assert sum(expected.positions.values()) == 0
    ours, theirs = asdict(expected), asdict(outcome)
    wrong = {field: (ours[field], theirs[field]) for field in ours if ours[field] != theirs[field]}
    if wrong:
        found = "\n".join(f"{field}: the engine {json.dumps(mine)}\n    {name} {json.dumps(its)}"
                          for field, (mine, its) in wrong.items())
        raise AssertionError(f"{name} comes to another outcome than the engine\n{found}")


def from_rows(*, refused: Iterable[Sequence[Any]], rides: Iterable[Sequence[Any]], still_open: int,
              sums: Sequence[Any], flows: Iterable[Sequence[Any]],
              positions: Iterable[Sequence[Any]]) -> Outcome:
    """An outcome of a peer's rows.

    refused: code, records; rides: state, rides; sums: due, price, paid, checksum; flows:
    window, debtor, creditor, cause, fen; positions: member, fen.
    """
    due, price, paid, checksum = map(int, sums)
    return Outcome(
        refused={str(code): int(count) for code, count in refused if count},
        rides={str(state): int(count) for state, count in rides},
        still_open=int(still_open), due=due, price=price, paid=paid, checksum=checksum,
        flows=as_rows({(str(window), str(debtor), str(creditor), str(cause)): int(amount)
                             for window, debtor, creditor, cause, amount in flows}),
        positions={str(member): int(amount) for member, amount in positions})
