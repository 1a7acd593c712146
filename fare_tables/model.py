"""A fare table as it is written: one TOML file, decoded into these structs and nothing else.

What every reader of tables asks of them stands at the end.

Money is whole minor units, distances metres, durations seconds. How each part is applied to a ride
is in clearing/reference/RULES.md, which both engines are written from.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from typing import Literal

import msgspec

from network.money import Rounding

Discount = Literal["concession", "promotion", "transfer", "tier", "cap"]
DISCOUNTS: tuple[Discount, ...] = ("concession", "promotion", "transfer", "tier", "cap")
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "workday", "restday", "holiday"]
SameStationFare = int | Literal["fare", "lowest", "highest", "validator"]


class Table(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """One version of one fare table: what rides of some operators cost, between two dates."""

    table: str
    title: str
    city: str
    operators: list[str]
    legal_basis: str
    source: str
    in_force_from: datetime.date
    fare: list[Fare]                        # the first row that fits sets what is due
    in_force_until: datetime.date | None = None     # the last day, inclusive
    checked_on: datetime.date | None = None         # None: in_force_from; see checked_day
    modes: list[str] | None = None                  # None: every mode
    lines: list[str] | None = None                  # None: every line not named by another table
    order: tuple[Discount, ...] = DISCOUNTS
    best: list[Discount] = []                       # kinds of which the row that costs least wins
    counts_to: list[str] = []                       # accumulators that rides of this table feed
    companion_within_s: int | None = None           # one card tapped for several; see RULES.md
    funder_splits: dict[str, list[Share]] = {}      # name -> shares, for `funders` of rows
    stop_sets: dict[str, list[str]] = {}            # name -> stops, for rows to point to
    timeframe: list[Timeframe] = []
    concession: list[Concession] = []
    promotion: list[Concession] = []
    transfer: list[Transfer] = []
    tier: list[Tier] = []
    cap: list[Cap] = []
    claim_limit: list[ClaimLimit] = []              # the first that fits a ride
    # Whether rides that nothing here has a fare for are refused on purpose, and no mistake.
    no_fare_elsewhere: bool = False
    assumed: list[str] = []                         # what in here has no public source


class Timeframe(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A part of some days, by the civil clock; past midnight where `until` is not after `since`."""

    timeframe: str
    days: list[Day] | None = None               # None: every day
    since: datetime.time = datetime.time(0)
    until: datetime.time | None = None          # exclusive; None: the end of the day


