"""Rides to taps, and taps to the files in which their operators hand them in."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from clearing.sample import town
from clearing.sample.network_day import GATES, NetworkDay
from clearing.sample.rides import Bytes, Cards, Ints, Rides, look_up
from clearing.sample.shape import Draws

# A file holds what was tapped until these hours; one more takes what is left over.
FILE_ENDS_H = (9, 13, 17, 20, 48)
FILES = len(FILE_ENDS_H)            # of one operator

NOTHING = -1                        # a blank amount
SPOILT = 183                        # of 65,536 QR taps: about 0.05 % of all taps
DISPUTED = 2                        # of 65,536 QR taps are handed in again with another stop

TAP = np.dtype([                    # 32 bytes: a size that NumPy copies fast
    ("card", "<i4"), ("seq", "<i4"), ("time", "<i4"), ("balance", "<i4"), ("paid", "<i4"),
    ("device", "<i4"), ("place", "<u2"), ("due", "<i2"), ("holder", "u1"), ("file", "u1"),
    ("unused", "<u2"),
])
Places = NDArray[np.int_]
Taps = np.ndarray[tuple[int], np.dtype[np.void]]


class Batch(NamedTuple):
    """A block's taps as they are handed in, by file; those to be spoilt apart."""

    taps: Taps
    ends: NDArray[np.int64]         # of each file's part
    spoilt: Taps


def count_places(network: NetworkDay) -> int:
    """Where places of metro stops begin: after those of each bus mode."""
    return len(network.model.modes) * network.bus_stops


def make_batch(network: NetworkDay, cards: Cards, rides: Rides, draws: Draws, first: bool) -> Batch:
    """All that is handed in of a block: taps, doubles, late ones, and what went wrong."""
    taps = _make_taps(network, cards, rides, draws)
    taps["file"] += _file_of(taps["time"], draws)
    lots = draws.uint16(len(taps))
    is_qr = (taps["holder"] & 1).astype(np.bool_)
    doubled = np.flatnonzero(lots < town.DOUBLED)
    spoilt = is_qr & (lots >= (1 << 16) - SPOILT)
    disputed = np.flatnonzero(is_qr & (lots >= 1 << 15) & (lots < (1 << 15) + DISPUTED))
    if first:                       # a small day has some of each, too
        rest = np.flatnonzero(is_qr & ~spoilt & (lots >= town.DOUBLED))
        spoilt[rest[:8]] = True
        disputed = np.union1d(disputed, rest[8:10])
    again = np.concatenate([doubled, disputed])
    index = np.concatenate([np.flatnonzero(~spoilt), again])
    file = taps["file"][index]
    late = file[len(file) - len(again):]
    late += _later(late, draws, at_once=True)
    # By file, and nearly by time: 128 s at once.
    key = (file.astype(np.uint16) << 10) | (taps["time"][index] >> 7).astype(np.uint16)
    order = np.argsort(key, kind="stable")
    sound = taps.take(index.take(order))
    claims = np.flatnonzero(order >= len(index) - len(disputed))
    sound["place"][claims] = claim_other(
        sound["place"][claims], count_places(network) + 2 * len(network.stops))
    files = len(network.operators) * FILES
    ends = np.searchsorted(file.take(order), np.arange(files), side="right")
    return Batch(sound, ends, taps[spoilt])


def claim_other(place: NDArray[np.uint16], places: int) -> NDArray[np.uint16]:
    """Another place of the same sort for each: two further down where it is odd, or two up."""
    up = (place & 1 == 0) & (place + 2 < places) | (place < 2)
    return np.where(up, place + 2, place - 2)


def _make_taps(network: NetworkDay, cards: Cards, rides: Rides, draws: Draws) -> Taps:
    """Make a tap for each end of a ride; the validator charges a card at the last one."""
    count = len(rides.card)
    luck = draws.uint16(count)
    holder = (cards.kind * 2 + cards.qr).astype(np.uint8)
    singles = np.flatnonzero(rides.taps_out & ~rides.metro)
    ins, outs = np.flatnonzero(rides.taps_in), np.flatnonzero(rides.taps_out & rides.metro)
    parts = [np.empty(len(part), TAP) for part in (singles, ins, outs)]
    for part, which in zip(parts, (singles, ins, outs), strict=True):
        card = rides.card.take(which)
        part["card"], part["seq"], part["time"] = card, rides.seq.take(which), rides.end.take(which)
        part["holder"] = holder.take(card)
        no_purse = cards.qr.take(card)
        part["balance"] = np.where(no_purse, NOTHING, rides.balance.take(which))
        part["paid"] = np.where(no_purse, NOTHING, rides.paid.take(which))
        part["due"] = np.where(no_purse, NOTHING, rides.due.take(which).astype(np.int16))
    _place_singles(network, parts[0], rides, singles, draws)
    gates = network.array([gate for gate, _ in network.stops])
    for part, which, stop, is_out in (
        (parts[1], ins, rides.place, 0), (parts[2], outs, rides.exit, 1)
    ):
        stops = stop.take(which)
        gate = (luck.take(which) >> is_out * 3) % GATES
        part["device"] = network.vehicles * 2 + stops.astype(np.int32) * GATES + gate
        part["place"] = count_places(network) + stops * 2 + is_out
        part["file"] = gates.take(stops) * FILES
    parts[1]["time"] = rides.start.take(ins)
    parts[1]["paid"] = parts[1]["due"] = NOTHING
    parts[2]["seq"] += rides.taps_in.take(outs)
    return np.concatenate(parts)


def _place_singles(network: NetworkDay, part: Taps, rides: Rides, which: Places, draws: Draws
                   ) -> None:
    """Bus rides: a vehicle of the line, one way or the other, and a stop."""
    line, operator = rides.place.take(which), rides.operator.take(which)
    lot = draws.uint16(len(which))
    vehicle = network.array(network.first_vehicle).take(line)
    vehicle += lot % network.vehicles_of.take(operator)
    part["device"] = vehicle * 2 + (lot >> 15)
    modes = network.array([network.model.modes.index(mode) for _, mode, _ in network.lines])
    stop = look_up(network.stop_of, operator, draws.uint16(len(which)))
    part["place"] = modes.take(line) * network.bus_stops + stop
    part["file"] = operator * FILES


def _file_of(time: Ints, draws: Draws) -> Bytes:
    """Which of its operator's files a tap is in: by its time, or a later one."""
    ends = np.array(FILE_ENDS_H, np.int32) * 3600
    by_minute = np.searchsorted(ends, np.arange(48 * 60) * 60, side="right").astype(np.uint8)
    part = by_minute[time // 60]
    late = draws.uint16(len(time)) < town.LATE
    part[late] += _later(part[late], draws, at_once=False)
    return part


def _later(file: Bytes, draws: Draws, *, at_once: bool) -> Bytes:
    """How many files later, up to the operator's last one."""
    left = (FILES - 1 - file % FILES).astype(np.uint16)
    lots = draws.uint16(len(file))
    later = lots % (left + 1) if at_once else np.minimum(left, 1 + lots % np.maximum(left, 1))
    return later.astype(np.uint8)
