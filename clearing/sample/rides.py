"""One block of cards: their rides of the day, one after the other and priced.

Cards stand in the order of how often they ride, so that the k-th rides of all cards that have one
are one slice, and a card's ride before is at the same place of the slice before.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from clearing.sample import town
from clearing.sample.network_day import NetworkDay
from clearing.sample.shape import ENTRIES, HALF_HOUR_S, Draws, draw_table, spread

DAY_S = 86400
SEQ_A_DAY = 64              # more taps than a card has in a day
PAUSE_S = 60                # between two rides of a card, at least
EARLY_S = 7 * 3600          # a lone exit before could belong to a gate-in of the night
LEAST_BALANCE = 40_000      # fen at the start of the day: more than a day of rides costs

Ints = NDArray[np.int32]
Shorts = NDArray[np.uint16]
Bytes = NDArray[np.uint8]
Flags = NDArray[np.bool_]
Numbers = TypeVar("Numbers", Bytes, Shorts, Ints)


class Cards(NamedTuple):
    """The cards of a block, the busiest first."""

    number: NDArray[np.int64]
    city: Shorts            # of the issuer
    here: Shorts            # where the card is today
    kind: Bytes
    qr: Flags
    balance: Ints
    seq: int                # of everyone's first tap


class Rides(NamedTuple):
    """Rides of a block, first all first ones, then all second ones, ..."""

    card: Ints
    start: Ints
    end: Ints
    operator: Bytes         # of the last tap
    metro: Flags
    place: Shorts           # a line, or the stop where the rider got in
    exit: Shorts            # the stop where the rider got out
    due: Bytes              # class
    paid: Ints
    balance: Ints
    seq: Ints               # of the first tap
    taps_in: Flags
    taps_out: Flags         # or the only tap of a bus ride


def look_up(table: Numbers, row: NDArray[Any], column: NDArray[Any]) -> Numbers:
    """Take table[row, column], faster than NumPy says it."""
    flat: Numbers = table.ravel()
    found: Numbers = flat.take(row.astype(np.int32) * table.shape[1] + column)
    return found


def make_cards(network: NetworkDay, first: int, count: int, days: int, draws: Draws) -> Cards:
    """The cards from a number on: the same home, kind and medium on every day."""
    number = np.arange(first, first + count, dtype=np.int64)
    city = network.city_of[spread(number, 1)]
    elsewhere = network.city_of[draws.uint16(count)]
    elsewhere = np.where(elsewhere == city, (city + 1) % len(network.model.city), elsewhere)
    here = np.where(draws.uint16(count) < town.AWAY, elsewhere, city).astype(np.uint16)
    return Cards(
        number=number,
        city=city,
        here=here,
        kind=look_up(network.kind_of, city, spread(number, 2)),
        qr=spread(number, 3) < town.QR,
        balance=LEAST_BALANCE + (draws.uint16(count) % 50_000).astype(np.int32),
        seq=days * SEQ_A_DAY + 1,
    )


def ranks_of(cards: int) -> list[slice]:
    """The slices of the first rides, the second ones, ... of so many cards."""
    tail = np.cumsum(town.RIDES_A_DAY[::-1])[::-1]
    sizes = [int(cards * left // tail[0]) for left in tail]
    ends = np.cumsum(sizes).tolist()
    return [slice(end - size, end) for size, end in zip(sizes, ends, strict=True) if size]


def draw_rides(network: NetworkDay, cards: Cards, draws: Draws) -> Rides:
    """Every ride that the cards' holders want to make, in order and priced."""
    ranks = ranks_of(len(cards.number))
    card = np.concatenate([np.arange(rank.stop - rank.start, dtype=np.int32) for rank in ranks])
    start = _draw_starts(ranks, draws)
    operator = look_up(network.operator_of, cards.here.take(card), draws.uint16(len(card)))
    metro = network.is_metro.take(operator)
    place, leave = _draw_places(network, operator, metro, draws)
    odd = draws.uint16(len(card))
    lone_in = metro & (odd < town.MISSING_OUT)
    first = slice(0, ranks[0].stop)
    lone_out = np.zeros(len(card), np.bool_)
    lone_out[first] = (
        metro[first] & ~lone_in[first] & (odd[first] < town.MISSING_OUT + town.MISSING_IN)
        & (start[first] >= EARLY_S)
    )
    rides = Rides(
        card=card, start=start, end=start.copy(), operator=operator, metro=metro,
        place=place, exit=leave,
        due=_find_dues(network, metro, place, leave, lone_out),
        paid=np.zeros(len(card), np.int32), balance=np.zeros(len(card), np.int32),
        seq=np.zeros(len(card), np.int32),
        taps_in=metro & ~lone_out, taps_out=~lone_in,
    )
    # The operator of a metro ride is that of the gate where it ends.
    gates = network.array([gate for gate, _ in network.stops]).astype(np.uint8)
    rides.operator[metro] = gates[np.where(lone_in, place, leave)[metro]]
    _follow_cards(network, cards, rides, ranks, draws)
    return rides


