"""What comes late changes an open window, and never a closed one: that is made good in the next."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from clearing.reference.changes import compare
from clearing.reference.engine import close
from clearing.reference.flows import add_up
from clearing.reference.results import Entry, Result
from clearing.reference.state import State
from tests.reference.town import make_table, make_tap, make_world, ride_metro, run, states

MAY_3, MAY_4, MAY_5, MAY_6 = (datetime.date(2026, 5, day) for day in (3, 4, 5, 6))
# The second bus within the hour costs 1.00 less, and a day costs at most 3.50.
FUNDERS = [{"funder": "operator"}]
WORLD = make_world(
    make_table(
        transfer=[{"rule": "t", "funders": FUNDERS, "within_s": 3600, "credit": 100}],
        cap=[{"rule": "cap", "funders": FUNDERS, "accumulator": "day", "amount": 350}],
        counts_to=["day"]),
    make_table("metro", fare={"rule": "f", "basis": "distance", "missing_out": 900,
                              "bands": [{"to_m": 9000, "amount": 500}]}),
    accumulator=[{"accumulator": "day", "period": "day"}])
EARLY, LATE = (make_tap("single", f"05-04 08:{seq}0:00", seq=seq, line=str(seq)) for seq in (1, 2))
AFTER = make_tap("single", "05-05 08:00:00", seq=3)


def figures(entries: list[Entry]) -> list[tuple[int, int, datetime.date]]:
    """Which ride, what was paid, and in which window."""
    return [(entry.ride.card_seq, entry.charge.paid, entry.window) for entry in entries]


def settle(through: datetime.date, *runs: Result) -> Result:
    """The days closed after the last of some runs."""
    return close(WORLD, runs[-1].state, through)


def owed(*results: Result) -> dict[datetime.date, int]:
    """What the issuer owes the bus over some runs, by window."""
    sums: dict[datetime.date, int] = {}
    for result in results:
        for (window, debtor, creditor, _), (amount, _) in result.flows.items():
            assert (debtor, creditor) == ("yct", "bus")
            sums[window] = sums.get(window, 0) + amount
    return sums


def test_a_run_without_news_changes_nothing() -> None:
    first = run(WORLD, EARLY, LATE, *ride_metro("a", "b", seq=8))
    again = run(WORLD, state=first.state)
    assert (again.entries, again.reversals, again.refusals, again.flows) == ([], [], [], {})
    assert again.state == first.state


def test_what_stays_the_same_is_not_entered_again() -> None:
    first = run(WORLD, EARLY)
    second = run(WORLD, LATE, AFTER, state=first.state)
    assert second.reversals == []
    assert figures(second.entries) == [(2, 100, MAY_4), (3, 200, MAY_5)]


def test_a_late_record_of_an_open_window_changes_it() -> None:
    first = run(WORLD, LATE)
    second = run(WORLD, EARLY, state=first.state)
    assert figures(second.reversals) == [(2, 200, MAY_4)]
    assert figures(second.entries) == [(1, 200, MAY_4), (2, 100, MAY_4)]
    assert second.state.entries == run(WORLD, EARLY, LATE).state.entries
    assert owed(first, second) == {MAY_4: 300}


@pytest.mark.parametrize(("through", "window"), [(MAY_3, MAY_4), (MAY_4, MAY_5), (MAY_5, MAY_6)])
def test_a_late_record_of_a_closed_window_is_made_good_in_the_first_open_one(
    through: datetime.date, window: datetime.date
) -> None:
    first = run(WORLD, LATE)
    closed = settle(through, first)
    second = run(WORLD, EARLY, state=closed.state)
    assert figures(second.reversals) == [(2, 200, window)]
    assert figures(second.entries) == [(1, 200, window), (2, 100, window)]
    assert owed(first) == {MAY_4: 200}
    assert sum(owed(first, second).values()) == 300
    # What was made good can be wrong, too: a third record, and a day later.
    settled = settle(window, second)
    third = run(WORLD, make_tap("single", "05-04 07:55:00", seq=0, line="0"), state=settled.state)
    following = window + datetime.timedelta(days=1)
    assert figures(third.reversals) == [(1, 200, following), (2, 100, following)]
    assert figures(third.entries) == [(0, 200, following), (1, 100, following), (2, 50, following)]
    assert sum(owed(first, second, third).values()) == 350


def test_a_late_record_leaves_what_costs_the_same_in_its_window() -> None:
    first = run(WORLD, EARLY, AFTER)
    second = run(WORLD, LATE, state=settle(MAY_4, first).state)
    assert (second.reversals, figures(second.entries)) == ([], [(2, 100, MAY_5)])
    assert figures(list(second.state.entries)) == [(1, 200, MAY_4), (2, 100, MAY_5),
                                                   (3, 200, MAY_5)]


def test_an_exit_after_its_window_was_closed() -> None:
    way_in, way_out = ride_metro("a", "b")
    first = run(WORLD, way_in)
    closed = settle(MAY_4, first)
    assert [(one.ride.state, one.charge.paid, one.window) for one in closed.entries] == [
        ("MISSING_OUT", 900, MAY_4)]
    second = run(WORLD, way_out, state=closed.state)
    assert [(one.ride.state, one.charge.paid, one.window) for one in second.reversals] == [
        ("MISSING_OUT", 900, MAY_5)]
    assert [(one.ride.state, one.charge.paid, one.window) for one in second.entries] == [
        ("COMPLETE", 500, MAY_5)]
    assert (first.flows, closed.flows, second.flows) == (
        {}, {(MAY_4, "yct", "metro", "fare"): (900, 1)},
        {(MAY_5, "yct", "metro", "fare"): (-400, 0)})


def test_a_late_boarding_takes_a_ride_apart() -> None:
    first = run(WORLD, *ride_metro("a", "b"))
    second = run(WORLD, make_tap("single", "05-04 08:10:00", seq=9), state=first.state)
    assert states(second) == ["MISSING_OUT", "SINGLE_TAP", "MISSING_IN"]
    assert second.reversals == first.entries


def test_a_conflict_after_its_window_was_closed() -> None:
    first = run(WORLD, EARLY, LATE)
    closed = settle(MAY_4, first)
    second = run(WORLD, make_tap("single", "05-04 08:10:00", "b", seq=1, file=2),
                 state=closed.state)
    assert [code for code, *_ in second.refusals] == ["CONFLICT"] * 2
    assert figures(second.reversals) == [(1, 200, MAY_5), (2, 100, MAY_5)]
    assert figures(second.entries) == [(2, 200, MAY_5)]
    assert owed(first, closed, second) == {MAY_4: 300, MAY_5: -100}


def test_a_ride_that_turns_out_to_have_no_fare() -> None:
    """Its records were accepted when they came; who sent them is told by their old places."""
    # e is on its own: there is no way to it. Without an exit it is 9.00.
    way_in, way_out = ride_metro("a", "e", seq=4, at="05-04 09:00:00")
    first = run(WORLD, way_in, EARLY)
    closed = settle(MAY_4, first)
    assert [one.charge.paid for one in closed.entries] == [900]
    second = run(WORLD, way_out, state=closed.state)
    assert second.refusals == [("NO_FARE", 1, 5), ("NO_FARE", 1, 6)]
    assert (figures(second.reversals), second.entries) == ([(4, 900, MAY_5)], [])
    assert second.state.memories == first.state.memories


def test_closing_changes_nothing_but_open_rides() -> None:
    first = run(WORLD, EARLY, LATE, AFTER)
    for through in (MAY_3, MAY_4, MAY_6):
        closed = settle(through, first)
        assert (closed.entries, closed.reversals, closed.flows) == ([], [], {})
        assert closed.state.entries == first.state.entries


def test_another_copy_of_a_record_is_no_change() -> None:
    """Who sent a record first is not what an entry says; neither is the window it is in."""
    ledger = run(WORLD, EARLY).entries
    made = run(WORLD, make_tap("single", "05-04 08:10:00", seq=1, line="1", file=7),
               state=State(closed_through=MAY_4)).entries
    assert ledger != made
    assert compare(ledger, made, MAY_4) == (ledger, [], [])


def test_flows_of_what_was_taken_back_come_to_nothing() -> None:
    entries = run(WORLD, EARLY, LATE, AFTER).entries
    assert add_up(entries, entries) == {}
    assert add_up([], entries) == {key: (-amount, -rides)
                                   for key, (amount, rides) in add_up(entries).items()}


def test_a_line_of_another_operator_is_another_line() -> None:
    way_in, way_out = ride_metro("a", "b")
    first = run(WORLD, way_in, way_out)
    entry = first.entries[0]
    ride = replace(entry.ride, line="1", line_operator="metro")
    other = replace(entry, ride=replace(ride, line_operator="bus"))
    assert compare([replace(entry, ride=ride)], [other], None) == (
        [other], [other], [replace(entry, ride=ride)])
