"""Taps of a card in order, each once: what came twice must never be charged twice."""

from __future__ import annotations

import itertools
import time
from typing import Any

import numpy as np
import pytest

from ext import records
from ext.clearing.order import SCRATCH_BYTES, order_taps
from ext.codes import Code, CorrectionKind, TapKind
from tests.kernels.cases import UTC, Records, records_of, rows_of

pytestmark = pytest.mark.kernels


# Service days begin at 1,000 seconds after midnight, UTC.
DAYS = {"civil_offsets": UTC, "day_starts_s": 1_000}


def order(taps: Records, tolerance_s: int = 0) -> tuple[list[int], list[str]]:
    """Indexes of the kept taps in order, and the code of every tap."""
    kept_order = np.empty(len(taps), dtype=np.uint32)
    codes = np.empty(len(taps), dtype=np.uint16)
    scratch = np.empty(len(taps) * SCRATCH_BYTES, dtype=np.uint8)
    kept = order_taps(taps, kept_order, codes, scratch, clock_tolerance_s=tolerance_s, **DAYS)
    return kept_order[:kept].tolist(), [Code(code).name for code in codes.tolist()]


def tap_of(row: dict[str, str]) -> dict[str, int]:
    tap = {"card_lo": int(row.get("card", "1")), "card_seq": int(row["seq"]),
           "kind": int(TapKind[row["kind"].upper()]), "tapped_at": int(row["at"]),
           "source_file": int(row.get("file", "1")), "source_line": int(row.get("line", "2"))}
    if row.get("paid"):
        tap |= {"paid": int(row["paid"]), "flags": records.TAP_FLAGS["HAS_PAID"]}
    if row.get("rev"):
        kind = CorrectionKind[row.get("does", "replace").upper()]
        tap |= {"revision": int(row["rev"]), "correction": int(kind)}
    if row.get("carried") == "yes":
        tap["flags"] = tap.get("flags", 0) | records.TAP_FLAGS["CARRIED"]
    return tap


REPEATS = {
    "a copy is a duplicate of the lowest line": """
        # seq  kind   at  file line paid  code
          7    single 100 1    3    200   DUPLICATE
          7    single 100 1    2    200   OK
    """,
    "the lowest file comes before the lowest line": """
        # seq  kind   at  file line paid  code
          7    single 100 2    2    200   DUPLICATE
          7    single 100 1    9    200   OK
          7    single 100 2    3    200   DUPLICATE
    """,
    "another content refuses every record of the identity": """
        # seq  kind   at  file line paid  code
          7    single 100 1    2    200   CONFLICT
          7    single 100 1    3    200   CONFLICT
          7    single 100 1    4    150   CONFLICT
    """,
    "no amount is not an amount of 0, and yields to it": """
        # seq  kind   at  file line paid  code
          7    single 100 1    2    0     OK
          7    single 100 1    3    -     DUPLICATE
          7    single 100 1    4    0     DUPLICATE
    """,
    "boarding, exit and event are identities of their own": """
        # seq  kind   at  file line paid  code
          7    in     100 1    2    -     OK
          7    out    200 1    3    200   OK
          7    top_up 300 1    4    -     OK
    """,
    "in, single and ride are one class": """
        # seq  kind   at  file line paid  code
          7    in     100 1    2    -     CONFLICT
          7    single 100 1    3    -     CONFLICT
    """,
    "top-up and lock are one class": """
        # seq  kind   at  file line paid  code
          7    top_up 100 1    2    -     CONFLICT
          7    lock   100 1    3    -     CONFLICT
    """,
    "the same counter on another card is another record": """
        # card seq  kind   at  line code
          1    7    single 100 2    OK
          2    7    single 100 3    OK
    """,
    "what the book has stays, and its copies are duplicates": """
        # seq  kind   at  file line carried code
          7    in     100 5    9    yes     OK
          7    in     100 1    2    no      DUPLICATE
          7    in     100 9    2    no      DUPLICATE
    """,
    "who came first decides nothing where the contents differ": """
        # seq  kind   at  file line carried code
          7    in     100 5    9    yes     CONFLICT
          7    in     101 1    2    no      CONFLICT
          7    in     100 1    3    no      CONFLICT
    """,
    "the book's own records can contradict each other": """
        # seq  kind   at  file line carried code
          7    in     100 5    9    yes     CONFLICT
          7    in     101 1    2    yes     CONFLICT
          8    out    200 1    3    yes     OK
    """,
    "the smallest and the largest counter": """
        # seq        kind   at  line code
          0          single 100 2    OK
          4294967295 single 100 3    CONFLICT
          0          single 100 4    DUPLICATE
          4294967295 single 101 5    CONFLICT
          4294967294 single 101 6    OK
    """,
}