class Row(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What every row has: its name, and the conditions that must all hold."""

    rule: str
    card_kinds: list[str] | None = None         # None: every kind
    not_card_kinds: list[str] | None = None     # of what it is none; so all not_... keys
    media: list[str] | None = None              # None: every medium
    not_media: list[str] | None = None
    cards: Literal["any", "home", "away"] | list[str] = "any"   # or a list of issuers' cities
    operators: list[str] | None = None          # None: all of the table's
    not_operators: list[str] | None = None
    modes: list[str] | None = None
    not_modes: list[str] | None = None
    line_classes: list[str] | None = None       # of network.toml; a line can be of several
    not_line_classes: list[str] | None = None
    from_stops: list[str] | None = None         # stop sets of the table; it begins in one
    not_from_stops: list[str] | None = None
    to_stops: list[str] | None = None
    not_to_stops: list[str] | None = None
    timeframes: list[str] | None = None         # of the table; any one will do
    timeframe_at: Literal["entry", "exit"] = "entry"
    exit_timeframes: list[str] | None = None    # and the way out is in one of these
    age_from: int | None = None                 # full years on the service day; 1 or more
    age_to: int | None = None
    reviewed: bool = False                      # only while the card's yearly review is valid
    companions: bool = True                     # whether it holds for those who ride along


class Band(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A stretch of distance, or of time inside.

    It has an `amount`, or adds `add` per started `every_m` (`every_s`) to the band before.
    """

    to_m: int | None = None                 # None: without end (the last band only)
    every_m: int | None = None
    to_s: int | None = None
    every_s: int | None = None
    amount: int | None = None
    add: int | None = None


class SameStation(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What a ride costs that ends where it began, by how long it was inside."""

    costs: SameStationFare
    within_s: int | None = None             # inclusive; None: however long (the last only)


class Fare(Row, kw_only=True):
    """What the ride costs before any discount."""

    basis: Literal["flat", "distance", "time", "od", "zone", "validator", "none"]
    amount: int | None = None               # flat
    bands: list[Band] | None = None         # distance, time
    distance: Literal["stops", "pairs", "line", "tap"] = "stops"
    links: str | None = None                # distance stops; None: the operator's
    line_stops: str | None = None           # distance line; None: the operator's
    grace_m: int = 0                        # taken off every distance before the bands
    matrix: str | None = None               # od, zone: a CSV beside the table: from,to,amount,...
                                            # distance pairs: the same, with metres
    column: str = "amount"                  # of the matrix, which may have several
    zones: str | None = None                # zone: a CSV beside the table: stop,zone
    missing_in: int | Literal["lowest", "highest", "terminus", "validator"] = "highest"
    missing_out: int | Literal["lowest", "highest", "terminus", "validator"] = "highest"
    same_station: SameStationFare | list[SameStation] = "fare"
    overtime_after_s: int | None = None
    overtime_add: int = 0
    overtime_dearest: bool = False          # the dearest fare of the way out, where that is more
    discounts_on_incomplete: bool = False
    outside_chain: bool = False             # neither begins nor ends a transfer chain
    chain: str | None = None                # which of a card's transfer chains its rides are of
    counts_to: list[str] = []               # accumulators that its rides feed beside the table's


class PriceBand(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A part of one price, as in Shenzhen's bus concession: up to 3 yuan 8 折, up to 6 ...

    Of a tier a part of what is paid in a period, this ride included, as in Guangzhou.
    """

    pays_percent: int | str
    to: int | None = None                   # None: without end (the last band only)


class Share(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A funder's part of a discount: weights of any size, or percents that add up to 100."""

    funder: str                             # a member, or "operator" or "issuer" of the ride
    weight: int | None = None               # None, and no percent: 1
    percent: int | str | None = None


class Quota(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """How often a row holds in its accumulator's period."""

    accumulator: str                        # counts uses
    limit: int
    uses: int = 1                           # that one ride takes


class Counted(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What was ridden in an accumulator's period, by rides or dues; this ride is included."""

    accumulator: str
    over: int | None = None                 # as of a tier
    at_least: int | None = None
    up_to: int | None = None
    below: int | None = None


class CarriedCredit(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """A part of what an accumulator counted in the period before, for rides of this one."""

    accumulator: str
    used: str                               # accumulator of the same period; counts credit
    percent: int | str = 100
    over: int = 0                           # of what was counted beyond this
    most: int | None = None


class DiscountRow(Row, kw_only=True):
    """What every row has that takes something off."""

    funders: list[Share]                        # as written also the name of a funder split
    quota: Quota | None = None
    counted: Counted | None = None
    counted_before: Counted | None = None   # in the period before, without this ride
    unless: list[Discount] = []             # not where a row of these kinds has applied before
    rounding: Rounding = "half_up"
    unit: int = 1                           # minor units; a price is rounded to a multiple
    pays_at_least: int | None = None        # the rider pays this, or what it was before


class Concession(DiscountRow, kw_only=True):
    """A price cut for who rides, by what card, from where, when. The first row that fits wins."""

    pays_percent: int | str | None = None   # 95, or "62.5"
    bands: list[PriceBand] | None = None
    pays_amount: int | None = None          # the rider pays this (0: free), never more than before
    takes_off: int | None = None
    pays_fare: str | None = None            # what that fare row of the table says
    carried_credit: CarriedCredit | None = None     # what is left of it is taken off


class Transfer(DiscountRow, kw_only=True):
    """A price cut for boarding again in time. The first row that fits wins."""

    within_s: int
    credit: int | None = None               # fixed
    credit_up_to: int | None = None         # min(due of the chain's first ride, this)
    pays_amount: int | None = None
    pays_percent: int | str | None = None
    pays_difference: bool = False           # what the price is above the chain's prices so far
    chain_pays: int | None = None           # the whole chain costs this
    through: bool = False                   # the whole chain costs the fare from its first way in
    from_modes: list[str] | None = None
    not_from_modes: list[str] | None = None
    from_operators: list[str] | None = None     # None: every operator
    not_from_operators: list[str] | None = None
    from_line_classes: list[str] | None = None
    not_from_line_classes: list[str] | None = None
    left_at: list[str] | None = None            # stop sets; the ride before ended in one
    not_left_at: list[str] | None = None
    began_at: list[str] | None = None           # stop sets; the ride before began in one
    not_began_at: list[str] | None = None
    chain_began_at: list[str] | None = None     # stop sets; the chain's first ride began in one
    not_chain_began_at: list[str] | None = None
    first_due_from: int | None = None           # what was due for the chain's first ride
    first_due_to: int | None = None
    returns: bool = False                       # only a ride that ends where the chain began
    measured_from: Literal["start", "end", "chain"] = "end"  # of the ride before; chain: its start
    renews: bool = False                        # the chain's time runs anew from a ride that paid
    measured_to: Literal["start", "end"] = "start"          # of this ride
    max_transfers: int = 1
    same_line: bool = False                 # whether the same line may follow itself
    same_line_after_s: int | None = None    # whether it may so long after
    same_vehicle: bool = True               # whether the same vehicle may follow itself


class Tier(DiscountRow, kw_only=True):
    """A price cut by what the card has counted before this ride. The first row that fits wins."""

    accumulator: str
    pays_percent: int | str | None = None   # of the price, by what was counted before; or bands
    bands: list[PriceBand] | None = None    # of what is paid with this ride; it asks for no bounds
    over: int | None = None                 # counted > over; exactly one of over and at_least
    at_least: int | None = None             # counted >= at_least
    up_to: int | None = None                # counted <= up_to; at most one of up_to and below
    below: int | None = None                # counted < below


class Cap(DiscountRow, kw_only=True):
    """The most that counts in a period: the ride costs what is left of it. All that fit apply."""

    accumulator: str
    amount: int


class ClaimLimit(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """What rides of some modes and media are believed to come to; one beyond it is held."""

    modes: list[str] | None = None
    media: list[str] | None = None
    amount_most: int | None = None          # of what is due, and of what was paid
    variance_most: int | None = None        # either way
    overdraft_most: int = 0                 # that a tap took beyond the balance that it says


def table_version(table: Table) -> str:
    """What one version of a table is called in ledgers."""
    return f"{table.table}@{table.in_force_from.isoformat()}"


def checked_day(table: Table) -> datetime.date:
    """The last day on which somebody held a version to its sources."""
    return table.checked_on or table.in_force_from


def discounts_of(table: Table, kind: Discount) -> Sequence[DiscountRow]:
    """The rows of one kind of discount, top to bottom."""
    rows: Sequence[DiscountRow] = getattr(table, kind)
    return rows


def chain_of(fare: Fare) -> str:
    """The transfer chain that a fare row's rides are of; "": the one without a name."""
    return fare.chain or ""


def operators_of(row: Row, table: Table) -> list[str]:
    """The operators whose rides a row of a table is for."""
    named = table.operators if row.operators is None else row.operators
    return [code for code in named if code not in (row.not_operators or ())]


def timeframes_of(row: Row) -> tuple[list[str] | None, list[str] | None]:
    """The timeframes that a ride's way in, and its way out, can be in; None: any time."""
    if row.timeframe_at == "exit" and row.timeframes is not None:
        return None, row.timeframes
    return row.timeframes, row.exit_timeframes


def asks_for_holidays(tables: Sequence[Table]) -> bool:
    """Whether a timeframe of any table depends on which days are workdays or holidays."""
    return any(set(timeframe.days or ()) & {"workday", "restday", "holiday"}
               for table in tables for timeframe in table.timeframe)


def bounds_of(row: Tier | Counted) -> tuple[int, int | None]:
    """The lowest and the highest count that a tier or condition holds for; None: no highest."""
    low = row.at_least if row.over is None else row.over + 1
    high = row.up_to if row.below is None else row.below - 1
    return low or 0, high


def is_between_stops(fare: Fare) -> bool:
    """Whether a fare is looked up between two stops."""
    return fare.basis in ("od", "zone") or (fare.basis == "distance" and fare.distance != "tap")
