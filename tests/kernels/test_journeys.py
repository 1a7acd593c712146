"""Taps to rides: a gate that is missed must cost what the rules say, and no tap may vanish."""

from __future__ import annotations

import datetime

import numpy as np
import pytest

from ext import records
from ext.clearing.journeys import pair_taps
from ext.codes import RideState, TapKind
from network.civil import Clock
from tests.kernels.cases import UTC, Records, ahead, dirty, records_of, rows_of

pytestmark = pytest.mark.kernels

LIMIT_S = 1000
# Members: 1 and 2 share the paid area of system 5, 3 is on its own.
MEMBERS = records_of([{}, {"system": 5}, {"system": 5}, {"system": 6}], records.MEMBER)


def pair(taps: Records, *, open_from: int = 0, civil_offsets: Records = UTC,
         day_starts_s: int = 0) -> tuple[Records, list[int]]:
    """The rides of taps that are in order, and the indexes of taps whose rides stay open."""
    order = np.arange(len(taps), dtype=np.uint32)
    rides = dirty(len(taps), records.RIDE)
    carried = np.empty(len(taps), dtype=np.uint32)
    made, left = pair_taps(taps, order, MEMBERS, rides, carried, ride_limit_s=LIMIT_S,
                           open_from=open_from, civil_offsets=civil_offsets,
                           day_starts_s=day_starts_s)
    return rides[:made], carried[:left].tolist()


def tap_of(row: dict[str, str]) -> dict[str, int]:
    return {"card_lo": int(row.get("card") or 1), "kind": TapKind[row["kind"].upper()],
            "tapped_at": int(row["at"]), "in_at": int(row.get("entered") or 0),
            "stop": int(row.get("stop") or 0), "in_stop": int(row.get("from") or 0),
            "operator": int(row.get("operator") or 1), "mode": int(row.get("mode") or 1),
            "flags": records.TAP_FLAGS["BY_COUNTER"] if row.get("marked") == "yes" else 0}


def ride_text(ride: Records) -> str:
    """A ride as a line: state, first and last tap, times, stops."""
    taps = f"{ride['first_tap']}-{ride['last_tap']}"
    times = f"{ride['started_at']}-{ride['ended_at']}"
    state = RideState(int(ride["state"])).name
    return f"{state} {taps} {times} {ride['from_stop']}>{ride['to_stop']}"