@pytest.mark.parametrize("table", REPEATS.values(), ids=REPEATS.keys())
def test_what_came_twice_is_refused(table: str) -> None:
    rows = rows_of(table)
    kept, codes = order(records_of(map(tap_of, rows), records.TAP))
    assert codes == [row["code"] for row in rows]
    assert sorted(kept) == [place for place, row in enumerate(rows) if row["code"] == "OK"]


CORRECTIONS = {
    "a correction takes the place of the record": """
        # seq  kind   at  rev does    paired code
          7    single 100 -   -       no     CORRECTED
          7    single 160 1   replace yes    OK
          8    single 200 -   -       yes    OK
    """,
    "the highest revision counts, wherever it stands": """
        # seq  kind   at  rev does    paired code
          7    single 100 2   replace yes    OK
          7    single 110 1   replace no     CORRECTED
          7    single 120 -   -       no     CORRECTED
          7    single 130 1   replace no     CORRECTED
    """,
    "a correction ends a conflict": """
        # seq  kind   at  rev does    paired code
          7    single 100 -   -       no     CORRECTED
          7    single 101 -   -       no     CORRECTED
          7    single 100 1   replace yes    OK
    """,
    "two corrections of one revision contradict each other, and the record counts no more": """
        # seq  kind   at  rev does    paired code
          7    single 100 -   -       no     CORRECTED
          7    single 110 1   replace no     CONFLICT
          7    single 120 1   replace no     CONFLICT
    """,
    "to replace and to cancel contradict each other": """
        # seq  kind   at  rev does    paired code
          7    single 100 1   replace no     CONFLICT
          7    single 100 1   cancel  no     CONFLICT
    """,
    "a correction that came twice": """
        # seq  kind   at  rev does    paired code
          7    single 110 1   replace yes    OK
          7    single 110 1   replace no     DUPLICATE
          7    single 100 -   -       no     CORRECTED
    """,
    "what is cancelled makes no ride": """
        # seq  kind   at  rev does    paired code
          7    single 100 -   -       no     CORRECTED
          7    single 100 1   cancel  no     OK
          8    single 200 -   -       yes    OK
    """,
    "what is cancelled before it came, makes none either": """
        # seq  kind   at  rev does    paired code
          7    single 100 1   cancel  no     OK
    """,
    "a cancellation that came twice": """
        # seq  kind   at  rev does    paired code
          7    single 100 1   cancel  no     OK
          7    single 100 1   cancel  no     DUPLICATE
    """,
    "a cancellation can be replaced": """
        # seq  kind   at  rev does    paired code
          7    single 100 1   cancel  no     CORRECTED
          7    single 100 2   replace yes    OK
    """,
    "a correction without a record": """
        # seq  kind   at  rev does    paired code
          7    single 100 1   replace yes    OK
    """,
    "an exit is none of a boarding's corrections": """
        # seq  kind   at  rev does    paired code
          7    in     100 -   -       yes    OK
          7    out    200 1   cancel  no     OK
    """,
    "the highest revision": """
        # seq  kind   at  rev does    paired code
          7    single 100 255 replace yes    OK
          7    single 100 254 cancel  no     CORRECTED
    """,
}


@pytest.mark.parametrize("table", CORRECTIONS.values(), ids=CORRECTIONS.keys())
@pytest.mark.parametrize("carried", ["nothing", "every second", "all"])
def test_corrections_count_in_whatever_order(table: str, carried: str) -> None:
    """Which of equal ones is the duplicate may change; what rides are made of never does."""
    rows = rows_of(table)
    for turn in itertools.permutations(range(len(rows))):
        taps = records_of((tap_of(rows[place]) for place in turn), records.TAP)
        taps["source_line"] = np.arange(2, 2 + len(turn))
        if carried != "nothing":
            taps["flags"][::1 if carried == "all" else 2] |= records.TAP_FLAGS["CARRIED"]
        kept, codes = order(taps)
        # What the book has was not said before it came: no copy of it is there twice.
        known = {row["code"] for row, flags in zip(map(rows.__getitem__, turn), taps["flags"],
                                                   strict=True)
                 if not flags & records.TAP_FLAGS["CARRIED"]}
        told = {"DUPLICATE": "DUPLICATE" if known & {"OK", "DUPLICATE"} else "OK"}
        assert sorted(codes) == sorted(told.get(row["code"], row["code"]) for row in rows)
        assert [int(taps["tapped_at"][place]) for place in kept] == sorted(
            int(row["at"]) for row in rows if row["paired"] == "yes")
        if "DUPLICATE" not in {row["code"] for row in rows}:
            assert codes == [rows[place]["code"] for place in turn]


