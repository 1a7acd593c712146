"""The plain engine keeps the promises of clearing, whatever network and taps are drawn."""

from __future__ import annotations

import datetime
import random
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clearing.reference.calendar import service_day
from clearing.reference.engine import clear, close, list_rides
from clearing.reference.identity import sift
from clearing.reference.positions import net
from clearing.reference.results import Entry, Refusal, Result, Row
from clearing.reference.state import State
from clearing.reference.taps import CLASS_OF, EVENT, Tap
from tests.properties.strategies import Case, cases, fill, replay
from tests.reference.plain import explain_card

drawn = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
RUNS = 5
WHY_HELD = ("no_agreement", "agreements_overlap", "grey_record")      # causes of legs of 0

Amounts = dict[tuple[object, ...], tuple[int, int]]


def list_taps(case: Case) -> list[Tap]:
    """Every tap of every run, in its place, as decoding makes it."""
    return [fill(case.world, tap)
            for files in case.list_files() for file in files for tap in file.taps]


@drawn
@given(cases(), st.data())
def test_it_does_not_matter_when_a_record_arrives(case: Case, data: st.DataObject) -> None:
    """While nothing is closed, the ledger is that of one run over everything, window by window."""
    one = clear(case.world, list_taps(case), State())
    results = arrive(case, draw_runs(data, case), [None] * RUNS)
    last = results[-1]
    assert standing(last, windows=True) == standing(one, windows=True)
    assert add_up(results, windows=True) == add_up([one], windows=True)
    check_same_ends(last, one)


@drawn
@given(cases(), st.data())
def test_closed_windows_and_what_is_made_good_later_add_up(
    case: Case, data: st.DataObject
) -> None:
    """To the minor unit, for every two members and every cause, whatever was closed and when."""
    results, everything = check_closed_add_up(case, data)
    check_same_ends(results[-1], everything[-1])
    # What was made good is in no later window than the first open one.
    through = results[-1].state.closed_through
    if through is not None:
        after = through + datetime.timedelta(days=1)
        assert since(after, add_up(results, windows=True)) == since(
            after, add_up(everything, windows=True))


@drawn
@given(st.one_of(cases(), cases(runs=RUNS, late=True)))
def test_a_closed_window_stays_as_it_is(case: Case) -> None:
    closed = datetime.date.min
    for result in replay(case):
        posted = {entry.window for entry in (*result.entries, *result.reversals)}
        posted |= {window for window, *_ in result.flows}
        assert all(window > closed for window in posted)
        closed = result.state.closed_through or closed


@drawn
@given(st.one_of(cases(), cases(runs=RUNS, late=True)))
def test_what_stands_is_what_was_entered_and_not_taken_back(case: Case) -> None:
    ledger: Counter[Row] = Counter()
    for result in replay(case):
        taken = Counter(figures(entry) for entry in result.reversals)
        assert taken <= ledger
        ledger += Counter(figures(entry) for entry in result.entries)
        ledger -= taken
        assert ledger == Counter(figures(entry) for entry in result.state.entries)


@drawn
@given(st.one_of(cases(), cases(runs=RUNS, late=True)))
def test_every_record_ends_once(case: Case) -> None:
    results = replay(case)
    last = results[-1]
    kept, refusals = sift(last.state.received, [])
    told = [refusal for result in results for refusal in result.refusals]
    received = {tap.place for tap in last.state.received}
    duplicates = [tuple(place) for _, *place in told if tuple(place) not in received]
    refused = [tuple(place) for _, *place in refusals]
    refused += [place for ride in last.refused_rides for tap in ride.taps for place in tap.places]
    ends = Counter([*duplicates, *refused])
    # An entry stays where a correction changes nothing that it says; it is the correction's then.
    places_now = {tap.identity: tap.places for tap in kept}
    ends += Counter(place for entry in last.state.entries for tap in entry.ride.taps
                    for place in places_now[tap.identity])
    ends += Counter(place for tap in last.still_open for place in tap.places)
    listed = list_rides(case.world, kept, last.state.closed_through)
    ends += Counter(place for ride, refund in listed.taken_back
                    for tap in (*ride.taps, refund) for place in tap.places)
    ends += Counter(place for refund in listed.alone for place in refund.places)
    ends += Counter(place for tap in kept if CLASS_OF[tap.kind] == EVENT for place in tap.places)
    foreign = {tuple(place) for code, *place in refusals if code == "FOREIGN_RECORD"}
    own = [tap for tap in last.state.received if tap.place not in foreign]
    ends += Counter(corrected_or_taking_back(own, set(refused), set(ends)))
    assert ends == Counter(tap.place for tap in list_taps(case))
    # Who sent a record that is refused is told so, and once.
    told_places = Counter(tuple(place) for _, *place in told)
    assert set(told_places.values()) <= {1}
    assert told_places.keys() >= set(refused)


