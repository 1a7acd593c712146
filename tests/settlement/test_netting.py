"""Who pays whom, level by level: what is paid comes to what is owed, whoever nets it and how.

Examples 6, 7 and 17 are published nets (a textbook, an encyclopedia, Mojaloop's documentation).
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext import records
from network.errors import TableError
from network.members import Member
from network.model import Netting
from network.network import load_network
from settlement.netting import ACCOUNT, NetPosition, Obligations, owe
from settlement.positions import net_positions
from tests.fares.folder import write

CITIES = {"gz": "GD", "sz": "GD", "hk": "HI", "cs": "HN"}
PLAIN = [Member(f"{city}-{role}", number, "operator", "", city, province)
         for number, (city, province, role) in enumerate(
             ((city, province, role) for city, province in CITIES.items()
              for role in ("bus", "card")), 1)]
CENTRES = [Member("gz-centre", 20, "centre", "", "gz", "GD"),
           Member("sz-centre", 21, "centre", "", "sz", "GD"),
           Member("gd-centre", 22, "centre", "", None, "GD"),
           Member("hi-centre", 23, "centre", "", None, "HI"),
           Member("cn-centre", 24, "centre", "")]
MEMBERS = [*PLAIN, *CENTRES]


def nettings_of(**changes: dict[str, Any]) -> list[Netting]:
    """Two cities in a province, two provinces in the nation; Hunan has no centre of its own."""
    rows: dict[str, dict[str, Any]] = {
        "gz": {"cities": ["gz"], "centre": "gz-centre", "through": "gd"},
        "sz": {"cities": ["sz"], "centre": "sz-centre", "through": "gd"},
        "gd": {"provinces": ["GD"], "centre": "gd-centre", "through": "cn"},
        "hi": {"provinces": ["HI"], "centre": "hi-centre", "through": "cn"},
        "cn": {"centre": "cn-centre"}}
    return [msgspec.convert({"netting": name, **row, **changes.get(name, {})}, Netting)
            for name, row in rows.items()]


def flows_of(*rows: tuple[int, int, int]) -> Any:
    """Flows of (debtor, creditor, amount)."""
    made = np.zeros(len(rows), records.FLOW)
    for place, row in enumerate(rows):
        for name, value in zip(("debtor", "creditor", "amount"), row, strict=True):
            made[name][place] = value
    return made


def cash_of(owed: Obligations) -> dict[str, int]:
    """What every party has more, or less, once all is paid."""
    cash = Counter[str]()
    for (_, payer, payee), amount in owed.due().items():
        assert amount > 0
        cash[payer] -= amount
        cash[payee] += amount
    return {code: amount for code, amount in cash.items() if amount}


def nets_of(flows: Any) -> dict[str, int]:
    return {one.member: one.net for one in net_positions(flows, MEMBERS)
            if one.level == "member" and one.net}


@pytest.mark.parametrize(("flows", "nets"), [
    ([(1, 2, 545_455), (1, 3, 195_886), (2, 3, 130_591), (3, 1, 108_824), (3, 2, 426_136)],
     {1: -632_517, 2: 841_000, 3: -208_483}),
    ([(1, 2, 200), (2, 3, 150), (3, 1, 175)], {1: -25, 2: 50, 3: -25}),
    ([(1, 2, 80), (3, 2, 5), (2, 4, 10)], {1: -80, 2: 75, 3: -5, 4: 10}),
])
def test_published_nets_come_out(flows: list[tuple[int, int, int]], nets: dict[int, int]) -> None:
    codes = {member.number: member.code for member in MEMBERS}
    assert cash_of(owe(flows_of(*flows), MEMBERS, [])) == {
        codes[number]: net for number, net in nets.items()}


def test_a_ride_of_another_province_goes_by_three_centres() -> None:
    """Guangzhou's card rides in Haikou for 2.00: city, province, nation, province, member."""
    owed = owe(flows_of((2, 5, 200)), MEMBERS, nettings_of())
    assert owed.due() == {
        ("gz", "gz-card", "gz-centre"): 200, ("gd", "gz-centre", "gd-centre"): 200,
        ("cn", "gd-centre", "cn-centre"): 200, ("cn", "cn-centre", "hi-centre"): 200,
        ("hi", "hi-centre", "hk-bus"): 200}
    assert {one.netting: one.level for one in owed.positions()} == {
        "gz": "city", "gd": "province", "hi": "province", "cn": "nation"}