def test_what_is_set_aside_judges_others_and_makes_no_ride() -> None:
    rows = rows_of("""
        # seq  kind   at  rev aside paired code
          7    single 100 -   yes   no     CONFLICT
          7    single 200 -   -     no     CONFLICT
          8    single 100 1   yes   no     OK
          8    single 210 -   -     no     CORRECTED
          9    single 100 -   yes   no     CORRECTED
          9    single 220 1   -     yes    OK
          10   single 100 -   yes   no     OK
          11   single 230 -   yes   no     OK
          11   single 230 -   -     no     DUPLICATE
    """)
    taps = records_of(map(tap_of, rows), records.TAP)
    taps["source_line"] = np.arange(len(rows))
    for place, row in enumerate(rows):
        taps["flags"][place] |= ASIDE if row["aside"] else 0
    kept, codes = order(taps)
    assert codes == [row["code"] for row in rows]
    assert kept == [place for place, row in enumerate(rows) if row["paired"] == "yes"]


ASIDE = records.TAP_FLAGS["SET_ASIDE"] | records.TAP_FLAGS["CARRIED"]


def test_order_is_card_time_counter_class() -> None:
    """Within a second the counter says what came first, and of one counter the boarding did."""
    rows = rows_of("""
        # card seq  kind   at  line place
          2    1    single 50  2    7
          1    9    top_up 100 3    5
          1    8    in     100 4    4
          1    7    out    100 5    3
          1    7    in     100 6    2
          1    6    single 100 7    1
          1    5    single 99  8    0
          1    1    lock   101 9    6
    """)
    kept, _ = order(records_of(map(tap_of, rows), records.TAP))
    assert kept == sorted(range(len(rows)), key=lambda place: int(rows[place]["place"]))


# Taps as they came; the order in which they are paired, and which of them are marked, by counter.
CLOCKS = {
    "counter and clocks say the same: nothing is marked": """
        # seq kind   at    order marked
          1   in     2000  1     no
          2   out    2100  2     no
          3   single 2100  3     no
    """,
    "a clock is behind by the tolerance: the counter decides": """
        # seq kind   at    order marked
          1   in     2000  1     yes
          2   out    2120  2     yes
          3   in     2000  3     yes
          4   out    2400  4     no
    """,
    "by a second more: time decides": """
        # seq kind   at    order marked
          1   in     2000  1     no
          2   out    2121  3     no
          3   in     2000  2     no
          4   out    2400  4     no
    """,
    "what counts is the most of a day, not the sum, nor from one tap to the next": """
        # seq kind   at    order marked
          1   single 2120  1     yes
          2   single 2060  2     yes
          3   single 2000  3     yes
          4   single 5120  4     yes
          5   single 5000  5     no
    """,
    "steps within the tolerance that lead beyond it": """
        # seq kind   at    order marked
          1   single 2121  3     no
          2   single 2060  2     no
          3   single 2000  1     no
    """,
    "one contradiction beyond it, and the whole day is by time": """
        # seq kind   at    order marked
          1   single 2000  2     no
          2   single 1990  1     no
          3   single 9000  4     no
          4   single 5000  3     no
    """,
    "a short stay: in and out of one counter": """
        # seq kind   at    order marked
          7   out    2003  2     no
          7   in     2005  1     yes
    """,
    "a counter that runs back": """
        # seq   kind   at    order marked
          65534 in     2000  1     no
          65535 out    3000  2     no
          0     in     3060  3     no
          1     out    4000  4     no
    """,
    "each day by itself, and never across its beginning": """
        # seq kind   at     order marked
          1   single 87370  1     yes
          2   single 87360  2     yes
          3   single 87405  4     no
          4   single 87395  3     no
    """,
    "a top-up machine's clock does not matter": """
        # seq kind   at    order marked
          1   single 2000  1     no
          2   top_up 9000  3     no
          3   single 2100  2     no
    """,
    "a top-up among taps that are by counter": """
        # seq kind   at    order marked
          1   single 2010  1     yes
          2   top_up 2005  2     no
          3   single 2000  3     no
          4   lock   2001  4     no
    """,
    "a ride record stands where it began": """
        # seq kind   at    entered order marked
          1   out    2050  -       1     yes
          2   ride   2900  2000    2     no
    """,
}


