"""Fares between the feed's terms and ours: rules resolved to lines, zones and hours.

Both versions of GTFS fares become this. A zone is a set of stops that no rule tells apart, and a
line class a set of lines that no rule tells apart, so that every rule is a set of pairs of zones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Pair = tuple[int, int]      # zones, by their index in the plan

ANY = ""                    # a card kind or medium: every one


class Price(NamedTuple):
    """What a product costs somebody, some way of paying."""

    card_kind: str          # ANY: everybody
    medium: str             # ANY: however paid
    amount: int


class Zone(NamedTuple):
    """Stops that no rule tells apart."""

    name: str
    stops: tuple[str, ...]


class Lines(NamedTuple):
    """Lines that no rule tells apart."""

    name: str
    lines: tuple[tuple[str, str], ...]      # operator, line


@dataclass(frozen=True, slots=True)
class Rule:
    """What one sort of ride costs on the lines of one class."""

    group: str              # the leg group, or the fare
    priority: int           # the highest that fits decides, and then the lowest price
    pairs: frozenset[Pair]
    entry: str              # a timeframe group, or ANY
    exit: str
    prices: tuple[Price, ...]
    product: str
    line: int               # in the file of rules


@dataclass(frozen=True, slots=True)
class TransferRule:
    """What a second ride costs after a first, by their groups."""

    from_groups: frozenset[str]
    to_groups: frozenset[str]
    keeps: int              # FareTransferType
    prices: tuple[Price, ...] | None        # None: nothing
    count: int              # transfers at most; 0: without limit
    within_s: int | None
    clock: int              # DurationLimitType
    same_group: bool
    nonconsecutive: bool
    line: int


@dataclass(frozen=True, slots=True)
class Join:
    """Rides that are priced as one from the first entry to the last exit."""

    from_lines: tuple[str, ...] | None      # names of line classes; None: every line
    to_lines: tuple[str, ...] | None
    left_at: tuple[str, ...] | None         # stops
    in_at: tuple[str, ...] | None
    within_s: int | None
    chain: bool             # the time is counted from the first ride of all
    count: int              # as in a transfer rule
    line: int


@dataclass
class Plan:
    """A feed's fares, resolved."""

    rules_file: str
    transfers_file: str
    zones: Sequence[Zone]
    lines: Sequence[Lines]
    rules: dict[str, list[Rule]]                # by line class
    card_kinds: list[str]
    media: list[str]
    transfers: list[TransferRule] = field(default_factory=list)
    joins: list[Join] = field(default_factory=list)

    def timeframes(self) -> set[str]:
        """Every timeframe group that a rule asks for."""
        return {name for rules in self.rules.values() for rule in rules
                for name in (rule.entry, rule.exit)} - {ANY}


def price_for(prices: Sequence[Price], card_kind: str, medium: str) -> int | None:
    """What somebody pays some way: of what is said for just them, the lowest; None: not for them.

    What names the card kind comes before what names the medium, and both before what names neither.
    """
    fitting = [(one.card_kind == ANY, one.medium == ANY, one.amount) for one in prices
               if one.card_kind in (ANY, card_kind) and one.medium in (ANY, medium)]
    return min(fitting)[2] if fitting else None
