"""Who pays whom: obligations netted level by level, from cities over provinces to the nation.

Every member settles in one netting. What it owes somebody of another one goes by the centre of its
own, which settles in the netting above, and so on up to the first that both sides are under; or
straight across, where two nettings settle directly. So a centre passes on what its members owe
beyond it, and what they come to together is what it owes, or is owed, above.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from network.members import Member
from network.model import Netting

ACCOUNT = ""            # the settlement account, where a netting has no centre
Level = Literal["city", "province", "nation"]
Pair = tuple[str, str]                  # debtor, creditor
Key = tuple[str, str, str]              # a netting, debtor, creditor


HALF_BITS = 32
DIRECT = " + "          # between the names of two nettings that settle directly


class NetPosition(NamedTuple):
    """What one party is owed and owes in one netting, in minor units."""

    netting: str
    level: Level
    member: str
    is_owed: int
    owes: int

    @property
    def net(self) -> int:
        """What it gets; below 0: pays."""
        return self.is_owed - self.owes


class Obligations(NamedTuple):
    """What parties owe each other within each netting, before it is netted."""

    nettings: Mapping[str, Netting]
    owed: Mapping[str, Mapping[Pair, int]]      # by netting; "a + b": those two directly

    def positions(self) -> list[NetPosition]:
        """Of every party, by netting and code; in each netting the nets add up to 0."""
        found = []
        for name, pairs in self.owed.items():
            is_owed: dict[str, int] = {}
            owes: dict[str, int] = {}
            for (debtor, creditor), amount in pairs.items():
                owes[debtor] = owes.get(debtor, 0) + amount
                is_owed[creditor] = is_owed.get(creditor, 0) + amount
            found += [NetPosition(name, self.level(name), code, is_owed.get(code, 0),
                                  owes.get(code, 0))
                      for code in sorted(is_owed.keys() | owes.keys())]
        return found

    def level(self, name: str) -> Level:
        """Whom a netting is between: members of a city, of a province, or of the nation."""
        one, _, other = name.partition(DIRECT)
        if other:
            return "province" if self.level(one) == "city" else "nation"
        found = self.nettings[name]
        return "city" if found.cities else "province" if found.provinces else "nation"

    def due(self) -> dict[Key, int]:
        """What is to be paid, by netting, payer and payee: always more than 0."""
        return {(name, payer, payee): amount for name, pairs in self.owed.items()
                for payer, payee, amount in self._net(name, pairs)}

    def _net(self, name: str, pairs: Mapping[Pair, int]) -> Iterator[tuple[str, str, int]]:
        one = self.nettings.get(name)
        if one is None or one.method == "bilateral":
            return _bilateral(pairs)
        if one.method == "gross":
            return _gross(pairs)
        return _multilateral(pairs, one.centre or ACCOUNT)


def owe(flows: npt.NDArray[Any], members: Iterable[Member], nettings: Sequence[Netting]
        ) -> Obligations:
    """What flows have parties owe each other in each netting.

    flows: FLOW rows, of one window or of several. nettings: as network/nettings.py lets them pass;
    none: all members settle by the settlement account.
    """
    nettings = nettings or [Netting(netting="all")]
    by_name = {one.netting: one for one in nettings}
    codes, homes = _homes(members, nettings)
    ways: dict[Pair, list[_Step]] = {}
    passed_on: dict[Pair, int] = {}     # between two nettings, whoever owes it whom
    owed: dict[str, dict[Pair, int]] = {}

    def add(name: str, debtor: str, creditor: str, amount: int) -> None:
        if debtor != creditor:          # a centre owes itself nothing
            pairs = owed.setdefault(name, {})
            pairs[debtor, creditor] = pairs.get((debtor, creditor), 0) + amount

    for debtor, creditor, amount in _by_pair(flows):
        payer, payee = codes[debtor], codes[creditor]
        between = homes[payer], homes[payee]
        if between not in ways:
            ways[between] = list(_way(by_name, *between))
        passed_on[between] = passed_on.get(between, 0) + amount
        for step in ways[between]:
            if not (step.debtor and step.creditor):
                add(step.netting, step.debtor or payer, step.creditor or payee, amount)
    for between, amount in passed_on.items():
        for step in ways[between]:
            if step.debtor and step.creditor:
                add(*step, amount)
    return Obligations(by_name, {name: owed[name] for name in sorted(owed)})


class _Step(NamedTuple):
    """A part of the way from debtor to creditor; "" stands for these two themselves."""

    netting: str
    debtor: str
    creditor: str


def _by_pair(flows: npt.NDArray[Any]) -> Iterator[tuple[int, int, int]]:
    """What each debtor owes each creditor, whatever for."""
    keys = flows["debtor"].astype(np.uint32) << 16 | flows["creditor"]
    pairs, place = np.unique(keys, return_inverse=True)
    # Sums can be larger than 64 bits: each half of the amounts is added up by itself.
    high, low = np.zeros(len(pairs), np.int64), np.zeros(len(pairs), np.int64)
    np.add.at(high, place, flows["amount"] >> HALF_BITS)
    np.add.at(low, place, flows["amount"] & ((1 << HALF_BITS) - 1))
    for pair, above, below in zip(pairs.tolist(), high.tolist(), low.tolist(), strict=True):
        if amount := (above << HALF_BITS) + below:
            yield pair >> 16, pair & 0xFFFF, amount


def _homes(members: Iterable[Member], nettings: Sequence[Netting]
           ) -> tuple[dict[int, str], dict[str, str]]:
    """Members' codes by number, and by code the netting that each of them settles in."""
    named = {code: one.netting for one in nettings for code in one.members or ()}
    cities = {code: one.netting for one in nettings for code in one.cities or ()}
    provinces = {code: one.netting for one in nettings for code in one.provinces or ()}
    rest = next(one.netting for one in nettings if one.is_for_the_rest)
    codes, homes = dict[int, str](), dict[str, str]()
    for member in members:
        codes[member.number] = member.code
        homes[member.code] = (named.get(member.code) or cities.get(member.city or "")
                              or provinces.get(member.province or "") or rest)
    return codes, homes