@pytest.mark.parametrize("table", CLOCKS.values(), ids=CLOCKS.keys())
@pytest.mark.parametrize("turn", ["as they came", "backwards"])
def test_the_counter_decides_where_the_clocks_allow_it(table: str, turn: str) -> None:
    rows = rows_of(table)
    if turn == "backwards":
        rows.reverse()
    taps = records_of([tap_of(row) | {"in_at": int(row.get("entered") or 0)} for row in rows],
                      records.TAP)
    kept, codes = order(taps, tolerance_s=120)
    assert set(codes) == {"OK"}
    assert kept == sorted(range(len(rows)), key=lambda place: int(rows[place]["order"]))
    marked = taps["flags"] & records.TAP_FLAGS["BY_COUNTER"] != 0
    assert marked.tolist() == [row["marked"] == "yes" for row in rows]


def test_what_is_refused_contradicts_no_clock() -> None:
    """A record that counts no more must not decide in which order the others are taken."""
    rows = rows_of("""
        # seq kind   at    rev does    order
          1   single 2010  -   -       1
          2   single 2000  -   -       2
          3   single 1000  -   -       -
          3   single 2500  1   replace 3
          4   single 1500  1   cancel  -
    """)
    kept, _ = order(records_of(map(tap_of, rows), records.TAP), tolerance_s=120)
    assert kept == [0, 1, 3]


def test_without_a_tolerance_clocks_decide_but_within_a_second() -> None:
    rows = rows_of("""
        # seq kind   at    order
          1   out    2001  3
          2   in     2000  1
          3   out    2000  2
    """)
    kept, _ = order(records_of(map(tap_of, rows), records.TAP))
    assert kept == [1, 2, 0]


def test_a_whole_ride_stands_where_it_began() -> None:
    taps = records_of([
        {"card_seq": 2, "kind": TapKind.SINGLE, "tapped_at": 150, "source_line": 2},
        {"card_seq": 3, "kind": TapKind.RIDE, "tapped_at": 900, "in_at": 100,
         "source_line": 3},
        {"card_seq": 4, "kind": TapKind.RIDE, "tapped_at": 120, "source_line": 4},
    ], records.TAP)
    assert order(taps)[0] == [1, 2, 0]


def test_cards_sort_by_all_128_bits() -> None:
    taps = records_of([{"card_hi": 2**64 - 1}, {"card_hi": 1, "card_lo": 0}, {"card_lo": 2**64 - 1},
                       {"card_lo": 2**63}], records.TAP)
    assert order(taps)[0] == [3, 2, 1, 0]


AMOUNTS = sum(records.TAP_FLAGS[name] for name in (
    "HAS_DUE", "HAS_PAID", "HAS_BALANCE", "HAS_DISTANCE", "HAS_TAC"))


@pytest.mark.parametrize("field", [
    name for name in records.TAP.names or ()
    if name not in ("card_hi", "card_lo", "card_seq", "source_offset", "source_line",
                    "source_file", "flags", "service_day", "first_code", "revision",
                    "generation", "blanks")
])
def test_every_field_is_content(field: str) -> None:
    """A record that differs in any field but its place contradicts the other."""
    taps = records_of([{"kind": TapKind.SINGLE, "source_line": 2, "flags": AMOUNTS},
                       {"kind": TapKind.SINGLE, "source_line": 3, "flags": AMOUNTS}], records.TAP)
    taps[field] = (TapKind.SINGLE, TapKind.IN) if field == "kind" else (8, 9)
    assert order(taps)[1] == ["CONTESTED" if field == "operator" else "CONFLICT"] * 2


@pytest.mark.parametrize("field", ["source_offset", "service_day", "first_code"])
def test_what_a_run_says_of_a_record_is_no_content(field: str) -> None:
    """Where it lay, on which day it was cleared and how it was judged: not the sender's word."""
    taps = records_of([{"kind": TapKind.SINGLE, "source_line": 2},
                       {"kind": TapKind.SINGLE, "source_line": 3}], records.TAP)
    taps[field][1] = 9
    taps["flags"][1] = records.TAP_FLAGS["CARRIED"]
    assert order(taps) == ([1], ["DUPLICATE", "OK"])


def test_extremes_of_every_field_are_kept_apart() -> None:
    """The largest value of each field neither wraps nor reads as the smallest."""
    taps = np.full(2 * records.TAP.itemsize, 0xFF, dtype=np.uint8).view(records.TAP)
    taps["kind"] = TapKind.SINGLE
    taps["flags"], taps["blanks"] = AMOUNTS, 0
    taps["balance_before"][0] = np.iinfo(np.int64).min
    taps["paid"] = np.iinfo(np.int64).max
    taps["source_line"][1] -= 1
    assert order(taps) == ([], ["CONFLICT", "CONFLICT"])
    taps["balance_before"][0] = taps["balance_before"][1]
    assert order(taps) == ([1], ["DUPLICATE", "OK"])


