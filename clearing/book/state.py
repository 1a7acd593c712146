"""The state of every card as of the last run: read from the runs since the last full copy.

A run writes only the cards it touched: per card the newest run's row counts, and the accumulators
of a card are those that the same run wrote. Open rides are written in full every time. When the
rows since the last full copy outgrow it, the book completes the newest run to a full copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from clearing.book.native import Array, bytes_of, fill_fields, fill_records, join_records, raw_of
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

Rows = tuple[Array, Array]      # the runs that wrote them, and the records
# Which rows decide, of runs, records and where each card's begin; sorted by card and run.
Keep = Callable[[Array, Array, Array], Array]


@dataclass(frozen=True)
class State:
    """What the next run starts from."""

    cards: Array            # CARD_STATE, by card
    accumulators: Array     # ACCUMULATOR, by card, accumulator, period
    open_rides: Array        # TAP, by card, time, counter


def load_state(store: Store, last: Run | None, card_filter: Array | None = None) -> State:
    """The state as of a run (None: before the first), of all cards or of some.

    card_filter: see ext.clearing.partition: only its cards, those with open rides, and a few others
    are loaded, so that memory follows what a run touches and not how many cards there are.
    """
    if last is None or last.state_base == 0:
        return State(np.zeros(0, CARD_STATE), np.zeros(0, ACCUMULATOR), np.zeros(0, TAP))
    base, newest = last.state_base, last.state_run
    open_rides = _open_rides(store, newest)
    if card_filter is not None:
        add_to_card_filter(bytes_of(open_rides), card_filter)
    with ThreadPoolExecutor(2) as pool:
        cards = pool.submit(
            _load, store, CARD_STATES, base, newest, CARD_STATE, _last_of_card, card_filter)
        accumulators = pool.submit(
            _load, store, ACCUMULATORS, base, newest, ACCUMULATOR, _newest_of_card, card_filter)
        return State(cards.result(), accumulators.result(), open_rides)


def _load(
    store: Store, table: Table, base: int, newest: int, dtype: np.dtype[Any], keep: Keep,
    card_filter: Array | None
) -> Array:
    if card_filter is None:
        most = _count(store, table, base, newest)
        return _gather(_by_card(store, table, base, newest, dtype, keep), dtype, most)
    return _load_filtered(store, table, base, newest, dtype, keep, card_filter)


def _load_filtered(
    store: Store, table: Table, base: int, newest: int, dtype: np.dtype[Any], keep: Keep,
    card_filter: Array
) -> Array:
    """Rows of marked cards that `keep` chooses: few enough to be sorted here, not by the store."""
    runs, rows = [np.zeros(0, "<u4")], list[Array]()
    for block in store.blocks(_select(table, base, newest)):
        written = block.pop("run")
        assert isinstance(written, np.ndarray)
        records = np.empty(len(written), dtype)
        fill_records(records.view(packed(dtype)), block)
        listed = np.empty(len(records), np.uint32)
        listed = listed[:list_in_card_filter(bytes_of(records), card_filter, listed)]
        runs.append(written[listed])
        rows.append(raw_of(records)[listed].view(dtype))
    found = join_records(rows, dtype)
    keys = {"run": np.concatenate(runs), **{name: found[name] for name in dtype.names or ()}}
    order = np.lexsort([keys[name] for name in reversed(table.order)])
    found, written = raw_of(found)[order].view(dtype), keys["run"][order]
    return _chosen(found, keep(written, found, _starts(found)))


def newest_cards(store: Store, base: int, newest: int) -> Iterator[Rows]:
    """Of every card the row of the newest run that wrote one, in order, block by block."""
    return _by_card(store, CARD_STATES, base, newest, CARD_STATE, _last_of_card)


def newest_accumulators(store: Store, base: int, newest: int) -> Iterator[Rows]:
    """Of every card the accumulators that the newest run left it, in order, block by block."""
    return _by_card(store, ACCUMULATORS, base, newest, ACCUMULATOR, _newest_of_card)


def touch_marks(cards: Array) -> Array:
    """Rows that say "this run decided" of cards' accumulators, also where it left none."""
    card_filter = np.zeros(len(cards), ACCUMULATOR)
    card_filter["card_hi"], card_filter["card_lo"] = cards["card_hi"], cards["card_lo"]
    return card_filter


