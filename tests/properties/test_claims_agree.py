"""Both engines hold the same claims back, and let the same ones go, whatever is decided."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import pytest

from clearing.reference.results import Result
from fare_tables.model import ClaimLimit
from tests.properties.strategies import Case, Tap, fixed_cases, replay
from tests.properties.test_engines_agree import check_agreement

CASES = 60
LIMITS = [ClaimLimit(modes=["metro"], amount_most=400, overdraft_most=100),
          ClaimLimit(media=["card"], variance_most=120),
          ClaimLimit(amount_most=250, variance_most=0)]
REASONS = {"wrong_time": "released", "other": "rejected"}


def doubting(case: Case) -> Case:
    """The case with limits in its tables; some of its records are released or rejected, too."""
    for table in case.world.tables:
        table.claim_limit = LIMITS
    runs = [[[replace(tap, correction_reason=REASONS[tap.correction_reason])
              if tap.revision else tap for tap in taps] for taps in files] for files in case.runs]
    plain = [tap for files in case.runs for taps in files for tap in taps if not tap.revision]
    runs[-1][0] += list(decisions_of(plain))
    return replace(case, runs=runs)


def decisions_of(taps: list[Tap]) -> Iterator[Tap]:
    for number, tap in enumerate(taps):
        decided = replace(tap, correction="replace", revision=1, authority="K1")
        if number % 3 == 0:
            yield replace(decided, correction_reason="released")
        elif number % 3 == 1 and (tap.due or 0) >= 0:       # what gives back claims nothing
            yield replace(decided, correction_reason="rejected", paid=None)


@pytest.mark.kernels
def test_both_engines_doubt_the_same() -> None:
    seen: set[tuple[bool, str]] = set()
    for case in map(doubting, islice(fixed_cases(CASES, chains=True), CASES)):
        check_agreement(case, threads=1, decides_claims=True)
        seen |= outcomes_of(replay(case))
    assert seen == {(held, why) for held in (True, False) for why in ("", "released", "rejected")}


def outcomes_of(results: list[Result]) -> set[tuple[bool, str]]:
    """Whether entries are held, and what was decided of one of their taps."""
    return {(entry.charge.held,
             next((tap.correction_reason for tap in entry.ride.taps if tap.revision), ""))
            for result in results for entry in result.entries}
