"""Refunds whose rides are of windows behind: what of them a card carries over the end of a window.

A refund takes back a ride of up to REFUND_DAYS before it (RULES section 2). Where the ride is whole
at the end of a window and the refund came behind it, the state there is what it would be without
the ride, and the refund is handed on, set aside: it has had its ride.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from clearing.engine.context import ClearingContext
from clearing.engine.which import are_refunds, days_of, end_of, identities, times_of
from ext.clearing.journeys import REFUND_DAYS
from ext.codes import TapKind
from ext.records import TAP_FLAGS, Records

Flags = npt.NDArray[np.bool_]
NO_RIDE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Refunds:
    """Of a card's taps at the end of a window, one of each per tap."""

    join: Flags         # refunds behind it, of rides that are whole by then
    idle: Flags         # refunds up to it that take no ride back by then
    hand_on: Flags      # refunds that are handed on as they are


def reach_of(context: ClearingContext, taps: Records) -> npt.NDArray[np.int64]:
    """The first service day whose rides a record can change: of a refund, one before its own."""
    days: npt.NDArray[np.int64] = days_of(context, taps) - REFUND_DAYS * are_refunds(taps)
    return days


@dataclass(frozen=True)
class Taken:
    """By tap, for every record of a refund: which ride it takes back."""

    looks: Flags                        # whether it looks for a ride: it has no charge beside it
    whole: npt.NDArray[np.int64]        # the last service day of the ride's taps; else NO_RIDE
    gate_in: npt.NDArray[np.int64]      # index of its tap, if it has no exit; else -1


def rides_taken(context: ClearingContext, rows: Records, taps: Records) -> Taken | None:
    """What refunds take back, rows (REFUND) saying so; None: no tap gives anything back."""
    back = are_refunds(taps)
    if not back.any():
        return None
    names = identities(taps)
    taken = Taken(back & np.isin(names, names[rows["refund"]]),
                  np.full(len(taps), NO_RIDE), np.full(len(taps), -1))
    rows = rows[(rows["found"] != 0)
                & (taps["flags"][rows["refund"]] & TAP_FLAGS["SET_ASIDE"] == 0)]
    if len(rows) == 0:
        return taken
    first, last = rows["first_tap"].astype(np.int64), rows["last_tap"]
    days = days_of(context, taps)
    whole = np.maximum(days[first], days[last])
    gate_in = np.where((first == last) & (taps["kind"][first] == TapKind.IN), first, -1)
    # Of several reports of one refund one is listed: the others are like it.
    found = names[rows["refund"]]
    order = np.argsort(found, kind="stable")
    places = order[np.searchsorted(found[order], names).clip(max=len(rows) - 1)]
    same = back & (found[places] == names)
    taken.whole[same], taken.gate_in[same] = whole[places][same], gate_in[places][same]
    return taken


def split_refunds(context: ClearingContext, taps: Records, within: Flags, taken: Taken | None,
                  window: int, still_open: npt.NDArray[np.int64]) -> Refunds:
    """What to do with each refund at the end of a window.

    within: which taps are of days up to it; still_open: indexes of the gate-ins that are open
    there. A refund of one of these is handed on, as is one so shortly before the end that its ride
    can begin behind it.
    """
    if taken is None:
        nothing = np.zeros(len(taps), bool)
        return Refunds(nothing, nothing, nothing)
    back = are_refunds(taps)
    has_one = taps["flags"] & TAP_FLAGS["SET_ASIDE"] != 0
    is_open = np.isin(taken.gate_in, still_open)
    takes = back & (taken.whole <= window) & ~is_open
    tolerance_s = context.network.model.clock_tolerance_s
    shortly = times_of(taps) >= end_of(context, window) - tolerance_s
    return Refunds(
        join=takes & ~within,
        idle=back & within & ~takes,
        hand_on=back & ~takes & np.where(within, (taken.looks & shortly & ~has_one) | is_open,
                                         has_one))


def still_waiting(taps: Records, taken: Taken | None, refunds: Refunds,
                  still_open: npt.NDArray[np.int64]) -> Flags:
    """Refunds without a ride by the end of a window, of cards with a gate-in that is open there.

    Its ride can become theirs: it can end behind, and each record that comes can end it elsewhere.
    """
    if taken is None or len(still_open) == 0:
        return np.zeros(len(taps), bool)
    has_one = taps["flags"] & TAP_FLAGS["SET_ASIDE"] != 0
    cards = np.rec.fromarrays([taps["card_hi"], taps["card_lo"]])
    waiting: Flags = refunds.idle & taken.looks & ~has_one & np.isin(cards, cards[still_open])
    return waiting
