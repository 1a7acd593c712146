"""The state of cards at the end of closed windows.

The run that closes a window writes the cards that had records in it; one that takes a late record
writes its cards again, for every window that was closed since. Of a card's rows up to a window the
one of the newest window counts, and of that the newest run's; its accumulators (a card's totals of
a day, week, month or year) and its open rides are those that the same run wrote for the same
window. When the rows since the last full copy outgrow it, the run that closes a window completes
its rows to a full copy. Older rows stay: late records start from them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from clearing.book.native import Array, bytes_of, choose, fill_records, join_records
from clearing.book.parts import Span
from clearing.book.runs import Run
from clearing.book.schema import (
    ACCUMULATORS,
    CARD_STATES,
    OPEN_RIDES,
    PACKED,
    Table,
    packed,
)
from clearing.book.store import Columns, Store
from clearing.book.stored import fields_named, stored_columns
from ext.clearing.partition import add_to_card_filter, list_in_card_filter
from ext.records import ACCUMULATOR, CARD_STATE, TAP
from ext.store.columns import gather_records

Rows = tuple[Array, Array]      # the runs that wrote them, and the records
# Which rows decide, of runs, records and where each card's begin; sorted by card, window and run.
Keep = Callable[[Array, Array, Array], Array]
SMALL_FILTER = 1 << 16          # words


class Stretch(NamedTuple):
    """Windows whose rows are read, of some runs."""

    first: int
    last: int
    runs: Span

    def sql(self, column: str = "window") -> str:
        """As a condition."""
        return f"{self.runs.sql} AND {column} BETWEEN {self.first} AND {self.last}"


@dataclass(frozen=True)
class State:
    """What cards are cleared from, on top of their records since."""

    cards: Array            # CARD_STATE, by card
    accumulators: Array     # ACCUMULATOR, by card, accumulator, period
    open_rides: Array       # TAP: gate-ins that the state does not know yet


def no_state() -> State:
    """Of cards that have none."""
    return State(np.zeros(0, CARD_STATE), np.zeros(0, ACCUMULATOR), np.zeros(0, TAP))


def load_state(store: Store, last: Run | None, runs: Span, window: int,
               card_filter: Array | None = None) -> State:
    """The state at the end of a closed window, as of a run, of all cards or of some.

    card_filter: see ext.clearing.partition: only its cards and a few others are loaded, so that
    memory follows what a run touches and not how many cards there are.
    """
    if last is None or last.state_base == 0:
        return no_state()
    stretch = Stretch(last.state_base if window >= last.state_base else 0, window, runs)
    with ThreadPoolExecutor(2) as pool:
        cards = pool.submit(
            _load, store, CARD_STATES, stretch, CARD_STATE, _last_of_card, card_filter)
        accumulators = pool.submit(
            _load, store, ACCUMULATORS, stretch, ACCUMULATOR, _newest_of_card, card_filter)
        _, open_rides = newest_open_rides(store, stretch, card_filter)
        return State(_by_chain(cards.result()[1]), accumulators.result()[1], open_rides)


def _by_chain(cards: Array) -> Array:
    """Each card's rows in the order of its chains: the store keeps none within a run."""
    if not cards["chain"].any():
        return cards
    return choose(cards, np.lexsort([cards[name] for name in ("chain", "card_lo", "card_hi")]))


def _load(
    store: Store, table: Table, stretch: Stretch, dtype: np.dtype[Any], keep: Keep,
    card_filter: Array | None
) -> Rows:
    if card_filter is None:
        parts = list(_by_card(store, table, stretch, dtype, keep))
        return (np.concatenate([runs for runs, _ in parts]),
                join_records([records for _, records in parts], dtype))
    return _load_filtered(store, table, stretch, dtype, keep, card_filter)


