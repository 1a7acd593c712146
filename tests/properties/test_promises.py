"""The plain engine keeps the promises of clearing, whatever network and taps are drawn."""

from __future__ import annotations

import datetime
import random
from collections import Counter, defaultdict

from hypothesis import HealthCheck, given, settings

from clearing.reference.engine import clear
from clearing.reference.positions import net
from clearing.reference.results import Result
from clearing.reference.state import State
from clearing.reference.taps import CLASS_OF, EVENT, Tap
from tests.properties.strategies import Case, cases, replay
from tests.reference.plain import explain_card

drawn = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def list_taps(case: Case) -> list[Tap]:
    """Every tap of every run, in its place."""
    return [tap for files in case.list_files() for file in files for tap in file.taps]


@drawn
@given(cases())
def test_every_record_ends_once(case: Case) -> None:
    results = replay(case)
    refused = Counter((file, line) for result in results for _, file, line in result.refusals)
    ends = refused.copy()
    ends += Counter(tap.place for result in results for ride in result.rides for tap in ride.taps)
    ends += Counter(tap.place for tap in results[-1].carried)
    events = {tap.place for tap in list_taps(case) if CLASS_OF[tap.kind] == EVENT}
    ends += Counter(events - set(refused))
    assert ends == Counter(tap.place for tap in list_taps(case))


@drawn
@given(cases())
def test_money_adds_up(case: Case) -> None:
    for result in replay(case):
        for entry in result.entries:
            charge = entry.charge
            fare, *discounts = charge.legs
            shares = sum(leg.amount for leg in discounts)
            assert charge.due == charge.price + shares
            assert (fare.cause, fare.amount) == ("fare", charge.paid)
            assert charge.paid + shares == charge.due + charge.variance == entry.gross
            assert entry.gross == entry.net + sum(leg.amount for leg in entry.fees)
            assert 0 <= charge.price <= charge.due
            assert all(leg.amount > 0 for leg in (*discounts, *entry.fees))
            assert len(discounts) <= 4


@drawn
@given(cases())
def test_positions_add_up_to_nothing(case: Case) -> None:
    sums: defaultdict[tuple[datetime.date, str], int] = defaultdict(int)
    for result in replay(case):
        for (window, level, _), amount in net(result.flows, case.world).items():
            sums[window, level] += amount
    assert set(sums.values()) <= {0}


@drawn
@given(cases(runs=1))
def test_order_of_records_decides_nothing(case: Case) -> None:
    taps = list_taps(case)
    shuffled = random.Random(0).sample(taps, len(taps))
    assert rows(clear(case.world, taps, State())) == rows(clear(case.world, shuffled, State()))


def rows(result: Result) -> dict[str, list[tuple[object, ...]]]:
    """Everything about a result that two engines must agree on."""
    return result.rows()


@drawn
@given(cases(runs=1))
def test_explanations_agree_with_the_ledger(case: Case) -> None:
    taps = list_taps(case)
    result = clear(case.world, taps, State())
    explained = [priced for card in sorted({tap.card for tap in taps})
                 for priced in explain_card(case.world, taps, State(), card)]
    assert [one.charge for one in explained if one.charge is not None] == result.charges
    assert [one.ride for one in explained if one.charge is None] == result.refused_rides


@drawn
@given(cases())
def test_no_record_is_accepted_twice(case: Case) -> None:
    state = replay(case)[-1].state
    again = clear(case.world, list_taps(case), state)
    twice = {tap.identity for ride in again.rides for tap in ride.taps if not tap.carried}
    assert not twice & set(state.accepted)
