"""What a run ends with: rides, charges, entries and refusals, all easy to compare."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, field
from typing import NamedTuple

from clearing.reference.state import State
from clearing.reference.taps import Tap

COMPLETE, SINGLE_TAP, MISSING_OUT, MISSING_IN, SAME_STATION, OVERTIME = (
    "COMPLETE", "SINGLE_TAP", "MISSING_OUT", "MISSING_IN", "SAME_STATION", "OVERTIME",
)
INCOMPLETE = (MISSING_OUT, MISSING_IN)

Row = tuple[object, ...]


class Refusal(NamedTuple):
    """A record that is not in the ledger, and why."""

    code: str
    file: int
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ride:
    """One boarding, or one gate-in to gate-out."""

    card: str
    card_seq: int
    state: str
    started_at: int
    ended_at: int
    service_day: datetime.date
    from_stop: str
    to_stop: str
    operator: str
    mode: str
    device: str
    line: str
    line_operator: str              # whose line it is; a line is known to its operator only
    vehicle: str
    vehicle_operator: str           # whose vehicle it is, as of the line
    medium: str
    card_kind: str
    issuer: str
    due: int | None                 # as the validator says
    paid: int | None                # as the validator charged
    distance_m: int | None
    age: int | None                 # full years on the service day; None: not known
    reviewed: bool                  # whether the card's yearly review holds on the service day
    line_changed: bool = False      # its vehicle said another line at the way out
    # Whether its first tap is before others of its day by the card's counter, not by the clocks.
    before_by_counter: bool = False
    moment: int = 0                 # when it counts among the rides of its owner's other cards
    taps: tuple[Tap, ...]

    @property
    def time(self) -> int:
        """When it began, or when it ended where that is all that is known."""
        return self.ended_at if self.state == MISSING_IN else self.started_at

    @property
    def seconds(self) -> int:
        """How long a ride with both ends lasted; 0 where its clocks say that it ended before."""
        return max(0, self.ended_at - self.started_at)

    @property
    def place(self) -> tuple[int, bool, int]:
        """What it is known by among the rides of its card."""
        return (self.time, self.state == MISSING_IN, self.card_seq)

    @property
    def incomplete(self) -> bool:
        """Whether one of its ends is missing."""
        return self.state in INCOMPLETE

    @property
    def own_line(self) -> tuple[str, str]:
        """The line together with its operator; both blank where there is no line."""
        return (self.line_operator, self.line) if self.line else ("", "")

    @property
    def own_vehicle(self) -> tuple[str, str]:
        """The vehicle together with its operator; both blank where there is no vehicle."""
        return (self.vehicle_operator, self.vehicle) if self.vehicle else ("", "")

    def row(self) -> Row:
        """A tuple that sorts and compares; None becomes -1, an age that is not known 0."""
        numbers = tuple(-1 if n is None else n for n in (self.due, self.paid, self.distance_m))
        return (
            self.card, self.time, self.card_seq, self.state, self.started_at, self.ended_at,
            self.service_day.isoformat(), self.from_stop, self.to_stop, self.operator, self.mode,
            self.device, self.line, self.vehicle, self.medium, self.card_kind, self.issuer,
            *numbers, self.age or 0, self.reviewed, self.before_by_counter,
            self.line_changed, self.taps[0].place,
            self.taps[-1].place,
        )


class Leg(NamedTuple):
    """An amount that one party owes another for a ride."""

    cause: str          # fare; concession, promotion, transfer, tier, cap; fees
    rule: str           # the row of a table, or the agreement
    debtor: str
    creditor: str
    amount: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """What one ride costs, what the rider pays of it, and who pays the rest."""

    table: str          # the version, as "bus@2026-05-01"
    rule: str           # the row that set due
    due: int
    price: int          # what the rider should pay by the table
    paid: int           # what the rider pays
    uncollected: int    # the price, where nobody knows of a payment; else 0
    by_validator: bool  # paid is money that has left the card
    held: bool          # not settled yet: a variance, or a claim that is not believed
    legs: tuple[Leg, ...]   # the fare first, then discounts: together what the operator is due

    @property
    def variance(self) -> int:
        """What was paid beyond the price; negative where less was, 0 where that is not known."""
        return self.paid + self.uncollected - self.price

    def row(self) -> Row:
        """A tuple that sorts and compares."""
        return (self.table, self.rule, self.due, self.price, self.paid, self.variance,
                self.uncollected, self.by_validator, self.held, tuple(self.legs))


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One row of the ledger, balanced in itself."""

    ride: Ride
    charge: Charge
    fees: tuple[Leg, ...]
    window: datetime.date

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Everything that anybody owes for the ride."""
        return (*self.charge.legs, *self.fees)

    @property
    def gross(self) -> int:
        """What the operator is due before fees."""
        return self.charge.due + self.charge.variance - self.charge.uncollected

    @property
    def net(self) -> int:
        """What the operator is due after fees."""
        return self.gross - sum(leg.amount for leg in self.fees)

    def row(self) -> Row:
        """A tuple that sorts and compares."""
        return (*self.ride.row(), *self.charge.row(), self.fees, self.window.isoformat())


# (window, debtor, creditor, cause) -> (amount, rides)
Flows = dict[tuple[datetime.date, str, str, str], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Result:
    """All that one run says. Rides, charges and entries stand in the same order."""

    entries: list[Entry]            # that it enters
    reversals: list[Entry]          # that it takes back, in the windows where it does
    refusals: list[Refusal]
    flows: Flows
    state: State
    refused_rides: list[Ride] = field(default_factory=list)     # NO_FARE and the like

    @property
    def rides(self) -> list[Ride]:
        """The rides of the entries, by card and in the order they were priced."""
        return [entry.ride for entry in self.entries]

    @property
    def charges(self) -> list[Charge]:
        """The charge of each ride."""
        return [entry.charge for entry in self.entries]

    @property
    def still_open(self) -> list[Tap]:
        """The taps whose rides are still open, by card."""
        return [tap for _, tap in sorted(self.state.open.items())]

    def rows(self) -> dict[str, list[Row]]:
        """Everything as sorted plain tuples, so that two engines can be compared with ==."""
        memories = self.state.memories
        return {
            "entries": sorted(entry.row() for entry in self.entries),
            "reversals": sorted(entry.row() for entry in self.reversals),
            "refusals": sorted(tuple(refusal) for refusal in self.refusals),
            "flows": sorted(
                (window.isoformat(), debtor, creditor, cause, amount, rides)
                for (window, debtor, creditor, cause), (amount, rides) in self.flows.items()
            ),
            "open": sorted((tap.card, tap.card_seq, tap.tapped_at, tap.operator, tap.stop)
                           for tap in self.still_open),
            "chains": sorted((*key, *chain) for key, chain in memories.chains.items()),
            "accumulators": sorted(
                (*key, *so_far) for key, so_far in memories.accumulators.items()),
        }
