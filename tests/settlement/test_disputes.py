"""Whatever members do in a dispute, in whatever order: what is held is given back, nothing more."""

from __future__ import annotations

import datetime
from collections import Counter
from typing import cast

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ext.codes import Cause
from network.model import DisputeTerms
from network.money import Currency
from settlement.bank_days import BankDays
from settlement.disputes import (
    OVER,
    STEPS,
    Dispute,
    Refused,
    Rules,
    Step,
    open_dispute,
    postings_of,
    take_step,
)

DAY = datetime.date(2024, 11, 25)
OWED = 171


class EveryDay:
    """A bank that never rests."""

    def after(self, day: datetime.date, bank_days: int, _: object) -> datetime.date:
        return day + datetime.timedelta(bank_days)


def rules_of(weights: list[int]) -> Rules:
    bearers = ["operator", "claimant", "centre", "bureau"]
    terms = msgspec.convert({
        "dispute_terms": "t", "centre": "centre", "open_days": 9, "answer_days": 3,
        "borne_by": [{"bearer": bearer, "weight": weight}
                     for bearer, weight in zip(bearers, weights, strict=False)]}, DisputeTerms)
    return Rules(terms, cast(BankDays, EveryDay()), Currency("yuan", "fen", 2), datetime.date.max)


STEP = st.builds(
    Step, st.sampled_from(STEPS), st.sampled_from(["bus", "card", "centre", "other"]),
    st.integers(0, 12).map(lambda days: DAY + datetime.timedelta(days)),
    st.none() | st.integers(-1, OWED + 1), st.just("why"))


@given(st.lists(st.integers(1, 100), min_size=1, max_size=4), st.lists(STEP, max_size=30))
def test_what_is_held_is_given_back_and_no_more_is_awarded(weights: list[int], steps: list[Step]
                                                           ) -> None:
    rules, dispute = rules_of(weights), None
    held, net = 0, Counter[str]()
    for step in sorted(steps, key=lambda one: one.on):
        before: Dispute | None = dispute
        try:
            dispute = take_step(before, step, rules) if before else open_dispute(
                step, "bus", OWED if step.by == "card" else 0, DAY, rules)
        except Refused:
            continue
        for one in postings_of(before, dispute, rules.terms):
            held += one.amount * (one.cause == Cause.DISPUTE_HELD)
            net[one.debtor] -= one.amount
            net[one.creditor] += one.amount
        assert held == dispute.held <= dispute.amount <= OWED
        assert (dispute.asked == "") == (dispute.state in OVER)
        assert not (before and before.state in OVER), "what is over stays so"
    assert sum(net.values()) == 0
    if dispute is not None and dispute.state in OVER:
        assert held == 0
        # The claimant gets what is awarded less its own part; others bear theirs, rounded once.
        assert 0 <= net["card"] <= dispute.awarded <= dispute.amount
        assert len(weights) > 1 or net == Counter(
            {"card": dispute.awarded, "bus": -dispute.awarded}) or dispute.awarded == 0