def test_two_provinces_settle_directly() -> None:
    owed = owe(flows_of((2, 5, 200), (6, 1, 50), (2, 7, 3)), MEMBERS,
               nettings_of(gd={"directly": ["hi"]}))
    due = owed.due()
    assert due["gd + hi", "gd-centre", "hi-centre"] == 150
    assert due["cn", "gd-centre", "cn-centre"] == 3
    assert owed.level("gd + hi") == "nation"


@pytest.mark.parametrize(("method", "due"), [
    ("gross",        {("gz-bus", "gz-card"): 40, ("gz-card", "gz-bus"): 100}),
    ("bilateral",    {("gz-card", "gz-bus"): 60}),
    ("multilateral", {("gz-card", "gz-centre"): 60, ("gz-centre", "gz-bus"): 60}),
])
def test_methods(method: str, due: dict[tuple[str, str], int]) -> None:
    owed = owe(flows_of((2, 1, 70), (2, 1, 30), (1, 2, 40)), MEMBERS,
               nettings_of(gz={"method": method}))
    assert owed.due() == {("gz", *pair): amount for pair, amount in due.items()}


def test_a_centre_takes_its_fee_of_what_it_passes_on() -> None:
    owed = owe(flows_of((1, 20, 3), (2, 1, 200), (1, 22, 5)), MEMBERS, nettings_of())
    assert owed.due() == {("gz", "gz-card", "gz-centre"): 200, ("gz", "gz-centre", "gz-bus"): 192,
                          ("gd", "gz-centre", "gd-centre"): 5}


def test_nothing_is_owed_for_nothing() -> None:
    assert owe(flows_of(), MEMBERS, nettings_of()).due() == {}
    assert owe(flows_of((1, 2, 5), (1, 2, -5)), MEMBERS, nettings_of()).positions() == []


METHODS = st.sampled_from(["multilateral", "bilateral", "gross"])
AMOUNTS = st.integers(-(2**63), 2**63 - 1)      # sums do not fit 64 bits


@st.composite
def cases(draw: st.DrawFn, members: list[Member]) -> tuple[Any, list[Netting]]:
    numbers = st.sampled_from([member.number for member in members])
    rows = draw(st.lists(st.tuples(numbers, numbers, AMOUNTS), max_size=30))
    changes: dict[str, dict[str, Any]] = {
        name: {"method": draw(METHODS)} for name in ("gz", "sz", "gd", "hi", "cn")}
    changes["gd"]["directly"] = draw(st.sampled_from([[], ["hi"]]))
    changes["cn"]["centre"] = draw(st.sampled_from([None, "cn-centre"]))
    if changes["cn"]["centre"] is None:
        changes["cn"]["method"] = "multilateral"
    return flows_of(*(row for row in rows if row[0] != row[1])), nettings_of(**changes)


@settings(max_examples=150, deadline=None)
@given(cases(MEMBERS))
def test_what_is_paid_is_what_everybody_is_owed(case: tuple[Any, list[Netting]]) -> None:
    """Whatever the levels and methods: each member ends with its position, the account with 0."""
    flows, nettings = case
    assert cash_of(owe(flows, MEMBERS, nettings)) == nets_of(flows)


@settings(max_examples=150, deadline=None)
@given(cases(PLAIN))
def test_what_children_net_re_adds_to_the_gross_above(case: tuple[Any, list[Netting]]) -> None:
    """What leaves a netting, and comes into it, is what its centre owes, and is owed, above."""
    flows, nettings = case
    found = owe(flows, MEMBERS, nettings).positions()
    for name in {one.netting for one in found}:
        assert sum(one.net for one in found if one.netting == name) == 0
    for one in nettings:
        if one.through is None:
            continue
        own = _sides(found, one.centre, lambda name, one=one: name == one.netting)
        above = _sides(found, one.centre, lambda name, one=one: name != one.netting)
        assert own == tuple(reversed(above)), one.netting
        members = sum(position.net for position in found
                      if position.netting == one.netting and position.member != one.centre)
        assert members == above[0] - above[1]


