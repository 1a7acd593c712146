"""A record counts once however often it is sent; two stories about one tap count not at all."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clearing.reference.identity import sift
from clearing.reference.taps import Tap
from tests.reference.town import make_table, make_tap, make_world, run, states

WORLD = make_world(make_table(), make_table("metro"), make_table("szbus"))
SAID = {"tac": "0000AAAA", "balance_before": 9000, "born_on": datetime.date(1950, 1, 1),
        "reviewed_until": datetime.date(2026, 1, 1)}
TAP = make_tap("single", "05-04 08:00:00", seq=7, paid=200, **SAID)


@pytest.mark.parametrize(("changes", "code"), [
    ({},                                "DUPLICATE"),
    ({"file": 1, "source_line": 99},    "DUPLICATE"),
    ({"paid": 180},                     "CONFLICT"),
    ({"tapped_at": TAP.tapped_at + 1},  "CONFLICT"),
    ({"kind": "in"},                    "CONFLICT"),    # the class is the same: boarding
    ({"tac": "0000BBBB"},               "CONFLICT"),
    ({"born_on": datetime.date(1950, 1, 2)},        "CONFLICT"),
    ({"reviewed_until": datetime.date(2026, 1, 2)}, "CONFLICT"),
    ({"tac": ""},                       "DUPLICATE"),   # a blank contradicts nothing
    ({"born_on": None},                 "DUPLICATE"),
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


STORIES = [{"balance_before": 5000}, {"tapped_at": TAP.tapped_at + 60}, {"stop": "b"},
           {"device": "D2"}, {"paid": 100}, {"tac": "0000BBBB"}]


@pytest.mark.parametrize("changes", STORIES)
@pytest.mark.parametrize("kinds", ["single", "in out", "in", "top_up"])
def test_another_story_in_a_later_run(kinds: str, changes: dict[str, object]) -> None:
    """Whatever became of the first one, and whatever of it a ledger shows: both are refused."""
    taps = [make_tap(kind, f"05-04 08:{10 * n:02}:00", seq=n + 7, paid=200, **SAID)
            for n, kind in enumerate(kinds.split())]
    first = run(WORLD, *taps)
    assert first.refusals == []
    other = replace(taps[0], **{"file": 2, "source_line": 3, **changes})
    second = run(WORLD, other, state=first.state)
    assert second.refusals == [("CONFLICT", 1, 8), ("CONFLICT", 2, 3)]
    assert second.reversals == first.entries
    # Which of the two came first decides nothing.
    swapped = run(WORLD, *taps, state=run(WORLD, other).state)
    assert states(swapped) == states(second) == (["MISSING_IN"] if "out" in kinds else [])
    assert swapped.refusals == second.refusals
    assert swapped.still_open == second.still_open == []


@pytest.mark.parametrize("kinds", ["single", "in out", "in", "top_up"])
def test_the_same_record_in_a_later_run(kinds: str) -> None:
    taps = [make_tap(kind, f"05-04 08:{10 * n:02}:00", seq=n + 7)
            for n, kind in enumerate(kinds.split())]
    first = run(WORLD, *taps)
    second = run(WORLD, *(replace(tap, file=2) for tap in taps), state=first.state)
    assert second.refusals == [("DUPLICATE", 2, tap.source_line) for tap in taps]
    assert (second.entries, second.reversals, second.flows) == ([], [], {})
    assert second.state == replace(first.state, told=second.state.told)


def test_no_story_is_told_twice_and_none_wins_in_the_end() -> None:
    first = run(WORLD, TAP)
    second = run(WORLD, replace(TAP, stop="b", file=2), state=first.state)
    assert second.refusals == [("CONFLICT", 1, 8), ("CONFLICT", 2, 8)]
    third = run(WORLD, replace(TAP, file=3), state=second.state)
    assert third.refusals == [("CONFLICT", 3, 8)]
    assert (third.entries, third.reversals, third.state.entries) == ([], [], ())


def test_a_conflict_is_what_the_rest_of_the_day_is_cleared_without() -> None:
    """A boarding in between had ended a metro ride; it turns out that nobody knows of it."""
    bus = make_tap("single", "05-04 08:10:00", seq=8)
    first = run(WORLD, make_tap("in", "05-04 08:00:00", seq=7), bus,
                make_tap("out", "05-04 08:20:00", "c", seq=9))
    assert states(first) == ["MISSING_OUT", "SINGLE_TAP", "MISSING_IN"]
    second = run(WORLD, replace(bus, stop="b", file=2), state=first.state)
    assert second.reversals == first.entries
    assert states(second) == ["COMPLETE"]


BY_VALIDATOR = make_world(make_table("bus", fare={"rule": "v", "basis": "validator"}),
                          make_table("metro", fare={"rule": "v", "basis": "validator"}))


@pytest.mark.parametrize(("changes", "refusals", "dues"), [
    ({},             [("NO_FARE", 2, 8)], []),      # a copy is told what it is a copy of
    ({"stop": "b"},  [("CONFLICT", 2, 8)], []),     # that the other is refused, its sender knows
    ({"due": 200},   [], [200]),                    # a fuller report of it has a fare
    ({"line": "7"},  [("NO_FARE", 2, 8)], []),      # and this one has none either
])
def test_a_record_without_a_fare_is_remembered(
    changes: dict[str, object], refusals: list[tuple[str, int, int]], dues: list[int]
) -> None:
    first = run(BY_VALIDATOR, replace(TAP, due=None))
    assert first.refusals == [("NO_FARE", 1, 8)]
    second = run(BY_VALIDATOR, replace(TAP, **{"due": None, "file": 2, **changes}),
                 state=first.state)
    assert (second.refusals, [ride.due for ride in second.rides]) == (refusals, dues)


def test_a_record_without_a_fare_is_cleared_again_with_the_tables_as_they_are() -> None:
    first = run(BY_VALIDATOR, TAP)
    assert first.refusals == [("NO_FARE", 1, 8)]
    second = run(WORLD, make_tap("single", "05-04 09:00:00", seq=8), state=first.state)
    assert (second.refusals, [ride.card_seq for ride in second.rides]) == ([], [7, 8])


def test_an_exit_that_had_no_fare_alone_has_one_with_its_entry() -> None:
    first = run(BY_VALIDATOR, make_tap("out", "05-04 08:20:00", "c", seq=8, due=300))
    assert first.refusals == [("NO_FARE", 1, 9)]
    second = run(BY_VALIDATOR, make_tap("in", "05-04 08:00:00", seq=7), state=first.state)
    assert (second.refusals, states(second)) == ([], ["COMPLETE"])


def test_copies_do_not_depend_on_the_order_of_files() -> None:
    copies = [replace(TAP, file=file, source_line=line) for file, line in ((3, 2), (1, 9), (1, 4))]
    result = run(WORLD, *copies)
    assert result.rides[0].taps[0].place == (1, 4)
    assert result.refusals == [("DUPLICATE", 1, 9), ("DUPLICATE", 3, 2)]


def test_two_operators_of_one_counter() -> None:
    """The one whose authentication code is right has the card's record, whoever came first."""
    true = replace(TAP, is_proven=True)
    other = replace(TAP, operator="szbus", file=2, source_line=3)
    for turn in ([true, other], [other, true]):
        first = run(WORLD, turn[0])
        second = run(WORLD, turn[1], state=first.state)
        assert [*first.refusals, *second.refusals] == [("UNPROVEN_RECORD", 2, 3)]
        assert [entry.ride.taps for entry in second.state.entries] == [(true,)]


