"""A fare table as it is written: one TOML file, decoded into these structs and nothing else.

Money is whole fen, distances metres, durations seconds. How each part is applied to a ride is in
clearing/reference/RULES.md, which both engines are written from.
"""

from __future__ import annotations

import datetime
from typing import Literal

import msgspec

Rounding = Literal["half_up", "half_even", "down", "up"]
Discount = Literal["concession", "transfer", "tier"]
Incomplete = Literal["lowest", "highest", "validator"]


class Table(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One version of one fare table: what rides of some operators cost, between two dates."""

    table: str
    title: str
    city: str
    operators: list[str]
    legal_basis: str
    source: str
    in_force_from: datetime.date
    fare: Fare
    in_force_until: datetime.date | None = None     # the last day, inclusive
    modes: list[str] | None = None                  # None: every mode
    lines: list[str] | None = None                  # None: every line not named by another table
    order: tuple[Discount, ...] = ("concession", "transfer", "tier")
    counts_to: list[str] = []                       # accumulators that rides of this table feed
    concession: list[Concession] = []
    transfer: list[Transfer] = []
    tier: list[Tier] = []
    assumed: list[str] = []                         # what in here has no public source


class Fare(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What the ride costs before any concession."""

    rule: str
    basis: Literal["flat", "distance", "od", "validator"]
    amount: int | None = None               # flat
    bands: list[Band] | None = None         # distance
    distance: Literal["stops", "tap"] = "stops"
    matrix: str | None = None               # od: a CSV beside the table: from,to,amount
    missing_in: int | Incomplete = "highest"
    missing_out: int | Incomplete = "highest"
    same_station: int | Literal["fare", "lowest", "validator"] = "fare"
    overtime_after_s: int | None = None
    overtime_add: int = 0
    discounts_on_incomplete: bool = False


class Band(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A stretch of distance. The first has `amount`; later ones add `add` per started `every_m`."""

    to_m: int | None = None                 # None: without end (the last band only)
    amount: int | None = None
    every_m: int | None = None
    add: int | None = None


class PriceBand(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A part of one price, as in Shenzhen's bus concession: up to 3 yuan 8 折, up to 6 ..."""

    pays_percent: int | str
    to: int | None = None                   # None: without end (the last band only)


class Share(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    funder: str                             # a member, or "operator" or "issuer" of the ride
    weight: int = 1


class Concession(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A price cut for who rides, by what card, from where. The first row that fits wins."""

    rule: str
    funders: list[Share]
    pays_percent: int | str | None = None   # 95, or "62.5"
    bands: list[PriceBand] | None = None
    pays_amount: int | None = None          # the rider pays this (0: free), never more than before
    card_kinds: list[str] | None = None     # None: every kind
    media: list[str] | None = None          # None: every medium
    cards: Literal["any", "home", "away"] | list[str] = "any"   # or a list of issuers' cities
    modes: list[str] | None = None
    rounding: Rounding = "half_up"
    unit: int = 1                           # fen: the rider's price is rounded to a multiple


class Transfer(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A credit for boarding again in time. The first row that fits wins."""

    rule: str
    funders: list[Share]
    within_s: int
    credit: int | None = None               # fixed
    credit_up_to: int | None = None         # min(due of the chain's first ride, this)
    from_modes: list[str] | None = None
    modes: list[str] | None = None
    from_operators: list[str] | None = None     # None: every operator
    measured_from: Literal["start", "end", "chain"] = "end"  # of the ride before; chain: its start
    max_transfers: int = 1
    same_line: bool = False                 # whether the same line may follow itself
    card_kinds: list[str] | None = None
    media: list[str] | None = None
    cards: Literal["any", "home", "away"] | list[str] = "any"


class Tier(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A price cut by what the card has spent before this ride. The first row that fits wins."""

    rule: str
    funders: list[Share]
    accumulator: str
    pays_percent: int | str
    over: int | None = None                 # spent > over; exactly one of over and at_least
    at_least: int | None = None             # spent >= at_least
    up_to: int | None = None                # spent <= up_to; at most one of up_to and below
    below: int | None = None                # spent < below
    card_kinds: list[str] | None = None
    media: list[str] | None = None
    cards: Literal["any", "home", "away"] | list[str] = "any"
    rounding: Rounding = "half_up"
    unit: int = 1


class AccumulatorSpec(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A running total per card: what it counts, and when it starts again."""

    accumulator: str
    period: Literal["month", "day"] = "month"
    counts: Literal["paid", "due"] = "paid"
