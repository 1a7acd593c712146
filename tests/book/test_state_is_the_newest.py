"""Runs write only the cards that they touch; the next run must still start from all of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from clearing.book import Counts, open_book
from ext.clearing.partition import add_to_card_filter
from ext.records import ACCUMULATOR, CARD_STATE, TAP
from tests.book.workload import add_run, state_after

RUNS = 12


def test_state_after_every_run(location: str) -> None:
    bases = []
    with open_book(location) as book:
        for number in range(1, RUNS + 1):
            bases.append(add_run(book).state_base)
            state = book.load_state()
            cards, accumulators, taps = state_after(number)
            assert state.cards.tolist() == cards
            assert state.accumulators.tolist() == accumulators
            assert state.open_rides.tolist() == taps
        kept = book.query("SELECT DISTINCT run FROM card_states")["run"]
        taps_kept = book.query("SELECT DISTINCT run FROM open_rides")["run"]
    assert bases[0] == 1
    assert 2 < len(set(bases)) < RUNS       # some runs were full copies, some were not
    assert min(kept) == bases[-1]           # what nobody reads any more is gone
    assert set(taps_kept) <= {RUNS}


def test_a_card_loses_its_accumulators(location: str) -> None:
    card = np.zeros(1, CARD_STATE)
    card["card_hi"], card["card_lo"] = 16 << 56, 5
    others = np.zeros(10, CARD_STATE)
    others["card_hi"], others["card_lo"] = 16 << 56, np.arange(10) + 100
    amount = np.zeros(2, ACCUMULATOR)
    amount["card_hi"], amount["card_lo"] = 16 << 56, 5
    amount["accumulator"], amount["period"], amount["amount"] = [1, 2], 24_300, 700
    none, no_taps = amount[:0], np.zeros(0, TAP)
    left = []
    with open_book(location) as book:
        for cards, accumulators in (
                (np.concatenate([card, others]), amount), (card, amount[1:]), (card, none)):
            with book.begin(digest="x", kind="clear") as run:
                run.write_state(cards, accumulators, no_taps)
                run.commit(version="0", network="n", network_digest="", tables={}, watermark=1,
                           counts=Counts())
            state = book.load_state()
            assert len(state.cards) == 11
            left.append(state.accumulators["accumulator"].tolist())
    assert left == [[1, 2], [2], []]


def test_state_may_come_in_pieces_and_unsorted(location: str) -> None:
    rng = np.random.default_rng(1)
    cards = np.zeros(200_000, CARD_STATE)       # more than one block of any engine
    cards["card_hi"], cards["card_lo"] = 16 << 56, rng.permutation(len(cards))
    cards["highest_seq"] = rng.integers(1, 1 << 32, len(cards))
    with open_book(location) as book:
        with book.begin(digest="x", kind="clear") as run:
            for piece in np.array_split(cards, 7):
                run.write_state(piece, np.zeros(0, ACCUMULATOR), np.zeros(0, TAP))
            run.commit(version="0", network="n", network_digest="", tables={}, watermark=1,
                       counts=Counts())
        with book.begin(digest="y", kind="clear") as run:
            changed = cards[::3].copy()
            changed["highest_seq"] = 7
            run.write_state(changed, np.zeros(0, ACCUMULATOR), np.zeros(0, TAP))
            run.commit(version="0", network="n", network_digest="", tables={}, watermark=1,
                       counts=Counts())
        state = book.load_state()
    cards["highest_seq"][::3] = 7
    assert state.cards.tobytes() == np.sort(cards, order="card_lo").tobytes()


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
        for number in (1, 2, 3):
            for_cards["highest_seq"] += 1
            counted["amount"] += 5
            with book.begin(digest="x", kind="clear") as run, ThreadPoolExecutor(4) as pool:
                touched = range(64) if number == 1 else range(number, 64, 8)
                for done in [pool.submit(
                        run.write_state, partition_of(for_cards, place),
                        partition_of(counted, place), partition_of(taps, place))
                        for place in touched]:
                    done.result()
                row = run.commit(version="0", network="n", network_digest="", tables={},
                                 watermark=1, counts=Counts())
            assert row.state_base == 1
        state = book.load_state()
    place = for_cards["card_lo"] % 64
    for_cards["highest_seq"] = np.where(place % 8 == 3, 3, np.where(place % 8 == 2, 2, 1))
    assert state.cards.tobytes() == for_cards.tobytes()
    counted["amount"] = 5 * np.repeat(for_cards["highest_seq"], 2)
    assert state.accumulators.tobytes() == counted.tobytes()
    assert state.open_rides.tobytes() == np.sort(
        taps[taps["card_lo"] % 64 % 8 == 3], order="card_lo").tobytes()


def test_records_of_another_kind_are_refused(tmp_path: Any) -> None:
    with open_book(str(tmp_path / "book")) as book, book.begin(digest="x", kind="clear") as run, \
            pytest.raises(TypeError, match="stored_cards: records of"):
        run.write_state(np.zeros(1, TAP), np.zeros(0, ACCUMULATOR), np.zeros(0, TAP))


def test_state_of_marked_cards(location: str) -> None:
    """All of those and of cards with open rides, the newest, and next to nothing else."""
    with open_book(location) as book:
        for _ in range(5):
            add_run(book)
        whole = book.load_state()
        some = whole.cards[::3]
        card_filter = np.zeros(1 << 12, np.uint64)
        rows = np.ascontiguousarray(some).view(np.uint8).reshape(len(some), -1)
        add_to_card_filter(rows, card_filter)
        state = book.load_state(card_filter)
    wanted = {card_of(row) for row in some} | {card_of(row) for row in whole.open_rides}
    assert state.open_rides.tolist() == whole.open_rides.tolist()
    for found, known in ((state.cards, whole.cards), (state.accumulators, whole.accumulators)):
        loaded = {card_of(row) for row in found}
        assert loaded >= {card for card in map(card_of, known) if card in wanted}
        assert found.tolist() == [row for row in known.tolist() if row[:2] in loaded]
    assert len(state.cards) < len(whole.cards)


def card_of(row: Any) -> tuple[int, int]:
    return int(row["card_hi"]), int(row["card_lo"])