def _way(nettings: Mapping[str, Netting], debtor: str, creditor: str) -> Iterator[_Step]:
    """From a member of one netting to a member of another, by the centres between them."""
    up, down = _above(nettings, debtor), _above(nettings, creditor)
    top = ""
    while up and down and up[-1] == down[-1]:
        top = up.pop()
        down.pop()
    # What is left of both is below the first netting that both are under.
    start, end = (_centre(nettings[way[-1]]) if way else "" for way in (up, down))
    for name, before in zip(up, ["", *up], strict=False):
        yield _Step(name, _centre(nettings[before]) if before else "", _centre(nettings[name]))
    if up and down and _are_direct(nettings[up[-1]], nettings[down[-1]]):
        top = DIRECT.join(sorted((up[-1], down[-1])))
    yield _Step(top, start, end)
    for name, below in reversed(list(zip(down, ["", *down], strict=False))):
        yield _Step(name, _centre(nettings[name]), _centre(nettings[below]) if below else "")


def _above(nettings: Mapping[str, Netting], name: str) -> list[str]:
    """A netting, and those above it."""
    found = [name]
    while (above := nettings[found[-1]].through) is not None:
        found.append(above)
    return found


def _centre(one: Netting) -> str:
    assert one.centre is not None, "a netting below another has a centre"
    return one.centre


def _are_direct(one: Netting, other: Netting) -> bool:
    return other.netting in one.directly or one.netting in other.directly


def _multilateral(pairs: Mapping[Pair, int], centre: str) -> Iterator[tuple[str, str, int]]:
    """Each party with the centre, once, whomever it owes."""
    nets: dict[str, int] = {}
    for (debtor, creditor), amount in pairs.items():
        nets[debtor] = nets.get(debtor, 0) - amount
        nets[creditor] = nets.get(creditor, 0) + amount
    assert sum(nets.values()) == 0
    for code, net in sorted(nets.items()):
        if net and code != centre:
            yield (centre, code, net) if net > 0 else (code, centre, -net)


def _bilateral(pairs: Mapping[Pair, int]) -> Iterator[tuple[str, str, int]]:
    """Two parties once, by what is left between them."""
    for one, other in sorted({(min(pair), max(pair)) for pair in pairs}):
        net = pairs.get((one, other), 0) - pairs.get((other, one), 0)
        if net:
            yield (one, other, net) if net > 0 else (other, one, -net)


def _gross(pairs: Mapping[Pair, int]) -> Iterator[tuple[str, str, int]]:
    """Everything that is owed; a difference below 0 is owed the other way."""
    owed: dict[Pair, int] = {}
    for (debtor, creditor), amount in pairs.items():
        pair = (debtor, creditor) if amount > 0 else (creditor, debtor)
        owed[pair] = owed.get(pair, 0) + abs(amount)
    yield from ((*pair, amount) for pair, amount in sorted(owed.items()) if amount)
