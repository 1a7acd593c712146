"""Both engines hold the same grey records, and settle them by the same, whenever they come."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.reference.grey import GREY_TAC, is_grey
from clearing.reference.taps import Tap
from tests.properties.choices import Choices, made
from tests.properties.strategies import Case, fixed_cases, make_case, replay
from tests.properties.test_engines_agree import check_agreement
from tests.properties.test_promises import check_closed_add_up

CASES = 40
drawn = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def greyed(case: Case) -> Case:
    """The case with grey records whose debits most of the records behind them show."""
    return replace(case, runs=[[list(map(_grey, taps)) for taps in files] for files in case.runs])


def _grey(tap: Tap) -> Tap:
    """By the counter, so that copies of a record say the same."""
    paid = tap.paid if tap.paid is None or tap.paid <= 0 else 100
    shown = 10_000 - 100 * tap.card_seq + (tap.card_seq % 5 == 0)
    return replace(tap, paid=paid, tac="" if tap.card_seq % 4 == 3 else GREY_TAC,
                   balance_before=None if tap.card_seq % 7 == 0 else shown)


def make_greyed(draw: Choices) -> Case:
    return greyed(make_case(draw, runs=4, late=True, cards=2, registered=draw.flip()))


@pytest.mark.kernels
@drawn
@given(made(make_greyed))
def test_both_engines_hold_the_same(case: Case) -> None:
    check_agreement(case, threads=1)


@pytest.mark.kernels
def test_records_are_held_and_shown() -> None:
    met = Counter[bool]()
    for case in map(greyed, fixed_cases(CASES, late=True)):
        check_agreement(case, threads=1)
        for entry in replay(case)[-1].state.entries:
            if any(map(is_grey, entry.ride.taps)):
                met[any(leg.cause == "grey_record" for leg in entry.fees)] += 1
    assert min(met[True], met[False]) > CASES // 4, met


@drawn
@given(made(make_greyed), st.data())
def test_neither_arrival_nor_closing_decides_anything(case: Case, data: st.DataObject) -> None:
    """What a window was closed with, and what was made good later, add up."""
    check_closed_add_up(case, data)