def _sides(found: list[NetPosition], member: str | None, holds: Any) -> tuple[int, int]:
    own = [one for one in found if one.member == member and holds(one.netting)]
    return sum(one.is_owed for one in own), sum(one.owes for one in own)


@settings(max_examples=50, deadline=None)
@given(cases(MEMBERS))
def test_without_nettings_all_pay_the_settlement_account(case: tuple[Any, Any]) -> None:
    flows, _ = case
    expected = {("all", ACCOUNT, code) if net > 0 else ("all", code, ACCOUNT): abs(net)
                for code, net in nets_of(flows).items()}
    assert owe(flows, MEMBERS, []).due() == expected


CENTRE = ('[[centre]]\ncode = "gzc"\nname = ""\ncity = "gz"\n'
          '[[centre]]\ncode = "cnc"\nname = ""\n')
ROOT = '[[netting]]\nnetting = "cn"\ncentre = "cnc"\n'
GZ = '[[netting]]\nnetting = "gz"\ncities = ["gz"]\ncentre = "gzc"\nthrough = "cn"\n'
SZ = '[[netting]]\nnetting = "sz"\ncities = ["sz"]\ncentre = "gzc"\nthrough = "cn"\n'


@pytest.mark.parametrize(("keys", "found", "excerpt"), [
    (ROOT + GZ.replace('"gzc"', '"bus"'), "has the centre 'bus'", 'centre = "bus"'),
    (ROOT + GZ.replace('centre = "gzc"\n', ""), "has no centre that settles for it in 'cn'", ""),
    (ROOT + GZ.replace('"cn"', '"xx"'), "is below 'xx', which network.toml does not have", "xx"),
    (ROOT.replace('"cnc"', '"cnc"\nthrough = "gz"') + GZ, "which is below it", "through"),
    (ROOT + GZ.replace('through = "cn"\n', ""), "'cn', 'gz' are each the topmost", ""),
    (GZ.replace('through = "cn"\n', ""), "no netting is for members that no other names", ""),
    (ROOT + GZ + GZ.replace('"gz"', '"gz2"', 1), "is for 'gz', and so is 'gz'", "cities"),
    (ROOT + GZ.replace('["gz"]', '["bj"]'), "names 'bj' in cities", "bj"),
    (ROOT + GZ + 'members = ["bus"]\n', "members, cities and provinces at once", ""),
    (ROOT + GZ + 'directly = ["gz"]\n', "names 'gz' in directly", "directly"),
    (ROOT + GZ + SZ.replace('"cn"', '"gz"') + 'directly = ["gz"]\n', "which is not beside it",
     "directly"),
    (ROOT + GZ + "pay_from = -1\n", "has pay_from -1", "pay_from = -1"),
    (ROOT + GZ.replace('netting = "gz"', 'netting = "a + b"'), "in its name", "a + b"),
    (ROOT + GZ + 'method = "net"\n', "net", "method"),
    (ROOT + GZ + GZ, "netting names 'gz' twice", ""),
    ('[[debit_limit]]\nmember = "x"\n', "'x' is of no member", "x"),
    ('[[debit_limit]]\nmember = "bus"\ndebit_cap = -1\n', "has debit_cap -1", "debit_cap"),
    ('[[debit_limit]]\nmember = "bus"\n' * 2, "stands twice", ""),
])
def test_nettings_that_cannot_be_are_refused(tmp_path: Path, keys: str, found: str,
                                             excerpt: str) -> None:
    with pytest.raises(TableError) as refused:
        load_network(str(write(tmp_path, network=CENTRE + keys)))
    assert found in refused.value.found
    assert refused.value.remedy
    assert refused.value.location is None or excerpt in refused.value.location.excerpt


def test_nettings_that_can_be_are_taken(tmp_path: Path) -> None:
    load_network(str(write(tmp_path, network=CENTRE + ROOT + GZ + SZ + 'directly = ["gz"]\n')))