def corrected_or_taking_back(received: Iterable[Tap], refused: set[tuple[int, ...]],
                             paired: set[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """The places of records that a correction stands for, and of what says that there was none."""
    received = list(received)
    highest: defaultdict[object, int] = defaultdict(int)
    for tap in received:
        highest[tap.identity] = max(highest[tap.identity], tap.revision)
    backs = {(tap.identity, tap.revision) for tap in received
             if tap.gives_back or tap.charges_nothing}
    return [tap.place for tap in received if tap.place not in refused | paired
            and (tap.revision < highest[tap.identity] or tap.correction == "cancel"
                 or (tap.identity, tap.revision) in backs)]


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
            assert (charge.paid + shares == entry.gross
                    == charge.due + charge.variance - charge.uncollected)
            assert charge.uncollected in (0, charge.price) and charge.paid >= 0
            assert charge.uncollected == 0 or (charge.paid, charge.variance) == (0, 0)
            assert entry.gross == entry.net + sum(leg.amount for leg in entry.fees)
            assert 0 <= charge.price <= charge.due
            assert all(leg.amount > 0 for leg in (*discounts, *entry.fees)
                       if leg.cause not in WHY_HELD)
            assert all((leg.amount, charge.held) == (0, True) for leg in entry.fees
                       if leg.cause in WHY_HELD)
            assert len(discounts) <= 4


@drawn
@given(st.one_of(cases(), cases(runs=RUNS, late=True)))
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


@drawn
@given(cases(runs=1))
def test_explanations_agree_with_the_ledger(case: Case) -> None:
    taps = list_taps(case)
    result = clear(case.world, taps, State())
    explained = [priced for card in sorted({tap.card for tap in taps})
                 for priced in explain_card(case.world, taps, State(), card)]
    # What its agreements have to do with a ride is known when it is entered.
    charges = [replace(charge, held=True) if any(leg.cause in WHY_HELD for leg in entry.fees)
               else charge for charge, entry in zip(
                   [one.charge for one in explained if one.charge is not None], result.entries,
                   strict=True)]
    assert charges == result.charges
    assert [one.ride for one in explained if one.charge is None] == result.refused_rides


@drawn
@given(st.one_of(cases(registered=True), cases(), cases(runs=RUNS, late=True)))
def test_no_record_is_accepted_twice(case: Case) -> None:
    """Every file again, under other numbers: all of it is refused, and the ledger is as it was."""
    state = replay(case)[-1].state
    taps = [replace(tap, file=tap.file + 1000) for tap in list_taps(case)]
    again = clear(case.world, taps, state)
    assert (again.entries, again.reversals, again.flows) == ([], [], {})
    assert {refusal.code for refusal in again.refusals} <= {
        "DUPLICATE", "CONFLICT", "CORRECTED", "NO_FARE", "PRICE_OVERFLOW", "FOREIGN_RECORD",
        "REBATE_ALONE", "GIVEN_BACK_IN_PART", "CONTESTED", "CARD_NOT_ACTIVE", "CARD_EXPIRED"}
    # What gave back a part is told that again, and nothing else is.
    assert given_back_in_part(again.refusals, taps) == given_back_in_part(
        sift(state.received, [])[1], state.received)
    assert sorted((one.file, one.line) for one in again.refusals) == sorted(
        tap.place for tap in taps)
    assert again.state.entries == state.entries


def given_back_in_part(refusals: Iterable[Refusal], taps: Iterable[Tap]) -> set[object]:
    """What is refused for giving back a part: of which card, counter and time, copies alike."""
    places = {(one.file, one.line) for one in refusals if one.code == "GIVEN_BACK_IN_PART"}
    refused = [tap for tap in taps if tap.place in places]
    assert all(tap.gives_back for tap in refused)
    return {(tap.card, tap.card_seq, tap.tapped_at) for tap in refused}


def check_closed_add_up(case: Case, data: st.DataObject) -> tuple[list[Result], list[Result]]:
    """Hold windows closed on the way, and what is made good later, to one run over everything.

    Returns what came of each, as it arrived and at once.
    """
    days = sorted({service_day(case.world.model, tap.time) for tap in list_taps(case)})
    closes = [data.draw(st.sampled_from([None, *days]), f"close after run {run}")
              for run in range(1, RUNS + 1)]
    results = arrive(case, draw_runs(data, case), closes)
    through = results[-1].state.closed_through
    everything = [clear(case.world, list_taps(case), State())]
    if through is not None:
        everything.append(close(case.world, everything[0].state, through))
    assert standing(results[-1]) == standing(everything[-1])
    assert add_up(results) == add_up(everything)
    return results, everything


def draw_runs(data: st.DataObject, case: Case) -> list[list[Tap]]:
    """The taps of a case over runs, each in any of them."""
    taps = list_taps(case)
    run_of = data.draw(st.lists(st.integers(0, RUNS - 1), min_size=len(taps), max_size=len(taps)),
                       "run of each tap")
    return [[tap for tap, run in zip(taps, run_of, strict=True) if run == number]
            for number in range(RUNS)]


def arrive(case: Case, runs: list[list[Tap]], closes: list[datetime.date | None]
           ) -> list[Result]:
    """What becomes of runs one after another, with days closed in between."""
    state, results = State(), list[Result]()
    for taps, through in zip(runs, closes, strict=True):
        results.append(clear(case.world, taps, state))
        if through is not None:
            results.append(close(case.world, results[-1].state, through))
        state = results[-1].state
    return results


def figures(entry: Entry) -> Row:
    """All that a ledger keeps of an entry, but for its window and the records it is from.

    What the validator said is due and paid it does not keep: a correction may change that alone.
    """
    row = entry.ride.row()
    return (*row[:-9], *row[-7:-2], *entry.charge.row(), entry.fees)


def standing(result: Result, *, windows: bool = False) -> list[Row]:
    """The entries that stand after a run."""
    return sorted((*figures(entry), entry.window if windows else None)
                  for entry in result.state.entries)


def add_up(results: Iterable[Result], *, windows: bool = False) -> Amounts:
    """Who owes whom for what, and for how many rides, over some runs; by window, or over all."""
    sums: Amounts = {}
    for result in results:
        for (window, *key), (amount, rides) in result.flows.items():
            place = (window if windows else None, *key)
            so_far, rides_so_far = sums.get(place, (0, 0))
            sums[place] = (so_far + amount, rides_so_far + rides)
    return {place: both for place, both in sums.items() if both != (0, 0)}


def since(day: datetime.date, flows: Amounts) -> Amounts:
    """The flows of the windows after a day."""
    return {place: both for place, both in flows.items()
            if isinstance(place[0], datetime.date) and place[0] > day}


def check_same_ends(last: Result, one: Result) -> None:
    """What is open, what cards remember, and what has no fare is the same, too."""
    for name in ("open", "chains", "accumulators"):
        assert rows(last)[name] == rows(one)[name]
    assert [ride.row()[:-2] for ride in last.refused_rides] == [
        ride.row()[:-2] for ride in one.refused_rides]


def rows(result: Result) -> dict[str, list[Row]]:
    """Everything about a result that two engines must agree on."""
    return result.rows()
