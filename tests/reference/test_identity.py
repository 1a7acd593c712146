"""A record counts once however often it is sent; two stories about one tap count not at all."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from tests.reference.town import make_table, make_tap, make_world, run

WORLD = make_world(make_table(), make_table("metro"))
TAP = make_tap("single", "05-04 08:00:00", seq=7, paid=200)


@pytest.mark.parametrize(("changes", "code"), [
    ({},                                "DUPLICATE"),
    ({"file": 1, "source_line": 99},    "DUPLICATE"),
    ({"paid": 180},                     "CONFLICT"),
    ({"tapped_at": TAP.tapped_at + 1},  "CONFLICT"),
    ({"kind": "in"},                    "CONFLICT"),    # the class is the same: boarding
    ({"tac": "0000AAAA"},               "CONFLICT"),
    ({"born_on": datetime.date(1950, 1, 1)},        "CONFLICT"),
    ({"reviewed_until": datetime.date(2026, 1, 1)}, "CONFLICT"),
])
def test_second_record_of_one_identity(changes: dict[str, object], code: str) -> None:
    again = replace(TAP, **{"file": 2, "source_line": 3, **changes})
    result = run(WORLD, again, TAP)
    if code == "DUPLICATE":
        assert result.refusals == [("DUPLICATE", again.file, again.source_line)]
        assert [ride.taps for ride in result.rides] == [(TAP,)]
    else:
        assert result.refusals == [("CONFLICT", 1, 8), ("CONFLICT", 2, 3)]
        assert result.rides == []


@pytest.mark.parametrize("changes", [
    {"card_seq": 8}, {"card": "5100000000000002"}, {"kind": "out"}, {"kind": "top_up"},
])
def test_other_identity(changes: dict[str, object]) -> None:
    result = run(WORLD, TAP, replace(TAP, **changes))
    assert result.refusals == []


@pytest.mark.parametrize(("changes", "code"), [
    #  what the entry shows of a ride's only tap: time, stop, device, what the validator charged
    ({},                                    "DUPLICATE"),
    ({"balance_before": 5000},              "DUPLICATE"),   # a ledger does not show it
    ({"tapped_at": TAP.tapped_at + 60},     "CONFLICT"),
    ({"stop": "b"},                         "CONFLICT"),
    ({"device": "D2"},                      "CONFLICT"),
    ({"paid": 100},                         "CONFLICT"),
    ({"paid": None},                        "CONFLICT"),
])
def test_record_of_an_earlier_run(changes: dict[str, object], code: str) -> None:
    first = run(WORLD, TAP)
    second = run(WORLD, replace(TAP, **changes), state=first.state)
    assert second.refusals == [(code, 1, 8)]
    assert second.rides == []


@pytest.mark.parametrize(("changes", "code"), [
    ({},                    "DUPLICATE"),
    ({"device": "D2"},      "DUPLICATE"),   # the entry shows the device of the way out only
    ({"stop": "b"},         "CONFLICT"),
])
def test_first_tap_of_a_pair_in_an_earlier_run(changes: dict[str, object], code: str) -> None:
    way_in = make_tap("in", "05-04 08:00:00", seq=1)
    first = run(WORLD, way_in, make_tap("out", "05-04 08:20:00", "c", seq=2))
    second = run(WORLD, replace(way_in, **changes), state=first.state)
    assert second.refusals == [(code, 1, 2)]


@pytest.mark.parametrize(("changes", "code"), [
    ({},                        "DUPLICATE"),
    ({"balance_before": 5000},  "CONFLICT"),    # of an event the ledger keeps everything
    ({"kind": "lock"},          "CONFLICT"),
])
def test_event_of_an_earlier_run(changes: dict[str, object], code: str) -> None:
    top_up = make_tap("top_up", "05-04 08:00:00", seq=1)
    first = run(WORLD, top_up)
    again = replace(top_up, **{"file": 2, **changes})
    assert run(WORLD, again, state=first.state).refusals == [(code, 2, 2)]


@pytest.mark.parametrize(("stop", "code"), [("a", "DUPLICATE"), ("b", "CONFLICT")])
def test_open_ride_always_stays(stop: str, code: str) -> None:
    first = run(WORLD, make_tap("in", "05-04 08:00:00", "a", seq=1))
    again = make_tap("in", "05-04 08:00:00", stop, seq=1, file=2)
    second = run(WORLD, again, make_tap("out", "05-04 08:20:00", "c", seq=2), state=first.state)
    assert second.refusals == [(code, 2, 2)]
    assert [(ride.from_stop, ride.to_stop) for ride in second.rides] == [("a", "c")]


def test_refused_record_may_be_sent_again() -> None:
    world = make_world(make_table("bus", fare={"rule": "v", "basis": "validator"}))
    unpriced = replace(TAP, due=None)
    first = run(world, unpriced)
    assert first.refusals == [("NO_FARE", 1, 8)]
    second = run(world, replace(unpriced, due=200), state=first.state)
    assert (second.refusals, len(second.rides)) == ([], 1)


def test_copies_do_not_depend_on_the_order_of_files() -> None:
    copies = [replace(TAP, file=file, source_line=line) for file, line in ((3, 2), (1, 9), (1, 4))]
    result = run(WORLD, *copies)
    assert result.rides[0].taps[0].place == (1, 4)
    assert result.refusals == [("DUPLICATE", 1, 9), ("DUPLICATE", 3, 2)]