def _draw_starts(ranks: list[slice], draws: Draws) -> Ints:
    """When rides begin by the shape of the day, each card's in order."""
    count = ranks[-1].stop
    slot = draw_table(ENTRIES)[draws.uint16(count)].astype(np.int32)
    start = slot * HALF_HOUR_S + (draws.uint16(count).astype(np.int32) * HALF_HOUR_S >> 16)
    sizes = [rank.stop - rank.start for rank in ranks] + [0]
    for rides in range(2, len(ranks) + 1):      # cards with exactly so many rides
        some = slice(sizes[rides], sizes[rides - 1])
        rows = [start[rank][some] for rank in ranks[:rides]]
        for end in range(rides - 1, 0, -1):
            for low, high in pairwise(rows[:end + 1]):
                lower = np.minimum(low, high)
                np.maximum(low, high, out=high)
                low[:] = lower
    return start


def _draw_places(
    network: NetworkDay, operator: Bytes, metro: Flags, draws: Draws
) -> tuple[Shorts, Shorts]:
    """A bus ride's line; a metro ride's two stops, which seldom are the same."""
    draw, other, spare = (draws.uint16(len(operator)) for _ in range(3))
    place = look_up(network.board_of, operator, draw)
    leave = look_up(network.to_of, operator, other)
    again = np.flatnonzero(metro & (leave == place))
    leave[again] = look_up(network.to_of, operator[again], spare[again])
    return place, np.where(metro & (spare < town.SAME_STATION), place, leave)


def _find_dues(
    network: NetworkDay, metro: Flags, place: Shorts, leave: Shorts, lone_out: Flags
) -> Bytes:
    """Every ride's fare, as a class."""
    lines = network.array(network.line_due).astype(np.uint8)
    due = np.where(
        metro, network.pair_due.ravel().take(pair_of(network, metro, place, leave)),
        lines.take(np.where(metro, 0, place)),
    )
    due[lone_out] = network.array(network.lone_due)[leave[lone_out]]
    return due


def pair_of(network: NetworkDay, metro: Flags, place: Shorts, leave: Shorts) -> Ints:
    """The place of a metro ride's two stops in a table of all pairs; 0 for a bus ride."""
    return np.where(metro, place.astype(np.int32) * len(network.stops) + leave, 0)


class _State(NamedTuple):
    """What a card's next ride depends on, by card."""

    end: Ints
    line: Ints              # of the ride before; a metro's is below 0
    operator: Bytes
    whole: Flags            # it has both ends
    seq: Ints
    balance: Ints


class _Plan(NamedTuple):
    """What is known of the rides before they are put in order, by ride."""

    linked: Flags
    gap: Ints
    lasts: Ints
    line: Ints
    table: Ints
    credit: Ints
    wrong: Ints             # fen that a broken validator takes too much
    charged: Flags


Columns = TypeVar("Columns", Rides, _State, _Plan)


