"""Both engines stop the same cards, let the same riders out, and neither by when records came."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.reference.engine import clear
from clearing.reference.register import stopped_by_register
from clearing.reference.state import State
from tests.properties.choices import Choices, made
from tests.properties.lists import listing, stop
from tests.properties.strategies import Case, fixed_cases, make_case, replay
from tests.properties.test_engines_agree import check_agreement
from tests.properties.test_grey_records_agree import greyed
from tests.properties.test_promises import RUNS, arrive, draw_runs, list_taps, standing

CASES = 40
drawn = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def with_lists(case: Case, draw: Choices) -> Case:
    taps = [tap for files in case.runs for taps in files for tap in taps]
    return replace(case, world=listing(draw, case.world, taps))


def make_listed(draw: Choices) -> Case:
    """With grey records among them: a stopped exit can be one."""
    return with_lists(greyed(make_case(draw, runs=4, late=True, cards=2)), draw)


@pytest.mark.kernels
@drawn
@given(made(make_listed))
def test_both_engines_stop_the_same(case: Case) -> None:
    check_agreement(case, threads=1)


def test_exits_are_stopped_and_let_out() -> None:
    """Cases have all that the others of these tests are about."""
    met = Counter[str]()
    for number, case in enumerate(fixed_cases(CASES, late=True, cards=2)):
        results = replay(with_lists(case, Choices(lambda below, n=number: n % below)))
        met.update(refusal.code for result in results for refusal in result.refusals)
        met.update("let out" for entry in results[-1].state.entries for tap in entry.ride.taps
                   if tap.stopped)
    assert min(met[what] for what in ("CARD_DENIED", "ISSUER_NOT_ADMITTED", "let out")) > 0, met


def test_cards_are_stopped_by_their_register() -> None:
    """Cases with registers have all that is asked of these; both engines agree of such cases."""
    met = Counter[str]()
    for case in fixed_cases(CASES, late=True, cards=2, registered=True, crowded=True):
        results = replay(case)
        met.update(refusal.code for result in results for refusal in result.refusals)
        met.update("let out" for entry in results[-1].state.entries for tap in entry.ride.taps
                   if tap.kind == "out" and stopped_by_register(case.world, tap))
    assert min(met[what] for what in ("CARD_NOT_ACTIVE", "CARD_EXPIRED", "let out")) > 0, met


@drawn
@given(made(make_listed), st.data())
def test_who_came_first_decides_nothing(case: Case, data: st.DataObject) -> None:
    taps, _ = stop(case.world, list_taps(case))
    one = clear(case.world, taps, State())
    passed = {tap.place: tap for tap in taps}
    runs = [[passed[tap.place] for tap in run if tap.place in passed]
            for run in draw_runs(data, case)]
    results = arrive(case, runs, [None] * RUNS)
    assert standing(results[-1], windows=True) == standing(one, windows=True)
