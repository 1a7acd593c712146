"""Which issuers' cards ride on which days: the network's white list (白名单), asked in bulk.

The rule is in clearing/reference/RULES.md §8.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ext.codes import Code, CorrectionKind, TapKind
from ext.records import TAP_BLANKS, TAP_FLAGS, Records
from network.civil import EPOCH, LAST_TAP_DAY, Clock, number_of
from network.network import Network

Days = npt.NDArray[np.int64]


def service_days(taps: Records, clock: Clock, day_starts_s: int) -> Days:
    """Of the time of each tap, days since 1970."""
    times = np.where((taps["kind"] == TapKind.RIDE) & (taps["in_at"] != 0), taps["in_at"],
                     taps["tapped_at"]).astype(np.int64)
    return clock.days(times, day_starts_s)


class Admissions:
    """The admissions of a network, by the number of the issuer."""

    def __init__(self, network: Network, issuers: Mapping[int, str]) -> None:
        """issuers: by their numbers in taps."""
        self._clock, self._day_starts_s = network.clock, network.day_starts_s
        spans = defaultdict[str, list[tuple[int, int]]](list)
        for one in network.model.admission:
            spans[one.issuer].append((number_of(one.in_force_from or EPOCH),
                                      number_of(one.in_force_until or LAST_TAP_DAY)))
        most = max(map(len, spans.values()))
        self._spans: Days = np.tile(np.array([1, 0]), (most, max(issuers) + 1, 1))  # first, last
        for number, code in issuers.items():
            own = spans[code]
            self._spans[:len(own), number] = own or self._spans[:0, 0]

    def check(self, taps: Records) -> npt.NDArray[np.uint16]:
        """A Code for each tap: ISSUER_NOT_ADMITTED, or OK.

        An exit says itself that its issuer was not (NOT_ADMITTED): how its ride began decides.
        """
        kind, flags = taps["kind"], taps["flags"]
        days = service_days(taps, self._clock, self._day_starts_s)
        is_exit = kind == TapKind.OUT
        first, last = np.moveaxis(self._spans[:, taps["issuer"]], 2, 0)
        refused = ~((first <= days) & (days <= last)).any(axis=0)
        refused &= (kind != TapKind.TOP_UP) & (kind != TapKind.LOCK)
        refused &= taps["correction"] != CorrectionKind.CANCEL
        refused &= is_exit | (flags & TAP_FLAGS["HAS_PAID"] == 0) | (taps["paid"] >= 0)
        taps["blanks"][refused & is_exit] |= np.uint8(TAP_BLANKS["NOT_ADMITTED"])
        return np.where(refused & ~is_exit, np.uint16(Code.ISSUER_NOT_ADMITTED), np.uint16(0))
