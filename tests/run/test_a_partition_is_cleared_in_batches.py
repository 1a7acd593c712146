"""One call clears a partition in batches of whole cards: as its kernels do, called one by one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from clearing.book import State
from clearing.book.native import bytes_of
from clearing.book.standing import by_card
from clearing.engine.context import ClearingContext, load_context
from clearing.engine.partition import days_of, entry_tables
from clearing.intake.decoder_tables import DecoderTables
from clearing.intake.reader import read_files
from clearing.sample.day import write_day
from ext import records
from ext.clearing.entries import make_entries
from ext.clearing.journeys import pair_taps
from ext.clearing.order import SCRATCH_BYTES, open_states, order_taps, remember_taps
from ext.clearing.partition import list_by_partition
from ext.clearing.pipeline import Carried, PartitionPipeline
from ext.clearing.pricing import price_rides
from ext.codes import Code
from network.names import Names

OPEN_FROM = 1_732_530_000       # an evening: some rides are over, others are not
BUSY = 2_500        # taps of one card, more than two batches


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[ClearingContext, Any]:
    """A network, and a day's taps, one card's among them many times over."""
    context = load_context("demo", Names())
    paths = write_day(tmp_path_factory.mktemp("day"), taps=6_000)
    decoder_tables = DecoderTables(context)
    intake = read_files(paths, decoder_tables, received_at=1_800_000_000, partitions=1)
    intake.number_codes(context.numbers, {file.index: file.index for file in intake.files})
    taps = intake.gather(0)
    busy = np.repeat(taps[taps["kind"] == 1][:1], BUSY)
    busy["card_seq"] += 1_000 + np.arange(BUSY, dtype=np.uint32)
    busy["tapped_at"] += np.arange(BUSY, dtype=np.uint32) * 7
    busy["source_line"] += 1_000_000 + np.arange(BUSY, dtype=np.uint32)
    return context, np.concatenate([taps[:3_000], busy, taps[3_000:]])


def times_of(context: ClearingContext) -> dict[str, int]:
    return {"ride_limit_s": context.network.model.ride_limit_s, "open_from": OPEN_FROM,
            "day_starts_s": context.network.day_starts_s,
            "clock_tolerance_s": context.network.model.clock_tolerance_s}


def one_by_one(context: ClearingContext, taps: Any, state: State) -> dict[str, Any]:
    """What the kernels make of one partition, each over all of it."""
    count = len(taps)
    order, codes = np.empty(count, np.uint32), np.empty(count, np.uint16)
    times = times_of(context)
    tolerance_s = times.pop("clock_tolerance_s")
    order = order[:order_taps(
        taps, order, codes, np.empty(count * SCRATCH_BYTES, np.uint8),
        clock_tolerance_s=tolerance_s, civil_offsets=context.network.clock.offsets,
        day_starts_s=times["day_starts_s"])]
    by_card = np.lexsort([taps["card_lo"], taps["card_hi"]]).astype(np.uint32)
    cards = np.empty(count, records.CARD_STATE)
    cards = cards[:open_states(taps, by_card, state.cards, cards)]
    rides, waiting = np.empty(len(order), records.RIDE), np.empty(len(order), np.uint32)
    made, still_open = pair_taps(taps, order, context.member_rows, rides, waiting,
                                 civil_offsets=context.network.clock.offsets, **times)
    charges = np.empty(made, records.CHARGE)
    room = len(state.accumulators) + made * context.pricing_tables.counts_to_most
    accumulators = np.empty(room, records.ACCUMULATOR)
    kept, _ = price_rides(context.pricing_tables, rides[:made], cards, state.accumulators, charges,
                          accumulators)
    entries = np.empty(made, records.ENTRY)
    entries = entries[:make_entries(taps, rides[:made], charges, entry_tables(context, 0),
                                    entries, codes)]
    remember_taps(taps, by_card, cards)
    return {"entries": entries, "cards": cards, "accumulators": accumulators[:kept],
            "still_open": waiting[:still_open], "codes": codes}


def listed(rows: Any) -> tuple[Any, Any, Any]:
    """Rows, and which of them are of the only partition."""
    places, offsets = np.empty(len(rows), np.uint32), np.empty(2, np.int64)
    list_by_partition(bytes_of(rows), 1, places, offsets)
    return rows, places, offsets


def in_batches(context: ClearingContext, part: Any, state: State) -> PartitionPipeline:
    """The same by one call; of the book's records the open rides came since the state."""
    carried = Carried(*map(listed, (state.cards, state.accumulators, state.open_rides)))
    pipeline = PartitionPipeline(context.pricing_tables, entry_tables(context, 0), carried,
                                 context.register, **times_of(context))
    pipeline.taps(0, len(part))[:] = part
    pipeline.prepare(0, len(part))
    pipeline.clear()
    return pipeline


def test_batches_change_nothing(day: tuple[ClearingContext, Any]) -> None:
    """On new cards, and on what they carried from there."""
    context, taps = day
    state = State(np.zeros(0, records.CARD_STATE), np.zeros(0, records.ACCUMULATOR),
                  np.zeros(0, records.TAP))
    for part in (taps[::2], taps[1::2]):
        found = in_batches(context, part, state)
        wanted = one_by_one(context, np.concatenate([part, state.open_rides]), state)
        for name, values in wanted.items():
            assert getattr(found, name).tobytes() == values.tobytes(), name
        assert len(found.entries) > BUSY // 2
        # Of every other card nothing is carried, so that both cases are met; its counters are
        # forgotten, for the second half's are among them.
        state = State(*(rows[rows["card_lo"] % 2 == 0].copy() for rows in (
            wanted["cards"], wanted["accumulators"], found.all_taps[wanted["still_open"]])))
        state.cards["highest_seq"] = 1
        for name in ("seen_boardings", "seen_exits", "seen_events"):
            state.cards[name] = 0
        state.open_rides["flags"] |= records.TAP_FLAGS["CARRIED"]
    assert len(state.cards) > 500
    assert len(state.open_rides) > 5


def test_what_the_book_has_not_is_told_with_its_day_and_code(
        day: tuple[ClearingContext, Any]) -> None:
    """All but copies; a record that was refused when it came is not refused once more."""
    context, taps = day
    taps = np.concatenate([taps, taps[:7]])         # copies, and two that contradict each other
    taps["source_line"][-7:] += 2_000_000
    taps["tac"][-1] += 1
    state = State(np.zeros(0, records.CARD_STATE), np.zeros(0, records.ACCUMULATOR),
                  np.zeros(0, records.TAP))
    first = in_batches(context, taps, state)
    kept = first.codes != Code.DUPLICATE
    assert np.count_nonzero(~kept) >= 6
    arrived = first.all_taps[first.arrived]
    assert first.arrived.tolist() == np.flatnonzero(kept).tolist()
    assert arrived["service_day"].tolist() == days_of(context, arrived).tolist()
    assert arrived["first_code"].tolist() == first.codes[kept].tolist()
    assert first.refused.tolist() == np.flatnonzero(first.codes).tolist()
    arrived["flags"] |= records.TAP_FLAGS["CARRIED"]
    again = in_batches(context, taps[:0], replace(state, open_rides=by_card(arrived)))
    assert (again.arrived.tolist(), again.refused.tolist()) == ([], [])
    for name in set(records.ENTRY.names or ()) - {"first_tap", "last_tap"}:
        assert again.entries[name].tobytes() == first.entries[name].tobytes(), name
