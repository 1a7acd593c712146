"""What is not paid yet is carried, visibly, and never for ever: by the month's end all is paid."""

from __future__ import annotations

import datetime
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext.codes import Cause
from ext.records import FLOW
from network.model import NetworkFile
from settlement.carrying import Carrying, Paid, Span, first_day_carried, flows_by_cycle
from settlement.netting import Key

WEEKLY = [{"settlement_cycle": "weekly", "members": ["w"], "every": "week",
           "cut_off_at": "15:00:00"}]
FEES = {"settlement_cycle": "fees", "causes": ["clearing_fee"], "every": "month",
        "cut_off_at": "15:00:00"}
ONE_DAY = datetime.timedelta(days=1)


def model_of(**more: Any) -> NetworkFile:
    """Members a and b settle daily, w by the week; amounts below 100 are carried."""
    return msgspec.convert({
        "network": "n", "title": "", "time_zone": "Asia/Shanghai", "taps_from": "2024-01-01",
        "day_starts_at": "03:00:00", "modes": [], "card_kinds": [], "media": [], "operator": [],
        "issuer": [], "province": [], "city": [],
        "netting": [{"netting": "all", "pay_from": 100}],
        "settlement_cycle": WEEKLY, **more}, NetworkFile)


def day(text: str) -> datetime.date:
    return datetime.date.fromisoformat(f"2024-{text}")


def pays(closings: list[tuple[str, dict[tuple[str, str], int]]], **more: Any) -> list[Any]:
    """For each closing of one window, what is paid by whom to whom, and what is carried then."""
    carrying, carried, told = Carrying(model_of(**more)), dict[str, dict[Key, int]](), []
    for window, due in closings:
        paid = carrying.pay({"": {("all", *pair): amount for pair, amount in due.items()}}, carried,
                            Span(day(window), day(window)))
        carried = paid.carried
        told.append((sides(paid), {key[1:]: amount for _, key, amount in paid.left()}))
    return told


def sides(paid: Paid) -> dict[tuple[str, str], int]:
    return {(one.member, one.counterparty)[::1 if one.action == "pays" else -1]: one.amount
            for one in paid.instructions}


def test_what_is_too_little_waits_until_it_is_enough() -> None:
    assert pays([("11-05", {("a", ""): 60}), ("11-06", {("a", ""): 39}),
                 ("11-07", {("a", ""): 1}), ("11-08", {("", "a"): 100})]) == [
        ({}, {("a", ""): 60}), ({}, {("a", ""): 99}), ({("a", ""): 100}, {}),
        ({("", "a"): 100}, {})]


def test_what_is_owed_back_is_netted_unless_all_is_paid_gross() -> None:
    closings = [("11-05", {("a", "b"): 60}), ("11-06", {("b", "a"): 80})]
    assert pays(closings)[1] == ({}, {("b", "a"): 20})
    gross = [{"netting": "all", "pay_from": 100, "method": "gross"}]
    assert pays(closings, netting=gross)[1] == ({}, {("a", "b"): 60, ("b", "a"): 80})


def test_a_month_ends_with_everything_paid() -> None:
    assert pays([("11-29", {("a", ""): 60}), ("11-30", {})]) == [
        ({}, {("a", ""): 60}), ({("a", ""): 60}, {})]


def test_who_settles_by_the_week_is_paid_on_sunday() -> None:
    """The slower of two parties decides; the week's last window of a month pays everything."""
    assert pays([("11-22", {("w", ""): 500, ("a", ""): 500}), ("11-23", {("w", "a"): 50}),
                 ("11-24", {}), ("11-30", {("w", ""): 7}), ("12-01", {("w", ""): 8})]) == [
        ({("a", ""): 500}, {("w", ""): 500}), ({}, {("w", ""): 500, ("w", "a"): 50}),
        ({("w", ""): 500, ("w", "a"): 50}, {}), ({}, {("w", ""): 7}), ({}, {("w", ""): 15})]


def test_two_can_have_a_cycle_between_them() -> None:
    """It goes before the slower of the two, both ways, and is over by the month's end."""
    cycles = [{"settlement_cycle": name, "every": every, "cut_off_at": "15:00:00", **who}
              for name, every, who in (
                  ("weekly", "week", {"members": ["w"]}), ("rest", "day", {}),
                  ("quick", "day", {"members": ["w"], "counterparties": ["a"]}),
                  ("slow", "month", {"members": ["a", "c"], "counterparties": ["b"]}))]
    assert pays([("11-25", {("w", "a"): 500, ("w", "c"): 500, ("b", "a"): 500, ("a", "c"): 500}),
                 ("11-30", {("a", "b"): 100})], settlement_cycle=cycles) == [
        ({("w", "a"): 500, ("a", "c"): 500}, {("w", "c"): 500, ("b", "a"): 500}),
        ({("b", "a"): 400}, {("w", "c"): 500})]