def spread(times: Any) -> Records:
    """Single taps of one card at these times, counters in the order of the file."""
    taps = np.zeros(len(times), dtype=records.TAP)
    taps["kind"] = TapKind.SINGLE
    taps["tapped_at"] = times
    taps["card_seq"] = taps["source_line"] = np.arange(len(times))
    return taps


@pytest.mark.parametrize("count", [1, 15, 16, 17, 31, 33, 64, 1000, 4097])
@pytest.mark.parametrize("shape", ["sorted", "reversed", "equal", "nearly", "shuffled"])
def test_any_number_in_any_shape_is_sorted(count: int, shape: str) -> None:
    """Runs of 16 are sorted by insertion and then merged: the seams are what can go wrong."""
    times = np.arange(count) + 1
    if shape == "reversed":
        times = times[::-1]
    elif shape == "equal":
        times = np.full(count, 7)
    elif shape == "nearly":
        times[::10] += 25
    elif shape == "shuffled":
        times = np.random.default_rng(count).permutation(times)
    kept, codes = order(spread(times))
    assert set(codes) == {"OK"}
    assert kept == sorted(range(count), key=lambda place: (times[place], place))


@pytest.mark.parametrize("shape", ["sorted", "reversed", "organ pipe", "one identity"])
def test_a_hundred_thousand_taps_of_one_card_are_quick(shape: str) -> None:
    """A hostile file must not cost n squared: that would be minutes here, and is milliseconds."""
    count = 100_000
    times = np.arange(count) + 1
    if shape == "reversed":
        times = times[::-1]
    elif shape == "organ pipe":
        times = np.minimum(times, count - times)
    taps = spread(times)
    if shape == "one identity":
        taps["card_seq"] = 1
        taps["tapped_at"] = 1
    began = time.process_time()
    kept, _ = order(taps)
    assert time.process_time() - began < 2.0
    assert len(kept) == (1 if shape == "one identity" else count)


def test_no_taps_are_no_trouble() -> None:
    assert order(np.zeros(0, records.TAP)) == ([], [])


@pytest.mark.parametrize(("order_rows", "codes_rows", "scratch_bytes"), [
    (1, 2, 2 * SCRATCH_BYTES), (3, 2, 2 * SCRATCH_BYTES), (2, 1, 2 * SCRATCH_BYTES),
    (2, 3, 2 * SCRATCH_BYTES), (2, 2, 2 * SCRATCH_BYTES - 1), (2, 2, 0),
])
def test_wrong_memory_is_a_value_error(order_rows: int, codes_rows: int,
                                       scratch_bytes: int) -> None:
    with pytest.raises(ValueError, match="taps"):
        order_taps(np.zeros(2, records.TAP), np.empty(order_rows, np.uint32),
                   np.empty(codes_rows, np.uint16), np.empty(scratch_bytes, np.uint8),
                   clock_tolerance_s=0, **DAYS)


def mixed(high: int, low: int) -> int:
    """The hash by which order_taps looks for a card."""
    product = (high ^ low * 0x9E3779B97F4A7C15 % 2**64) * 0xD6E8FEB86659FD93 % 2**64
    return product ^ product >> 32


def test_cards_chosen_to_share_a_hash_cost_no_more_time() -> None:
    """Whoever chooses the cards could otherwise make a file that takes for ever."""
    count = 150_000
    inverse = pow(0xD6E8FEB86659FD93, -1, 2**64)
    taps = np.zeros(count, records.TAP)
    taps["card_seq"] = 7
    # The low bits of the product, and so the slot, are the same for all: high undoes low.
    for place in range(count):
        low = place + 1
        product = place << 44
        product ^= product >> 32
        high = product * inverse % 2**64 ^ low * 0x9E3779B97F4A7C15 % 2**64
        taps["card_hi"][place], taps["card_lo"][place] = high, low
    slots = {mixed(high, low) & 0xFFFF
             for high, low in taps[["card_hi", "card_lo"]][:100].tolist()}
    assert len(slots) == 1
    started = time.process_time()
    kept, codes = order(taps)
    assert time.process_time() - started < 5
    assert set(codes) == {"OK"}
    cards = taps[["card_hi", "card_lo"]][kept].tolist()
    assert cards == sorted(cards)