def deltas_outgrow_base(store: Store, base: int, newest: int) -> bool:
    """Whether rows since the last full copy are more than half as many as in it."""
    return 2 * _count(store, CARD_STATES, base + 1, newest) > _count(
        store, CARD_STATES, base, base)


def _count(store: Store, table: Table, first: int, last: int) -> int:
    found = store.columns(
        f"SELECT count() AS rows FROM {table.name} WHERE run BETWEEN {first} AND {last}")
    return int(found["rows"][0])


def _list(fields: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in fields)


def _open_rides(store: Store, run: int) -> Array:
    blocks = store.blocks(
        f"SELECT {_list(stored_columns(TAP))} FROM {OPEN_RIDES.name} WHERE run = {run} "
        "ORDER BY card_hi, card_lo, tapped_at, card_seq")
    return np.concatenate([np.zeros(0, TAP), *records_of(blocks, TAP)])


def records_of(
    blocks: Iterator[Columns], dtype: np.dtype[Any], fields: Sequence[str] | None = None
) -> Iterator[Array]:
    """Blocks of columns as arrays of records, of which only `fields` are filled, or all."""
    fields = fields or stored_columns(dtype)
    for block in blocks:
        records = np.zeros(len(block[fields[0]]), dtype)
        fill_fields([field.of(records) for field in fields_named(dtype, fields)],
                    [block[name] for name in fields])
        yield records


def _gather(rows: Iterator[Rows], dtype: np.dtype[Any], most: int) -> Array:
    """All records in one array; `most` is how many there can be."""
    gathered = np.empty(most, dtype)
    filled = 0
    for _, records in rows:
        # As bytes: field by field takes several times as long.
        raw_of(gathered)[filled:filled + len(records)] = raw_of(records)
        filled += len(records)
    return gathered[:filled]


def _select(table: Table, base: int, newest: int) -> str:
    return (f"SELECT run, card_hi, card_lo, {PACKED} FROM {table.name} "
            f"WHERE run BETWEEN {base} AND {newest}")


def _by_card(
    store: Store, table: Table, base: int, newest: int, dtype: np.dtype[Any], keep: Keep
) -> Iterator[Rows]:
    """Rows of runs `base` to `newest` that `keep` chooses; it sees every card's rows together."""
    blocks = store.blocks(f"{_select(table, base, newest)} ORDER BY {', '.join(table.order)}")
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
        yield _chosen(runs[:last], chosen), _chosen(records[:last], chosen)
    chosen = keep(left_runs, left, _starts(left))
    yield left_runs[chosen], left[chosen]


def _chosen(rows: Array, chosen: Array) -> Array:
    return rows if chosen.all() else rows[chosen]


def _starts(records: Array) -> Array:
    """Where each card's rows begin."""
    if len(records) == 0:
        return np.zeros(0, np.int64)
    high, low = records["card_hi"], records["card_lo"]
    changes = (high[1:] != high[:-1]) | (low[1:] != low[:-1])
    return np.concatenate([[0], np.flatnonzero(changes) + 1])


def _last_of_card(runs: Array, records: Array, starts: Array) -> Array:
    chosen = np.zeros(len(runs), bool)
    if len(runs):
        chosen[np.append(starts[1:], len(runs)) - 1] = True
    return chosen


def _newest_of_card(runs: Array, records: Array, starts: Array) -> Array:
    ends = np.append(starts[1:], len(runs))
    newest = np.repeat(runs[ends - 1], ends - starts) if len(runs) else runs
    chosen: Array = (runs == newest) & (records["accumulator"] != 0)
    return chosen