def _load_filtered(
    store: Store, table: Table, stretch: Stretch, dtype: np.dtype[Any], keep: Keep,
    card_filter: Array
) -> Rows:
    """Rows of the filter's cards that `keep` chooses: so few that they are sorted here."""
    runs, rows = [np.zeros(0, "<u4")], list[Array]()
    for block in store.blocks(_select(table, stretch)):
        writers = block.pop("run")
        assert isinstance(writers, np.ndarray)
        records = np.empty(len(writers), dtype)
        fill_records(records.view(packed(dtype)), block)
        listed = list_marked(bytes_of(records), card_filter)
        runs.append(writers[listed])
        rows.append(choose(records, listed))
    found = join_records(rows, dtype)
    keys = {"run": np.concatenate(runs), **{name: found[name] for name in dtype.names or ()}}
    order = np.lexsort([keys[name] for name in reversed(table.order)])
    found, writers = choose(found, order), keys["run"][order]
    chosen = keep(writers, found, _starts(found))
    return choose(writers, chosen), choose(found, chosen)


def newest_cards(store: Store, stretch: Stretch) -> Iterator[Rows]:
    """Of every card the row that counts, in order, block by block."""
    return _by_card(store, CARD_STATES, stretch, CARD_STATE, _last_of_card)


def newest_accumulators(store: Store, stretch: Stretch) -> Iterator[Rows]:
    """Of every card the accumulators that count, in order, block by block."""
    return _by_card(store, ACCUMULATORS, stretch, ACCUMULATOR, _newest_of_card)


def newest_open_rides(store: Store, stretch: Stretch, card_filter: Array | None = None) -> Rows:
    """The open rides (TAP) that belong to the rows of their cards that count."""
    blocks = store.blocks(
        f"SELECT run, {_list(stored_columns(TAP))} FROM {OPEN_RIDES.name} "
        f"WHERE {stretch.sql('service_day')} ORDER BY card_hi, card_lo, tapped_at, card_seq")
    runs, parts = [np.zeros(0, "<u4")], list[Array]()
    for block in blocks:
        runs.append(np.asarray(block.pop("run")))
        parts += records_of(iter([block]), TAP)
    writers, taps = np.concatenate(runs), join_records(parts, TAP)
    if card_filter is not None:
        listed = list_marked(bytes_of(taps), card_filter)
        writers, taps = writers[listed], choose(taps, listed)
    if len(taps) == 0:
        return writers, taps
    own = np.zeros(SMALL_FILTER, np.uint64)
    add_to_card_filter(bytes_of(taps), own)
    card_runs, cards = _load_filtered(store, CARD_STATES, stretch, CARD_STATE, _last_of_card, own)
    place = np.searchsorted(card_keys(cards), card_keys(taps))
    counts = (card_runs[place] == writers) & (cards["window"][place] == taps["service_day"])
    return choose(writers, counts), choose(taps, counts)


def card_keys(records: Array) -> Array:
    """The cards of records as text that sorts as they do."""
    both = np.empty((len(records), 2), ">u8")
    both[:, 0], both[:, 1] = records["card_hi"], records["card_lo"]
    keys: Array = both.view("S16").reshape(len(records))
    return keys


def touch_marks(cards: Array) -> Array:
    """Rows that say "this run decided" of cards' accumulators, also where it left none."""
    marks = np.zeros(len(cards), ACCUMULATOR)
    for name in ("card_hi", "card_lo", "window"):
        marks[name] = cards[name]
    return marks


def deltas_outgrow_base(store: Store, stretch: Stretch) -> bool:
    """Whether rows since the last full copy are more than half as many as in it."""
    found = store.columns(f"SELECT countIf(window = {stretch.first}) AS base, count() AS rows "
                          f"FROM {CARD_STATES.name} WHERE {stretch.sql()}")
    base, rows = int(found["base"][0]), int(found["rows"][0])
    return 2 * (rows - base) > base


def _list(fields: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in fields)


def records_of(
    blocks: Iterator[Columns], dtype: np.dtype[Any], fields: Sequence[str] | None = None
) -> Iterator[Array]:
    """Blocks of columns as arrays of records, of which only `fields` are filled, or all."""
    fields = fields or stored_columns(dtype)
    for block in blocks:
        records = np.zeros(len(block[fields[0]]), dtype)
        _fill(records, block, fields)
        yield records


