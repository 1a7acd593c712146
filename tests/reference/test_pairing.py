"""Every tap ends in exactly one ride, whatever is missing around it."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from clearing.reference.engine import close, list_rides
from clearing.reference.state import State
from clearing.reference.taps import Tap
from tests.reference.town import at, make_table, make_tap, make_world, run, states

WORLD = make_world(make_table(), make_table("metro"), make_table("tram"))


def metro(kind: str, when: str, stop: str, seq: int, **changes: object) -> Tap:
    return make_tap(kind, f"05-04 {when}", stop, seq=seq, **changes)


@pytest.mark.parametrize(("taps", "expected"), [
    pytest.param([("in", "08:00:00", "a"), ("out", "08:20:00", "c")],
                 ["COMPLETE"], id="in and out"),
    pytest.param([("in", "08:00:00", "a"), ("out", "08:00:00", "c")],
                 ["COMPLETE"], id="in and out in one second"),
    pytest.param([("in", "08:00:00", "a"), ("out", "12:00:00", "c")],
                 ["COMPLETE"], id="exactly the ride limit"),
    pytest.param([("in", "08:00:00", "a"), ("out", "12:00:01", "c")],
                 ["MISSING_OUT", "MISSING_IN"], id="a second over the ride limit"),
    pytest.param([("in", "08:00:00", "a"), ("out", "08:20:00", "a")],
                 ["SAME_STATION"], id="in and out at one station"),
    pytest.param([("in", "08:00:00", "a"), ("in", "08:20:00", "c"), ("out", "08:40:00", "d")],
                 ["MISSING_OUT", "COMPLETE"], id="in, in, out"),
    pytest.param([("in", "08:00:00", "a"), ("out", "08:20:00", "c"), ("out", "08:40:00", "d")],
                 ["COMPLETE", "MISSING_IN"], id="in, out, out"),
    pytest.param([("in", "08:00:00", "a"), ("single", "08:20:00", "x"), ("out", "08:40:00", "d")],
                 ["MISSING_OUT", "SINGLE_TAP", "MISSING_IN"], id="a bus while still inside"),
    pytest.param([("in", "08:00:00", "a"), ("top_up", "08:20:00", "a"), ("out", "08:40:00", "d")],
                 ["COMPLETE"], id="a top-up changes nothing"),
    pytest.param([("in", "08:00:00", "a"), ("out", "08:20:00", "c"), ("single", "08:20:00", "x")],
                 ["COMPLETE", "SINGLE_TAP"],
                 id="within a second the counter says what came first"),
    pytest.param([("out", "08:40:00", "d"), ("in", "08:00:00", "a")],
                 ["COMPLETE"], id="order of the file does not matter"),
])
def test_states(taps: list[tuple[str, str, str]], expected: list[str]) -> None:
    result = run(WORLD, *(metro(kind, when, stop, seq)
                          for seq, (kind, when, stop) in enumerate(taps, 1)))
    assert states(result) == expected
    assert result.refusals == []


@pytest.mark.parametrize(("operator", "mode", "expected"), [
    ("tram",  "metro", ["COMPLETE"]),                       # one system, one paid area
    ("bus",   "metro", ["MISSING_OUT", "MISSING_IN"]),      # another system
    ("metro", "bus",   ["MISSING_OUT", "MISSING_IN"]),      # another mode
])
def test_exit_fits_system_and_mode(operator: str, mode: str, expected: list[str]) -> None:
    result = run(WORLD, metro("in", "08:00:00", "a", 1),
                 metro("out", "08:20:00", "c", 2, operator=operator, mode=mode))
    assert states(result) == expected


@pytest.mark.parametrize(("stop", "in_stop", "expected"), [
    ("c", "a", ("COMPLETE", "a", "c", 1200)),
    ("a", "a", ("SAME_STATION", "a", "a", 1200)),
    ("",  "a", ("MISSING_OUT", "a", "", 0)),
])
def test_ride_records(stop: str, in_stop: str, expected: tuple[str, str, str, int]) -> None:
    started = at("05-04 08:00:00")
    result = run(WORLD, metro("ride", "08:20:00", stop, 2, in_stop=in_stop,
                              in_at=started))
    [ride] = result.rides
    lasted_s = ride.ended_at - started if ride.ended_at else 0
    assert (ride.state, ride.from_stop, ride.to_stop, lasted_s) == expected
    assert ride.started_at == started
    assert result.still_open == []


def test_ride_record_closes_an_open_ride() -> None:
    result = run(WORLD, metro("in", "08:00:00", "a", 1),
                 metro("ride", "09:00:00", "c", 2, in_stop="b", in_at=at("05-04 08:30:00")))
    assert states(result) == ["MISSING_OUT", "COMPLETE"]


def test_fields_come_from_the_last_tap_and_blanks_from_the_first() -> None:
    [ride] = run(
        WORLD,
        metro("in", "08:00:00", "a", 1, line="L1", vehicle="V1", due=300,
              paid=100, device="G1", card_kind="student", distance_m=5, operator="tram"),
        metro("out", "08:20:00", "c", 2, vehicle="V2", paid=50, device="G2"),
    ).rides
    assert (ride.own_line, ride.own_vehicle) == (("tram", "L1"), ("metro", "V2"))
    assert (ride.card_seq, ride.device) == (1, "G2")
    assert (ride.card_kind, ride.operator) == ("adult", "metro")
    assert (ride.due, ride.paid, ride.distance_m) == (300, 150, 5)


def test_no_clock_ends_an_open_ride() -> None:
    """Its exit fits whenever it arrives, as long as it was tapped within the ride limit."""
    way_in = metro("in", "08:00:00", "a", 1)
    first = run(WORLD, way_in)
    assert (first.entries, first.still_open) == ([], [way_in])
    # Another card, weeks later; and two stories about one tap.
    other = make_tap("single", "06-01 08:00:00", "x", seq=1, card="5100000000000002")
    second = run(WORLD, other, state=first.state)
    third = run(WORLD, replace(other, stop="y", file=2), state=second.state)
    assert {refusal.code for refusal in third.refusals} == {"CONFLICT"}
    assert (states(second), states(third)) == (["SINGLE_TAP"], [])
    assert third.still_open == [way_in]
    last = run(WORLD, metro("out", "12:00:00", "c", 2), state=third.state)
    assert (states(last), last.still_open) == (["COMPLETE"], [])


def test_an_open_ride_ends_with_its_service_day() -> None:
    way_in = make_tap("in", "05-05 03:59:59", "a", seq=1)
    first = run(WORLD, way_in)
    before = close(WORLD, first.state, datetime.date(2026, 5, 3))
    assert (before.entries, before.still_open) == ([], [way_in])
    after = close(WORLD, before.state, datetime.date(2026, 5, 4))
    assert (states(after), after.still_open) == (["MISSING_OUT"], [])


def test_a_gate_in_of_a_closed_day_is_not_open_any_more() -> None:
    state = State(closed_through=datetime.date(2026, 5, 4))
    alone = run(WORLD, metro("in", "08:00:00", "a", 1), state=state)
    assert (states(alone), alone.still_open) == (["MISSING_OUT"], [])
    both = run(WORLD, metro("in", "08:00:00", "a", 1), metro("out", "08:20:00", "c", 2),
               state=state)
    assert states(both) == ["COMPLETE"]


def test_the_next_boarding_ends_an_open_ride_at_once() -> None:
    first = run(WORLD, metro("in", "08:00:00", "a", 1))
    second = run(WORLD, metro("in", "09:00:00", "c", 2), state=first.state)
    assert (states(second), [tap.stop for tap in second.still_open]) == (["MISSING_OUT"], ["c"])


def test_late_tap_goes_before_an_open_gate_in() -> None:
    first = run(WORLD, metro("in", "08:00:00", "a", 2))
    second = run(WORLD, metro("single", "07:00:00", "x", 1), metro("out", "08:20:00", "c", 3),
                 state=first.state)
    assert states(second) == ["SINGLE_TAP", "COMPLETE"]


def test_service_day_starts_at_four() -> None:
    result = run(WORLD, make_tap("single", "05-05 03:59:59", seq=1),
                 make_tap("single", "05-05 04:00:00", seq=2))
    assert [ride.service_day.isoformat() for ride in result.rides] == ["2026-05-04", "2026-05-05"]


def test_service_day_starts_to_the_second() -> None:
    world = make_world(day_starts_at=datetime.time(3, 30, 15))
    result = run(world, make_tap("single", "05-05 03:30:14", seq=1),
                 make_tap("single", "05-05 03:30:15", seq=2))
    assert [ride.service_day.day for ride in result.rides] == [4, 5]


# Each tap's clock, in the order of the counters; what the rides are, by the order in which they are
# priced.
@pytest.mark.parametrize(("taps", "expected"), [
    pytest.param(["in 08:00:00 a", "out 08:20:10 c", "in 08:20:10 c", "out 08:40:00 d"],
                 ["COMPLETE 1", "COMPLETE 3"], id="out and in again in one second"),
    pytest.param(["in 08:00:00 a", "out 08:20:10 c", "in 08:19:50 c", "out 08:40:00 d"],
                 ["COMPLETE 1", "COMPLETE 3"], id="by clocks that are 20 s apart"),
    pytest.param(["in 08:00:00 a", "out 08:22:10 c", "in 08:20:10 c", "out 08:40:00 d"],
                 ["COMPLETE 1", "COMPLETE 3"], id="exactly the tolerance"),
    pytest.param(["in 08:00:00 a", "out 08:22:11 c", "in 08:20:10 c", "out 08:40:00 d"],
                 ["MISSING_OUT 1", "SAME_STATION 3", "MISSING_IN 4"],
                 id="a second more: by time"),
    pytest.param(["in 09:00:05 a", "out 09:00:03 a"], ["SAME_STATION 1"], id="a short stay"),
    pytest.param(["out 08:00:20 a", "single 08:00:00 x"], ["MISSING_IN 1", "SINGLE_TAP 2"],
                 id="rides are priced in that order, too"),
    pytest.param(["single 08:02:01 x", "single 08:00:00 x"], ["SINGLE_TAP 2", "SINGLE_TAP 1"],
                 id="or by time"),
    pytest.param(["single 08:00:00 x", "top_up 09:00:00 x", "single 08:00:10 x"],
                 ["SINGLE_TAP 1", "SINGLE_TAP 3"], id="the clock of a top-up does not matter"),
    pytest.param(["single 04:00:20 x", "single 03:59:50 x"], ["SINGLE_TAP 2", "SINGLE_TAP 1"],
                 id="never across the beginning of a day"),
])
def test_the_counter_decides_where_the_clocks_allow_it(taps: list[str],
                                                       expected: list[str]) -> None:
    made = []
    for seq, text in enumerate(taps, 1):
        kind, when, stop = text.split()
        made.append(metro(kind, when, stop, seq))
    found = run(WORLD, *made).state
    rides, still_open, *_ = list_rides(WORLD, made, None)
    assert [f"{ride.state} {ride.card_seq}" for ride in rides[0]] == expected
    assert still_open == found.open == {}


def test_both_ends_of_a_ride_can_have_one_counter() -> None:
    """Then the boarding came first, also where the clocks say otherwise."""
    [ride] = run(WORLD, metro("out", "09:00:03", "a", 7), metro("in", "09:00:05", "a", 7)).rides
    assert (ride.state, ride.seconds, ride.before_by_counter) == ("SAME_STATION", 0, True)
    assert ride.ended_at - ride.started_at == -2        # as the records say


def test_what_a_day_decides_is_decided_again_when_more_of_it_comes() -> None:
    """A late record shows that a clock is off: the day's rides are what they are by time."""
    first = run(WORLD, metro("single", "08:00:20", "x", 1), metro("single", "08:00:00", "x", 2))
    assert [entry.ride.before_by_counter for entry in first.entries] == [True, False]
    second = run(WORLD, metro("single", "07:50:00", "x", 3), state=first.state)
    assert [entry.ride.card_seq for entry in second.entries] == [3, 1]
    assert [entry.ride.card_seq for entry in second.reversals] == [1]
