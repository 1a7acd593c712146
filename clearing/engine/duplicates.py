"""Tells a tap that the ledger has already from one that contradicts it.

A card's state remembers which counters were seen, not what they said; where a counter may have
been seen, the ledger's entries decide. The rule is in clearing/reference/RULES.md section 1.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import numpy as np
import numpy.typing as npt

from ext.codes import Code, RideState, TapKind
from ext.records import RIDE_FLAGS, TAP, TAP_FLAGS, Records

CONTENT = [name for name in TAP.names or () if not name.startswith("source_")]
# What of an entry is compared.
ENTRY_FIELDS = ("card_hi", "card_lo", "card_seq", "out_seq", "state", "flags", "in_file",
                "in_line", "out_file", "out_line", "device", "paid", "started_at", "ended_at",
                "from_stop", "to_stop")
EVENTS = (TapKind.TOP_UP, TapKind.LOCK)


def judge_taps(maybe_seen: Records, entries: Records, events: Records) -> npt.NDArray[np.uint16]:
    """DUPLICATE, CONFLICT or OK for each tap, by what the ledger has of its card.

    maybe_seen: TAP rows whose counter may have been seen; entries and events: committed ENTRY and
    TAP rows that have one of these counters.
    """
    known = {_counter(event): event for event in events}
    by_counter: dict[tuple[int, int, int], list[Any]] = defaultdict(list)
    for entry in entries:
        card = int(entry["card_hi"]), int(entry["card_lo"])
        for seq in {int(entry["card_seq"]), int(entry["out_seq"])}:
            by_counter[*card, seq].append(entry)
    codes = np.zeros(len(maybe_seen), dtype=np.uint16)
    for place, tap in enumerate(maybe_seen):
        if tap["kind"] in EVENTS:
            event = known.get(_counter(tap))
            if event is not None:
                same = all(tap[name] == event[name] for name in CONTENT)
                codes[place] = Code.DUPLICATE if same else Code.CONFLICT
            continue
        judge = _judge_exit if tap["kind"] == TapKind.OUT else _judge_boarding
        for entry in by_counter.get(_counter(tap), ()):
            found = judge(tap, entry)
            if found is not None:
                codes[place] = found
    return codes


def _counter(tap: Any) -> tuple[int, int, int]:
    return int(tap["card_hi"]), int(tap["card_lo"]), int(tap["card_seq"])


def _has_one_tap(entry: Any) -> bool:
    return ((entry["in_line"] == entry["out_line"] and entry["in_file"] == entry["out_file"])
            or entry["state"] in (RideState.SINGLE_TAP, RideState.MISSING_OUT,
                                  RideState.MISSING_IN))


def _same_charge(tap: Any, entry: Any) -> bool:
    """Whether the ride's last tap is this one: device and, of a lone tap, the amount."""
    if tap["device"] != entry["device"]:
        return False
    if not (_has_one_tap(entry) and entry["flags"] & RIDE_FLAGS["PAID_BY_VALIDATOR"]):
        return True
    return bool(tap["flags"] & TAP_FLAGS["HAS_PAID"] and tap["paid"] == entry["paid"])


def _judge_boarding(tap: Any, entry: Any) -> Code | None:
    """What an entry says of a boarding with its counter; None: it is not about this identity."""
    if entry["state"] == RideState.MISSING_IN or entry["card_seq"] != tap["card_seq"]:
        return None
    whole = tap["kind"] == TapKind.RIDE
    time = tap["in_at"] if whole and tap["in_at"] else tap["tapped_at"]
    stop = tap["in_stop"] if whole else tap["stop"]
    same = time == entry["started_at"] and stop == entry["from_stop"]
    if same and _has_one_tap(entry):
        same = _same_charge(tap, entry)
        if whole and entry["state"] != RideState.MISSING_OUT:
            same = (same and tap["tapped_at"] == entry["ended_at"]
                    and tap["stop"] == entry["to_stop"])
    return Code.DUPLICATE if same else Code.CONFLICT


def _judge_exit(tap: Any, entry: Any) -> Code | None:
    """What an entry says of an exit with its counter; None: it is not about this identity."""
    pair = not _has_one_tap(entry)
    if not (pair or entry["state"] == RideState.MISSING_IN) or entry["out_seq"] != tap["card_seq"]:
        return None
    same = (tap["tapped_at"] == entry["ended_at"] and tap["stop"] == entry["to_stop"]
            and _same_charge(tap, entry))
    return Code.DUPLICATE if same else Code.CONFLICT
