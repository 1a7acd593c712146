"""What moves from run to run: every record, what stands in the ledger, and what is closed."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from clearing.reference.taps import Tap

if TYPE_CHECKING:
    from clearing.reference.results import Entry

Owned = tuple[str, str]     # whose line, vehicle or stop, and which; ("", "") where there is none


class Chain(NamedTuple):
    """One of a card's transfer chains, and the ride to transfer from."""

    transfers: int          # used since the chain began
    started_at: int         # ride time of the chain's first ride
    due: int                # due of the chain's first ride
    prices: int             # of the chain's rides so far, added up
    first_in_stop: Owned    # system and stop where the chain's first ride began
    last_started_at: int
    last_ended_at: int
    last_operator: str
    last_mode: str
    last_line: Owned
    last_vehicle: Owned
    last_in_stop: Owned     # system and stop
    last_exit: Owned
    last_single: bool       # whether it was a SINGLE_TAP ride


class Accumulator(NamedTuple):
    """An accumulator in one period: an amount, or a number of rides or uses, by what it counts."""

    amount: int
    rides: int


@dataclass(frozen=True, slots=True)
class Memories:
    """What cards remember."""

    chains: dict[tuple[str, str], Chain] = field(default_factory=dict)      # by card and name
    # By card, accumulator and period.
    accumulators: dict[tuple[str, str, str], Accumulator] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class State:
    """All that a run knows of the runs before it. Never changed, only replaced.

    Nothing is forgotten: a run clears all records anew. It is the kernels that start from what
    cards were like at the end of a closed window, and this is what they are held to.
    """

    received: tuple[Tap, ...] = ()          # but for duplicates
    told: frozenset[tuple[int, int]] = frozenset()      # places of records that were refused
    entries: tuple[Entry, ...] = ()         # that stand
    opening: Memories = Memories()          # what cards remembered before their first record
    memories: Memories = Memories()         # what they remember now
    open: dict[str, Tap] = field(default_factory=dict)  # gate-ins without an exit yet, by card
    closed_through: datetime.date | None = None     # the last service day that is closed
