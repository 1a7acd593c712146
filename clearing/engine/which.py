"""What a record is to the engine: its day, its identity, whether it is a refund."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from clearing.engine.context import ClearingContext
from ext.codes import TapKind
from ext.records import Records

CLASSES = {TapKind.OUT: 1, TapKind.TOP_UP: 2, TapKind.LOCK: 2}      # else 0: see RULES section 1


def end_of(context: ClearingContext, day: int) -> int:
    """The first moment after a service day, UTC seconds; 0 before all."""
    network = context.network
    return max(0, network.clock.utc((day + 1) * 86_400 + network.day_starts_s))


def times_of(taps: Records) -> npt.NDArray[np.int64]:
    """When each tap takes its place among its card's taps, UTC seconds."""
    began = (taps["kind"] == TapKind.RIDE) & (taps["in_at"] != 0)
    times: npt.NDArray[np.int64] = np.where(
        began, taps["in_at"], taps["tapped_at"]).astype(np.int64)
    return times


def days_of(context: ClearingContext, taps: Records) -> npt.NDArray[np.int64]:
    """The service day of that time."""
    return context.network.clock.days(times_of(taps), context.network.day_starts_s)


def identities(taps: Records) -> Records:
    """Card, generation, counter and class of each record."""
    classes = np.zeros(256, np.uint8)
    for kind, number in CLASSES.items():
        classes[kind] = number
    return np.rec.fromarrays([taps["card_hi"], taps["card_lo"], taps["generation"],
                              taps["card_seq"], classes[taps["kind"]]])


def are_refunds(taps: Records) -> npt.NDArray[np.bool_]:
    """Which records are boardings that give back; see RULES section 1."""
    back: npt.NDArray[np.bool_] = taps["paid"] < 0
    return back & ~np.isin(taps["kind"], list(CLASSES)) if back.any() else back
