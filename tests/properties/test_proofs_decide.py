"""Of two operators that claim one counter of a card, the one whose code is right has it.

Whoever came first, in whatever runs, and whatever the other says: its records stand as if nobody
else had sent any.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.intake.proof import Bytes
from clearing.reference.engine import clear
from clearing.reference.state import State
from clearing.reference.taps import Identity, Tap
from tests.properties.days import RIGHT_CODE
from tests.properties.strategies import Case, cases, fixed_cases, replay
from tests.properties.test_engines_agree import check_agreement
from tests.properties.test_promises import RUNS, add_up, arrive, draw_runs, list_taps, standing

drawn = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


class AnyKey:
    """A key of every issuer, by which one code is right for everything."""

    def find(self, issuer: str, version: int, algorithm: int) -> int | None:
        return 1

    def compute(self, key: int, serials: Bytes, messages: Bytes, types: Sequence[int]
                ) -> npt.NDArray[np.uint32]:
        return np.full((len(types), len(messages)), int(RIGHT_CODE, 16), np.uint32)


@pytest.mark.kernels
@drawn
@given(cases(runs=5, late=True, cards=2, rivals=True))
def test_both_engines_agree_on_whose_a_record_is(case: Case) -> None:
    check_agreement(case, threads=1, keys=AnyKey())


def test_rivals_are_met() -> None:
    """Cases have all that the others of these tests are about."""
    codes = {refusal.code for case in fixed_cases(40, runs=5, late=True, rivals=True)
             for result in replay(case) for refusal in result.refusals}
    assert {"UNPROVEN_RECORD", "CONTESTED", "CONFLICT", "FOREIGN_RECORD", "CORRECTED"} <= codes


@drawn
@given(cases(rivals=True), st.data())
def test_who_came_first_decides_nothing(case: Case, data: st.DataObject) -> None:
    one = clear(case.world, list_taps(case), State())
    results = arrive(case, draw_runs(data, case), [None] * RUNS)
    assert standing(results[-1], windows=True) == standing(one, windows=True)
    assert add_up(results, windows=True) == add_up([one], windows=True)


@drawn
@given(cases(rivals=True))
def test_who_is_proven_loses_nothing_by_others(case: Case) -> None:
    """A counter that one operator alone has proven is what it would be without all others."""
    taps = list_taps(case)
    provers: defaultdict[Identity, set[str]] = defaultdict(set)
    for tap in taps:
        if tap.is_proven:
            provers[tap.identity].add(tap.operator)

    def counts(tap: Tap) -> bool:
        own = provers[tap.identity]
        return len(own) != 1 or tap.operator in own

    everything = clear(case.world, taps, State())
    alone = clear(case.world, [tap for tap in taps if counts(tap)], State())
    assert standing(everything, windows=True) == standing(alone, windows=True)
    refused = {(one.file, one.line) for one in everything.refusals
               if one.code == "UNPROVEN_RECORD"}
    assert refused == {tap.place for tap in taps if not counts(tap)}


@drawn
@given(cases(rivals=True))
def test_nobody_has_a_contested_counter_by_his_own_word(case: Case) -> None:
    """Whoever is paid for one has a proof that nobody else has, or was given it by another."""
    groups: defaultdict[Identity, list[Tap]] = defaultdict(list)
    for tap in list_taps(case):
        groups[tap.identity].append(tap)
    for entry in clear(case.world, list_taps(case), State()).entries:
        for tap in entry.ride.taps:
            group = groups[tap.identity]
            first = {one.operator for one in group if one.revision == 0}
            proven = {one.operator for one in group if one.is_proven}
            assert len(first) < 2 or proven == {tap.operator} or any(
                one.operator == tap.operator and one.authority not in ("", tap.operator)
                for one in group)