def read_records(blocks: Iterator[Columns], records: Array) -> Array:
    """Blocks of columns, which have as many rows, as the records that are handed in.

    To read them block by block and join these would take new memory twice.
    """
    first = 0
    for block in blocks:
        last = first + len(next(iter(block.values())))
        _fill(records[first:last], block, stored_columns(records.dtype))
        first = last
    assert first == len(records), "what is committed stays as it is"
    return records


def _fill(records: Array, block: Columns, fields: Sequence[str]) -> None:
    stored = fields_named(records.dtype, fields)
    offsets, widths, sizes = np.array(
        [(field.offset, field.width, field.size) for field in stored], np.int64).T.copy()
    gather_records([np.ascontiguousarray(block[field.column], field.dtype).view(np.uint8)
                    for field in stored], offsets, widths, sizes, bytes_of(records))


def list_marked(rows: Array, card_filter: Array) -> Array:
    """Which rows (bytes, the card first) are of the filter's cards, and of a few others."""
    listed = np.empty(len(rows), np.uint32)
    return listed[:list_in_card_filter(rows, card_filter, listed)]


def marked(blocks: Iterator[Columns], card_filter: Array | None) -> Iterator[Columns]:
    """Of blocks with card_hi and card_lo, the rows of the filter's cards and of a few others."""
    for block in blocks:
        if card_filter is None:
            yield block
            continue
        cards = np.empty((len(block["card_hi"]), 2), "<u8")
        cards[:, 0], cards[:, 1] = block["card_hi"], block["card_lo"]
        listed = list_marked(cards.view(np.uint8).reshape(len(cards), 16), card_filter)
        if len(listed) == len(cards):
            yield block
        elif len(listed):
            yield {name: np.asarray(column)[listed] for name, column in block.items()}


def _select(table: Table, stretch: Stretch) -> str:
    return f"SELECT run, card_hi, card_lo, {PACKED} FROM {table.name} WHERE {stretch.sql()}"


def _by_card(
    store: Store, table: Table, stretch: Stretch, dtype: np.dtype[Any], keep: Keep
) -> Iterator[Rows]:
    """Rows that `keep` chooses; it sees every card's rows together."""
    blocks = store.blocks(f"{_select(table, stretch)} ORDER BY {', '.join(table.order)}")
    left_runs, left = np.zeros(0, "<u4"), np.zeros(0, dtype)
    for block in blocks:
        runs = block.pop("run")
        assert isinstance(runs, np.ndarray)
        records = np.empty(len(left) + len(runs), dtype)
        records[:len(left)] = left
        fill_records(records[len(left):].view(packed(dtype)), block)
        runs = np.concatenate([left_runs, runs])
        starts = _starts(records)
        # The last card may go on in the next block.
        last = int(starts[-1]) if len(starts) else 0
        left_runs, left = runs[last:], records[last:]
        chosen = keep(runs[:last], records[:last], starts[:-1])
        yield choose(runs[:last], chosen), choose(records[:last], chosen)
    chosen = keep(left_runs, left, _starts(left))
    yield left_runs[chosen], left[chosen]


def _starts(records: Array) -> Array:
    """Where each card's rows begin."""
    if len(records) == 0:
        return np.zeros(0, np.int64)
    high, low = records["card_hi"], records["card_lo"]
    changes = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return np.concatenate([[0], np.flatnonzero(changes) + 1])


def _last_of_card(runs: Array, records: Array, starts: Array) -> Array:
    """Those that the newest run wrote of the newest window."""
    if len(runs) == 0:
        return np.zeros(0, bool)
    ends = np.append(starts[1:], len(runs))
    counts = ends - starts
    chosen: Array = ((runs == np.repeat(runs[ends - 1], counts))
                     & (records["window"] == np.repeat(records["window"][ends - 1], counts)))
    return chosen


def _newest_of_card(runs: Array, records: Array, starts: Array) -> Array:
    chosen: Array = _last_of_card(runs, records, starts) & (records["accumulator"] != 0)
    return chosen