def test_a_proof_that_comes_later_ends_a_conflict() -> None:
    """A copy that is proven says more than the record; one that is not is known."""
    other = replace(TAP, operator="szbus", file=2, source_line=3)
    first = run(WORLD, TAP, other)
    assert first.refusals == [("CONTESTED", 1, 8), ("CONTESTED", 2, 3)]
    second = run(WORLD, replace(TAP, is_proven=True, file=3), state=first.state)
    assert (second.refusals, len(second.entries)) == ([], 1)
    third = run(WORLD, replace(TAP, file=4), state=second.state)
    assert third.refusals == [("DUPLICATE", 4, 8)]


@given(st.lists(st.builds(
    replace, st.just(TAP), operator=st.sampled_from(["bus", "szbus"]),
    balance_before=st.sampled_from([9000, 8800]), paid=st.sampled_from([200, 0, -200]),
    revision=st.integers(0, 2), authority=st.sampled_from(["", "bus", "szbus", "issuer"]),
    is_proven=st.booleans()), min_size=2, max_size=5))
def test_operators_are_alike(taps: list[Tap]) -> None:
    """With operators' names exchanged the same comes out, with the names exchanged.

    So of two that say the same of a counter neither has it, whatever beside them is asked: a card's
    log of rides shows the next reader all that the first one's record says, but for its code.
    """
    names = {"bus": "szbus", "szbus": "bus"}
    taps = [replace(tap, file=place) for place, tap in enumerate(taps)]
    swapped = [replace(tap, operator=names[tap.operator],
                       authority=names.get(tap.authority, tap.authority)) for tap in taps]
    kept, refusals = sift([], taps)
    mirrored, refused = sift([], swapped)
    assert refusals == refused
    assert [tap.operator for tap in kept] == [names[tap.operator] for tap in mirrored]


def test_who_copies_a_record_has_nothing_by_it() -> None:
    """The law above at its plainest: the copy is as good as the record, so neither is paid."""
    kept, refusals = sift([], [TAP, replace(TAP, operator="szbus", file=2)])
    assert (kept, {refusal.code for refusal in refusals}) == ([], {"CONTESTED"})