def _follow_cards(
    network: NetworkDay, cards: Cards, rides: Rides, ranks: list[slice], draws: Draws
) -> None:
    """Go through each card's rides in order: times, counters, transfers, balances."""
    plan = _make_plan(network, cards, rides, draws)
    count = len(cards.number)
    state = _State(
        end=np.full(count, -DAY_S, np.int32), line=np.full(count, -1, np.int32),
        operator=np.zeros(count, np.uint8), whole=np.zeros(count, np.bool_),
        seq=np.full(count, cards.seq, np.int32), balance=cards.balance.copy(),
    )
    for rank in ranks:
        size = rank.stop - rank.start
        _follow_rank(network.transfer_within, _cut(state, slice(size)), _cut(rides, rank),
                     _cut(plan, rank))


def _cut(columns: Columns, rows: slice) -> Columns:
    """Take some rows of every column, in place."""
    values: Any = (column[rows] for column in columns)
    return type(columns)(*values)


def _make_plan(network: NetworkDay, cards: Cards, rides: Rides, draws: Draws) -> _Plan:
    count, metro = len(rides.card), rides.metro
    pair = pair_of(network, metro, rides.place, rides.exit)
    lasts = network.pair_s.ravel().take(pair) + 150 + (draws.uint16(count) >> 8)
    lasts *= metro
    table = np.where(
        metro, network.array(network.stop_table).take(rides.exit),
        network.array(network.line_table).take(np.where(metro, 0, rides.place)),
    )
    card = cards.city.astype(np.int32) * len(network.model.card_kinds) + cards.kind
    row = table * (len(network.model.city) * len(network.model.card_kinds))
    row += card.take(rides.card)
    charged = rides.taps_out & ~cards.qr.take(rides.card)
    # An exit without its way in is charged in full.
    rides.paid[:] = np.where(
        metro & ~rides.taps_in, network.array(network.dues).take(rides.due),
        network.price.ravel().take(row * len(network.dues) + rides.due),
    )
    broken = charged & (draws.uint16(count) < town.MISCHARGED)
    extra = (draws.uint16(count) % 20).astype(np.int32) * 10 + 10
    whole = rides.taps_out & (rides.taps_in | ~metro)
    return _Plan(
        linked=draws.uint16(count) < town.LINKED,
        gap=(draws.uint16(count).astype(np.int32) * 2400 >> 16) + 120,
        lasts=lasts,
        line=np.where(metro, -1 - rides.operator.astype(np.int32), rides.place),
        table=table,
        credit=np.where(charged & whole, network.credit.ravel().take(row), 0),
        wrong=np.where(broken, extra, 0),
        charged=charged,
    )


def _follow_rank(within: Ints, state: _State, rides: Rides, plan: _Plan) -> None:
    """Put the k-th rides behind the ones before, and charge them."""
    soonest = state.end + PAUSE_S
    rides.start[:] = np.where(
        plan.linked & (state.end >= 0), state.end + plan.gap, np.maximum(rides.start, soonest)
    )
    rides.end[:] = rides.start + plan.lasts
    # What would begin on the next day is not ridden.
    today = rides.start < DAY_S
    rides.taps_in[:] &= today
    rides.taps_out[:] &= today
    moved = (
        (plan.credit > 0) & state.whole & (plan.line != state.line)
        & (rides.start - state.end <= look_up(within, plan.table, state.operator))
    )
    rides.paid[:] -= np.where(moved, np.minimum(plan.credit, rides.paid), 0)
    rides.paid[:] += plan.wrong
    rides.seq[:] = state.seq
    rides.balance[:] = state.balance
    state.seq[:] += rides.taps_in.astype(np.int32) + rides.taps_out
    state.balance[:] -= np.where(plan.charged & today, rides.paid, 0)
    state.end[:], state.line[:], state.operator[:] = rides.end, plan.line, rides.operator
    state.whole[:] = rides.taps_out & (rides.taps_in | ~rides.metro)