# Taps in order (tap 0 first), and what becomes of them: state taps times stops.
CASES = {
    "in and out": ("""
        # kind   at  stop
          in     100 1
          out    400 2
    """, ["COMPLETE 0-1 100-400 1>2"]),
    "out where in": ("""
        # kind   at  stop
          in     100 1
          out    400 1
    """, ["SAME_STATION 0-1 100-400 1>1"]),
    "two blank stops are not the same station": ("""
        # kind   at  stop
          in     100 -
          out    400 -
    """, ["COMPLETE 0-1 100-400 0>0"]),
    "in and out in one second": ("""
        # kind   at  stop
          in     100 1
          out    100 2
    """, ["COMPLETE 0-1 100-100 1>2"]),
    "just within the limit": ("""
        # kind   at   stop
          in     100  1
          out    1100 2
    """, ["COMPLETE 0-1 100-1100 1>2"]),
    "a second beyond the limit": ("""
        # kind   at   stop
          in     100  1
          out    1101 2
    """, ["MISSING_OUT 0-0 100-0 1>0", "MISSING_IN 1-1 0-1101 0>2"]),
    "another operator of the same paid area": ("""
        # kind   at  stop operator
          in     100 1    1
          out    400 2    2
    """, ["COMPLETE 0-1 100-400 1>2"]),
    "another paid area": ("""
        # kind   at  stop operator
          in     100 1    1
          out    400 2    3
    """, ["MISSING_OUT 0-0 100-0 1>0", "MISSING_IN 1-1 0-400 0>2"]),
    "another mode": ("""
        # kind   at  stop mode
          in     100 1    1
          out    400 2    2
    """, ["MISSING_OUT 0-0 100-0 1>0", "MISSING_IN 1-1 0-400 0>2"]),
    "in twice": ("""
        # kind   at  stop
          in     100 1
          in     200 2
          out    400 3
    """, ["MISSING_OUT 0-0 100-0 1>0", "COMPLETE 1-2 200-400 2>3"]),
    "out twice": ("""
        # kind   at  stop
          in     100 1
          out    200 2
          out    400 3
    """, ["COMPLETE 0-1 100-200 1>2", "MISSING_IN 2-2 0-400 0>3"]),
    "a bus while inside the metro": ("""
        # kind   at  stop
          in     100 1
          single 200 9
          out    400 3
    """, ["MISSING_OUT 0-0 100-0 1>0", "SINGLE_TAP 1-1 200-200 9>0", "MISSING_IN 2-2 0-400 0>3"]),
    "top-up and lock change nothing": ("""
        # kind   at  stop
          in     100 1
          top_up 200 9
          lock   300 9
          out    400 3
    """, ["COMPLETE 0-3 100-400 1>3"]),
    "both ends in one record": ("""
        # kind   at  stop entered from
          ride   400 2    100     1
    """, ["COMPLETE 0-0 100-400 1>2"]),
    "both ends in one record, the same": ("""
        # kind   at  stop entered from
          ride   400 1    100     1
    """, ["SAME_STATION 0-0 100-400 1>1"]),
    "a record that was never tapped out": ("""
        # kind   at  stop entered from
          ride   100 -    100     1
    """, ["MISSING_OUT 0-0 100-0 1>0"]),
    "a whole record while inside": ("""
        # kind   at  stop entered from
          in     100 1    -       -
          ride   400 3    200     2
    """, ["MISSING_OUT 0-0 100-0 1>0", "COMPLETE 1-1 200-400 2>3"]),
    "another card between in and out": ("""
        # card kind at  stop
          1    in   100 1
          2    out  400 2
    """, ["MISSING_IN 1-1 0-400 0>2"]),
}


@pytest.mark.parametrize(("table", "expected"), CASES.values(), ids=CASES.keys())
def test_taps_become_rides(table: str, expected: list[str]) -> None:
    taps = records_of(map(tap_of, rows_of(table)), records.TAP)
    rides, _ = pair(taps)
    assert [ride_text(ride) for ride in rides] == expected


@pytest.mark.parametrize(("open_from", "closed"), [
    # in at 100     closed where 100 < open_from
    (0,    False),
    (99,   False),
    (100,  False),
    (101,  True),
    (2**32 - 1, True),
    (2**40, True),
])
def test_an_open_ride_waits_until_its_window_is_closed(open_from: int, closed: bool) -> None:
    """A gate out may still come in with tomorrow's file, however late it is there."""
    taps = records_of([{"kind": TapKind.IN, "tapped_at": 100, "stop": 1}], records.TAP)
    rides, still_open = pair(taps, open_from=open_from)
    assert [ride_text(ride) for ride in rides] == (["MISSING_OUT 0-0 100-0 1>0"] if closed else [])
    assert still_open == ([] if closed else [0])


@pytest.mark.parametrize("kind", ["in", "single", "out"])
def test_what_comes_behind_an_open_ride_ends_it_whatever_is_closed(kind: str) -> None:
    """Another boarding, or an exit that does not fit, says enough: nobody waits for a window."""
    taps = records_of([{"kind": TapKind.IN, "tapped_at": 100, "stop": 1},
                       {"kind": TapKind[kind.upper()], "tapped_at": 200, "mode": 2}], records.TAP)
    rides, _ = pair(taps, open_from=0)
    assert ride_text(rides[0]) == "MISSING_OUT 0-0 100-0 1>0"


