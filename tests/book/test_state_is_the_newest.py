"""Runs tell the state of cards that they touch; it is loaded of all, at the end of any window."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from clearing.book import Book, Counts, OpenRun, Run, open_book
from ext.records import ACCUMULATOR, CARD_STATE, TAP
from tests.book.checks import assert_state
from tests.book.test_records_are_found import card_filter_of
from tests.book.workload import (
    CARDS,
    FIRST_WINDOW,
    Rows,
    Told,
    add_run,
    closed_after,
    closed_by,
    make_state,
    newest,
    without_windows,
)

RUNS = 12
NO_ACCUMULATORS, NO_TAPS = np.zeros(0, ACCUMULATOR), np.zeros(0, TAP)


def commit(run: OpenRun) -> Run:
    return run.commit(run.conclude(version="0", network="n", network_digest="", tables={},
                                   counts=Counts()))


def tell(book: Book, *states: Told, closes: int | None = None) -> Run:
    """A run that tells what cards were like, and may close a window."""
    with book.begin(digest="x", kind="clear") as run:
        for told in states:
            run.write_state(told.window, *(rows.copy() for rows in told[1:]))
        if closes is not None:
            run.write_window(closes, "")
        return commit(run)


def test_state_after_every_run(location: str) -> None:
    bases = []
    with open_book(location) as book:
        for number in range(1, RUNS + 1):
            bases.append(add_run(book).state_base)
            for window in closed_after(number):
                assert_state(book, number, window)
        kept = set(book.query("SELECT DISTINCT run FROM card_states")["run"].tolist())
    assert bases[:2] == [0, closed_by(2)]       # before any window is closed there is none
    copies = set(bases[2:]) - {closed_by(2)}
    assert 1 < len(copies) < RUNS // 2 - 1      # some were completed to full copies, some not
    assert copies < set(closed_after(RUNS))
    assert kept == set(range(2, RUNS + 1))      # late records start from old ones: they stay


@pytest.mark.parametrize("seed", range(3))
def test_random_closes_and_late_records(location: str, seed: int) -> None:
    """Closed windows, and some that nobody closed, as plain Python has them."""
    rng = np.random.default_rng([9, seed])
    most = int(rng.choice([5, 40, CARDS]))      # cards that a run can touch
    told: list[Told] = []
    closed: list[int] = []
    copies = 0
    with open_book(location) as book:
        for _ in range(16):
            if not closed or rng.random() < 0.6:
                closed.append((closed or [FIRST_WINDOW])[-1] + int(rng.integers(1, 4)))
                states = [make_state(rng, closed[-1], int(rng.integers(0, most)))]
                committed = tell(book, *states, closes=closed[-1])
                copies += committed.state_base == closed[-1]
            else:           # of a window and of all that were closed since
                cards = rng.choice(CARDS, int(rng.integers(1, most)), replace=False)
                since = closed[rng.integers(0, len(closed)):]
                states = [make_state(rng, window, cards) for window in since]
                committed = tell(book, *(states[at] for at in rng.permutation(len(states))))
            told += states
            for window in {*rng.choice(closed, 2).tolist(), closed[-1] + 1,
                           committed.state_base, committed.state_base - 1}:
                _assert_loaded(book, told, window, rng)
        assert 1 < copies < len(closed)
        assert book.closed_windows() == closed
        for window in range(FIRST_WINDOW, closed[-1] + 2):
            _assert_loaded(book, told, window, rng)


def _assert_loaded(book: Book, told: list[Told], window: int, rng: np.random.Generator) -> None:
    """The state of all cards, or of some of them and a few more."""
    expected = newest(told, window)
    if rng.random() < 0.5:
        state = book.load_state(window)
    else:
        marked = make_state(rng, window, 20).cards
        state = book.load_state(window, card_filter_of(marked))
        loaded = {row[:2] for row in state.cards.tolist()}
        known = {row[:2] for row in expected[0]}
        assert known & set(marked[["card_hi", "card_lo"]].tolist()) <= loaded <= known
        expected = [[row for row in rows if row[:2] in loaded] for rows in expected]
    assert without_windows(state.cards, state.accumulators, state.open_rides) == expected
    for rows, column in ((state.cards, "window"), (state.accumulators, "window"),
                         (state.open_rides, "service_day")):
        assert np.all(rows[column] <= window)


def test_a_card_loses_its_accumulators_and_its_open_ride(location: str) -> None:
    card, others = np.zeros(1, CARD_STATE), np.zeros(10, CARD_STATE)
    card["card_hi"], card["card_lo"] = 16 << 56, 5
    others["card_hi"], others["card_lo"] = 16 << 56, np.arange(10) + 100
    amount, tap = np.zeros(2, ACCUMULATOR), np.zeros(1, TAP)
    for rows in (amount, tap):
        rows["card_hi"], rows["card_lo"] = 16 << 56, 5
    amount["accumulator"], amount["period"], amount["amount"] = [1, 2], 24_300, 700
    told = [Told(1, np.concatenate([card, others]), amount, tap), Told(2, card, amount[1:], tap),
            Told(3, card, NO_ACCUMULATORS, NO_TAPS)]
    left = []
    with open_book(location) as book:
        for one in told:
            tell(book, one, closes=one.window)
            left.append(_left(book, one.window))
        assert left == [([1, 2], 1), ([2], 1), ([], 0)]
        assert [_left(book, window) for window in (1, 2, 3)] == left
        # A late record takes away what there was, and what there is.
        tell(book, Told(1, card, NO_ACCUMULATORS, tap), Told(2, card, NO_ACCUMULATORS, NO_TAPS),
             Told(3, card, amount[:1], NO_TAPS))
        assert [_left(book, window) for window in (1, 2, 3, 4)] == [
            ([], 1), ([], 0), ([1], 0), ([1], 0)]
        # The same where all cards are copied, and on top of that.
        assert tell(book, Told(5, others, NO_ACCUMULATORS, NO_TAPS), closes=5).state_base == 5
        assert [_left(book, window) for window in (1, 3, 4, 5)] == [
            ([], 1), ([1], 0), ([1], 0), ([1], 0)]
        tell(book, Told(5, card, NO_ACCUMULATORS, tap))
        assert [_left(book, window) for window in (4, 5, 6)] == [([1], 0), ([], 1), ([], 1)]


def _left(book: Book, window: int) -> tuple[list[int], int]:
    state = book.load_state(window)
    assert len(state.cards) == 11
    return state.accumulators["accumulator"].tolist(), len(state.open_rides)


def test_a_run_in_progress_says_nothing_of_cards(location: str) -> None:
    with open_book(location) as book:
        for _ in range(4):
            add_run(book)
        with book.begin(digest="x", kind="clear") as run:
            for window in (*closed_after(4), FIRST_WINDOW + 5):
                run.write_state(*make_state(np.random.default_rng(1), window, 100))
            run.write_window(FIRST_WINDOW + 5, "")
            for window in (*closed_after(4), FIRST_WINDOW + 5):
                assert_state(book, 4, window)


def test_state_may_come_in_pieces_and_unsorted(location: str) -> None:
    rng = np.random.default_rng(1)
    cards = np.zeros(200_000, CARD_STATE)       # more than one block of any engine
    cards["card_hi"], cards["card_lo"] = 16 << 56, rng.permutation(len(cards))
    cards["highest_seq"] = rng.integers(1, 1 << 32, len(cards))
    bases = []
    with open_book(location) as book:
        for window, some in ((1, slice(None)), (2, slice(1, None, 3)), (3, slice(2, None, 3))):
            cards["highest_seq"][some] += 7
            cards["window"][some] = window
            bases.append(tell(book, *(
                Told(window, piece, NO_ACCUMULATORS, NO_TAPS)
                for piece in np.array_split(cards[some], 7)), closes=window).state_base)
            if bases[-1] == window:     # a full copy says the same of all as of its own window
                cards["window"] = window
            state = book.load_state(window)
            assert state.cards.tobytes() == np.sort(cards, order="card_lo").tobytes()
    assert bases == [1, 1, 3]


def test_threads_may_hand_over_partitions(location: str) -> None:
    """As clearing does: each partition's cards, accumulators and open rides, in any order."""
    many = 60_000
    for_cards = np.zeros(many, CARD_STATE)
    for_cards["card_hi"], for_cards["card_lo"] = 16 << 56, np.arange(many)
    counted = np.zeros(2 * many, ACCUMULATOR)
    taps = np.zeros(many // 10, TAP)
    for rows, each in ((counted, 2), (taps, 1)):
        rows["card_hi"], rows["card_lo"] = 16 << 56, np.arange(len(rows)) // each
    counted["accumulator"] = np.arange(2 * many) % 2 + 1

    def partition_of(rows: Any, place: int) -> Any:
        return rows[rows["card_lo"] % 64 == place]

    with open_book(location) as book:
        for window in (1, 2, 3):
            for_cards["highest_seq"] += 1
            counted["amount"] += 5
            taps["card_seq"] += 1
            with book.begin(digest="x", kind="clear") as run, ThreadPoolExecutor(4) as pool:
                touched = range(64) if window == 1 else range(window, 64, 8)
                for done in [pool.submit(
                        run.write_state, window, partition_of(for_cards, place),
                        partition_of(counted, place), partition_of(taps, place))
                        for place in touched]:
                    done.result()
                run.write_window(window, "")
                assert commit(run).state_base == 1
        state = book.load_state(3)

    def told_in(rows: Any) -> Rows:
        place = rows["card_lo"] % 8
        return np.where(place == 3, 3, np.where(place == 2, 2, 1))

    for_cards["highest_seq"] = for_cards["window"] = told_in(for_cards)
    counted["window"] = told_in(counted)
    counted["amount"] = 5 * told_in(counted)
    taps["card_seq"] = taps["service_day"] = told_in(taps)
    assert state.cards.tobytes() == for_cards.tobytes()
    assert state.accumulators.tobytes() == counted.tobytes()
    assert state.open_rides.tobytes() == taps.tobytes()


def test_records_of_another_kind_are_refused(tmp_path: Any) -> None:
    with open_book(str(tmp_path / "book")) as book, book.begin(digest="x", kind="clear") as run, \
            pytest.raises(TypeError, match="stored_cards: records of"):
        run.write_state(1, np.zeros(1, ACCUMULATOR), NO_ACCUMULATORS, NO_TAPS)
