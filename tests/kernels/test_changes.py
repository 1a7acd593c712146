"""What a ledger has to change: nothing that stands as it should, and whatever does not, exactly."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pytest

from ext import records
from ext.clearing.changes import list_changes
from ext.codes import Cause, Reason, RideState
from tests.kernels.cases import Leg, Records, dirty, legs_of, records_of

pytestmark = pytest.mark.kernels

REVERSAL, HELD = records.RIDE_FLAGS["REVERSAL"], records.RIDE_FLAGS["HELD"]
WINDOW, RUN = 9, 5      # of entries, and the run that wrote them, unless told otherwise
NO_ENTRY = np.zeros(0, records.ENTRY)
# Which run it was, and from where the record came, is no difference.
PROVENANCE = ("replaces", "window", "reason", "reserved", "first_tap", "last_tap", "in_file",
              "in_line", "out_file", "out_line")
# It is the place of an entry: another one is another entry.
PLACE = ("card_hi", "card_lo", "started_at", "card_seq")
# A ledger does not store the first three; legs have a test of their own.
NOT_COMPARED = ("code", "validator_due", "validator_paid", "legs")


def entries_of(*rows: dict[str, Any]) -> Records:
    """Entries of one card: a fare of 200, a concession of 20, a fee of 3, unless told otherwise."""
    return records_of(({
        "card_lo": 1, "card_seq": 1, "started_at": 100, "ended_at": 400, "state":
        RideState.COMPLETE, "due": 220, "price": 200, "paid": 190, "variance": -10,
        "uncollected": 0, "window": WINDOW, "reason": Reason.ORIGINAL,
        "legs": [(Cause.FARE, 7, 2, 1, 190), (Cause.CONCESSION, 8, 11, 1, 20),
                 (Cause.CLEARING_FEE, 9, 1, 5, 3)], **row} for row in rows), records.ENTRY)


def written(*rows: dict[str, Any]) -> Records:
    """The same as they stand in a ledger."""
    return entries_of(*({"replaces": RUN, **row} for row in rows))


def changes_of(made: Records, ledger: Records, first_open: int = WINDOW) -> Records:
    changes = dirty(len(made) + len(ledger), records.ENTRY)
    return changes[:list_changes(made, ledger, first_open, changes)]


def said(changes: Records) -> list[str]:
    """Each change as a line: a sign, the ride, its price, the window, the reason, the run."""
    return [f"{'-' if row['flags'] & REVERSAL else '+'} {row['card_lo']}/{row['card_seq']} "
            f"{row['price']} {row['window']} {Reason(int(row['reason'])).name} {row['replaces']}"
            for row in changes]


def test_what_is_equal_stays() -> None:
    rows = [{}, {"card_seq": 2, "started_at": 500}, {"card_lo": 2}]
    assert said(changes_of(entries_of(*rows), written(*rows))) == []


@pytest.mark.parametrize("field", PROVENANCE)
def test_where_it_came_from_is_no_difference(field: str) -> None:
    made = entries_of({})
    made[field] = 3
    assert said(changes_of(made, written({}))) == []


def test_what_is_new_is_entered() -> None:
    made = entries_of({}, {"card_seq": 2, "started_at": 500})
    found = changes_of(made, NO_ENTRY)
    assert found.tobytes() == made.tobytes()
    assert said(changes_of(made, written({}))) == ["+ 1/2 200 9 ORIGINAL 0"]


def test_what_is_gone_is_taken_back() -> None:
    """Every amount the other way round, and nothing else."""
    ledger = written({"flags": HELD, "uncollected": 7})
    found = changes_of(NO_ENTRY, ledger)
    assert said(found) == ["- 1/1 -200 9 SUPERSEDED 5"]
    row, = found
    assert [int(row[name]) for name in ("due", "price", "paid", "variance", "uncollected")] == [
        -220, -200, -190, 10, -7]
    assert legs_of(row) == [(*leg[:4], -leg[4]) for leg in legs_of(ledger[0])]
    assert row["flags"] == HELD | REVERSAL
    for name in set(records.ENTRY.names or ()) - {
            "due", "price", "paid", "variance", "uncollected", "legs", "flags", "reason"}:
        assert row[name] == ledger[0][name], name


def test_what_changed_is_taken_back_and_entered_anew() -> None:
    """The new one says, too, which run's entry it takes the place of."""
    assert said(changes_of(entries_of({"price": 180}), written({}))) == [
        "- 1/1 -200 9 SUPERSEDED 5", "+ 1/1 180 9 ORIGINAL 5"]


@pytest.mark.parametrize("field", [
    name for name in records.ENTRY.names or ()
    if name not in (*PROVENANCE, *PLACE, *NOT_COMPARED)])
def test_every_field_is_a_difference(field: str) -> None:
    made = entries_of({})
    made[field] += np.array(1, made[field].dtype)
    assert [line[0] for line in said(changes_of(made, written({})))] == ["-", "+"]


LEG: Leg = (Cause.FARE, 7, 2, 1, 190)
CONCESSION: Leg = (Cause.CONCESSION, 8, 11, 1, 20)
FEE: Leg = (Cause.CLEARING_FEE, 9, 1, 5, 3)


@pytest.mark.parametrize("legs", [
    [LEG, CONCESSION], [LEG, CONCESSION, FEE, (Cause.ISSUER_FEE, 9, 1, 2, 0)], [LEG, FEE,
                                                                                CONCESSION],
    *([LEG, CONCESSION, (*FEE[:part], FEE[part] + 1, *FEE[part + 1:])] for part in range(5)),
])
def test_every_leg_is_a_difference(legs: list[Leg]) -> None:
    """Who owes whom, how much, why and by which agreement: a fee that changed is posted anew."""
    assert [line[0] for line in said(changes_of(entries_of({"legs": legs}), written({})))] == [
        "-", "+"]