def test_every_card_can_leave_a_ride_open() -> None:
    """The low half of a card's number alone does not tell cards apart."""
    taps = records_of([{"card_hi": card, "card_lo": 1, "kind": TapKind.IN, "tapped_at": at}
                       for card, at in ((1, 5), (2, 2000), (3, 5))], records.TAP)
    rides, still_open = pair(taps, open_from=1500)
    assert rides["card_hi"].tolist() == [1, 3]
    assert still_open == [1]


def test_a_ride_takes_its_fields_from_the_right_tap() -> None:
    """Who drove, and which card it was, is what the last tap says."""
    flags = records.TAP_FLAGS
    first = {"kind": TapKind.IN, "tapped_at": 100, "stop": 1, "operator": 1, "mode": 1,
             "card_seq": 7, "device": 70, "device_seq": 700, "line": 3, "vehicle": 4,
             "direction": 1, "medium": 1, "card_kind": 1, "issuer": 8, "due": 300, "paid": 100,
             "distance_m": 5,
             "flags": flags["HAS_DUE"] | flags["HAS_PAID"] | flags["HAS_DISTANCE"]}
    last = {"kind": TapKind.OUT, "tapped_at": 400, "stop": 2, "operator": 2, "mode": 1,
            "card_seq": 9, "device": 90, "device_seq": 900, "medium": 2, "card_kind": 2,
            "issuer": 9, "paid": 50, "flags": flags["HAS_PAID"]}
    ride = pair(records_of([first, last], records.TAP))[0][0]
    taken = {name: int(ride[name]) for name in first.keys() & set(records.RIDE.names or ())}
    of_first = {name: first[name] for name in ("card_seq", "line", "vehicle", "distance_m")}
    of_last = {name: last[name] for name in ("operator", "mode", "device", "device_seq", "medium",
                                             "card_kind", "issuer")}
    ride_flags = records.RIDE_FLAGS
    told = ride_flags["PAID_BY_VALIDATOR"] | ride_flags["RIDE_HAS_DUE"]
    told |= ride_flags["RIDE_HAS_DISTANCE"]
    assert taken == {**of_first, **of_last, "flags": told}
    assert [int(ride["validator_due"]), int(ride["validator_paid"])] == [300, 150]
    assert int(ride["out_seq"]) == 9


def test_a_ride_says_whether_its_first_tap_is_by_counter() -> None:
    """From the flag a reader of the ledger knows in which order rides were priced."""
    taps = records_of(map(tap_of, rows_of("""
        # kind   at  stop marked
          out    100 1    yes
          single 90  2    yes
          in     95  3    yes
          out    80  4    no
    """)), records.TAP)
    rides, _ = pair(taps)
    assert [ride_text(ride) for ride in rides] == [
        "MISSING_IN 0-0 0-100 0>1", "SINGLE_TAP 1-1 90-90 2>0", "COMPLETE 2-3 95-80 3>4"]
    assert rides["flags"].tolist() == [records.RIDE_FLAGS["RIDE_BY_COUNTER"]] * 3
    taps["flags"] = 0
    assert pair(taps)[0]["flags"].tolist() == [0, 0, 0]


@pytest.mark.parametrize(("vehicles", "lines", "line", "changed"), [
    ((7, 7), (3, 5), 3, True),
    ((7, 7), (3, 3), 3, False),
    ((7, 7), (3, 0), 3, False),
    ((7, 7), (0, 5), 5, False),
    ((7, 8), (3, 5), 5, False),
    ((7, 0), (3, 5), 5, False),
    ((0, 0), (3, 5), 5, False),     # two gates of a railway
])
def test_who_boards_a_line_stays_on_it(vehicles: tuple[int, int], lines: tuple[int, int],
                                       line: int, changed: bool) -> None:
    """Its vehicle goes on as another line: that is not the line that the rider paid for."""
    taps = records_of([
        {"kind": kind, "tapped_at": 100, "stop": 1, "operator": 1, "mode": 1,
         "vehicle": vehicle, "line": its_line}
        for kind, vehicle, its_line in zip((TapKind.IN, TapKind.OUT), vehicles, lines,
                                           strict=True)], records.TAP)
    ride = pair(taps)[0][0]
    assert (int(ride["line"]), int(ride["flags"])) == (
        line, records.RIDE_FLAGS["RIDE_LINE_CHANGED"] * changed)


