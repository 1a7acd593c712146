"""What moves from run to run: who was seen, who is inside, what each card has accumulated."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import NamedTuple

from clearing.reference.taps import Identity, Tap


class End(NamedTuple):
    """One end of a ride, as an entry shows it."""

    time: int
    system: str
    stop: str


class Shown(NamedTuple):
    """What an entry shows of one tap. None: it does not show that."""

    ends: tuple[End, ...]
    device: tuple[str, str] | None      # operator and device, of the ride's last tap
    paid: int | None                    # what the validator charged, of a ride's only tap


Owned = tuple[str, str]     # whose line, vehicle or stop, and which; ("", "") where there is none


class Chain(NamedTuple):
    """A card's running transfer chain, and the ride to transfer from."""

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
    last_exit: Owned        # system and stop
    last_single: bool       # whether it was a SINGLE_TAP ride


class Accumulator(NamedTuple):
    """An accumulator in one period: an amount, or a number of rides or uses, by what it counts."""

    amount: int
    rides: int


@dataclass(frozen=True, slots=True)
class State:
    """All that a run knows of the runs before it. Never changed, only replaced."""

    accepted: dict[Identity, Shown | Tap] = field(default_factory=dict)     # Tap: an event
    open: dict[str, Tap] = field(default_factory=dict)                      # by card
    chains: dict[str, Chain] = field(default_factory=dict)                  # by card
    # By card, accumulator and period.
    accumulators: dict[tuple[str, str, str], Accumulator] = field(default_factory=dict)
    watermark: int = 0
    closed_through: datetime.date | None = None     # the last service day that is closed