def test_legs_beyond_the_last_mean_nothing() -> None:
    made = entries_of({})
    made["legs"]["amount"][0][5] = 77
    assert said(changes_of(made, written({}))) == []


@pytest.mark.parametrize(("window", "first_open", "posted", "reason"), [
    (9, 0,  9,  "SUPERSEDED"),
    (9, 9,  9,  "SUPERSEDED"),
    (9, 10, 10, "LATE_RECORD"),
    (9, 65_535, 65_535, "LATE_RECORD"),
    (0, 1,  1,  "LATE_RECORD"),
    (65_535, 65_535, 65_535, "SUPERSEDED"),
])
def test_a_closed_window_stays_as_it_is(window: int, first_open: int, posted: int,
                                        reason: str) -> None:
    found = changes_of(NO_ENTRY, written({"window": window}), first_open)
    assert said(found) == [f"- 1/1 -200 {posted} {reason} 5"]


def test_the_new_entry_keeps_the_window_that_it_was_made_for() -> None:
    """What is made knows already which windows are open."""
    made = entries_of({"price": 180, "window": 10, "reason": Reason.LATE_RECORD})
    assert said(changes_of(made, written({}), 10)) == [
        "- 1/1 -200 10 LATE_RECORD 5", "+ 1/1 180 10 LATE_RECORD 5"]


def test_what_was_posted_late_is_taken_back_where_it_stands() -> None:
    """Day 9's ride was entered in window 10, which is still open: so is what takes it back."""
    ledger = written({"window": 10, "reason": Reason.LATE_RECORD})
    assert said(changes_of(NO_ENTRY, ledger, 10)) == ["- 1/1 -200 10 SUPERSEDED 5"]
    assert said(changes_of(NO_ENTRY, ledger, 11)) == ["- 1/1 -200 11 LATE_RECORD 5"]


# Both lists, of which each entry is in one or in both, with another price: all by their places.
PLACES = [
    {"card_hi": 0, "card_lo": 5, "started_at": 700},
    {"card_hi": 1, "card_lo": 2, "started_at": 700},
    {"card_hi": 1, "card_lo": 3, "started_at": 100},
    {"card_hi": 1, "card_lo": 3, "started_at": 0, "ended_at": 300},     # without a way in
    {"card_hi": 1, "card_lo": 3, "started_at": 400, "card_seq": 8},     # both at one time:
    {"card_hi": 1, "card_lo": 3, "started_at": 400, "card_seq": 9},     # by counter, and then
    {"card_hi": 1, "card_lo": 3, "started_at": 0, "ended_at": 400, "card_seq": 7},  # the way out
    {"card_hi": 2**64 - 1, "card_lo": 0, "started_at": 2**32 - 1},
    {"card_hi": 2**64 - 1, "card_lo": 2**64 - 1, "started_at": 1},
]


@pytest.mark.parametrize("seed", range(20))
def test_both_lists_are_walked_together(seed: int) -> None:
    """Whatever is in which of the two, every entry meets its own and no other."""
    where = np.random.default_rng(seed).integers(0, 4, len(PLACES)).tolist()
    made = entries_of(*(place for place, one in zip(PLACES, where, strict=True) if one != 1))
    ledger = written(*({**place, "due": 221} if one == 3 else place
                       for place, one in zip(PLACES, where, strict=True) if one != 0))
    expected = [(sign, place) for place, one in enumerate(where)
                for sign in {0: "+", 1: "-", 2: "", 3: "-+"}[one]]
    names = ("card_hi", "card_lo", "started_at", "ended_at", "card_seq")
    places = entries_of(*PLACES)
    found = changes_of(made, ledger)
    assert [("-" if row["flags"] & REVERSAL else "+", *(int(row[name]) for name in names))
            for row in found] == [
        (sign, *(int(places[place][name]) for name in names)) for sign, place in expected]


def test_the_ledger_and_its_changes_add_up_to_what_was_made() -> None:
    made = entries_of({"paid": 150}, {"card_seq": 3, "started_at": 900, "paid": 70})
    ledger = written({}, {"card_seq": 2, "started_at": 500, "paid": 40})
    found = changes_of(made, ledger)
    assert ledger["paid"].sum() + found["paid"].sum() == made["paid"].sum()
    amounts = [rows["legs"]["amount"].sum(axis=0) for rows in (ledger, found, made)]
    assert (amounts[0] + amounts[1]).tolist() == amounts[2].tolist()


def test_nothing_is_nothing() -> None:
    assert len(changes_of(NO_ENTRY, NO_ENTRY)) == 0


@pytest.mark.parametrize(("made", "ledger", "room"), [(2, 1, 2), (0, 1, 0), (1, 0, 0)])
def test_room_for_both_is_needed(made: int, ledger: int, room: int) -> None:
    """Even where most of it will not be used: the kernel does not look again."""
    with pytest.raises(ValueError, match=f"changes has {room} rows for {made} entries and "
                                         f"{ledger} of the ledger"):
        list_changes(np.zeros(made, records.ENTRY), np.zeros(ledger, records.ENTRY), 0,
                     np.zeros(room, records.ENTRY))


@pytest.mark.skipif(os.environ.get("ONECARD_CHECKED") != "1",
                    reason="only tests/checked_build.sh builds kernels that check what must hold")
def test_a_reversal_is_not_taken_back() -> None:
    """What takes something back never stands: it would be owed twice."""
    with pytest.raises(AssertionError, match="what is taken back is no reversal"):
        changes_of(NO_ENTRY, written({"flags": REVERSAL}))