def test_who_pays_in_comes_first() -> None:
    model = model_of(netting=[{"netting": "a-city", "centre": "m", "through": "z"},
                              {"netting": "z"}])
    due = {("a-city", "m", "a"): 9, ("a-city", "n", "m"): 9, ("z", "", "a"): 5, ("z", "n", ""): 5}
    paid = Carrying(model).pay({"": due}, {}, Span(day("11-20"), day("11-20")))
    assert [one[:4] for one in paid.instructions] == [
        ("n", "pays", 9, "m"), ("m", "pays", 9, "a"), ("n", "pays", 5, ""),
        ("a", "receives", 5, "")]


def test_windows_that_are_closed_together_are_paid_together() -> None:
    paid = Carrying(model_of()).pay({"": {("all", "w", ""): 500}}, {},
                                    Span(day("11-20"), day("11-26")))
    assert sides(paid) == {("w", ""): 500}


PARTIES = st.sampled_from(["a", "b", "w", ""])
DUES = st.dictionaries(st.tuples(st.just("all"), PARTIES, PARTIES), st.integers(1, 150),
                       max_size=4)


@settings(max_examples=60, deadline=None)
@given(st.lists(DUES, min_size=75, max_size=75), st.integers(31, 74))
def test_what_is_carried_follows_from_the_month_before(dues: list[dict[Key, int]], asked: int
                                                       ) -> None:
    """From the first day that counts on, and from the very first, come to the same."""
    first = day("01-01")
    found = []
    for start in (0, (first_day_carried(first + asked * ONE_DAY) - first).days):
        carried = dict[str, dict[Key, int]]()
        for number in range(start, asked + 1):
            window = first + number * ONE_DAY
            paid = Carrying(model_of()).pay({"": dues[number]}, carried, Span(window, window))
            carried = paid.carried
        found.append(paid)
    assert found[0] == found[1]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.sampled_from(["", "fees"]), DUES), min_size=31, max_size=31))
def test_nothing_is_lost_on_the_way(dues: list[dict[str, dict[Key, int]]]) -> None:
    """December 2024 ends on a Tuesday: what is left is of the week that goes on."""
    balance = dict[str, int]()
    carried = dict[str, dict[Key, int]]()
    carrying = Carrying(model_of(settlement_cycle=[*WEEKLY, FEES]))
    for number, due in enumerate(dues):
        window = day("12-01") + number * ONE_DAY
        for (_, payer, payee), amount in (item for keys in due.values() for item in keys.items()):
            balance[payer] = balance.get(payer, 0) - amount
            balance[payee] = balance.get(payee, 0) + amount
        paid = carrying.pay(due, carried, Span(window, window))
        carried = paid.carried
        for (payer, payee), amount in sides(paid).items():
            balance[payer] += amount
            balance[payee] -= amount
    for cycle, (_, payer, payee), amount in paid.left():
        assert cycle == ""
        assert "w" in (payer, payee)
        balance[payer] += amount
        balance[payee] -= amount
    assert not any(balance.values())


def test_some_causes_can_have_a_cycle_of_their_own() -> None:
    """They wait apart; what is paid on one day is one payment, also the other way."""
    carrying = Carrying(model_of(settlement_cycle=[*WEEKLY, FEES]))
    first = carrying.pay({"": {("all", "a", ""): 500}, "fees": {("all", "", "a"): 120}}, {},
                         Span(day("11-29"), day("11-29")))
    assert sides(first) == {("a", ""): 500}
    assert first.left() == [("fees", ("all", "", "a"), 120)]
    second = carrying.pay({"": {("all", "a", ""): 500}}, first.carried,
                          Span(day("11-30"), day("11-30")))
    assert (sides(second), second.left()) == ({("a", ""): 380}, [])
    # A network that has no such cycle any more settles what was carried as all else.
    assert sides(Carrying(model_of()).pay({}, first.carried, Span(day("11-29"), day("11-29")))
                 ) == {("", "a"): 120}


#  members     counterparties    of fees: a to m, b to m, m to a; then a fare, a to b
@pytest.mark.parametrize(("who", "fits"), [
    ({}, [True, True, True, False]),
    ({"members": ["a"]}, [True, False, True, False]),
    ({"members": ["m"], "counterparties": ["b"]}, [False, True, False, False]),
])
def test_flows_go_to_the_first_cycle_that_is_for_their_causes(who: dict[str, Any],
                                                              fits: list[bool]) -> None:
    flows = np.zeros(4, FLOW)
    flows["debtor"], flows["creditor"] = [1, 2, 3, 1], [3, 3, 1, 2]
    flows["cause"] = [Cause.CLEARING_FEE] * 3 + [Cause.FARE]
    found = flows_by_cycle(flows, {"a": 1, "b": 2, "m": 3}, model_of(settlement_cycle=[
        {**FEES, **who}, {**FEES, "settlement_cycle": "again"}]))
    assert found["fees"].tolist() == flows[fits].tolist()
    assert sum(map(len, found.values())) == 4
    assert [int(cause) for cause in found[""]["cause"]] == [Cause.FARE]


@pytest.mark.parametrize(("last", "since"), [("12-01", "11-25"), ("11-30", "10-26")])
def test_the_month_before_counts_from_its_last_week(last: str, since: str) -> None:
    assert first_day_carried(day(last)) == day(since)