def test_what_no_tap_says_is_not_said() -> None:
    """Amounts without their flag are memory that means nothing."""
    taps = records_of([{"kind": TapKind.SINGLE, "tapped_at": 100, "due": 5, "paid": 5,
                        "distance_m": 5}], records.TAP)
    ride = pair(taps)[0][0]
    assert [int(ride[name]) for name in ("validator_due", "validator_paid", "distance_m",
                                        "flags")] == [0, 0, 0, 0]


@pytest.mark.parametrize(("at", "civil_offset_s", "day_starts_s", "day"), [
    (0,           0,         0,     0),
    (86_399,      0,         0,     0),
    (86_400,      0,         0,     1),
    (86_400,      0,         1,     0),
    (57_600,      8 * 3600,  0,     1),         # midnight in Shanghai
    (68_399,      8 * 3600,  10800, 0),         # 02:59:59
    (68_400,      8 * 3600,  10800, 1),         # 03:00:00
    (100,         0,         14400, 0),         # before the first day began: never below 0
    (2**32 - 1,   0,         0,     49_710),
    (2**32 - 1,   -12 * 3600, 0,    49_709),
])
def test_the_service_day_begins_when_the_network_says(at: int, civil_offset_s: int,
                                                      day_starts_s: int, day: int) -> None:
    taps = records_of([{"kind": TapKind.SINGLE, "tapped_at": at}], records.TAP)
    rides, _ = pair(taps, civil_offsets=ahead(civil_offset_s), day_starts_s=day_starts_s)
    assert rides["service_day"].tolist() == [day]


@pytest.mark.parametrize(("at", "day"), [
    ("2025-03-30T00:59:59+00:00", 20_176),      # 02:59:59 of a clock that is put forward then
    ("2025-03-30T00:00:00+00:00", 20_176),
    ("2025-03-30T01:00:00+00:00", 20_177),      # 04:00: the service day begins, after 23 hours
    ("2025-10-26T00:30:00+00:00", 20_386),      # 03:30 for the first time
    ("2025-10-26T01:30:00+00:00", 20_386),      # and again
    ("2025-10-26T01:59:59+00:00", 20_386),
    ("2025-10-26T02:00:00+00:00", 20_387),      # 04:00, after 25 hours
])
def test_a_service_day_has_23_hours_or_25(at: str, day: int) -> None:
    taps = records_of([{"kind": TapKind.SINGLE, "tapped_at": int(
        datetime.datetime.fromisoformat(at).timestamp())}], records.TAP)
    helsinki = Clock("Europe/Helsinki", datetime.date(2025, 1, 1))
    rides, _ = pair(taps, civil_offsets=helsinki.offsets, day_starts_s=4 * 3600)
    assert rides["service_day"].tolist() == [day]


def test_a_ride_over_midnight_belongs_to_the_day_it_began() -> None:
    taps = records_of([{"kind": TapKind.IN, "tapped_at": 86_000},
                       {"kind": TapKind.OUT, "tapped_at": 86_900}], records.TAP)
    assert pair(taps)[0]["service_day"].tolist() == [0]


def test_no_taps_are_no_trouble() -> None:
    rides, still_open = pair(np.zeros(0, records.TAP))
    assert (len(rides), still_open) == (0, [])


@pytest.mark.parametrize(("rides", "carried"), [(1, 2), (2, 1), (0, 0)])
def test_wrong_memory_is_a_value_error(rides: int, carried: int) -> None:
    with pytest.raises(ValueError, match=f"rides has {rides} rows and carried {carried} for 2"):
        pair_taps(np.zeros(2, records.TAP), np.zeros(2, np.uint32), MEMBERS,
                  np.zeros(rides, records.RIDE), np.zeros(carried, np.uint32),
                  ride_limit_s=1, open_from=0, civil_offsets=UTC, day_starts_s=0)
