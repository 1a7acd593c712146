"""Payments add up to the positions of their windows, and each has a name of its own."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from network.errors import OnecardError
from network.money import Currency
from settlement.instructions import Instruction
from settlement.payments import (
    REFERENCE,
    SUM_MOST,
    Account,
    OpenPosition,
    make_payments,
    reference_of,
)

YUAN = Currency("yuan", "fen", 2, "CNY")
DAY = datetime.date(2024, 11, 26)
KEY = "0123456789"


def account_of(member: str | None) -> Account:
    return Account("102100099996", f"6222-{member}", f"name of {member}")


def open_positions(nets: dict[int, Sequence[int]]) -> list[OpenPosition]:
    """By window what each member gets or pays; the last member makes up for the others."""
    return [OpenPosition(window, one, "")
            for window, parts in nets.items()
            for number, net in enumerate([*parts, -sum(parts)]) if net
            for one in [Instruction(f"m{number}", "receives" if net > 0 else "pays", abs(net))]]


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(st.integers(1, 40_000), st.lists(st.integers(-10**9, 10**9), max_size=8),
                       max_size=5))
def test_payments_add_up_to_positions(nets: dict[int, Sequence[int]]) -> None:
    payments = make_payments(7, KEY, open_positions(nets), DAY, YUAN, account_of)
    moved: dict[tuple[int, str], int] = {}
    for one in payments:
        assert one.amount > 0
        assert (one.window, one.member) not in moved
        moved[one.window, one.member] = one.amount if one.action == "receives" else -one.amount
        member, own = account_of(one.member), account_of(None)
        assert (one.payer, one.payee) == (
            (own, member) if one.action == "receives" else (member, own))
    for window, parts in nets.items():
        expected = {f"m{number}": net for number, net in enumerate([*parts, -sum(parts)]) if net}
        assert {member: net for (day, member), net in moved.items() if day == window} == expected
    assert sum(moved.values()) == 0
    assert [one.action for one in payments] == sorted(one.action for one in payments)
    assert [one.payment for one in payments] == list(range(1, len(payments) + 1))
    assert len({one.reference for one in payments}) == len(payments)


@pytest.mark.parametrize(("batch", "payment"), [(1, 1), (999_999_999, 999_999_999), (12, None)])
def test_a_reference_names_its_batch_and_payment(batch: int, payment: int | None) -> None:
    name = reference_of(KEY, batch, payment)
    assert len(name) <= 35
    found = REFERENCE.fullmatch(name)
    assert found is not None
    assert (int(found[1]), found[2] and int(found[2])) == (batch, payment)


def test_a_sum_that_no_message_can_hold_is_refused() -> None:
    half = Instruction("a", "pays", SUM_MOST // 2)
    two = [OpenPosition(1, half, ""), OpenPosition(2, half, "")]
    with pytest.raises(OnecardError, match="the payments come to"):
        make_payments(1, KEY, two, DAY, YUAN, account_of)
    assert len(make_payments(1, KEY, two[:1], DAY, YUAN, account_of)) == 1


def test_members_that_pay_each_other_need_no_settlement_account() -> None:
    def no_settlement_account(member: str | None) -> Account:
        assert member is not None
        return account_of(member)

    both = [OpenPosition(1, Instruction("a", "pays", 5, "b", "gross"), ""),
            OpenPosition(1, Instruction("b", "pays", 7, "a", "gross"), "")]
    payments = make_payments(1, KEY, both, DAY, YUAN, no_settlement_account)
    assert [(one.payer.account, one.payee.account, one.amount) for one in payments] == [
        ("6222-a", "6222-b", 5), ("6222-b", "6222-a", 7)]
    assert len({one.position for one in payments}) == 2
