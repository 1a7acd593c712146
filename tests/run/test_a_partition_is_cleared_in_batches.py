"""One call clears a partition in batches of whole cards: as its kernels do, called one by one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from clearing.book import State
from clearing.engine.context import ClearingContext, load_context
from clearing.engine.partition import Clearer, Moment, carry, entry_tables
from clearing.intake.decoder_tables import DecoderTables
from clearing.intake.reader import read_files
from clearing.sample.day import write_day
from ext import records
from ext.clearing.entries import make_entries
from ext.clearing.journeys import pair_taps
from ext.clearing.order import SCRATCH_BYTES, open_states, order_taps, remember_taps
from ext.clearing.pricing import price_rides
from network.names import Names

MOMENT = Moment(watermark=1_732_560_000, closed_through=None)
BUSY = 2_500        # taps of one card, more than two batches


class OnePartition:
    """Taps as an intake has them."""

    def __init__(self, taps: Any) -> None:
        self.taps = taps

    def count(self, _: int) -> int:
        return len(self.taps)

    def gather(self, _: int, taps: Any) -> Any:
        taps[:len(self.taps)] = self.taps
        return taps[:len(self.taps)]


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[ClearingContext, Any]:
    """A network, and a day's taps, one card's among them many times over."""
    context = load_context("demo", Names())
    paths = write_day(tmp_path_factory.mktemp("day"), taps=6_000)
    decoder_tables = DecoderTables(context)
    intake = read_files(paths, decoder_tables, received_at=1_800_000_000, partitions=1)
    intake.number_codes(context.names, {file.index: file.index for file in intake.files})
    taps = intake.gather(0)
    busy = np.repeat(taps[taps["kind"] == 1][:1], BUSY)
    busy["card_seq"] += 1_000 + np.arange(BUSY, dtype=np.uint32)
    busy["tapped_at"] += np.arange(BUSY, dtype=np.uint32) * 7
    busy["source_line"] += 1_000_000 + np.arange(BUSY, dtype=np.uint32)
    return context, np.concatenate([taps[:3_000], busy, taps[3_000:]])


def one_by_one(context: ClearingContext, taps: Any, before: State) -> tuple[Any, ...]:
    """What the kernels make of one partition, each over all of it."""
    taps = np.concatenate([taps, before.open_rides])
    count = len(taps)
    order, codes = np.empty(count, np.uint32), np.empty(count, np.uint16)
    order = order[:order_taps(taps, order, codes, np.empty(count * SCRATCH_BYTES, np.uint8))]
    cards = np.empty(len(order), records.CARD_STATE)
    cards = cards[:open_states(taps, order, before.cards, cards)]
    rides, carried = np.empty(len(order), records.RIDE), np.empty(len(order), np.uint32)
    made, still_open = pair_taps(
        taps, order, context.member_rows, rides, carried, watermark=MOMENT.watermark,
        ride_limit_s=context.network.model.ride_limit_s,
        civil_offset_s=context.network.civil_offset_s, day_starts_s=context.network.day_starts_s)
    charges = np.empty(made, records.CHARGE)
    room = len(before.accumulators) + made * context.pricing_tables.counts_to_most
    accumulators = np.empty(room, records.ACCUMULATOR)
    kept, _ = price_rides(context.pricing_tables, rides[:made], cards, before.accumulators, charges,
                          accumulators)
    entries = np.empty(made, records.ENTRY)
    entries = entries[:make_entries(taps, rides[:made], charges, entry_tables(context, MOMENT),
                                    entries, codes)]
    remember_taps(taps, order, codes, cards)
    open_rides = taps[carried[:still_open]]
    open_rides["flags"] |= records.TAP_FLAGS["CARRIED"]
    return entries, cards, accumulators[:kept], open_rides, codes[codes != 0]


def test_batches_change_nothing(day: tuple[ClearingContext, Any]) -> None:
    """On new cards, and on what they carried from there."""
    context, taps = day
    before = State(np.zeros(0, records.CARD_STATE), np.zeros(0, records.ACCUMULATOR),
                   np.zeros(0, records.TAP))
    for part in (taps[::2], taps[1::2]):
        wanted = one_by_one(context, part, before)
        clearer = Clearer(context, carry(before, 1), MOMENT)
        assert len(clearer.prepare(OnePartition(part), 0)) == 0     # type: ignore[arg-type]
        found = clearer.clear(None)
        for name, values in zip(("entries", "cards", "accumulators", "open_rides", "codes"), wanted,
                                strict=True):
            assert getattr(found, name).tobytes() == values.tobytes(), name
        assert len(found.entries) > BUSY // 2
        # Of every other card nothing is carried, so that both cases are met; its counters are
        # forgotten, for the second half's are among them.
        before = State(*(rows[rows["card_lo"] % 2 == 0] for rows in wanted[1:4]))
        before.cards["highest_seq"] = 1
        for name in ("seen_boardings", "seen_exits", "seen_events"):
            before.cards[name] = 0
    assert len(before.cards) > 500
    assert len(before.open_rides) > 5
