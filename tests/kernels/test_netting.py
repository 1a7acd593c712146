"""What members owe each other, added up: no entry may be lost, however small the table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
import pytest

from ext import records
from ext.clearing.netting import add_flows, merge_flows
from ext.codes import Cause
from tests.kernels.cases import Leg, Records, records_of, reserved_is_zero

pytestmark = pytest.mark.kernels

INT64_MAX = 2**63 - 1
COUNT_MOST = 2**31 - 1
HELD, REVERSAL = records.RIDE_FLAGS["HELD"], records.RIDE_FLAGS["REVERSAL"]
PER_ENTRY = 7           # flows that one entry can make; a table needs room for them
Owed = dict[tuple[int, int, int, str], tuple[int, int]]


def table(rows: int = 64) -> Records:
    return np.zeros(rows, records.FLOW)


def owed(sums: Records) -> Owed:
    """The sums in words: (window, debtor, creditor, cause) to amount and how many."""
    return {(int(row["window"]), int(row["debtor"]), int(row["creditor"]),
             Cause(int(row["cause"])).name): (int(row["amount"]), int(row["count"]))
            for row in sums if row["cause"]}


def entries_of(*rows: dict[str, int], legs: Sequence[Leg] = ()) -> Records:
    """Entries of operator 1 and issuer 2 in window 9, 200 fen each, unless told otherwise.

    legs: what each has besides the fare's.
    """
    base = {"operator": 1, "issuer": 2, "window": 9, "paid": 200}
    full = [{**base, **row} for row in rows]
    return records_of(
        ({**row, "legs": [(Cause.FARE, 0, row["issuer"], row["operator"], row["paid"]), *legs]}
         for row in full), records.ENTRY)


def test_an_entry_makes_an_flow_for_each_part() -> None:
    sums = table()
    entries = entries_of({}, legs=[
        (Cause.CONCESSION, 7, 11, 1, 10), (Cause.TRANSFER, 7, 12, 1, 20),
        (Cause.TIER, 7, 13, 1, 30), (Cause.PROMOTION, 7, 14, 1, 40),
        (Cause.CLEARING_FEE, 8, 1, 5, 2), (Cause.ISSUER_FEE, 8, 1, 2, 3)])
    assert add_flows(entries, sums) == 1
    assert owed(sums) == {
        (9, 2, 1, "FARE"): (200, 1),
        (9, 11, 1, "CONCESSION"): (10, 1),
        (9, 12, 1, "TRANSFER"): (20, 1),
        (9, 13, 1, "TIER"): (30, 1),
        (9, 14, 1, "PROMOTION"): (40, 1),
        (9, 1, 5, "CLEARING_FEE"): (2, 1),
        (9, 1, 2, "ISSUER_FEE"): (3, 1),
    }
    assert reserved_is_zero(sums)


@pytest.mark.parametrize("cause", Cause, ids=lambda cause: cause.name)
def test_each_cause_is_a_sum_of_its_own(cause: Cause) -> None:
    sums = table()
    add_flows(entries_of({"paid": 0}, legs=[(cause, 7, 11, 1, 10)]), sums)
    assert owed(sums) == {(9, 11, 1, cause.name): (10, 1)}


def test_equal_flows_are_one_sum_and_others_are_not() -> None:
    sums = table()
    add_flows(entries_of({}, {}, {"window": 10}, {"issuer": 3}, {"operator": 4}), sums)
    assert owed(sums) == {
        (9, 2, 1, "FARE"): (400, 2), (10, 2, 1, "FARE"): (200, 1),
        (9, 3, 1, "FARE"): (200, 1), (9, 2, 4, "FARE"): (200, 1)}


@pytest.mark.parametrize(("entry", "legs"), [
    ({"paid": 0}, []),                                                      # nothing is owed
    ({"issuer": 1}, []),                                                    # to oneself
    ({"flags": HELD}, []),                                                  # until released
    ({"flags": HELD}, [(Cause.CLEARING_FEE, 8, 1, 5, 2)]),
    ({"paid": 0}, [(Cause.CONCESSION, 7, 1, 1, 200)]),
])
def test_what_makes_no_flow(entry: dict[str, int], legs: list[Leg]) -> None:
    sums = table()
    assert add_flows(entries_of(entry, legs=legs), sums) == 1
    assert owed(sums) == {}


def test_a_reversal_is_taken_off_and_counted_off() -> None:
    """What was posted by mistake is owed no more, and was no ride."""
    sums = table()
    fee = (Cause.CLEARING_FEE, 8, 1, 5, 2)
    add_flows(entries_of({}, {}, legs=[fee]), sums)
    back = entries_of({"paid": -200, "flags": REVERSAL}, legs=[(*fee[:4], -2)])
    assert add_flows(back, sums) == 1
    assert owed(sums) == {(9, 2, 1, "FARE"): (200, 1), (9, 1, 5, "CLEARING_FEE"): (2, 1)}
    assert add_flows(back, sums) == 1
    # A sum of nothing is still a row of its own: it is not free for another.
    assert owed(sums) == {(9, 2, 1, "FARE"): (0, 0), (9, 1, 5, "CLEARING_FEE"): (0, 0)}
    add_flows(entries_of({"issuer": 3}), sums)
    assert owed(sums)[9, 3, 1, "FARE"] == (200, 1)
    assert len(owed(sums)) == 3


@pytest.mark.parametrize("flags", [0, REVERSAL])
def test_what_is_held_makes_no_flow_and_neither_does_its_reversal(flags: int) -> None:
    sums = table()
    assert add_flows(entries_of({"flags": HELD | flags}), sums) == 1
    assert owed(sums) == {}


def test_extremes_of_every_number_are_kept_apart() -> None:
    """Members, windows and causes share one key: the largest of one must not run into another."""
    sums = table(256)
    edges = (0, 1, 255, 256, 65_535)
    entries = entries_of(*({"window": window, "operator": operator, "issuer": issuer}
                           for window in edges for operator in edges for issuer in edges[1:]
                           if operator != issuer))
    assert add_flows(entries, sums) == len(entries)
    assert set(owed(sums).values()) == {(200, 1)}
    assert len(owed(sums)) == len(entries)


@pytest.mark.parametrize("rows", [2, 4])
def test_a_table_too_small_takes_nothing(rows: int) -> None:
    """An entry is added whole or not at all: a table needs room for seven flows."""
    sums = table(rows)
    assert add_flows(entries_of({}), sums) == 0
    assert owed(sums) == {}


@pytest.mark.parametrize("count", [1, 2, 9, 500])
def test_a_full_table_is_left_for_a_larger_one(count: int) -> None:
    """The caller goes on where the kernel stopped, and nothing is lost on the way."""
    entries = entries_of(*({"issuer": 10 + n % 83, "operator": 200 + n % 7} for n in range(count)))
    sums, done, grown = table(8), 0, 0
    while done < count:
        added = add_flows(entries[done:], sums)
        done += added
        if done < count:
            larger = table(2 * len(sums))
            assert merge_flows(sums, larger)
            sums, grown = larger, grown + 1
    expected = Counter(zip(entries["issuer"].tolist(), entries["operator"].tolist(), strict=True))
    assert owed(sums) == {(9, issuer, operator, "FARE"): (200 * times, times)
                          for (issuer, operator), times in expected.items()}
    assert (grown > 0) == (count > 2)


def test_a_sum_beyond_64_bits_is_an_error() -> None:
    sums = table()
    entries = entries_of({"paid": INT64_MAX - 200}, {"paid": 200}, {"paid": 1})
    assert add_flows(entries[:2], sums) == 2
    assert owed(sums)[9, 2, 1, "FARE"] == (INT64_MAX, 2)
    with pytest.raises(OverflowError, match="at entry 0"):
        add_flows(entries[2:], sums)
    with pytest.raises(OverflowError, match="at entry 2"):
        add_flows(entries, table())


@pytest.mark.parametrize(("amounts", "rides", "fits"), [
    ((INT64_MAX - 1, 1),        (1, 1),           True),
    ((INT64_MAX, 1),            (1, 1),           False),
    ((-INT64_MAX, -1),          (1, 1),           True),
    ((-INT64_MAX - 1, -1),      (1, 1),           False),
    ((5, -5),                   (1, -1),          True),
    ((5, 5),                    (COUNT_MOST - 1, 1),   True),
    ((5, 5),                    (COUNT_MOST, 1),       False),
    ((5, 5),                    (2**30, 2**30),        False),
    ((-5, -5),                  (1 - COUNT_MOST, -1),  True),
    ((-5, -5),                  (-COUNT_MOST, -1),     False),
])
def test_sums_are_merged_or_refused(amounts: tuple[int, int], rides: tuple[int, int],
                                    fits: bool) -> None:
    parts = [records_of([{"amount": amount, "count": count, "window": 9, "debtor": 2,
                          "creditor": 1, "cause": Cause.FARE}], records.FLOW)
             for amount, count in zip(amounts, rides, strict=True)]
    sums = table(2)
    assert merge_flows(parts[0], sums)
    if not fits:
        with pytest.raises(OverflowError, match="does not fit its row"):
            merge_flows(parts[1], sums)
        return
    assert merge_flows(parts[1], sums)
    assert owed(sums) == {(9, 2, 1, "FARE"): (sum(amounts), sum(rides))}


def test_a_merge_without_room_changes_nothing() -> None:
    """Three sums do not fit two rows; two do, free rows between them passed over."""
    three = records_of(({"amount": 1, "count": 1, "debtor": n, "creditor": 1, "cause": 1}
                        for n in (2, 3, 4)), records.FLOW)
    sums = table(2)
    assert not merge_flows(three, sums)
    assert owed(sums) == {}
    three["cause"][1] = 0
    assert merge_flows(three, sums)
    assert len(owed(sums)) == 2


def test_nothing_is_nothing() -> None:
    sums = table()
    assert add_flows(entries_of(), sums) == 0
    assert merge_flows(table(0), sums)
    assert owed(sums) == {}


@pytest.mark.parametrize("rows", [0, 1, 3, 6, 63])
def test_a_table_is_a_power_of_two(rows: int) -> None:
    with pytest.raises(ValueError, match=f"sums has {rows} rows: a power of two is needed"):
        add_flows(entries_of({}), table(rows))
    with pytest.raises(ValueError, match=f"sums has {rows} rows: a power of two is needed"):
        merge_flows(table(2), table(rows))
